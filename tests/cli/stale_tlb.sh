#!/bin/bash
# What the processor still holds of page tables that were changed is part of a saved machine: the
# guest of stale.asm goes on alike in the run that was saved, from the file, in both
# engines.
source "${BASH_SOURCE%/*}/lib.sh"
assemble stale
truncate -s 1440K stale.img

# ends_with BYTES NAME ARGUMENT...: what came over COM1; the state at the end goes to NAME.
ends_with()
{
    local bytes=$1 name=$2
    shift 2
    rm -f serial
    works run --display none --speed max --for 60M --stats=stats --rtc 2020-01-01T00:00:00 \
        --serial file:serial "$@"
    [[ $(cat serial) == "$bytes" ]] || wrong "$name: the guest says $(cat serial), not $bytes"
    grep -E '"(instructions|virtual_ns|state_hash)"' stats >"$name" || wrong "$name: no statistics"
    [[ ! -e never ]] || cmp -s never "$name" || wrong "$name ends in another state: $(cat never "$name")"
}

printf 'wait-serial .\nsleep 0.02\nsave stale.vsnap\n' >save.script
for engine in $ENGINES; do
    ends_with .A0B never_$engine stale.img --engine $engine --snapshot-disks
    mv never_$engine never # the other engine is held to it, too
    ends_with .A0B saved_$engine stale.img --engine $engine --snapshot-disks --script save.script
    for other in $ENGINES; do
        ends_with A0B "${engine}_$other" stale.vsnap --engine $other
    done
done
finish
