#!/bin/sh
# docs.sh ROOT: what the Markdown files name exists.  In `code` spans:
#   a word with a slash whose first part is a folder here is a path (also * and {a,b} forms);
#   a word ending in () is a function or macro of ours.
set -eu
cd "$1"
status=0
folders=$(for folder in base translator frontend backend devices snapshots machine tests; do
    [ ! -d "$folder" ] || echo "$folder"
done)
words=$(mktemp)
names=$(mktemp)
trap 'rm -f "$words" "$names"' EXIT

find . -name build -prune -o -name .git -prune -o -name '*.md' -print | LC_ALL=C sort |
    xargs awk '{
        count = split($0, spans, "`")
        if (FNR == 1) fenced = 0
        if ($0 ~ /^ *```/) { fenced = !fenced; next }
        if (fenced) next
        for (i = 2; i <= count; i += 2) {
            n = split(spans[i], parts, /[ ,;]+/)
            for (k = 1; k <= n; k++) if (parts[k] != "") print FILENAME ":" FNR, parts[k]
        }
    }' >"$words"

find $folders \( -name '*.[ch]' -o -name '*.def' -o -name '*.asm' \) -print0 |
    xargs -0 grep -hoE '[A-Za-z_][A-Za-z0-9_]*' | LC_ALL=C sort -u >"$names"

while read -r where word; do
    case $word in
    ../* | build/* | /* | *://* | *\<* | *NAME* | *FOLDER* | *...*) ;;
    *\(\))
        name=${word%()}
        grep -qx "${name##*.}" "$names" || { echo "$where: no function $word"; status=1; }
        ;;
    */*)
        first=${word%%/*}
        [ -d "$first" ] || continue
        set +f
        found=no
        for path in $(eval "echo $word" 2>/dev/null); do
            [ ! -e "$path" ] || found=yes
        done
        [ $found = yes ] || { echo "$where: no file $word"; status=1; }
        ;;
    esac
done <"$words"
exit $status
