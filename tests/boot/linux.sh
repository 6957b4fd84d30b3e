# What the Linux tests share; sourced after lib.sh.
#
# The kernel is the one of Debian's installer (6.1, i686 without PAE), from the package
# debian-installer-12-netboot-i386; the root file system is make-initramfs.sh's.
NETBOOT=${VESTIGE_NETBOOT:-/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386}
export VESTIGE_NETBOOT=$NETBOOT
LINUX=$NETBOOT/linux

# Without the kernel's own tests of its cryptography: half the instructions of the boot.
QUICK="cryptomgr.notests"

need_linux()
{
    need_file "$NETBOOT/linux" debian-installer-12-netboot-i386
    need_file "$NETBOOT/initrd.gz" debian-installer-12-netboot-i386
    need_command cpio cpio
}

# make_initramfs FILE [MODULES-FOLDER MODULE...]
make_initramfs()
{
    bash "$BOOT_DIR/make-initramfs.sh" "$@" || fail "make-initramfs.sh"
}

# Linux saw nothing in the machine that should not be.
expect_healthy_linux()
{
    ! grep -aE 'unchecked MSR|Call Trace|BUG:|Oops|WARNING:|soft lockup|invalid opcode|Kernel panic' \
        serial.txt || boot_failed "the kernel complained"
}

# need_guest NAME: sets GUEST to the folder of a package that get-guests.sh has unpacked.
need_guest()
{
    GUEST=${VESTIGE_GUESTS:-$SOURCE_DIR/build/guests}/$1
    [[ -e $GUEST/boot/vmlinuz ]] || skip "no $GUEST: tests/boot/get-guests.sh build/guests fetches it"
}
