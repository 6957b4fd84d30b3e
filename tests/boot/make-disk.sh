#!/bin/bash
# make-disk.sh OUT MEGABYTES FOLDER: a hard-disk image that boots by itself, made without root:
# GRUB in the gap behind the master boot record, the folder's files on one ext2 partition, with
# the menu in boot/grub/grub.cfg.
#
# GRUB's boot sector loads what begins at sector 1, and that loads the sectors after itself: both
# are the defaults, so neither needs patching; only the partition table goes between.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

out=$1
megabytes=$2
folder=$3
grub=/usr/lib/grub/i386-pc
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

grub-mkimage -O i386-pc -d "$grub" -o "$work/core.img" -p '(hd0,msdos1)/boot/grub' \
    biosdisk part_msdos ext2 normal configfile linux echo serial terminal boot reboot halt
(($(stat -c %s "$work/core.img") <= 2047 * 512)) || { echo "GRUB is too large" >&2; exit 1; }

truncate -s "${megabytes}M" "$out"
printf 'start=2048, type=83, bootable\n' | sfdisk -q --no-reread --no-tell-kernel --label dos "$out"
dd if="$grub/boot.img" of="$out" bs=440 count=1 conv=notrunc status=none
dd if="$work/core.img" of="$out" bs=512 seek=1 conv=notrunc status=none
mke2fs -q -t ext2 -L vestige -E root_owner=0:0 -d "$folder" "$work/partition" "$((megabytes - 1))M" >/dev/null
dd if="$work/partition" of="$out" bs=1M seek=1 conv=notrunc,sparse status=none
