#!/bin/bash
# A recording and a saved machine of this host go on on the other one, to the same state.
source "${BASH_SOURCE%/*}/../boot/lib.sh"

[[ -x $HERE ]] || skip "no $HERE: cmake --build --preset release --target vestige"
image=$(need_image freedos.img) || exit
options=(--display none --speed max --rtc 2024-01-01T00:00:00 --snapshot-disks)
rm -f ./*.log ./*.vsnap

cat >session.txt <<'SCRIPT'
wait-text A:\\>
type ver\n
sleep 0.5
quit
SCRIPT
"$HERE" run "$image" "${options[@]}" --script session.txt --record session.log >out.txt 2>log.txt ||
    boot_failed "the recording"

cat >save.txt <<'SCRIPT'
wait-text A:\\>
save prompt.vsnap
quit
SCRIPT
"$HERE" run "$image" "${options[@]}" --script save.txt >out.txt 2>log.txt || boot_failed "the saved run"

cat >go-on.txt <<'SCRIPT'
type dir\n
wait-text bytes free
hash
quit
SCRIPT
# The Linux kernel in the middle of its boot, and 50 million instructions later.
source "$BOOT_DIR/linux.sh"
linux=
if [[ -r $NETBOOT/linux ]]; then
    linux=yes
    printf 'wait-serial Memory:\nsave linux.vsnap\nquit\n' >linux.txt
    "$HERE" run --kernel "$LINUX" --append console=ttyS0 --serial file:serial.txt "${options[@]}" \
        --script linux.txt >out.txt 2>log.txt || boot_failed "the kernel's saved run"
fi
boots_on()
{
    "$1" run linux.vsnap --display none --speed max --serial null --engine "$2" --for "$3" --stats=stats.json \
        >out.txt 2>log.txt || boot_failed "the kernel, going on"
    grep -E '"(instructions|virtual_ns|state_hash)"' stats.json
}

goes_on()
{
    "$1" run prompt.vsnap --display none --speed max --engine "$2" --script go-on.txt 2>&1 >out.txt |
        tee log.txt | grep -E '[0-9a-f]{16}' || boot_failed "going on"
}

"$HERE" replay session.log --display none >out.txt 2>here.txt || boot_failed "the replay on this host"
goes_on "$HERE" native >here.hash
cat here.txt here.hash
if [[ $linux ]]; then # --for counts from the machine's start
    boots_on "$HERE" native 1 >saved.linux
    end=$(awk -F'[:,]' '/instructions/ { printf "%.0f", $2 + 50e6 }' saved.linux)
    boots_on "$HERE" native "$end" >here.linux
    grep -q "\"instructions\": $end," here.linux || fail "the kernel did not go on to $end"
fi
for engine in $ENGINES; do
    "$VESTIGE" replay session.log --display none --engine "$engine" >out.txt 2>there.txt ||
        fail "the replay on the other host: $(<there.txt)"
    expect_same here.txt there.txt
    goes_on "$VESTIGE" "$engine" >there.hash
    expect_same here.hash there.hash
    if [[ $linux ]]; then
        boots_on "$VESTIGE" "$engine" "$end" >there.linux
        expect_same here.linux there.linux
    fi
done
