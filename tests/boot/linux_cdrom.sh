#!/bin/bash
# A CD-ROM with ISOLINUX: its boot prompt, a command line typed there, Linux (the 686 package, no
# PAE) from the disc, which then mounts it by the ATAPI drive, checks a file and ejects it.
# engines: native portable
# timeout: 600
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/linux.sh"
source "$BOOT_DIR/make-guests.sh"

linux_cdrom_tree
head -c 3000000 "$GUEST"/boot/System.map-* >tree/data
sum=$(sha256sum <tree/data | cut -d ' ' -f 1)
cat >tree/isolinux/isolinux.cfg <<'CFG'
prompt 1
timeout 600
say ISOLINUX asks.
label linux
    kernel linux
    append initrd=initramfs.gz console=tty0
CFG
make_iso cd.iso

boot 0 cd.iso -m 256M <<SCRIPT
wait-text ISOLINUX asks.
wait-text boot:
type linux console=ttyS0 $QUICK\n
wait-serial vestige#
send mount -t iso9660 /dev/sr0 /mnt && sha256sum /mnt/data\n
wait-serial /mnt/data
wait-serial vestige#
send ls /mnt/isolinux; umount /mnt; cat /proc/sys/dev/cdrom/info; echo UN""MOUNTED\n
wait-serial UNMOUNTED
send poweroff -f\n
sleep 30
quit 1
SCRIPT
expect_healthy_linux
expect_text serial.txt "$sum"
expect_line serial.txt '^drive name:.*sr0'
expect_text serial.txt isolinux.cfg
