#!/bin/bash
# ELKS, a 16-bit Linux: the root file system from the floppy, commands in its shell.
# engines: native portable
# timeout: 240
source "${BASH_SOURCE%/*}/lib.sh"

image=$(need_image elks.img) || exit
boot 0 --fda "$image" --snapshot-disks <<'SCRIPT'
timeout 20
wait-text VFS: Mounted root
wait-text #
type ls /\n
wait-text bootopts
wait-text tmp
type uname -a\n
wait-text ELKS elks 0.6.0
type cat /etc/passwd\n
wait-text System Administrator
screen-text screen.txt
quit 0
SCRIPT
expect_line screen.txt '^bin +bootopts +dev +etc'
