#!/bin/bash
# What code costs that runs for the first time: processor time of one pass over 630,000 instructions
# in blocks of seven (bench/cold.asm), less that of no pass, in TSC cycles an instruction; Vestige beside QEMU.
#
#   bench/cold.sh [ROUNDS]       default 5, interleaved, medians; VESTIGE=PROGRAM
#
# The method of TRANSLATION section 1.2, where QEMU 7.2 takes 4,400.  Wanted: translation under 600;
# `--stats` tells that part alone, and it is printed too.
set -euo pipefail
here=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
vestige=${VESTIGE:-$here/build/release/vestige}
rounds=${1:-5}
blocks=90000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tsc_mhz=$(awk '/^cpu MHz/ { print $4; exit }' /proc/cpuinfo) # the constant clock on virtual machines

for passes in 0 1; do
    nasm -f elf32 -DBLOCKS=$blocks -DPASSES=$passes -o "$work/$passes.o" "$here/bench/cold.asm"
    ld -m elf_i386 -Ttext=0x101000 --section-start=.header=0x100000 -e start -o "$work/$passes.elf" "$work/$passes.o"
done

# run PROGRAM PASSES: processor seconds
run()
{
    local TIMEFORMAT='%U %S' status=0
    case $1 in
    vestige) set -- "$vestige" run --kernel "$work/$2.elf" --display none --speed max --debug-exit --stats="$work/stats" ;;
    qemu) set -- qemu-system-i386 -accel tcg -display none -kernel "$work/$2.elf" -device isa-debug-exit,iobase=0xf4 ;;
    esac
    { time "$@" </dev/null >"$work/log" 2>&1; } 2>"$work/time" || status=$?
    [[ $status == 1 ]] || { cat "$work/log" >&2; echo "$1: status $status" >&2; exit 1; }
    awk '{ print $1 + $2 }' "$work/time"
}

for ((round = 0; round < rounds; round++)); do
    for program in vestige qemu; do
        none=$(run $program 0)
        one=$(run $program 1)
        awk -v a="$none" -v b="$one" -v mhz="$tsc_mhz" -v n=$((blocks * 7)) \
            'BEGIN { printf "%.0f\n", (b - a) * mhz * 1e6 / n }' >>"$work/$program"
        [[ $program == qemu ]] || grep -o '"cycles_per_translated_insn": *[0-9]*' "$work/stats" | grep -o '[0-9]*$' >>"$work/part"
    done
done
middle() { sort -n "$1" | sed -n "$((rounds / 2 + 1))p"; }
printf '%-44s %8s\n' 'TSC cycles an instruction, first time' '' 'vestige, all of it' "$(middle "$work/vestige")" \
    '  of it translation' "$(middle "$work/part")" qemu "$(middle "$work/qemu")"
