#!/bin/bash
# Linux reboots the machine: it starts again; with --no-reboot the emulator ends with 32.
# engines: native
# timeout: 300
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/linux.sh"

need_linux
make_initramfs initramfs.gz
kernel=(--kernel "$LINUX" --initrd initramfs.gz --append "console=ttyS0 $QUICK")

boot 32 --no-reboot "${kernel[@]}" <<'SCRIPT'
wait-serial vestige#
send reboot -f\n
sleep 30
quit 1
SCRIPT
expect_text serial.txt 'reboot: machine restart'

boot 0 "${kernel[@]}" <<'SCRIPT'
wait-serial vestige#
send reboot -f\n
wait-serial Linux version
wait-serial vestige#
send poweroff -f\n
sleep 30
quit 1
SCRIPT
[[ $(grep -c 'Linux version' serial.txt) == 2 ]] || boot_failed "not two boots"
expect_healthy_linux
