#!/bin/bash
# Linux is saved at random instants of its boot; each file goes on to the same end as the run that
# was never stopped, in both engines.
# timeout: 240
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/linux.sh"
source "$BOOT_DIR/snapshot.sh"

need_linux
LIMIT=1500M
make_initramfs initrd.gz
POINTS=($((RANDOM % 800 + 100)) $((RANDOM % 800 + 1100)) $((RANDOM % 100 + 2850)))
echo "saved after ${POINTS[*]} virtual milliseconds"
saved_runs_end_alike --kernel "$LINUX" --initrd initrd.gz -m 256M --serial null \
    --append "console=ttyS0 $QUICK" --rtc 2024-01-01T00:00:00
