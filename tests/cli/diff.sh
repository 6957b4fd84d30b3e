#!/bin/bash
# vestige diff: two machines side by side, and the instruction at which they part.
source "${BASH_SOURCE%/*}/lib.sh"

assemble diff
machine=(--bios diff.img -m 2M)

# differs REGEX ARGUMENT...: status 1, and a line matches.
differs()
{
    local line=$1
    shift
    vestige "$@"
    [[ $status == 1 ]] || wrong "vestige $*: status $status"
    grep -qE "$line" out.txt || wrong "vestige $*: does not say $line"
}

says '^usage: vestige diff' diff --help
says '^no difference up to instruction 1007, where both end or wait for ever$' diff "${machine[@]}"
says '^no difference up to instruction 500$' diff "${machine[@]}" --for 500
for engine in $ENGINES; do
    # SSE is bit 25 of CPUID's EDX.
    differs '^the same for 1003 instructions; then this one differs:$' diff "${machine[@]}" \
        --engine $engine --cpu-left p3 --cpu-right=p3,-sse
    grep -qE '^  1003  f000:0000e00b  0f a2  cpuid' out.txt || wrong "$engine: not at CPUID"
    grep -qE '^  cpu ctx.gpr\[2\] +left 383bb7f +right 183bb7f$' out.txt || wrong "$engine: not EDX"
done

# A model's own reset values are no difference yet; other memory is one from the start.
differs '^the same for 1003 instructions' diff "${machine[@]}" --cpu-left p3 --cpu-right pentium
grep -q '^differ from the start, made the same: .*ctx.gpr\[2\]' out.txt || wrong 'EDX after reset'
refuses 'the machines differ before the first instruction .*' diff --bios diff.img \
    --memory-left 2M --memory-right 4M

# Other programs as sides, a saved machine and a recording as what they run.
says '^no difference' diff --left "$VESTIGE" --right "exec $VESTIGE" "${machine[@]}"
works run "${machine[@]}" --display none --record run.log --for 700
says '^no difference up to instruction 700' diff run.log --for 2k
works run "${machine[@]}" --display none --save-on-exit at.vsnap --for 600
says '^no difference up to instruction 1007' diff at.vsnap --engine-right portable

refuses 'the left side has ended: false' diff --left false "${machine[@]}"
refuses 'unknown option --wings .*' diff --wings-left 3
refuses '--for never is no instruction count' diff "${machine[@]}" --for never
refuses 'left side: nothing: no such file' diff nothing
finish
