#!/bin/bash
# memtest86+ from a CD with isolinux, in 16 MB: a whole pass without an error.
# engines: native
# timeout: 300
source "${BASH_SOURCE%/*}/lib.sh"

memtest=/boot/memtest86+ia32.bin
need_file $memtest memtest86+
need_file /usr/lib/ISOLINUX/isolinux.bin isolinux
need_file /usr/lib/syslinux/modules/bios/ldlinux.c32 syslinux-common
need_command xorriso xorriso

mkdir -p iso/isolinux
cp $memtest iso/isolinux/memtest.bin
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 iso/isolinux
cat >iso/isolinux/isolinux.cfg <<'CONFIG'
DEFAULT memtest
PROMPT 0
LABEL memtest
 LINUX /isolinux/memtest.bin
CONFIG
xorriso -as mkisofs -quiet -o memtest.iso -b isolinux/isolinux.bin -c isolinux/boot.cat \
    -no-emul-boot -boot-load-size 4 -boot-info-table iso 2>xorriso.txt ||
    fail "xorriso: $(cat xorriso.txt)"

boot 0 --cdrom memtest.iso -m 16M --stats=stats.json <<'SCRIPT'
timeout 600
wait-text start testing
key enter
wait-text Status: Testing
wait-text Pass:  1
screen-text screen.txt
quit 0
SCRIPT
expect_text screen.txt 'Memory  :   16MB'
expect_line screen.txt 'Errors: 0 *$'
