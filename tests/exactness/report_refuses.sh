#!/bin/bash
# report_refuses.sh: report.py writes what it is given, passes what it wrote, and refuses a document
# that is stale, a proof that did not run though it runs everywhere, and one that nobody described.
set -uo pipefail
report=${BASH_SOURCE[0]%/*}/report.py
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export EXACTNESS_DOCUMENT=$folder/document.md
status=0

expect()
{
    local wanted=$1 what=$2
    shift 2
    "$report" "$folder" "$@" >"$folder/said" 2>&1
    local got=$?
    ((got == wanted)) || { echo "$what: status $got instead of $wanted"; cat "$folder/said"; status=1; }
}

for proof in $(sed -n 's/^\[\(.*\)\]$/\1/p' "${report%/*}/proofs.ini"); do
    echo "score $proof a_row portable 3 3" >"$folder/$proof.score"
done
expect 0 "writing"
expect 0 "what was just written" --check
grep -q '^| a row | all 3 |$' "$EXACTNESS_DOCUMENT" || { echo "no row in the document"; status=1; }

rm "$folder/hardware-80286.score"
expect 0 "captures that are not here" --check
echo "score decoder a_row portable 2 3" >"$folder/decoder.score"
expect 1 "another score" --check
rm "$folder/decoder.score"
expect 1 "a proof that must run everywhere" --check
echo "score decoder a_row portable 3 3" >"$folder/decoder.score"
echo "score unheard-of a_row portable 3 3" >"$folder/more.score"
expect 1 "a proof that is not described" --check
exit $status
