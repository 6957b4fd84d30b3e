#!/bin/bash
# run.sh ENGINE: the protection guest on that engine; prints the rows that differ and the score line,
# ends with 0 when all rows passed.
set -euo pipefail
export LC_ALL=C
engine=$1
here=$(cd "${BASH_SOURCE%/*}" && pwd)
SOURCE_DIR=${SOURCE_DIR:-$(cd "$here/../.." && pwd)}
VESTIGE=${VESTIGE:-$SOURCE_DIR/build/release/vestige}
command -v nasm >/dev/null || { echo "SKIPPED: no nasm"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
nasm -f bin -w-label-redef-late -i "$here/" -o "$scratch/rom" "$here/protection.asm"
status=0
timeout 60 "$VESTIGE" run --bios "$scratch/rom" --engine "$engine" --display none --speed max --no-reboot \
    --for 200M --debug-exit --debugcon "file:$scratch/out" </dev/null >"$scratch/log" 2>&1 || status=$?
sed "s/^score protection/score protection rows $engine/" "$scratch/out"
cat "$scratch/log"
[[ $status == 1 ]] || { echo "FAILED: status $status" >&2; exit 1; }
