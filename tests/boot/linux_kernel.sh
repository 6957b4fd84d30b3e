#!/bin/bash
# Linux by --kernel, --initrd and --append: a shell on the serial line and one on the VGA console;
# power-off ends the emulator, with everything in working order.
# engines: native portable
# timeout: 600
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/linux.sh"

need_linux
make_initramfs initramfs.gz
boot 0 --kernel "$LINUX" --initrd initramfs.gz --append "console=tty0 console=ttyS0 $QUICK" <<'SCRIPT'
wait-serial initramfs: ready
wait-serial vestige#
send cat /proc/cpuinfo\n
wait-serial bogomips
wait-serial vestige#
wait-text vestige#
type uname -s -m; cat /proc/cmdline; echo "$((6*7))TH & {END}"\n
wait-text 42TH & {END}
screen-text screen.txt
send poweroff -f\n
sleep 30
quit 1
SCRIPT
expect_healthy_linux
expect_line serial.txt 'model name'
expect_line serial.txt 'flags.* fpu .* tsc .* sse2'
expect_text serial.txt 'reboot: Power down'
expect_line screen.txt '^Linux i686'
expect_text screen.txt cryptomgr.notests
