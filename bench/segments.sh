#!/bin/bash
# What segments cost: one loop (bench/segments.asm) in flat code and in other kinds of segments; medians
# of processor seconds, and their ratios to flat code.
#
#   bench/segments.sh [ROUNDS]       default 3; VESTIGE=PROGRAM, ENGINE=native|portable, PASSES=N (of 65536)
#
# Wanted: every kind within 1.5 times of flat code.
set -euo pipefail
here=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
vestige=${VESTIGE:-$here/build/release/vestige}
engine=${ENGINE:-native}
passes=${PASSES:-600}
rounds=${1:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kinds=('flat, 32 bits' 'data with a base, 32 bits' 'base and limit, 32 bits'
    '16-bit protected mode, 64 KiB' '16-bit protected mode, smaller limits' 'expand-down stack, 32 bits' 'real mode'
    '16-bit protected mode, code, too')

# seconds KIND: of processor time of one run
seconds()
{
    local status=0 TIMEFORMAT='%U'
    { time "$vestige" run --bios "$work/$1.rom" --engine "$engine" --display none --speed max --debug-exit \
        --no-reboot </dev/null >"$work/log" 2>&1; } 2>"$work/time" || status=$?
    [[ $status == 1 ]] || { cat "$work/log" >&2; echo "kind $1: status $status" >&2; exit 1; }
    cat "$work/time"
}

for kind in "${!kinds[@]}"; do
    nasm -f bin -DKIND="$kind" -DROUNDS="$passes" -o "$work/$kind.rom" "$here/bench/segments.asm"
done
for ((round = 0; round < rounds; round++)); do
    for kind in "${!kinds[@]}"; do
        seconds "$kind" >>"$work/$kind.times"
    done
done
flat=
for kind in "${!kinds[@]}"; do
    median=$(sort -n "$work/$kind.times" | sed -n "$((rounds / 2 + 1))p")
    flat=${flat:-$median}
    awk -v name="${kinds[kind]}" -v t="$median" -v f="$flat" 'BEGIN { printf "%-40s %7.3f s  %5.2f\n", name, t, t / f }'
done
