#!/bin/bash
# A hard disk with GRUB 2: its menu on the screen, chosen with arrow keys; Linux with PAE loads
# its IDE driver, checks a file, writes another, and the host finds it on the image.
# engines: native portable
# timeout: 600
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/linux.sh"
source "$BOOT_DIR/make-guests.sh"

linux_disk_tree
head -c 5000000 "$GUEST"/boot/System.map-* >tree/data
sum=$(sha256sum <tree/data | cut -d ' ' -f 1)
make_disk <<CFG
set timeout=30
menuentry "Not this one" { echo wrong }
menuentry "Linux on disk" {
    linux /boot/vmlinuz console=tty0 console=ttyS0 $QUICK
    initrd /boot/initramfs.gz
}
CFG

boot 0 --hda disk.img -m 256M <<'SCRIPT'
wait-text Linux on disk
key down
key ret
wait-serial vestige#
send mount -t ext2 /dev/sda1 /mnt && sha256sum /mnt/data\n
wait-serial /mnt/data
wait-serial vestige#
send uname -r; cat /mnt/data /mnt/data /mnt/data /mnt/data > /mnt/copy; umount /mnt; echo UN""MOUNTED\n
wait-serial UNMOUNTED
send poweroff -f\n
sleep 30
quit 1
SCRIPT
expect_healthy_linux
expect_text serial.txt "$sum"
expect_text serial.txt 686-pae
dd if=disk.img of=partition bs=1M skip=1 status=none
e2fsck -fn partition >fsck.txt 2>&1 || { cat fsck.txt; fail "the file system is damaged"; }
debugfs -R 'dump /copy copy' partition 2>/dev/null
cmp copy <(cat tree/data tree/data tree/data tree/data) || fail "the copy on the image differs"
