#!/bin/sh
# globals.sh ARCHIVE...: no object of ours has data that can be written (but for exceptions.txt).
set -eu
exceptions=$(cd "$(dirname "$0")" && pwd)/exceptions.txt
objdump -t "$@" | awk -F ' *: *' -v exceptions="$exceptions" '
    BEGIN {
        while ((getline < exceptions) > 0) if ($1 == "global") allowed[$2] = 1
        FS = "[ \t]+"
    }
    /^[^ ]+\.o:/ { object = $1; sub(/:.*/, "", object) }
    / \.(data|bss|tdata|tbss)[.\t]|\*COM\*/ && !/\.data\.rel\.ro/ && !/ d +\./ {
        split($0, fields, /[ \t]+/); name = fields[length(fields)]
        if (name ~ /^(__|\.L|_GLOBAL|\$d)/ || (object " " name) in allowed) next
        print object ": " name " can be written"; bad = 1
    }
    END { exit bad }'
