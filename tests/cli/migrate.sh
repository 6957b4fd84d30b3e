#!/bin/bash
# A running machine moves to a waiting process; when that fails it stays where it was.
source "${BASH_SOURCE%/*}/lib.sh"

ask()
{
    works ctl "$@"
}

hash_of()
{
    ask "$1" hash
    cp out.txt "$2"
}

same()
{
    cmp -s "$1" "$2" || wrong "$1 and $2 differ: $(cat "$1") $(cat "$2")"
}

ended()
{
    ! kill -0 "$1" 2>/dev/null
}

background source run --demo --snapshot-disks --display none --control unix:a --save-on-exit a.vsnap \
    --rtc 2020-01-01T00:00:00
source=$child
until_true test -S a
ask a screen-text
sleep 0.3

# Nobody there, a machine that does not fit, one that is killed: the source goes on.
refuses 'cannot connect to unix:nowhere: .*' ctl a migrate unix:nowhere
background wrong run --incoming unix:door -m 64M --display none
until_true test -S door
refuses 'the destination: it was taken without --memory, this machine runs with --memory 64M' \
    ctl a migrate unix:door
until_true ended "$child"
grep -q 'it was taken without --memory' wrong.err || wrong "the destination says nothing"
ask a pause
hash_of a before

# It moves, paused here and there, and is the same.
background there run --incoming unix:door --paused --display none --control unix:b --engine portable
there=$child
until_true test -S door
ask a migrate unix:door
grep -qE '^moved; the guest stood for [0-9.]+ ms$' out.txt || wrong "migrate says $(cat out.txt)"
until_true ended "$source"
wait "$source" || wrong "the source ended with status $?"
[[ ! -e a.vsnap ]] || wrong "the source saved what is no more here"
until_true test -S b
hash_of b after
same before after

# And back, over TCP, running.
port=$((20000 + RANDOM % 20000))
background back run --incoming tcp:127.0.0.1:$port --display none --control unix:c
ask b resume
moved=no
for _ in {1..50}; do
    vestige ctl b migrate tcp:127.0.0.1:$port
    [[ $status == 0 ]] && { moved=yes; break; }
    sleep 0.1
done
[[ $moved == yes ]] || wrong "it does not move over TCP"
until_true ended "$there"
until_true test -S c
says '^running instructions=' ctl c status
ask c quit
until_true ended "$child"
! ls | grep -qE '^(a|b|c|door)$' || wrong "left behind: $(ls)"
head -c 1048576 /dev/zero >disk
background disk run --hda disk --display none --control unix:d
until_true test -S d
refuses '.*disk is written in place, .*' ctl d migrate unix:nowhere
ask d quit
((failures == 0))
