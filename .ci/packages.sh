# Debian packages that building and testing need, and how to get them; sourced by ./run and ./check.

# Libraries with their headers, for this machine and for each host of a cross build.
LIBRARY_PACKAGES=(
    libc6-dev libcapstone-dev libffi-dev libpng-dev libcjson-dev
    libinih-dev zlib1g-dev libzstd-dev libxxhash-dev check libmpfr-dev
)
# Those of the window and of VNC, with much behind them; builds without them say so (vestige doctor).
VIEWER_PACKAGES=(libsdl2-dev libvncserver-dev)
BUILD_PACKAGES=(
    gcc cmake ninja-build pkg-config nasm
    "${LIBRARY_PACKAGES[@]}" "${VIEWER_PACKAGES[@]}"
    seabios
)
# Other hosts, by the name of their preset: Debian's architecture; its release where that is not this
# system's, or -; with viewers or -; tools of this machine.
declare -A HOSTS=(
    [aarch64]="arm64 - viewers gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static"
    [riscv64]="riscv64 trixie - gcc-riscv64-linux-gnu qemu-user-static"
    [s390x]="s390x - - gcc-s390x-linux-gnu qemu-user-static"
    [armhf]="armhf - - gcc-arm-linux-gnueabihf qemu-user-static"
)
# Tests that miss one of these say so and are skipped.
TEST_PACKAGES=(
    clang clang-tidy clang-format libclang-rt-dev python3 git cpio gzip
    mtools e2fsprogs fdisk xorriso isolinux syslinux syslinux-common syslinux-utils
    grub-common grub-pc-bin grub-rescue-pc
    debian-installer-12-netboot-i386 ipxe ipxe-qemu memtest86+
    qemu-system-x86 gdb xvfb xauth xdotool
)

# missing_packages NAME...: those that are not installed, one a line.
missing_packages()
{
    local name
    for name in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || echo "$name"
    done
}

# as_root COMMAND...
as_root()
{
    if ((EUID == 0)); then
        "$@"
    elif [[ -t 0 ]]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

# install_all NAME...: one try; the words of apt go to the log.
install_all()
{
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 \
        -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@" >>"$PACKAGE_LOG" 2>&1
}

# get_packages required|optional NAME...: installs what is missing.  Status 1 when required ones
# cannot be had; optional ones are named and left out.
get_packages()
{
    local kind=$1 try missing
    shift
    if ! command -v apt-get dpkg-query >/dev/null; then
        [[ $kind == optional ]] || echo "This is no Debian system; needed here under its own names: $*" >&2
        return 0
    fi
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0
    if ((EUID != 0)) && ! command -v sudo >/dev/null; then
        echo "Missing Debian packages; as root: apt-get install ${missing[*]}" >&2
        [[ $kind == optional ]]
        return
    fi
    echo "Installing Debian packages: ${missing[*]}"
    PACKAGE_LOG=$(mktemp)
    # A mirror between two states may not serve one list: that is no reason to give up, nor are
    # lists that are older than the mirror.
    for try in 1 2 3; do
        as_root apt-get -q -o Acquire::Retries=3 update >>"$PACKAGE_LOG" 2>&1 || sleep $((try * 3))
        if install_all "${missing[@]}"; then
            rm -f "$PACKAGE_LOG"
            return 0
        fi
        sleep $((try * 3))
    done
    if [[ $kind == optional ]]; then
        local name
        for name in "${missing[@]}"; do
            install_all "$name" || echo "Not to be had: $name (its tests are skipped)"
        done
        rm -f "$PACKAGE_LOG"
        return 0
    fi
    tail -n 15 "$PACKAGE_LOG" >&2
    echo "These packages could not be installed: ${missing[*]} (log: $PACKAGE_LOG)" >&2
    return 1
}
