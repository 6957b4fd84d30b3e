# Disks and discs that several boot tests start from; sourced after lib.sh and linux.sh.  Each function
# makes its files in the working directory.

# make_iso OUT: an ISOLINUX disc of the folder `tree`.
make_iso()
{
    local out=$1
    need_file /usr/lib/ISOLINUX/isolinux.bin isolinux
    need_file /usr/lib/syslinux/modules/bios/ldlinux.c32 syslinux-common
    need_command xorriso xorriso
    mkdir -p tree/isolinux
    cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 tree/isolinux/
    xorriso -as mkisofs -quiet -o "$out" -V VESTIGE -J -R -b isolinux/isolinux.bin \
        -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table tree 2>xorriso.txt ||
        fail "xorriso: $(cat xorriso.txt)"
}

# make_memtest: memtest.iso, memtest86+ by ISOLINUX.
make_memtest()
{
    need_file /boot/memtest86+ia32.bin memtest86+
    mkdir -p tree/isolinux
    cp /boot/memtest86+ia32.bin tree/isolinux/memtest.bin
    printf 'DEFAULT memtest\nPROMPT 0\nLABEL memtest\n LINUX /isolinux/memtest.bin\n' \
        >tree/isolinux/isolinux.cfg
    make_iso memtest.iso
}

# linux_disk_tree: in the folder `tree`, Linux with PAE and what it needs from a disk; a menu is still missing.
linux_disk_tree()
{
    need_linux
    need_file /usr/lib/grub/i386-pc/boot.img grub-pc-bin
    need_command grub-mkimage grub-common
    need_command mke2fs e2fsprogs
    need_command sfdisk fdisk
    need_guest linux-image-686-pae
    make_initramfs initramfs.gz "$GUEST/lib/modules" ata_piix sd_mod crc32c_generic ext4
    mkdir -p tree/boot/grub
    cp "$GUEST/boot/vmlinuz" tree/boot/vmlinuz
    cp initramfs.gz tree/boot/
}

# make_disk: disk.img, GRUB 2 and the folder `tree`, with the menu on standard input.
make_disk()
{
    cat >tree/boot/grub/grub.cfg
    bash "$BOOT_DIR/make-disk.sh" disk.img 64 tree || fail "make-disk.sh"
}

# make_linux_disk: disk.img with Linux that starts by itself.
make_linux_disk()
{
    linux_disk_tree
    make_disk <<CFG
set timeout=0
menuentry "Linux on disk" {
    linux /boot/vmlinuz console=ttyS0 $QUICK
    initrd /boot/initramfs.gz
}
CFG
}

# linux_cdrom_tree: in the folder `tree`, Linux without PAE and what it needs from a disc.
linux_cdrom_tree()
{
    need_linux
    need_guest linux-image-686
    make_initramfs initramfs.gz "$GUEST/lib/modules" ata_piix sr_mod cdrom isofs
    mkdir -p tree/isolinux
    cp "$GUEST/boot/vmlinuz" tree/isolinux/linux
    cp initramfs.gz tree/isolinux/
}

# make_linux_cdrom: cd.iso with Linux that starts by itself.
make_linux_cdrom()
{
    linux_cdrom_tree
    cat >tree/isolinux/isolinux.cfg <<CFG
default linux
prompt 0
label linux
    kernel linux
    append initrd=initramfs.gz console=ttyS0 $QUICK
CFG
    make_iso cd.iso
}
