#!/bin/bash
# --code-cache: a second run translates almost nothing and is the same run; a file that is damaged, cut,
# somebody else's to write or another program's is as good as none.
source "${BASH_SOURCE%/*}/lib.sh"

run=(run --demo -m 16M --display none --speed max --rtc 2024-01-01T00:00:00 --for 5M)

# number NAME: of the last run's statistics.
number()
{
    sed -n "s/^ *\"$1\": \([0-9]*\),*$/\1/p" stats.json
}

# with OPTION...: a run, which must be the one that the first was.
with()
{
    works "${run[@]}" --stats=stats.json "$@"
    hash=${hash:-$(number state_hash)}
    [[ $(number state_hash) == "$hash" ]] || wrong "another run with $*"
}

# unused WHY: the last run took nothing from the file.
unused()
{
    [[ $(number blocks_loaded) == 0 ]] || wrong "used although $1"
}

with
if "$VESTIGE" doctor | grep -q 'code-cache'; then # says that this host's engines keep none
    with --code-cache=cache
    [[ ! -e cache ]] || wrong "a file although no engine here keeps code"
    finish
    exit
fi
all=$(number blocks_translated)
with --code-cache=cache
unused "there was none"
[[ $(stat -c %a cache) == 600 ]] || wrong "others may read or write it"
with --code-cache=cache
(($(number blocks_loaded) > all * 8 / 10 && $(number blocks_translated) < all / 10)) ||
    wrong "of $all blocks, $(number blocks_loaded) loaded, $(number blocks_translated) translated"
with --code-cache=cache --engine portable
unused "the engine is another one"
with --code-cache=other --no-opt flag-liveness
with --code-cache=other
unused "it was made without an optimisation"

# Damage: a byte here and there, all sizes near the parts' borders.
cp cache good
size=$(stat -c %s good)
for at in 0 17 25 33 50 60 64 72 100 $((size / 3)) $((size / 2)) $((size - 1)); do
    cp good cache
    printf '\xa5' | dd of=cache bs=1 seek="$at" conv=notrunc status=none
    cmp -s good cache && continue
    with --code-cache=cache
    unused "byte $at is another one"
done
for keep in 0 1 47 48 100 $((size / 2)) $((size - 1)); do
    head -c "$keep" good >cache
    chmod 600 cache
    with --code-cache=cache
    unused "it was cut to $keep bytes"
done
cp good cache
chmod 666 cache
with --code-cache=cache
unused "anybody could have written it"
rm -f cache
cp good elsewhere
chmod 600 elsewhere
ln -s elsewhere cache
with --code-cache=cache
unused "it was a link"

# The default place.
export XDG_CACHE_HOME=$scratch/folder
with --code-cache
with --code-cache
(($(number blocks_loaded) > 0)) || wrong "nothing from the default place"
[[ $(find folder/vestige -name '*.code' | wc -l) == 1 ]] || wrong "no file in the default place"

# What cannot be written is said.
vestige "${run[@]}" --code-cache=nowhere/cache
[[ $status != 0 ]] || wrong "a file that cannot be written is no trouble"
finish
