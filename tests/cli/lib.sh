# Helpers of the command-line tests.  CTest sets VESTIGE; by hand build/release/vestige is used.  Each
# test works in a temporary folder of its own.
set -euo pipefail
export LC_ALL=C

CLI_DIR=$(cd "${BASH_SOURCE%/*}" && pwd)
SOURCE_DIR=${SOURCE_DIR:-$(cd "$CLI_DIR/../.." && pwd)}
VESTIGE=${VESTIGE:-$SOURCE_DIR/build/release/vestige}
ENGINES=${ENGINES:-native portable} # the first is what runs without a word
SLOWNESS=${VESTIGE_SLOWNESS:-1} # of the host, when an emulator runs the program
children=()
scratch=$(mktemp -d)
cleanup()
{
    for child in "${children[@]}"; do
        kill -KILL "$child" 2>/dev/null || true
    done
    rm -rf "$scratch"
}
trap cleanup EXIT
cd "$scratch"
failures=0

skip()
{
    echo "SKIPPED: $*"
    exit 77
}

# wrong WHAT: counts a failure and shows what the program said.
wrong()
{
    echo "FAILED: $*" >&2
    sed 's/^/    stderr: /' err.txt >&2
    head -c 400 out.txt | sed 's/^/    stdout: /' >&2
    failures=$((failures + 1))
}

# vestige ARGUMENT...: runs it; the status is in $status, its streams in out.txt and err.txt.
vestige()
{
    status=0
    timeout $((30 * SLOWNESS)) "$VESTIGE" "$@" </dev/null >out.txt 2>err.txt || status=$?
}

# refuses REGEX ARGUMENT...: status 2 and exactly one line of complaint, which matches.
refuses()
{
    local message=$1
    shift
    vestige "$@"
    [[ $status == 2 ]] || wrong "vestige $*: status $status"
    [[ $(wc -l <err.txt) == 1 ]] || wrong "vestige $*: not one line"
    grep -qE "^vestige: $message\$" err.txt || wrong "vestige $*: no message like $message"
    [[ ! -s out.txt ]] || wrong "vestige $*: says something on standard output"
}

# works ARGUMENT...: status 0 and no complaint.
works()
{
    vestige "$@"
    [[ $status == 0 ]] || wrong "vestige $*: status $status"
    [[ ! -s err.txt ]] || wrong "vestige $*: complains"
}

# says REGEX ARGUMENT...: status 0, and a line of standard output matches.
says()
{
    local line=$1
    shift
    works "$@"
    grep -qE "$line" out.txt || wrong "vestige $*: does not say $line"
}

# background NAME ARGUMENT...: starts it; the process is $child, its streams NAME.out and NAME.err.
background()
{
    local name=$1
    shift
    "$VESTIGE" "$@" </dev/null >"$name.out" 2>"$name.err" &
    child=$!
    children+=("$child")
}

# until_true COMMAND...: waits up to ten seconds, longer on an emulated host.
until_true()
{
    local try
    for ((try = 0; try < 100 * SLOWNESS; try++)); do
        if "$@" >/dev/null 2>&1; then
            return 0
        fi
        sleep 0.1
    done
    return 1
}

# assemble NAME: tests/cli/NAME.asm becomes NAME.img, a boot sector.
assemble()
{
    command -v nasm >/dev/null || skip "no nasm (Debian package nasm)"
    nasm -f bin -o "$1.img" "$CLI_DIR/$1.asm"
}

finish()
{
    if ((failures)); then
        echo "$failures failures" >&2
        exit 1
    fi
}
