#!/bin/bash
# snapshot.sh GUEST: a row of snapshot_guests.txt is saved at ten random instants of its boot.  Each file
# goes on in a fresh process to the end of the run that was never stopped, and in the portable
# engine for a while, to where the native one is.  The state hash covers all that a run depends on: where it
# is equal, so is the rest.
#
# VESTIGE_POINTS: how many instants; VESTIGE_PORTABLE: millions of instructions in the portable engine.
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/linux.sh"
source "$BOOT_DIR/snapshot_guests.sh"

COUNT=${VESTIGE_POINTS:-10}
STEPS=$((${VESTIGE_PORTABLE:-5} * 1000000))

find_guest "$1"
run_to never_stopped "$LIMIT" "${MACHINE[@]}" --script typed.script
end_count=$(sed -n 's/^ *"instructions": *\([0-9]*\).*/\1/p' never_stopped.json)
end=$(sed -n 's/^ *"virtual_ns": *\([0-9]*\).*/\1/p' never_stopped.json)
((LAST = LAST < end / 1000000 ? LAST : end / 1000000 - 1))
((LAST > FIRST)) || fail "the boot is over after $LAST virtual ms"
mapfile -t POINTS < <(for ((i = 0; i < COUNT; i++)); do
    echo $((FIRST + (RANDOM << 15 | RANDOM) % (LAST - FIRST)))
done | sort -n)
echo "$1 is saved after ${POINTS[*]} virtual milliseconds"
write_script
run_to saved "$LIMIT" "${MACHINE[@]}" --script save.script
expect_same never_stopped.end saved.end
for ((i = 0; i < COUNT; i++)); do
    run_to native "$LIMIT" --engine native "point$i.vsnap"
    expect_same never_stopped.end native.end
    on=$(($(count_of "point$i.vsnap") + STEPS))
    ((on < end_count)) || on=$end_count
    run_to near $on --engine native "point$i.vsnap"
    run_to portable $on --engine portable "point$i.vsnap"
    expect_same near.end portable.end
done
