#!/bin/bash
# Images, kernels and firmware that cannot serve: one message each, status 2, nothing is changed.
source "${BASH_SOURCE%/*}/lib.sh"

quiet=(--display none --for 1M)
: >empty
head -c 1000 /dev/zero | tr '\0' x >cut
truncate -s 1474560 floppy
truncate -s 1M disk
truncate -s 8M large
mkdir folder
mkfifo pipe
ln -s loop loop
echo 'no image at all' >text

for drive in --fda --fdb --hda --hdd --cdrom --kernel ''; do
    refuses 'nosuch: no such file|cannot open nosuch: No such file or directory' run $drive nosuch "${quiet[@]}"
    refuses 'empty:? is empty' run $drive empty "${quiet[@]}"
    refuses 'folder:? is a directory(, not a (disk image|file))?' run $drive folder "${quiet[@]}"
done
for drive in --hda --cdrom ''; do
    refuses 'pipe: is neither a file nor a block device' run $drive pipe "${quiet[@]}"
    refuses '/dev/zero: is neither a file nor a block device' run $drive /dev/zero "${quiet[@]}"
    refuses 'loop: Too many levels of symbolic links' run $drive loop "${quiet[@]}"
done
refuses 'cut: .*size 1000 is not a multiple of 512 bytes.*' run --hda cut "${quiet[@]}"
refuses 'cut: not recognised; .* this has 1000 and may be cut short' run cut "${quiet[@]}"
refuses 'large is too large for a floppy disk' run --fda large "${quiet[@]}"
refuses 'text: not recognised as .*' run text "${quiet[@]}"
refuses 'text: not a Linux kernel.*' run --kernel text "${quiet[@]}"
refuses 'floppy: not a Linux kernel.*' run --kernel floppy "${quiet[@]}"
printf 'QFI\xfb' >foreign
refuses 'foreign: is a qcow2 file; .*' run foreign "${quiet[@]}"

refuses 'text is no PC firmware.*' run --bios text "${quiet[@]}"
refuses 'text is no option ROM.*' run --vgabios text "${quiet[@]}"
refuses 'cannot open nosuch: .*' run --script nosuch "${quiet[@]}"
printf 'sleep 1\nfly high\n' >script
refuses 'script:2: unknown command fly' run --script script "${quiet[@]}"
printf 'sleep\n' >script
refuses 'script:1: sleep needs an argument' run --script script "${quiet[@]}"

if ((EUID)); then
    chmod 000 disk
    refuses 'disk: cannot open: Permission denied' run --hda disk "${quiet[@]}"
    chmod 644 disk
fi

# two readers are fine, a writer is alone
background writer run --hda disk --display none --speed max --control unix:sock
until_true "$VESTIGE" ctl sock status || wrong "the first one does not start"
refuses 'disk: in use by another process .*' run --hda disk "${quiet[@]}"
works run --hda floppy --display none --for 1M --snapshot-disks
works ctl sock quit
wait "$child" || wrong "the first one ends with status $?"

finish
