#!/bin/bash
# --stats counts what a guest did by name; --perf names what was translated from it.
source "${BASH_SOURCE%/*}/lib.sh"

command -v nasm >/dev/null || skip "no nasm"
nasm -f bin -o rom "$CLI_DIR/counts.asm"
run=(run --bios rom --display none --speed max --debug-exit)
callouts=(--no-opt sensitive) # else the native engine has none for CLI

# has GROUP NAME NUMBER: the object of that name in the JSON has that member.
has()
{
    tr -d '\n' <stats.json | grep -oE "\"$1\": \{[^}]*\}" | grep -qE "\"$2\": $3\b" ||
        { cat stats.json; wrong "$1 has no $2 = $3"; }
}

for engine in $ENGINES; do
    vestige "${run[@]}" "${callouts[@]}" --engine "$engine" --stats=stats.json
    [[ $status == 1 ]] || wrong "$engine: status $status"
    has callouts cli 100
    has callouts port_out 101
    has callouts far_call 5
    has store_misses mmio 6 # the first one finds nothing in the table
    has store_misses code 5
    grep -qE '"blocks_translated": [1-9]' stats.json || wrong "$engine: no blocks"
    grep -qE '"smc_hits": [1-9]' stats.json || wrong "$engine: no changed code"
    if command -v python3 >/dev/null; then
        python3 -m json.tool stats.json >out.txt 2>err.txt || wrong "$engine: no JSON"
    fi
done

vestige "${run[@]}" "${callouts[@]}" --stats
grep -qE '^callouts cli +100$' err.txt || wrong "--stats as text"

# Code at F000:0, and at 500h what it wrote.
printf '%s\n' '00000500 T patched' '000f0000 T rom_start' '000f0005 d no_code' '000ffff0 t reset' >map
"$VESTIGE" "${run[@]}" --perf --symbols map >out.txt 2>err.txt </dev/null &
process=$!
wait "$process" || status=$?
mv "/tmp/perf-$process.map" perf.map || wrong "no /tmp/perf-PID.map"
grep -qE '^[0-9a-f]+ [0-9a-f]+ rom_start\+0x[0-9a-f]+$' perf.map || wrong "no rom_start"
grep -qE ' patched\+0x0$' perf.map || wrong "no patched"
! grep -q no_code perf.map || wrong "data among the code"

"$VESTIGE" "${run[@]}" --perf >out.txt 2>err.txt </dev/null &
process=$!
wait "$process" || status=$?
grep -qE ' guest_real_00000500$' "/tmp/perf-$process.map" || wrong "no address in the perf map"
rm -f "/tmp/perf-$process.map"

refuses 'cannot read nowhere: .*' run --bios rom --display none --perf --symbols nowhere
refuses '--symbols is for --perf' run --bios rom --display none --symbols map
echo nonsense >bad
refuses 'bad: no lines like .*' run --bios rom --display none --perf --symbols bad
finish
