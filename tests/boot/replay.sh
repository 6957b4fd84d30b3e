# What the tests of recordings share; sourced after lib.sh.
#
# A recording is made with inputs that come when they come: through the control socket, while the
# guest runs.

# record NAME OPTION...: starts the guest; the process is $guest, its recording NAME.log.
record()
{
    local name=$1
    shift
    rm -f control
    "$VESTIGE" run --engine "$ENGINE" --display none --control unix:control --record "$name.log" "$@" >out.txt 2>"$name.err" &
    guest=$!
    trap end_guest EXIT
}

end_guest()
{
    kill -KILL "$guest" 2>/dev/null || true
    [[ -z ${scratch:-} ]] || rm -rf "$scratch"
}

ctl()
{
    "$VESTIGE" ctl control "$@"
}

# until_true SECONDS COMMAND...
until_true()
{
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || fail "$* did not come true"
        sleep 0.1
    done
}

screen_says()
{
    ctl screen-text | grep -qF -- "$1"
}

# recorded STATUS NAME: waits for the end of the guest.
recorded()
{
    local status=0
    wait "$guest" || status=$?
    [[ $status == "$1" ]] || fail "the recorded run ended with $status: $(<"$2.err")"
    echo "recorded: $(wc -c <"$2.log") bytes"
}

# image_moves_and_changes OFFSET: the recording `session` finds freedos.img at another place, beside it, and
# refuses one with another byte there; what is right is kept.img then.
image_moves_and_changes()
{
    mkdir moved
    cp session.log freedos.img moved
    mv freedos.img kept.img
    (cd moved && "$VESTIGE" replay session.log --display none 2>verdict.txt) || fail "$(<moved/verdict.txt)"
    cp kept.img freedos.img
    printf X | dd of=freedos.img bs=1 seek="$1" conv=notrunc status=none
    replay 2 session '^vestige: .*/freedos.img: is not what it was when this was recorded$'
}

# replay STATUS NAME REGEX OPTION...: replays it; COM1 is in again.serial, the verdict in
# verdict.txt and like the expression.
replay()
{
    local want=$1 name=$2 says=$3 got=0 start=$EPOCHREALTIME
    shift 3
    "$VESTIGE" replay "$name.log" --display none --serial file:again.serial "$@" \
        >out.txt 2>verdict.txt || got=$?
    printf '%s (%.1f s)\n' "$(<verdict.txt)" "$(awk "BEGIN { print $EPOCHREALTIME - $start }")"
    [[ $got == "$want" ]] || fail "the replay ended with $got"
    grep -qE "$says" verdict.txt || fail "the replay does not say $says"
}
