#!/bin/bash
# Saved machines: from outside, at the end and by the clock; what a file refuses; what is left when
# something goes wrong.
source "${BASH_SOURCE%/*}/lib.sh"

echo no snapshot >disk-free

ctl()
{
    works ctl control "$@"
}

# hash_of NAME: instruction count and state of the paused machine behind `control`.
hash_of()
{
    ctl hash
    cp out.txt "$1"
}

same()
{
    cmp -s "$1" "$2" || wrong "$1 and $2 differ: $(cat "$1") $(cat "$2")"
}

gone()
{
    ! kill -0 "$child" 2>/dev/null
}

# Saving changes nothing, live or not; loading brings it all back.
background first run --demo --display none --control unix:control --rtc 2020-01-01T00:00:00
until_true test -S control
ctl screen-text
sleep 0.3
ctl pause
hash_of saved
ctl save one.vsnap
grep -qE 'one.vsnap: [0-9.]+ MB; the guest stood for [0-9.]+ ms' out.txt || wrong "save says nothing"
hash_of still
same saved still
ctl resume
sleep 0.2
ctl pause
hash_of later
ctl save two.vsnap
grep -q 'on top of the one before' out.txt || wrong "the second file is no child of the first"
ctl save three.vsnap whole
! grep -q 'on top' out.txt || wrong "a whole file builds on another"
(($(stat -c %s two.vsnap) < $(stat -c %s three.vsnap))) || wrong "a chained file is not smaller"
ctl load one.vsnap
hash_of back
same saved back
ctl load two.vsnap
hash_of forth
same later forth
refuses 'nothing.vsnap: no such file|cannot open .*/nothing.vsnap: .*' ctl control load nothing.vsnap
hash_of forth
same later forth
ctl quit
until_true gone

# A fresh process goes on from it; the other engine, too.
for engine in $ENGINES; do
    background "$engine" run two.vsnap --paused --display none --engine "$engine" --control unix:control
    until_true test -S control
    hash_of fresh
    same later fresh
    ctl quit
    until_true gone
done

# Looking into files.
says '^[0-9a-f]{12}  [0-9a-f]{12} .* two.vsnap$' snap list two.vsnap
says 'two.vsnap$' snap list .
says '^  options.demo = $' snap info two.vsnap
says '^  pit8254\[pit\].counter\[0\].mode = 2$' snap info two.vsnap state
says '^three.vsnap: good$' snap verify two.vsnap three.vsnap
vestige snap diff one.vsnap two.vsnap
[[ $status == 1 ]] || wrong "snap diff: status $status for different ones"
for line in '^cpu.ctx.icount: [0-9a-f]+ -> [0-9a-f]+$' '^about.virtual_ns: ' \
    '^ram: [0-9a-f]{9}\.\.[0-9a-f]{9}$' '^ram: [0-9]+ of 32768 units of 4096 bytes differ$'; do
    grep -qE "$line" out.txt || wrong "snap diff does not say $line"
done
works snap diff two.vsnap three.vsnap
[[ ! -s out.txt ]] || wrong "two.vsnap and three.vsnap differ: $(cat out.txt)"
works snap flatten two.vsnap flat.vsnap none
works snap diff two.vsnap flat.vsnap
works snap extract two.vsnap ram ram.bin
works snap extract flat.vsnap ram flat.bin
same ram.bin flat.bin
[[ $(stat -c %s ram.bin) == $((128 << 20)) ]] || wrong "ram.bin has not the size of the memory"
refuses 'two.vsnap: there is no hda in it .*' snap extract two.vsnap hda out
refuses 'wrong number of arguments; .*' snap diff two.vsnap
refuses 'cannot open nothing.vsnap: .*' snap info nothing.vsnap
refuses '.*disk-free: is no snapshot' snap verify disk-free

# At the end, and by the clock.
works run --demo --display none --speed max --for 2M --save-on-exit end.vsnap --rtc 2020-01-01T00:00:00
[[ -s end.vsnap ]] || wrong "no end.vsnap"
works run end.vsnap --display none --speed max --for 3M --save-on-exit end2.vsnap --compress none
(($(stat -c %s end2.vsnap) > $(stat -c %s end.vsnap))) || wrong "--compress none packs"
works run --demo --display none --for 1s --autosave 0.2:auto.vsnap
works run auto.vsnap --display none --speed max --for 100s --script <(echo quit)

# What cannot be is one line.
refuses 'end.vsnap: it was taken without --memory, this machine runs with --memory 64M' \
    run end.vsnap -m 64M --display none
refuses 'end.vsnap: it was taken without --cpu, this machine runs with --cpu 486' \
    run end.vsnap --cpu 486 --display none
refuses 'end.vsnap: it was taken at 500 MIPS and this machine runs at 100 \(--speed\)' \
    run end.vsnap --speed 100 --display none
head -c 65536 /dev/zero >disk
refuses 'end.vsnap is a snapshot: another image beside it .*' run end.vsnap disk
refuses 'end.vsnap: it was taken without .*disk as hda' run end.vsnap --hda disk --display none
refuses '--compress lzma is not one of zstd, zlib, none' run --demo --compress lzma
refuses '--autosave soon is not SECONDS or SECONDS:FILE' run --demo --autosave soon --display none
refuses 'cannot write /nonexistent/file: .*' \
    run --demo --display none --speed max --for 1M --save-on-exit /nonexistent/file

# A disk that was written since, one that has moved, one whose changes are in the file.
printf '\xeb\xfe' >disk
head -c 508 /dev/zero >>disk
printf '\x55\xaa' >>disk
head -c 1047040 /dev/zero >>disk
works run --hda disk --display none --speed max --for 20M --save-on-exit disk.vsnap
works run disk.vsnap --display none --speed max --for 21M
mv disk moved
refuses '.*/disk: no such file' run disk.vsnap --display none
works run disk.vsnap --hda moved --display none --speed max --for 21M
printf x | dd of=moved bs=1 seek=4000 conv=notrunc status=none
refuses 'disk.vsnap: .*moved \(hda\) has changed since the snapshot was taken' \
    run disk.vsnap --hda moved --display none

# Damage: cut anywhere, or a byte changed.
size=$(stat -c %s end.vsnap)
for at in 10 60 100 $((size / 2)) $((size - 30)); do
    head -c "$at" end.vsnap >cut.vsnap
    refuses 'cut.vsnap: .*' run cut.vsnap --display none
    { head -c "$at" end.vsnap; printf '\xa7\x5a\xa7'; tail -c +$((at + 4)) end.vsnap; } >bad.vsnap
    refuses 'bad.vsnap: .*' run bad.vsnap --display none
done
rm one.vsnap
refuses 'two.vsnap builds on another file: .*' run two.vsnap --display none

# No file but the ones asked for.
! ls | grep -q part || wrong "left behind: $(ls)"
((failures == 0))
