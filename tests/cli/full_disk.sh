#!/bin/bash
# The host's disk is full while the guest writes: the guest sees an error, the user one message, what
# was written before is in the image; status 2.
source "${BASH_SOURCE%/*}/lib.sh"

assemble writer
cp writer.img disk
truncate -s 40M disk
printf 'wait-serial E\nquit\n' >script
status=0
(
    ulimit -f 20480 # KiB: 40960 sectors; the portable engine needs no large file of its own
    timeout 60 "$VESTIGE" run --hda disk -m 16M --engine portable --display none --speed max \
        --serial stdio --script script </dev/null >out.txt 2>err.txt
) || status=$?
[[ $status == 2 ]] || wrong "status $status"
[[ $(<out.txt) == .......E ]] || wrong "the guest wrote something else"
[[ $(wc -l <err.txt) == 1 ]] || wrong "not one message"
grep -qE '^vestige: disk: cannot write at 20971520: File too large \(.*drive hda\)' err.txt ||
    wrong "another message"
[[ $(stat -c %s disk) == $((40 << 20)) ]] || wrong "the image changed its size"
# seven pieces of 127 sectors, and of the eighth what fitted
[[ $(tail -c +$((40000 * 512 + 1)) disk | head -c $((960 * 512)) | tr -d Z | wc -c) == 0 ]] ||
    wrong "what was written is not in the image"

# Files that grow beside the guest: serial output.
vestige run --hda disk --snapshot-disks --display none --speed max --serial file:/dev/full --for 40M
grep -qE '^vestige: serial line 1: cannot write to its file: No space left on device$' err.txt ||
    wrong "lost serial output is not told"
[[ $(wc -l <err.txt) == 1 ]] || wrong "not told once"

finish
