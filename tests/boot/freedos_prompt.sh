#!/bin/bash
# FreeDOS from a floppy: the prompt, a directory listing through the keyboard.
# engines: native portable
source "${BASH_SOURCE%/*}/lib.sh"

copy_image freedos.img
boot 0 --fda freedos.img <<'SCRIPT'
wait-text A:\\>
type dir\n
wait-text 1,337,344 bytes free
screen-text screen.txt
quit
SCRIPT
expect_line screen.txt 'KERNEL +SYS +45,450'
