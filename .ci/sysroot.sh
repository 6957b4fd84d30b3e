#!/bin/bash
# .ci/sysroot.sh HOST: what a cross build for HOST (a row of HOSTS in packages.sh) needs: the cross compiler
# and emulator as packages of this system, the libraries unpacked under build/sysroots/ARCH.
#
# The libraries are not installed: some of Debian's cannot stand beside those of another architecture.  apt
# works on lists and a cache of its own, so this part needs no root and changes nothing of the system.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/packages.sh

row=${HOSTS[${1:-}]-}
[[ -n $row ]] || { echo "usage: .ci/sysroot.sh $(IFS='|'; echo "${!HOSTS[*]}")" >&2; exit 2; }
read -r arch tools <<<"$row"
read -ra tools <<<"$tools"
get_packages required "${tools[@]}"

root=build/sysroots/$arch
wanted="${LIBRARY_PACKAGES[*]}"
[[ -f $root/.packages && $(<"$root/.packages") == "$wanted" ]] && exit 0

state=$PWD/build/sysroots/apt-$arch
mkdir -p "$state/lists/partial" "$state/archives/partial" "$root"
touch "$state/status"
apt=(apt-get -q -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o APT::Sandbox::User=
    -o Dir::State="$state" -o Dir::State::Lists="$state/lists" -o Dir::State::status="$state/status"
    -o Dir::Cache="$state" -o Dir::Cache::Archives="$state/archives" -o Acquire::Retries=3
    -o Acquire::Languages=none -o Dpkg::Use-Pty=0)
log=build/sysroots/$arch.log
echo "Libraries for $arch to $root"
for try in 1 2 3; do
    if { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends --download-only \
        "${LIBRARY_PACKAGES[@]}"; } >"$log" 2>&1; then
        break
    fi
    ((try < 3)) || { tail -n 15 "$log" >&2; exit 1; }
    sleep $((try * 3))
done
find "$state/archives" -name '*.deb' -print0 | xargs -0 -P 2 -I{} dpkg-deb -x {} "$root"
# Links to absolute names would lead out of the tree.
find "$root" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
    ln -sfnr "$root$(readlink "$link")" "$link"
done
rm -rf "$state"
echo "$wanted" >"$root/.packages"
