#!/bin/bash
# tidy.sh [--all] [FILE...]: clang-tidy finds nothing in the sources (default: all of the tree).
#
# Without --all the analyzer is left out, which takes ten times as long as all else together: about
# half a minute on two cores, five with it.  Wants build/release configured.  77: no clang-tidy.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
command -v clang-tidy >/dev/null || { echo "skipped: no clang-tidy"; exit 77; }
database=build/release/compile_commands.json
[[ -f $database ]] || { echo "skipped: no $database (cmake --preset release)"; exit 77; }
checks=-clang-analyzer-*
if [[ ${1:-} == --all ]]; then
    checks=
    shift
fi
if (($#)); then
    files=("$@")
else
    # What this host compiles; a source beside that has no command line to be read with.
    mapfile -t files < <(sed -n "s|^ *\"file\": \"$PWD/\(.*\)\",\{0,1\}$|\1|p" "$database" |
        grep -v '^build/' | sort -u)
fi
((${#files[@]})) || { echo "no source in $database" >&2; exit 1; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
printf '%s\0' "${files[@]}" | xargs -0 -n 4 -P "$(nproc)" clang-tidy --quiet \
    -p build/release ${checks:+--checks="$checks"} >"$log" 2>"$log.errors"
status=$?
if ((status)); then
    grep -E -A3 '(error|warning):' "$log" | sed "s|^$PWD/||" | head -n 100
    grep -E 'rror' "$log.errors" | grep -v 'treated as errors' | sort -u | head -n 20
fi
rm -f "$log.errors"
echo "clang-tidy: ${#files[@]} files, $(grep -cE '(error|warning):' "$log") findings"
((status == 0))
