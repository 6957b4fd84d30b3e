#!/bin/sh
# layers.sh ROOT: every #include "..." below ROOT is allowed by layers.txt, is written from ROOT,
# and exists.  ROOT is the repository, or a small tree made by layers_refuse.sh.
set -eu
rows=$(dirname "$0")/layers.txt
cd "$1"

find base translator frontend backend devices snapshots machine -name '*.[ch]' 2>/dev/null |
    LC_ALL=C sort | xargs grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]+"' |
    awk -v rows="$rows" '
    function folder(path) { sub(/\/[^\/]*$/, "", path); return path }
    function complain(text) { print text; bad = 1 }
    BEGIN {
        while ((getline line < rows) > 0) {
            if (line ~ /^#/ || line !~ /:/) continue
            split(line, sides, ":")
            name = sides[1]; gsub(/ /, "", name)
            allowed[name] = " " sides[2] " "
        }
    }
    {
        split($0, parts, ":"); file = parts[1]; at = file ":" parts[2]
        match($0, /"[^"]*"/); header = substr($0, RSTART + 1, RLENGTH - 2)
        from = folder(file); to = folder(header); row = from
        while (!(row in allowed) && row ~ /\//) row = folder(row)
        if (!(row in allowed)) {
            complain(at ": no row of layers.txt governs " from)
        } else if (from == to) {
            if ((getline line < header) < 0) complain(at ": no such file: " header)
            close(header)
        } else if (index(allowed[row], " " to " ") == 0 && index(allowed[row], " " header " ") == 0) {
            complain(at ": " row " may not include " header)
        } else {
            if ((getline line < header) < 0) complain(at ": no such file: " header)
            close(header)
        }
    }
    END { exit bad }'
