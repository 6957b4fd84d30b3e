#!/bin/bash
# fetch.sh ARCHITECTURE FOLDER PACKAGE...: unpacks Debian's packages into FOLDER/tree.  Uses the machine's own package
# sources with lists of its own: needs neither root nor a foreign architecture.  What was unpacked
# for the same list of packages is kept.  Status 1: could not fetch.
set -euo pipefail

architecture=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
shift 2
[[ ! -e $folder/packages || $(<"$folder/packages") != "$*" ]] || exit 0
command -v apt-get dpkg-deb >/dev/null || { echo "fetch: not a Debian system" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs"
own=(-o APT::Architecture="$architecture" -o APT::Architectures="$architecture" -o APT::Sandbox::User= -q
    -o Dir::State::Lists="$work/lists" -o Dir::State::Status=/dev/null -o Dir::Cache="$work/cache"
    -o Acquire::Languages=none -o Acquire::Retries=3)

# A mirror between two states may not answer for one list; then another try may, or the others do.
for try in 1 2 3; do
    apt-get "${own[@]}" update >"$work/log" 2>&1 || true
    if (cd "$work/debs" && apt-get "${own[@]}" download "$@" >>"$work/log" 2>&1); then
        rm -rf "$folder/tree"
        for package in "$work"/debs/*.deb; do
            dpkg-deb -x "$package" "$folder/tree"
        done
        echo "$*" >"$folder/packages"
        exit 0
    fi
    sleep $((try * 3))
done
tail -n 5 "$work/log" >&2
echo "fetch: cannot fetch $*" >&2
exit 1
