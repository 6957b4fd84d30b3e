#!/bin/bash
# The same boot twice is the same to the instruction: counts and state hashes agree at three
# points, with typing in between.
# engines: native
# timeout: 300
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/linux.sh"

need_linux
make_initramfs initramfs.gz
make_initramfs again.gz
cmp initramfs.gz again.gz || fail "the initramfs is not the same twice"

for run in 1 2; do
    boot 0 --kernel "$LINUX" --initrd initramfs.gz --append "console=ttyS0 $QUICK" <<'SCRIPT'
wait-serial Linux version
hash
wait-serial vestige#
hash
send dd if=/dev/urandom bs=64k count=4 2>/dev/null | sha256sum; cat /proc/uptime /proc/interrupts\n
wait-serial ERR:
sleep 0.5
hash
quit
SCRIPT
    grep '^hash' log.txt >"hashes$run.txt"
    tr -d '\r' <serial.txt >"serial$run.txt"
done
[[ $(sort -u hashes1.txt | wc -l) == 3 ]] || fail "not three different hashes"
expect_same hashes1.txt hashes2.txt
expect_same serial1.txt serial2.txt
