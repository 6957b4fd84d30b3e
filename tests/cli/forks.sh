#!/bin/bash
# Running copies: each is the same machine with a socket of its own, and none disturbs another.
source "${BASH_SOURCE%/*}/lib.sh"

# ask SOCKET VERB...
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

gone()
{
    ! [[ -S $1 ]]
}

background first run --demo --display none --control unix:c --serial file:com1 --debugcon file:e9 \
    --rtc 2020-01-01T00:00:00 --stats=stats --save-on-exit end.vsnap
until_true test -S c
ask c screen-text
sleep 0.3
ask c pause
hash_of c before
ask c fork 2
grep -qE '^2 copies, [0-9.]+ ms each$' out.txt || wrong "fork says $(cat out.txt)"
ask c fork 1
for n in 1 2 3; do
    hash_of c.$n copy
    same before copy
    [[ -e com1.$n && -e e9.$n ]] || wrong "copy $n has no serial file of its own"
done

# One goes on alone; a copy of a copy is one, too.
ask c.1 type 'x'
ask c.1 resume
sleep 0.2
ask c.1 pause
hash_of c.1 on
! cmp -s before on || wrong "a copy stands still"
ask c.1 fork 1
hash_of c.1.1 copy
same on copy
for socket in c c.2 c.3; do
    hash_of $socket still
    same before still
done

# A copy saves and loads; the first one's end leaves the others alone, and theirs writes nothing.
ask c.2 save two.vsnap
ask c.3 load two.vsnap
hash_of c.3 copy
same before copy
ask c.2 quit
until_true gone c.2
[[ ! -s stats && ! -e end.vsnap ]] || wrong "a copy writes what the first one should"
ask c quit
until_true gone c
[[ -s stats ]] || wrong "no statistics"
ask c.3 resume
sleep 0.1
ask c.3 quit
ask c.1 quit
ask c.1.1 quit
until_true gone c.3
! ls | grep -qE '^c($|\.)' || wrong "left behind: $(ls)"
[[ ! -s first.err ]] || wrong "complaints: $(cat first.err)"

# What cannot be.
head -c 1048576 /dev/zero >disk
background disk run --hda disk --display none --control unix:d
until_true test -S d
refuses '.*disk is written in place, .*' ctl d fork 1
refuses '99999 is not a number from 1 to 64' ctl d fork 99999
ask d quit
((failures == 0))
