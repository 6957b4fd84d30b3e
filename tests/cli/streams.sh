#!/bin/bash
# `--serial stdio --display none`: standard output is what the guest sent and nothing else; standard
# input reaches the guest; --for with host seconds; signals end with status 0 and a terminal as before.
source "${BASH_SOURCE%/*}/lib.sh"

assemble stream
for byte in {0..255}; do printf "\\x$(printf %x "$byte")"; done >want
printf 'Hello\n' >>want
printf 'wait-serial Hello\nsleep 0.01\nquit\n' >script

for options in '' --stats '--log all'; do
    status=0
    printf 'Hello\n' | timeout 60 "$VESTIGE" run stream.img --display none --serial stdio --speed max \
        --script script $options >out.txt 2>err.txt || status=$?
    [[ $status == 0 ]] || wrong "serial stdio $options: status $status"
    cmp -s out.txt want || wrong "serial stdio $options: not the guest's bytes"
done

start=${EPOCHREALTIME/./}
works run stream.img --display none --for 1s
took=$((${EPOCHREALTIME/./} - start))
((took >= 950000 && took < 5000000)) || wrong "--for 1s took $took us"

# Guests that halt, spin, and wait; Ctrl-C, termination and a closed terminal.
for signal in INT TERM HUP; do
    for speed in max real; do
        background machine run stream.img --display none --speed $speed --control unix:sock
        until_true "$VESTIGE" ctl sock status || wrong "no start"
        kill -$signal "$child"
        wait "$child" || wrong "$signal at speed $speed: status $?"
    done
done
background machine run --demo --display none --paused --control unix:sock
until_true "$VESTIGE" ctl sock status || wrong "no start when paused"
kill -INT "$child"
wait "$child" || wrong "INT while paused: status $?"

if command -v python3 >/dev/null; then
    python3 "$CLI_DIR/terminal.py" "$VESTIGE" >out.txt 2>err.txt || wrong "the terminal"
fi

finish
