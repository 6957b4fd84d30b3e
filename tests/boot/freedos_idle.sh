#!/bin/bash
# FreeDOS waits at its prompt without HLT: the processor stands still all the same, and wakes for keys.
# engines: native portable
source "${BASH_SOURCE%/*}/lib.sh"

copy_image freedos.img
boot 0 --fda freedos.img <<'SCRIPT'
wait-text A:\\>
sleep 2
hash
sleep 20
hash
type ver\n
wait-text FreeCom
quit
SCRIPT
mapfile -t counts < <(sed -n 's/^hash instructions=\([0-9]*\) .*/\1/p' log.txt)
[[ ${#counts[@]} == 2 ]] || fail "not two counts: ${counts[*]}"
used=$((counts[1] - counts[0]))
echo "$used instructions in 20 idle seconds"
# 10,000 million of 500 MIPS without rest; two in a hundred of that would be too many.
((used > 1000 && used < 20000000)) || fail "$used instructions in 20 idle seconds"
