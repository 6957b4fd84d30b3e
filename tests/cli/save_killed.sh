#!/bin/bash
# kill -9 at any moment of a save, of the emulator and of the process that writes: under the name stands a
# whole file, the one before or the new one, and nothing is left that passes for another.
source "${BASH_SOURCE%/*}/lib.sh"

works run --demo --display none --speed max --serial null --for 8M --rtc 2020-01-01T00:00:00 \
    --script <(printf 'sleep 0.001\nsave file.vsnap\n')
works snap verify file.vsnap

for ((i = 0; i < 2000; i++)); do
    printf 'sleep 0.0001\nsave file.vsnap\n'
done >saves.script

# whole WHEN: file.vsnap is one (the next round begins with it); a temporary file is whole or refused.
whole()
{
    works snap verify file.vsnap
    if [[ -e file.vsnap.part ]]; then
        vestige snap verify file.vsnap.part
        [[ $status == 0 || $(wc -l <err.txt) == 1 ]] || wrong "$1: a part that is neither whole nor refused"
        rm file.vsnap.part
    fi
    [[ $(ls) == "$names" ]] || wrong "$1: left behind: $(ls)"
}

replaced()
{
    [[ $(stat -c %i file.vsnap) != "$inode" ]]
}

names=$(ls)
changed=0
for ((round = 0; round < 12; round++)); do
    before=$(sha256sum <file.vsnap)
    client=
    inode=$(stat -c %i file.vsnap)
    if ((round % 2)); then # in the emulator itself
        setsid "$VESTIGE" run file.vsnap --display none --speed max --serial null \
            --script saves.script </dev/null >/dev/null 2>&1 &
        group=$!
        until_true replaced
    else # in the child of a live save
        setsid "$VESTIGE" run file.vsnap --display none --serial null --control unix:control \
            </dev/null >/dev/null 2>&1 &
        group=$!
        until_true test -S control
        "$VESTIGE" ctl control save file.vsnap whole >/dev/null 2>&1 &
        client=$!
    fi
    sleep "0.$(printf %03d $((RANDOM % 60)))"
    kill -KILL -- "-$group" 2>/dev/null || wrong "round $round: it had ended"
    wait "$group" 2>/dev/null || true
    [[ -z $client ]] || wait "$client" 2>/dev/null || true
    rm -f control
    whole "round $round"
    [[ $(sha256sum <file.vsnap) == "$before" ]] || changed=$((changed + 1))
done
((changed > 0)) || wrong "no save came to its end before the kill: the rounds test nothing"
finish
