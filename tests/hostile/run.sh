#!/bin/bash
# run.sh GUEST ENGINE: hostile guests may do to themselves what they like; the emulator neither crashes,
# nor hangs, nor says anything (built with sanitizers: no report), and ends as the guest's hardware would.
set -euo pipefail
export LC_ALL=C
guest=$1
engine=$2
here=$(cd "${BASH_SOURCE%/*}" && pwd)
SOURCE_DIR=${SOURCE_DIR:-$(cd "$here/../.." && pwd)}
VESTIGE=${VESTIGE:-$SOURCE_DIR/build/release/vestige}
command -v nasm >/dev/null || { echo "SKIPPED: no nasm"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
failures=0

wrong()
{
    echo "FAILED: $*" >&2
    head -c 3000 out.txt >&2
    failures=$((failures + 1))
}

# assemble [DEFINITION]...: the guest on a floppy
assemble()
{
    nasm -f bin -i "$SOURCE_DIR/" "$@" -o guest.img "$SOURCE_DIR/tests/guests/hostile_$guest.asm"
    truncate -s 1474560 guest.img
}

# run STATUS [OPTION]...
run()
{
    local want=$1 got=0
    shift
    timeout 60 "$VESTIGE" run --fda guest.img --boot a --engine "$engine" --display none --speed max \
        --snapshot-disks --rtc 2024-01-01T00:00:00 "$@" </dev/null >out.txt 2>&1 || got=$?
    [[ $got == "$want" ]] || wrong "$guest on $engine: status $got instead of $want"
    [[ ! -s out.txt ]] || wrong "$guest on $engine: says something"
}

# Ends: number, status, options.
ends=(
    '1 34' '2 34' '3 34 -m 16M --for 14M' '4 0 --for 1s' '5 0' '6 0' '7 34' '8 0 --for 1s' '9 0' '10 34' '11 34' '12 0' '13 34' '14 34'
)

case $guest in
ends)
    for row in "${ends[@]}"; do
        read -r number status options <<<"$row"
        assemble -DCASE="$number"
        # shellcheck disable=SC2086
        run "$status" --no-reboot ${options:---for 14M}
    done
    ;;
ports | code | mmio)
    # Virtual time, 500 instructions a microsecond: it goes on when a guest halts itself for good.
    declare -A rounds=([ports]=1 [code]=100 [mmio]=100)
    seconds=0.16
    [[ $engine == native ]] || seconds=0.04
    [[ $engine == native ]] || rounds=([ports]=1 [code]=20 [mmio]=20)
    printf 'sleep %s\nquit\n' $seconds >script
    truncate -s 4M disk
    truncate -s 1M disc
    for seed in ${SEEDS:-1 2}; do
        assemble -DSEED="$seed"
        run 0 --hda disk --cdrom disc --script script --debugcon file:rounds
        (($(wc -c <rounds) >= rounds[$guest])) ||
            wrong "$guest on $engine, seed $seed: only $(wc -c <rounds) rounds"
        echo "$guest, seed $seed: $(wc -c <rounds) rounds"
    done
    ;;
esac
((failures == 0))
