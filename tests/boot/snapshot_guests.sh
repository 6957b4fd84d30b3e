# The table of guests that are saved, and how to run them; sourced after lib.sh and linux.sh.
source "$BOOT_DIR/make-guests.sh"

# find_guest NAME: sets LIMIT, FIRST, LAST and MACHINE from its row, writes typed.script.
find_guest()
{
    local name limit range typed make options word
    while IFS='|' read -r name limit range typed make options; do
        [[ ${name// /} == "$1" ]] || continue
        LIMIT=${limit// /}
        read -r FIRST LAST <<<"$range"
        read -r TYPED_AT TYPED <<<"$typed"
        # shellcheck disable=SC2086
        make_guest $make
        MACHINE=()
        for word in $options; do
            case $word in
            LINUX) word=$LINUX ;;
            INSTALLER) word=$NETBOOT/initrd.gz ;;
            APPEND) word="console=ttyS0 $QUICK" ;;
            IMAGES/*)
                copy_image "${word#IMAGES/}"
                word=${word#IMAGES/}
                ;;
            */*) need_file "$word" "see .ci/packages.sh" ;;
            esac
            MACHINE+=("$word")
        done
        MACHINE+=(--snapshot-disks --rtc 2024-01-01T00:00:00)
        write_typed >typed.script
        return
    done < <(grep -v '^#' "$BOOT_DIR/snapshot_guests.txt")
    fail "no guest $1"
}

# make_guest [FUNCTION]
make_guest()
{
    case ${1:-} in
    '') ;;
    make_initramfs)
        need_linux
        make_initramfs initramfs.gz
        ;;
    *) "$1" ;;
    esac
}

# pause_until MS: a line that sleeps to that virtual time from $at.
pause_until()
{
    printf 'sleep %d.%03d\n' $((($1 - at) / 1000)) $((($1 - at) % 1000))
    at=$1
}

write_typed()
{
    local at=0
    if [[ -n ${TYPED_AT:-} ]]; then
        pause_until "$TYPED_AT"
        echo "$TYPED"
    fi
}

# write_script: what is typed, and saves at POINTS, virtual milliseconds in ascending order.
write_script()
{
    local at=${TYPED_AT:-0} i
    {
        cat typed.script
        for i in "${!POINTS[@]}"; do
            pause_until "${POINTS[i]}"
            echo "save point$i.vsnap"
        done
    } >save.script
}

# run_to NAME LIMIT [OPTION]...: runs to that instruction; count, time and state there go to NAME.end.
run_to()
{
    run_with "$VESTIGE" "$@"
}

# run_with PROGRAM NAME LIMIT [OPTION]...: PROGRAM may be several words.
run_with()
{
    local program=$1 name=$2 limit=$3
    shift 3
    # shellcheck disable=SC2086
    $program run --display none --speed max --serial null --for "$limit" --stats="$name.json" "$@" \
        >"$name.out" 2>&1 || { cat "$name.out" >&2; fail "$name ended with status $?"; }
    grep -E '"(instructions|virtual_ns|state_hash)"' "$name.json" >"$name.end"
}

# count_of FILE: instructions at which it was saved.
count_of()
{
    local count
    count=$("$VESTIGE" snap info "$1" | sed -n 's/.*about.instructions = //p')
    echo $((0x$count))
}
