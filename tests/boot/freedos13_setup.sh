#!/bin/bash
# The FreeDOS 1.3 installer on a 720K floppy: the language menu answers the arrow keys, the
# installer welcomes and partitions an empty disk.
# engines: native portable
# timeout: 300
source "${BASH_SOURCE%/*}/lib.sh"

image=$(need_image freedos13-setup.img) || exit
truncate -s 64M disk.img
boot 0 --fda "$image" --snapshot-disks --hda disk.img <<'SCRIPT'
timeout 20
wait-text Select from Menu
key down
wait-text (Selection=2)
key down
wait-text (Selection=3)
key up
key up
wait-text (Selection=1)
key enter
wait-text Welcome to the FreeDOS 1.3 installation program
wait-text Do you want to proceed [Y,N]?
screen-text screen.txt
type y\n
wait-text Do you want to reboot now [Y,N]?
quit 0
SCRIPT
expect_text screen.txt '██████      ██████     ██████'
