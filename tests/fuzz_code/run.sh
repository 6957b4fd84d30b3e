#!/bin/bash
# run.sh SECONDS [TARGET]...: libFuzzer on each target (default: all) for that long, beginning with
# the corpus of the tree.  New inputs are kept in build/fuzz/corpus; what a target does not stand
# goes to build/fuzz/found and ends this with status 1.  77: no build of the preset fuzz.
#
# run.sh --minimise [TARGET]...: brings into the tree what of build/fuzz/corpus reaches other code.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
seconds=${1:?SECONDS or --minimise}
shift
targets=("$@")
((${#targets[@]})) || targets=(decode lift cpu)
status=0
mkdir -p build/fuzz/found
for target in "${targets[@]}"; do
    program=build/fuzz/tests/fuzz_code/fuzz_$target
    kept=build/fuzz/corpus/$target
    tree=tests/fuzz_code/corpus/$target
    [[ -x $program ]] || { echo "skipped: no $program (cmake --preset fuzz)"; exit 77; }
    mkdir -p "$kept"
    log=build/fuzz/$target.log
    if [[ $seconds == --minimise ]]; then
        "$program" -set_cover_merge=1 -use_counters=0 -use_cmp=0 -max_len=200 "$tree" "$kept" >"$log" 2>&1 || status=1
        tail -n 1 "$log"
        continue
    fi
    if "$program" -max_total_time="$seconds" -max_len=200 -timeout=25 -rss_limit_mb=4000 \
        -artifact_prefix="build/fuzz/found/$target-" "$kept" "$tree" >"$log" 2>&1; then
        echo "fuzz_$target: $(grep -E '^Done' "$log"), none wrong"
    else
        status=1
        echo "fuzz_$target found something:"
        grep -E '^fuzz:|ERROR|SUMMARY|Test unit written|differs' "$log"
    fi
done
exit $status
