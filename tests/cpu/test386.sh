#!/bin/bash
# test386.sh ENGINE: test386.asm, a public tester of the 80386 (GPL, not part of this tree), on the model 386.
#
#   VESTIGE_TEST386             its ROM, assembled with POST_PORT 3F8h, OUT_PORT E9h and, best, ROM128 1
#   VESTIGE_TEST386_REFERENCE   test386-EE-reference.txt, which comes with it
#
# Passes when the last diagnostic code is FFh and every line printed is the reference's; skipped (77) without
# the two files.
set -euo pipefail
export LC_ALL=C
engine=$1
here=$(cd "${BASH_SOURCE%/*}" && pwd)
SOURCE_DIR=${SOURCE_DIR:-$(cd "$here/../.." && pwd)}
VESTIGE=${VESTIGE:-$SOURCE_DIR/build/release/vestige}
rom=${VESTIGE_TEST386:-} reference=${VESTIGE_TEST386_REFERENCE:-}
[[ -f $rom && -f $reference ]] || { echo "SKIPPED: VESTIGE_TEST386 and VESTIGE_TEST386_REFERENCE name no files"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
timeout 600 "$VESTIGE" run --bios "$rom" --cpu 386 --engine "$engine" --display none --speed max --no-reboot \
    --debugcon "file:$scratch/out" --serial "file:$scratch/codes" </dev/null >"$scratch/log" 2>&1 &
running=$!
last=none # the ROM ends with HLT, after code FFh or at the code it failed at
while kill -0 "$running" 2>/dev/null && [[ $last != ff ]]; do
    sleep 0.2
    last=$(tail -c 1 "$scratch/codes" 2>/dev/null | od -An -tx1 | tr -d ' ' || true)
done
kill "$running" 2>/dev/null || true
wait "$running" || true
cat "$scratch/log"
lines=$(wc -l <"$reference")
wrong=$(diff "$reference" "$scratch/out" | grep -c '^[<>]' || true)
alike=$((wrong < lines ? lines - wrong : 0))
codes=($(od -An -v -tx1 "$scratch/codes"))
echo "diagnostic codes: ${codes[*]}"
echo "score test386 lines_of_results $engine $alike $lines"
echo "score test386 last_diagnostic_code_is_FF $engine $([[ $last == ff ]] && echo 1 || echo 0) 1"
[[ $last == ff && $wrong == 0 ]]
