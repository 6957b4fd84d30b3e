# What the snapshot tests share; sourced after lib.sh.

# end_of STATS: instruction count and state hash of a run, from its --stats file.
end_of()
{
    grep -E '"(instructions|state_hash)"' "$1"
}

# run_to_end NAME [OPTION]...: runs to $LIMIT instructions; the end goes to NAME.end.
run_to_end()
{
    local name=$1
    shift
    "$VESTIGE" run --display none --speed max --for "$LIMIT" --stats="$name.json" "$@" \
        >"$name.out" 2>&1 || { cat "$name.out" >&2; fail "$name ended with status $?"; }
    end_of "$name.json" >"$name.end"
}

# saved_runs_end_alike [OPTION]...: the run with these options ends the same when it is saved at the
# POINTS on its way, and from each file, in both engines (portable: from the last).
saved_runs_end_alike()
{
    local at=0 i
    for i in "${!POINTS[@]}"; do
        awk "BEGIN { printf \"sleep %.3f\n\", (${POINTS[i]} - $at) / 1000 }"
        echo "save point$i.vsnap"
        at=${POINTS[i]}
    done >save.script
    run_to_end never_stopped "$@"
    run_to_end saved "$@" --script save.script
    expect_same never_stopped.end saved.end
    for i in "${!POINTS[@]}"; do
        run_to_end "from_$i" --engine native "point$i.vsnap" --serial null
        expect_same never_stopped.end "from_$i.end"
    done
    run_to_end portable --engine portable "point$i.vsnap" --serial null
    expect_same never_stopped.end portable.end
}
