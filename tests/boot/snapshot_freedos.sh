#!/bin/bash
# FreeDOS is saved at random instants of its boot; each file goes on to the same end as the run
# that was never stopped, in both engines.
# timeout: 120
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/snapshot.sh"

LIMIT=400M
image=$(need_image freedos.img) || exit
POINTS=($((RANDOM % 200 + 20)) $((RANDOM % 200 + 250)) $((RANDOM % 200 + 550)))
echo "saved after ${POINTS[*]} virtual milliseconds"
saved_runs_end_alike "$image" --snapshot-disks --rtc 2024-01-01T00:00:00
