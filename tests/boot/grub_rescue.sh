#!/bin/bash
# GRUB's rescue images, floppy and CD: the command line, disks through the firmware.
# engines: native
source "${BASH_SOURCE%/*}/lib.sh"

floppy=/usr/lib/grub-rescue/grub-rescue-floppy.img
cdrom=/usr/lib/grub-rescue/grub-rescue-cdrom.iso
need_file $floppy grub-rescue-pc
need_file $cdrom grub-rescue-pc

cat >commands.txt <<'SCRIPT'
timeout 30
wait-text GNU GRUB
key c
wait-text grub>
type ls\n
wait-text (fd0)
type cat /boot/grub/grub.cfg\n
wait-text Change the colors.
screen-text screen.txt
sleep 0.2
type halt\n
sleep 20
quit 3
SCRIPT
boot 0 --fda $floppy --snapshot-disks <commands.txt
boot 0 --cdrom $cdrom <<'SCRIPT'
timeout 30
wait-text GNU GRUB
key c
wait-text grub>
type ls\n
wait-text (cd,msdos1)
screen-text screen.txt
quit 0
SCRIPT
