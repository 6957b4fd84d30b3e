#!/bin/bash
# FreeDOS from a floppy: commands through the keyboard, and a file that ends up on the image.
# engines: native portable
source "${BASH_SOURCE%/*}/lib.sh"

need_command mtype mtools
copy_image freedos.img
boot 0 --fda freedos.img <<'SCRIPT'
timeout 20
wait-text A:\\>
type ver\n
wait-text FreeCom version
type type readme.txt\n
wait-text software licensing
type copy con hello.txt\n
wait-text con => hello.txt
type Hello from Vestige\n
key ctrl-z
type \n
wait-text ^Z
sleep 0.2
type copy hello.txt second.txt\n
wait-text hello.txt => second.txt
sleep 0.2
type cls\n
sleep 0.1
type type second.txt\n
wait-text Hello from Vestige
type dir second.*\n
wait-text bytes free
screen-text screen.txt
quit 0
SCRIPT
expect_line screen.txt 'SECOND +TXT +20 '
expect_line screen.txt '1 file\(s\) +20 bytes'

printf 'Hello from Vestige\r\n' >want.txt
for name in HELLO.TXT SECOND.TXT; do
    mtype -i freedos.img "::$name" >got.txt || fail "mtype: no $name on the image"
    cmp want.txt got.txt || fail "$name on the image differs"
done
