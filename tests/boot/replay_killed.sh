#!/bin/bash
# A recording outlives its program: it is killed in the middle of a session, and what was recorded
# until then is replayed.
# engines: native
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/replay.sh"

copy_image freedos.img
record killed --fda freedos.img -m 16M
until_true 60 screen_says 'A:\>'
ctl type 'dir\n'
until_true 20 screen_says 'bytes free'
for _ in 1 2 3 4 5; do
    ctl type 'echo still here\n'
    sleep 0.3
done
kill -KILL "$guest"
wait "$guest" 2>/dev/null || true
for _ in 1 2; do
    replay 0 killed 'the recording was cut off here, at instruction [0-9]+$'
    cat verdict.txt >>verdicts.txt
done
[[ $(sort -u verdicts.txt | wc -l) == 1 ]] || fail "the replays differ"
