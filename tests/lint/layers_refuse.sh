#!/bin/sh
# layers_refuse.sh: the layer check refuses what it must, and passes what is allowed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

# try EXPECTED FILE HEADER: FILE includes HEADER; the check must say EXPECTED (allow or refuse).
try() {
    rm -rf "${tree:?}"/*
    mkdir -p "$tree/$(dirname "$2")" "$tree/$(dirname "$3")"
    : >"$tree/$3"
    echo "#include \"$3\"" >"$tree/$2"
    if "$here/layers.sh" "$tree" >/dev/null; then verdict=allow; else verdict=refuse; fi
    if [ "$verdict" != "$1" ]; then
        echo "$2 including $3: $verdict, expected $1"
        failed=1
    fi
}

try allow  devices/chipset/pit8254.c devices/core/clock.h
try allow  frontend/x86/lift/alu.c translator/ir/ir.h
try allow  machine/pc.c devices/chipset/pit8254.h
try refuse devices/chipset/pit8254.c translator/ir/ir.h
try refuse devices/chipset/pit8254.c devices/storage/ide.h
try refuse devices/chipset/pit8254.c machine/machine.h
try refuse frontend/x86/decode/decode.c translator/ir/ir.h
try refuse frontend/x86/lift/alu.c backend/host/x64/encode.h
try refuse backend/host/x64/select.c frontend/x86/x86.h
try refuse machine/machine.c translator/core/core.h
try refuse machine/machine.c frontend/x86/cpu/cpu.h
try refuse base/arena.c devices/core/bus.h
exit $failed
