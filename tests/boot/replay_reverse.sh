#!/bin/bash
# Through a replay of FreeDOS in both directions, by `vestige ctl`: steps, jumps, breakpoints, and the
# last write of the BIOS's tick counter.
# engines: native
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/replay.sh"

copy_image freedos.img
boot 0 --fda freedos.img -m 16M --record session.log <<'SCRIPT'
wait-text A:\\>
type dir\n
wait-text bytes free
sleep 0.3
quit
SCRIPT

"$VESTIGE" replay session.log --display none --serial file:again.serial --control unix:control \
    --paused >out.txt 2>verdict.txt &
guest=$!
trap end_guest EXIT
until_true 20 ctl status

# at VERB...: carries it out; the instruction count is in $at, the whole answer in $said.
at()
{
    said=$(timeout 100 "$VESTIGE" ctl control "$@") || fail "ctl $*"
    echo "$*: $said"
    [[ $said =~ ^at\ ([0-9]+) ]] || fail "ctl $*: $said"
    at=${BASH_REMATCH[1]}
}

expect_at()
{
    [[ $at == "$1" ]] || fail "at $at instead of $1"
}

# Near the end, where the guest waits for keys and takes the timer's interrupts.
end=$(ctl info replay | sed -n 's/^end \([0-9]*\).*/\1/p')
there=$((end - 20000))

at goto $there
expect_at $there
ctl info cpu >cpu1.txt
ctl mem 0 1048576 "$PWD/memory1"
at step 1000
at reverse-step 999
expect_at $((there + 1))
at reverse-step
ctl info cpu >cpu2.txt
ctl mem 0 1048576 "$PWD/memory2"
expect_same cpu1.txt cpu2.txt
cmp memory1 memory2 || fail "memory differs"

# The boot sector is entered once.
ctl break 0x7c00
at reverse-continue
[[ $said == *breakpoint*7c00* ]] || fail "no breakpoint"
boot=$at
at reverse-continue
expect_at 0
at continue
expect_at "$boot"
ctl break delete

# The two ticks before; then forwards over both.
at goto $there
ctl watch 0x46c 4
at reverse-continue
[[ $said == *'is written'*mov*0x6c* ]] || fail "no write of the tick counter"
second=$at
at reverse-continue
first=$at
((first < second && second < there)) || fail "ticks at $first and $second"
at continue
at continue
expect_at $((second + 1))
ctl watch delete
ctl info replay
ctl info replay | grep -qE '^checkpoints ([3-9]|[1-4][0-9]),' || fail "no checkpoints"

at continue
[[ $said == *'end of the recording'* ]] || fail "no end"
! ctl goto 999999999999 2>refused.txt || fail "beyond the end"
ctl quit
wait "$guest" || fail "status $?"
grep -q identical verdict.txt || fail "$(<verdict.txt)"
