#!/bin/bash
# run.sh SECONDS [NAME]...: libFuzzer on each program (default: all) for that long.  New inputs are kept in
# build/fuzz/corpus; what a program does not stand goes to build/fuzz/found and ends this with status 1.
# 77: no build of the preset fuzz.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
seconds=${1:?SECONDS}
shift
names=("$@")
((${#names[@]})) || names=(snapshot_load replay_log faults_file)
status=0
mkdir -p build/fuzz/found
for name in "${names[@]}"; do
    program=build/fuzz/tests/$name
    [[ -x $program ]] || { echo "skipped: no $program (cmake --preset fuzz)"; exit 77; }
    mkdir -p "build/fuzz/corpus/$name"
    log=build/fuzz/$name.log
    if "$program" -max_total_time="$seconds" -max_len=2000000 -timeout=25 -rss_limit_mb=4000 \
        -artifact_prefix="build/fuzz/found/$name-" "build/fuzz/corpus/$name" tests/fuzzers/corpus \
        >"$log" 2>&1; then
        echo "$name: $(grep -E '^Done' "$log"), none wrong"
    else
        status=1
        echo "$name found something:"
        grep -E 'ERROR|SUMMARY|Test unit written|refused' "$log"
    fi
done
exit $status
