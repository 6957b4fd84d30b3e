#!/bin/bash
# A recorded session writes to its images: the files are there afterwards, and a replay sees the images as they
# were, also a floppy that was taken out and put in again, one that may not be written, and images of a
# program that was killed.
# engines: native
# timeout: 300
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/replay.sh"

need_command mtype mtools
copy_image freedos.img
cp freedos.img second.img
cp freedos.img locked.img
cp freedos.img old.img

# on_image IMAGE NAME TEXT: the file on the image holds that line.
on_image()
{
    [[ $(mtype -i "$1" "::$2" 2>&1) == "$3"$'\r' ]] || fail "$2 on $1: $(mtype -i "$1" "::$2" 2>&1)"
}

# insert IMAGE: and waits for the prompt again.
insert()
{
    ctl insert fda "$PWD/$1"
    ctl type 'cls\n'
    sleep 0.5
}

says()
{
    ctl type "$1\n"
    until_true 20 screen_says "$2"
}

record session --fda freedos.img -m 16M
until_true 60 screen_says 'A:\>'
ctl type 'echo one > one.txt\n'
says 'type one.txt' 'one'
says 'ver' 'FreeCom version'
insert second.img
ctl type 'echo two > two.txt\n'
says 'dir two.txt' 'TWO'
insert freedos.img
says 'dir one.txt' 'ONE'
ctl type 'echo three > one.txt\n'
says 'type one.txt' 'three'
says 'ver' 'FreeCom version' # the file is written: the command's own text on the screen said three, too
! "$VESTIGE" ctl control insert fda "$PWD/none.img" 2>refused.txt || fail "a file that is not there goes in"
insert second.img
says 'type two.txt' 'two'
says 'del two.txt' '>'
ctl type 'cls\n'
says 'dir two.txt' 'not found'
sleep 1
ctl quit
recorded 0 session
[[ ! -s session.err ]] || fail "complaints: $(<session.err)"
on_image freedos.img ONE.TXT 'three '
! mtype -i second.img ::TWO.TXT >/dev/null 2>&1 || fail "the deleted file is there"
! cmp -s second.img old.img || fail "the second image was not written"
(($(wc -c <session.log) < 400000)) || fail "the recording is too large"
sums=$(sha256sum freedos.img second.img)

for engine in $ENGINES; do
    replay 0 session 'identical' --engine $engine
    sed 's/.*identical/identical/' verdict.txt >>verdicts.txt
done
[[ $(sort -u verdicts.txt | wc -l) == 1 ]] || fail "the replays differ"
[[ $(sha256sum freedos.img second.img) == "$sums" ]] || fail "a replay wrote to an image"

# Back and forth over the changes of media.
"$VESTIGE" replay session.log --display none --control unix:control2 --paused >out.txt 2>paused.txt &
guest=$!
until_true 20 "$VESTIGE" ctl control2 goto 1
end=$("$VESTIGE" ctl control2 info replay | awk '/^end/ { print $2 }')
for part in 8 3 6 2 9; do
    "$VESTIGE" ctl control2 goto $((end * part / 10)) >/dev/null || fail "no way to part $part"
done
"$VESTIGE" ctl control2 continue >went.txt
grep -q 'end of the recording' went.txt || fail "$(<went.txt)"
"$VESTIGE" ctl control2 quit
wait "$guest" || fail "the replay that went back ended with $?"
expect_line paused.txt 'identical'

# An image that was written since is another one; the same one at another place is found.
image_moves_and_changes 1400000

# Killed while it writes: what was written is there, what was recorded is replayed.
cp old.img freedos.img
record killed --fda freedos.img -m 16M
until_true 60 screen_says 'A:\>'
ctl type 'echo kept > kept.txt\n'
says 'type kept.txt' 'kept'
sleep 0.5
ctl type 'copy command.com a.com\ncopy command.com b.com\n'
sleep "0.$((RANDOM % 9))"
kill -KILL "$guest"
wait "$guest" 2>/dev/null || true
on_image freedos.img KEPT.TXT 'kept '
replay 0 killed 'the recording was cut off here, at instruction [0-9]+$'

# An image that the host lets nobody write is one with its tab open.
if [[ $(id -u) != 0 ]]; then
    chmod 444 locked.img
    record locked --fda locked.img -m 16M
    until_true 60 screen_says 'A:\>'
    ctl type 'echo x > x.txt\n'
    sleep 2
    ctl quit
    recorded 0 locked
    replay 0 locked 'identical'
fi

# With --snapshot-disks nothing is written, and nothing of it is in the recording.
cp old.img freedos.img
record apart --fda freedos.img -m 16M --snapshot-disks
until_true 60 screen_says 'A:\>'
ctl type 'echo one > one.txt\n'
says 'type one.txt' 'one'
ctl quit
recorded 0 apart
cmp freedos.img old.img || fail "--snapshot-disks wrote to the image"
replay 0 apart 'identical'
