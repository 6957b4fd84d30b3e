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
read -r arch release viewers tools <<<"$row"
read -ra tools <<<"$tools"
get_packages required "${tools[@]}"

root=build/sysroots/$arch
# backport NAME FILE...: files of that package of the release after this system's, under build/sysroots/tools.
backport()
{
    local name=$1 from release state=$PWD/build/sysroots/apt-backports
    shift
    [[ -e build/sysroots/tools/$1 ]] && return
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    from=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $release" | head -n 1)
    mkdir -p "$state/lists/partial" "$state/archives/partial" build/sysroots/tools
    touch "$state/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $from $release-backports main" \
        >"$state/sources"
    local apt=(apt-get -q -o APT::Sandbox::User= -o Dir::State="$state" -o Dir::State::Lists="$state/lists"
        -o Dir::State::status="$state/status" -o Dir::Cache="$state" -o Dir::Etc::sourcelist="$state/sources"
        -o Dir::Etc::sourceparts=/nowhere -o Acquire::Languages=none -o Dpkg::Use-Pty=0)
    (cd build/sysroots && "${apt[@]}" update && "${apt[@]}" download "$name/$release-backports") \
        >build/sysroots/backports.log 2>&1 &&
        dpkg-deb --fsys-tarfile build/sysroots/"$name"_*.deb | tar -x -C build/sysroots/tools --transform 's,.*/,,' \
            "${@/#/./usr/bin/}"
    rm -rf "$state" build/sysroots/"$name"_*.deb
}
# Emulators of this release do not see code that is written through another mapping than it runs in.
[[ $1 != aarch64 ]] || backport qemu-user qemu-aarch64 ||
    echo "No newer qemu-aarch64: the native engine cannot be tested, the portable one stands in."

packages=("${LIBRARY_PACKAGES[@]}")
[[ $viewers == - ]] || packages+=("${VIEWER_PACKAGES[@]}")
wanted="${packages[*]}"
[[ -f $root/.packages && $(<"$root/.packages") == "$wanted" ]] && exit 0

state=$PWD/build/sysroots/apt-$arch
mkdir -p "$state/lists/partial" "$state/archives/partial" "$root"
touch "$state/status"
apt=(apt-get -q -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o APT::Sandbox::User=
    -o Dir::State="$state" -o Dir::State::Lists="$state/lists" -o Dir::State::status="$state/status"
    -o Dir::Cache="$state" -o Dir::Cache::Archives="$state/archives" -o Acquire::Retries=3
    -o Acquire::Languages=none -o Dpkg::Use-Pty=0)
# only_main RELEASE: no lists but that of main of RELEASE, from where this system's own packages come.
only_main()
{
    local from
    from=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' 'Origin: Debian' |
        grep -v security | head -n 1)
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $from $1 main" >"$state/sources"
    apt+=(-o Dir::Etc::sourcelist="$state/sources" -o Dir::Etc::sourceparts=/nowhere
        -o Dir::Etc::preferencesparts=/nowhere)
}
[[ $release == - ]] || only_main "$release"
log=build/sysroots/$arch.log
echo "Libraries for $arch to $root"
for try in 1 2 3; do
    # Mirrors that do not have all of this system's lists for that architecture have the release itself.
    ((try < 3)) || [[ $release != - ]] || only_main "$(. /etc/os-release && echo "$VERSION_CODENAME")"
    if { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends --download-only \
        "${packages[@]}"; } >"$log" 2>&1; then
        break
    fi
    ((try < 3)) || { tail -n 15 "$log" >&2; exit 1; }
    sleep $((try * 3))
done
find "$state/archives" -name '*.deb' -print0 | xargs -0 -P 2 -I{} dpkg-deb -x {} "$root"
[[ -e $root/lib ]] || ln -s usr/lib "$root/lib" # newer releases leave that to a package that is not here
# Links to absolute names would lead out of the tree.
find "$root" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
    ln -sfnr "$root$(readlink "$link")" "$link"
done
rm -rf "$state"
echo "$wanted" >"$root/.packages"
