#!/bin/bash
# scored.sh FILE COMMAND...: runs a proof and keeps its score lines in FILE, for report.py.
#
#   score PROOF ROW ENGINE PASSED TOTAL [NOTE...]   ENGINE: portable, native, or - for neither
#   known PROOF TEXT...                             a difference that is known, with its reason
#
# Without a score line there is no FILE afterwards.  The status is the command's.
set -uo pipefail
file=$1
shift
mkdir -p "$(dirname "$file")"
rm -f "$file"
"$@" | tee "$file.tmp"
status=${PIPESTATUS[0]}
grep -E '^(score|known) ' "$file.tmp" >"$file" || rm -f "$file"
rm -f "$file.tmp"
exit "$status"
