#!/bin/bash
# A FreeDOS session is recorded with keys, mouse, media and a reset as they come, and replayed ten
# times, on either engine, after the program was killed, with its files moved, changed and damaged.
# engines: native
# timeout: 300
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/replay.sh"

copy_image freedos.img
cp freedos.img other.img
sum=$(sha256sum <freedos.img)
record session --fda freedos.img -m 16M --snapshot-disks
until_true 60 screen_says 'A:\>'
ctl type 'echo before > new.txt\n'
ctl mouse 10 -20 1
until_true 20 screen_says 'before'
ctl type 'dir\n'
until_true 20 screen_says 'bytes free'
ctl insert fda "$PWD/other.img"
ctl reset
sleep 1
until_true 20 screen_says 'A:\>'
ctl type 'dir new.txt\n'
until_true 20 screen_says 'not found'
ctl pause # first: the cursor blinks
ctl screenshot "$PWD/recorded.png"
ctl quit
recorded 0 session
[[ $(sha256sum <freedos.img) == "$sum" ]] || fail "the image was written to"
(($(wc -c <session.log) < 100000)) || fail "the recording is too large"

best=${ENGINES%% *}
for engine in $best $best $best $best $best $best $best $best $ENGINES; do
    replay 0 session 'identical' --engine $engine
    sed 's/.*identical/identical/' verdict.txt >>verdicts.txt
done
[[ $(sort -u verdicts.txt | wc -l) == 1 ]] || fail "the replays differ"

# The screen at the end, and inputs that are refused meanwhile.
"$VESTIGE" replay session.log --display none --control unix:control2 --until 999999999999 \
    --paused >out.txt 2>paused.txt &
guest=$!
until_true 20 "$VESTIGE" ctl control2 resume
until_true 60 bash -c "'$VESTIGE' ctl control2 status | grep -q ^paused"
"$VESTIGE" ctl control2 screenshot "$PWD/replayed.png"
for words in 'type x' 'key a' 'mouse 1 1' 'reset' 'powerdown' 'eject fda' "insert fda $PWD/other.img"; do
    # shellcheck disable=SC2086
    ! "$VESTIGE" ctl control2 $words 2>refused.txt || fail "a replay takes $words"
    grep -q 'a replay takes no input from outside' refused.txt || fail "$(<refused.txt)"
done
"$VESTIGE" ctl control2 quit
wait "$guest" || fail "the paused replay ended with $?"
cmp recorded.png replayed.png || fail "the screens differ"
expect_line paused.txt 'identical'

# Only as far as asked; what defines the machine is not to be changed.
replay 0 session 'stopped at instruction 20000001$' --until 20000001
replay 2 session '^vestige: --memory is part of the recording' -m 32M
replay 2 session '^vestige: --script: a replay takes no input' --script /dev/null

# The images beside the recording, and images that are not what they were.
image_moves_and_changes 700000
mv kept.img freedos.img

# A recording that is torn or damaged.
head -c $(($(wc -c <session.log) - 5)) session.log >torn.log
replay 0 torn 'the recording was cut off here'
# Damage to the length of a record may look like a cut; most of a record is no length.
damaged=0
for at in $(seq 400 7 442); do
    cp session.log damaged.log
    printf X | dd of=damaged.log bs=1 seek="$at" conv=notrunc status=none
    if ! "$VESTIGE" replay damaged.log --display none >out.txt 2>verdict.txt; then
        grep -qE '^vestige: damaged.log: is damaged at byte [0-9]+$' verdict.txt || fail "$(<verdict.txt)"
        damaged=$((damaged + 1))
    fi
done
((damaged >= 3)) || fail "damage is noticed in $damaged of 7 places"
