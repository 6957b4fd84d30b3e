#!/bin/bash
# One machine on two hosts at once, compared instruction by instruction.
source "${BASH_SOURCE%/*}/../boot/lib.sh"

[[ -x $HERE ]] || skip "no $HERE: cmake --build --preset release --target vestige"
image=$(need_image freedos.img) || exit
LIMIT=20M # SeaBIOS, the boot sector, the kernel and its configuration

# compared STATUS [OPTION]...
compared()
{
    local want=$1 got=0
    shift
    "$HERE" diff --left "$HERE" --right "$VESTIGE" --engine-right "${ENGINES%% *}" "$image" --for "$LIMIT" \
        "$@" >out.txt 2>err.txt || got=$?
    head -n 8 out.txt
    [[ $got == "$want" ]] || fail "status $got instead of $want: $(cat err.txt)"
}

compared 0
grep -q '^no difference up to instruction 20000000' out.txt || fail "it does not say so"

compared 1 --cpu-left p3 --cpu-right p3,-sse
grep -A1 '^the same for ' out.txt >across.txt
grep -qE '  0f a2  cpuid' across.txt || fail "not at CPUID"
"$HERE" diff "$image" --for "$LIMIT" --cpu-left p3 --cpu-right p3,-sse >same-host.txt || (($? == 1))
grep -A1 '^the same for ' same-host.txt >here.txt
expect_same here.txt across.txt
