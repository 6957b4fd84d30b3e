#!/bin/bash
# SYSLINUX on a floppy and ISOLINUX on a CD: text and VESA menus answer the arrow keys.
# engines: native portable
# timeout: 300
source "${BASH_SOURCE%/*}/lib.sh"

modules=/usr/lib/syslinux/modules/bios
need_file /usr/lib/ISOLINUX/isolinux.bin isolinux
need_file $modules/vesamenu.c32 syslinux-common
need_command syslinux syslinux
need_command mformat mtools
need_command xorriso xorriso
need_command python3 python3

# config MENU: a menu of two entries; the second asks for a module that says what it found.
config()
{
    cat <<CONFIG
UI $1
MENU TITLE Vestige boot test
LABEL one
 MENU LABEL First entry
 COM32 reboot.c32
LABEL two
 MENU LABEL Second entry
 COM32 meminfo.c32
CONFIG
}

files=("$modules"/{ldlinux,libcom32,libutil,menu,vesamenu,meminfo,reboot}.c32)

truncate -s 1440K floppy.img
mformat -i floppy.img -f 1440 ::
mcopy -i floppy.img "${files[@]:1}" ::
config menu.c32 | mcopy -i floppy.img - ::syslinux.cfg
syslinux --install floppy.img || fail "syslinux cannot install itself"

boot 0 --fda floppy.img --snapshot-disks -m 32M <<'SCRIPT'
timeout 20
wait-text Vestige boot test
wait-text Second entry
screen-text menu.txt
key down
key enter
wait-text boot:
screen-text screen.txt
quit 0
SCRIPT
expect_text menu.txt 'First entry'
expect_text screen.txt '639K'

mkdir -p iso/isolinux
cp /usr/lib/ISOLINUX/isolinux.bin "${files[@]}" iso/isolinux
config vesamenu.c32 >iso/isolinux/isolinux.cfg
xorriso -as mkisofs -quiet -o menu.iso -b isolinux/isolinux.bin -c isolinux/boot.cat \
    -no-emul-boot -boot-load-size 4 -boot-info-table iso 2>xorriso.txt ||
    fail "xorriso: $(cat xorriso.txt)"

boot 0 --cdrom menu.iso -m 32M <<'SCRIPT'
timeout 20
sleep 3
screenshot first.png
key down
sleep 0.5
screenshot second.png
key enter
sleep 2
screen-text screen.txt
quit 0
SCRIPT
[[ $(python3 "$BOOT_DIR/picture.py" size first.png) == 640x480 ]] || fail "no VESA menu"
read -r left top right bottom <<<"$(python3 "$BOOT_DIR/picture.py" changed first.png second.png 300)"
((right - left > 200 && bottom - top > 20)) || fail "the bar did not move: $left $top $right $bottom"
