#!/bin/sh
# source.sh ROOT: sizes of files and functions, who prints, who uses which third-party package.
# Exceptions with their reasons: exceptions.txt.
set -eu
exceptions=$(cd "$(dirname "$0")" && pwd)/exceptions.txt
cd "$1"
folders="base translator frontend backend devices machine"
[ -d snapshots ] && folders="$folders snapshots"
status=0
list=$(mktemp)
trap 'rm -f "$list"' EXIT

# Is "WHAT" an exception of lint "LINT"?  A WHAT that ends in / stands for the folder.
excepted() {
    awk -F ' *: *' -v lint="$1" -v what="$2" '
        $1 == lint && ($2 == what || ($2 ~ /\/$/ && index(what, $2) == 1)) { found = 1 }
        END { exit !found }' "$exceptions"
}

complain() {
    echo "$1"
    status=1
}

sources() {
    find "$@" -name '*.[ch]' | LC_ALL=C sort
}

# Files of 800 lines, functions of 60.
for found in $(sources $folders tests | xargs awk 'FNR == 801 { print FILENAME }'); do
    excepted file "$found" || complain "$found: more than 800 lines"
done
sources $folders tests | xargs awk '
    /^[a-zA-Z].*\(/ { signature = $0 }
    /^\{$/ { start = FNR }
    /^\}/ && start {
        if (FNR - start - 1 > 60) {
            sub(/\(.*/, "", signature); sub(/.*[ *]/, "", signature)
            print FILENAME, signature, FNR - start - 1
        }
        start = 0
    }' >"$list"
while read -r file name lines; do
    excepted function "$file $name" || complain "$file: $name has $lines lines (60)"
done <"$list"

# Library code neither prints nor ends the program.
sources $folders | xargs grep -lE \
    '(^|[^a-z_>.])(printf|puts|putchar|perror|exit)\(|(^|[^a-z_])(stdout|stderr)([^a-z_]|$)' \
    >"$list" || :
while read -r file; do
    excepted print "$file" || complain "$file: prints, or ends the program"
done <"$list"

# Third-party packages: each has its owner.
sources $folders tests |
    xargs grep -hE -H '^ *# *include <(capstone|ffi|SDL|png|cjson|zlib|check|mpfr|libslirp|zstd|xxhash|rfb|ini\.h)' |
    sed -E 's/:.*<SDL.*/ SDL/; s/:.*<([^>]*)>.*/ \1/' >"$list" || :
while read -r file header; do
    excepted owner "$header $file" || complain "$file: is no owner of <$header>"
done <"$list"

exit $status
