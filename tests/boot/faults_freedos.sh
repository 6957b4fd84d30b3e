#!/bin/bash
# FreeDOS meets faults on purpose: sectors that cannot be read, a write that is torn.
# The recording holds them: its replay is identical without the file.
# engines: native
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/replay.sh"

need_command mtype mtools
copy_image freedos.img
boot 0 --fda freedos.img -m 16M --snapshot-disks <<'SCRIPT'
wait-text A:\\>
hash
quit
SCRIPT
prompt=$(sed -n 's/^hash instructions=\([0-9]*\).*/\1/p' log.txt)
cat >faults.txt <<FAULTS
# from the prompt on the file area fails
at $((prompt + 1)) disk fda 33-2879 bad-read
FAULTS
boot 0 --fda freedos.img -m 16M --faults faults.txt --record bad.log <<'SCRIPT'
wait-text A:\\>
type type kernel.sys\n
wait-text Error reading from drive A
screen-text screen.txt
type a
sleep 0.2
quit
SCRIPT
expect_line screen.txt 'Error reading from drive A: .*'
rm faults.txt
replay 0 bad identical
replay 2 bad '^vestige: --faults is part of the recording' --faults /dev/null

# The second half of a sector of a written file is lost.
cat >faults.txt <<'FAULTS'
disk fda 300-2879 torn
FAULTS
boot 0 --fda freedos.img --faults faults.txt <<'SCRIPT'
wait-text A:\\>
type echo 0123456789 > new.txt\n
wait-text A:\\>
sleep 0.5
quit
SCRIPT
mcopy -n -i freedos.img ::new.txt new.txt || fail "no new.txt"
grep -q '^0123456789' new.txt || fail "the first half is not there"

# A file that is wrong.
printf 'at 5 ram 0 3\nat 6 ram 0 8\n' >faults.txt
status=0
"$VESTIGE" run --fda freedos.img --display none --faults faults.txt 2>err.txt || status=$?
[[ $status == 2 && $(<err.txt) == 'vestige: faults.txt:2: no bit from 0 to 7: 8' ]] || fail "$(<err.txt)"
