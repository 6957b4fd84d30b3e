#!/bin/bash
# get-guests.sh FOLDER: fetches Debian's i386 kernel packages (with modules) for the tests and
# unpacks them as FOLDER/NAME, where the boot tests look in build/guests.  Uses the machine's own
# package sources with lists of its own: needs neither root nor i386 as a foreign architecture.
# What is there already is kept.  Status 1: could not fetch.
set -euo pipefail

mkdir -p "$1"
folder=$(cd "$1" && pwd)
wanted=(linux-image-686 linux-image-686-pae)

missing=()
for name in "${wanted[@]}"; do
    [[ -e $folder/$name/boot/vmlinuz ]] || missing+=("$name")
done
[[ ${missing[*]} ]] || exit 0
command -v apt-get dpkg-deb >/dev/null || { echo "get-guests: not a Debian system" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
own=(-o APT::Architecture=i386 -o APT::Architectures=i386 -o APT::Sandbox::User= -q
    -o Dir::State::Lists="$work/lists" -o Dir::State::Status=/dev/null -o Dir::Cache="$work/cache"
    -o Acquire::Languages=none -o Acquire::Retries=3)

# A mirror between two states may not answer for one list; then another try may.
for try in 1 2 3; do
    apt-get "${own[@]}" update >"$work/update.txt" 2>&1 && break
    sleep $((try * 5))
done
for name in "${missing[@]}"; do
    package=$(apt-cache "${own[@]}" depends --important "$name" 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
    if [[ ! $package ]] || ! (cd "$work" && apt-get "${own[@]}" download "$package" >download.txt 2>&1); then
        echo "get-guests: cannot fetch $name" >&2
        tail -n 3 "$work"/*.txt >&2
        exit 1
    fi
    rm -rf "$folder/$name" "$work/tree"
    dpkg-deb -x "$work"/"$package"_*.deb "$work/tree"
    ln -s "$(basename "$work"/tree/boot/vmlinuz-*)" "$work/tree/boot/vmlinuz"
    mv "$work/tree" "$folder/$name"
    rm -f "$work"/*.deb
    echo "get-guests: $package"
done
