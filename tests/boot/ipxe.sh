#!/bin/bash
# iPXE from its CD and as a Linux kernel: Ctrl-B opens its shell.
# engines: native portable
source "${BASH_SOURCE%/*}/lib.sh"

need_file /usr/lib/ipxe/ipxe.iso ipxe
need_file /usr/lib/ipxe/ipxe.lkrn ipxe

cat >commands.txt <<'SCRIPT'
timeout 20
wait-text Ctrl-B
key ctrl-b
wait-text iPXE>
type echo ${platform} ${cpuvendor}\n
wait-text pcbios
screen-text screen.txt
quit 0
SCRIPT
boot 0 --cdrom /usr/lib/ipxe/ipxe.iso <commands.txt
boot 0 --kernel /usr/lib/ipxe/ipxe.lkrn <commands.txt
expect_text screen.txt 'Open Source Network Boot Firmware'
