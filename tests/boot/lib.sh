# Helpers of the boot tests; each test begins:
#
#   #!/bin/bash
#   # What it boots and what must be seen.
#   # engines: native portable          (or only native)
#   # timeout: 180                      (host seconds, optional)
#   source "${BASH_SOURCE%/*}/lib.sh"
#
# CTest sets VESTIGE (the program), ENGINE and the scratch working directory, which is emptied
# first.  VESTIGE_IMAGES is the folder of shared guest images.  By hand:
#   ENGINE=native tests/boot/NAME.sh      uses build/release/vestige and a temporary folder.
set -euo pipefail
export LC_ALL=C
# file systems' tools that an ordinary user's PATH may lack
PATH=$PATH:/usr/sbin:/sbin

BOOT_DIR=$(cd "${BASH_SOURCE%/*}" && pwd)
SOURCE_DIR=${SOURCE_DIR:-$(cd "$BOOT_DIR/../.." && pwd)}
VESTIGE=${VESTIGE:-$SOURCE_DIR/build/release/vestige}
VESTIGE_IMAGES=${VESTIGE_IMAGES:-$SOURCE_DIR/../shared/images}
ENGINE=${ENGINE:-native}
ENGINES=${ENGINES:-native portable} # what there is

case $PWD in
*/boot/*_"$ENGINE") rm -rf ./* ;;
*)
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    cd "$scratch"
    ;;
esac

# skip WHY: the test does not run here, and says why.
skip()
{
    echo "SKIPPED: $*"
    exit 77
}

# fail WHAT: ends the test.
fail()
{
    echo "FAILED: $*" >&2
    exit 1
}

# need_file FILE PACKAGE: skips unless the Debian package's file is there.
need_file()
{
    [[ -r $1 ]] || skip "no $1 (Debian package $2)"
}

# need_command COMMAND PACKAGE
need_command()
{
    command -v "$1" >/dev/null || skip "no $1 (Debian package $2)"
}

# need_image NAME: prints the path of a shared image, e.g. image=$(need_image freedos.img) || exit
need_image()
{
    if [[ ! -r $VESTIGE_IMAGES/$1 ]]; then
        echo "SKIPPED: no $1 in $VESTIGE_IMAGES (set VESTIGE_IMAGES)" >&2
        exit 77
    fi
    echo "$VESTIGE_IMAGES/$1"
}

# copy_image NAME: a writable copy of a shared image in the working directory, under the same name.
copy_image()
{
    local from
    from=$(need_image "$1") || exit
    cp "$from" "$1"
    chmod u+w "$1"
}

# boot STATUS [OPTION]...: runs the script on standard input and expects that exit status; what
# the guest sent to COM1 is in serial.txt, messages (screens, hashes, statistics) in log.txt.
boot()
{
    local want=$1 got=0 start=$EPOCHREALTIME
    shift
    cat >script.txt
    "$VESTIGE" run --engine "$ENGINE" --display none --speed max --rtc 2024-01-01T00:00:00 \
        --serial file:serial.txt --script script.txt "$@" >out.txt 2>log.txt || got=$?
    printf 'boot: status %s after %.1f s (%s)\n' "$got" \
        "$(awk "BEGIN { print $EPOCHREALTIME - $start }")" "$ENGINE"
    [[ $got == "$want" ]] || boot_failed "status $got instead of $want"
}

# boot_failed WHAT: ends the test with the end of everything the guest said.
boot_failed()
{
    echo "--- messages and screen (log.txt)" >&2
    tail -n 60 log.txt >&2
    if [[ -s serial.txt ]]; then
        echo "--- COM1 (serial.txt)" >&2
        tail -n 25 serial.txt | tr -d '\r' >&2
    fi
    fail "$1"
}

# expect_text FILE TEXT: the file has the text, literally.
expect_text()
{
    grep -qF -- "$2" <(tr -d '\r' <"$1") || boot_failed "no \"$2\" in $1"
}

# expect_line FILE REGEX: a line of the file matches the extended expression.
expect_line()
{
    grep -qE -- "$2" <(tr -d '\r' <"$1") || boot_failed "no line like \"$2\" in $1"
}

# expect_same FILE FILE
expect_same()
{
    diff -u "$1" "$2" >&2 || fail "$1 and $2 differ"
}
