#!/bin/sh
# format.sh ROOT [--fix]: every .c and .h is as clang-format leaves it.
set -eu
cd "$1"
if ! command -v clang-format >/dev/null; then
    echo "skipped: no clang-format"
    exit 77
fi
folders=$(for folder in base translator frontend backend devices snapshots machine tests; do
    [ ! -d "$folder" ] || echo "$folder"
done)
if [ "${2:-}" = --fix ]; then
    find $folders -name '*.[ch]' -print0 | xargs -0 clang-format -i
else
    find $folders -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror
fi
