#!/bin/bash
# A machine saved by the native engine goes on elsewhere: 50 million instructions later count and state
# are those of the run that stayed.  Elsewhere is VESTIGE_OTHER, the program of another host with what runs
# it ("qemu-aarch64-static build/aarch64/vestige"), or else the portable engine here.
#
# By hand: move.sh [GUEST]..., rows of snapshot_guests.txt.
# timeout: 600
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/linux.sh"
source "$BOOT_DIR/snapshot_guests.sh"

other=${VESTIGE_OTHER:-$VESTIGE}
guests=("$@")
((${#guests[@]})) || guests=(freedos linux)
for guest in "${guests[@]}"; do
    find_guest "$guest"
    POINTS=($(((FIRST + LAST) / 2)))
    write_script
    run_to "$guest" "$LIMIT" "${MACHINE[@]}" --script save.script
    limit=$(($(count_of point0.vsnap) + 50000000))
    run_to stayed $limit --engine native point0.vsnap
    run_with "$other" moved $limit --engine portable point0.vsnap
    expect_same stayed.end moved.end
    echo "$guest: $(tr -d '\n' <moved.end)"
done
