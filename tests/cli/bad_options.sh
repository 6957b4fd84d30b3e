#!/bin/bash
# Options that are unknown, have impossible values, or contradict each other; help where it is asked for.
source "${BASH_SOURCE%/*}/lib.sh"

truncate -s 1474560 floppy
truncate -s 1M disk
echo text >text

refuses 'unknown command fly .*' fly
refuses 'unknown option --fly .*' run --fly
refuses 'unknown option -x .*' run -x
refuses '--memory needs a value' run --memory
refuses '-m needs a value' run -m
refuses '--hda was given twice' run --hda disk --hda floppy

for size in 0 0M 1K 65G 18446744073709551615; do
    refuses "--memory $size: from 1M to 64G.*" run -m $size
done
for size in -5M 16q M '' 99999999999999999999999G 17592186044416M; do
    refuses "--memory $size is no size .*" run -m "$size"
done
refuses '--memory 1025K: .* in steps of 4k' run -m 1025K
works run -m 1M --display none --for 1M
# A sanitizer reserves terabytes of address space for itself, qemu a gigabyte; the latter has a limit of its own.
if ((SLOWNESS > 1)); then
    export QEMU_RESERVED_VA=0x8000000
    refuses 'cannot (reserve|map) 128 MiB of guest memory: .*' run --display none
    unset QEMU_RESERVED_VA
elif ! grep -q __asan_init "$VESTIGE" && { ((EUID == 0)) || [[ $(ulimit -v) == unlimited ]]; }; then
    (ulimit -v 100000 && refuses 'cannot (reserve|map) 128 MiB of guest memory: .*' run --display none &&
        finish) || failures=$((failures + 1))
fi

refuses 'unknown CPU model "8080" .*' run --cpu 8080
refuses 'unknown CPU model "" .*' run --cpu ,+sse
refuses 'unknown CPU feature "avx9" .*' run --cpu max,-avx9
refuses '--cpu: "sse" is not \+FEATURE or -FEATURE' run --cpu max,sse
refuses '--cpu: "" is not \+FEATURE or -FEATURE' run --cpu max,
refuses 'CPU model 386 cannot have sse: it has no CPUID instruction' run --cpu 386,+sse
refuses '--memory 64M: CPU model 386sx addresses 15 MiB of RAM at most' run --cpu 386sx -m 64M
works run --cpu p3,-sse,+nx --display none --for 1M
works run --cpu 386sx,+fpu,+i486 -m 15M --display none --for 1M
refuses '--engine steam is not one of native, portable' run --engine steam
refuses '--no-opt speed: no such optimisation .*' run --no-opt links --no-opt speed
works run --no-opt help
works run --no-opt links --no-opt host-x87 --display none --for 1M
refuses '--smp 2: .*' run --smp 2
refuses '--display paper is not one of .*' run --display paper
refuses '--boot x is not one of a, c, d, n' run --boot x
for date in yesterday 2024-13-01T00:00:00 2024-02-31T00:00:00 2024-01-01; do
    refuses "--rtc $date is neither .*" run --rtc $date --display none
done
for speed in 0 fast -1 1000000; do
    refuses "--speed $speed is not one of .*" run --speed $speed
done
for limit in 0 x 2x s nan -1 1e400s 0s; do
    refuses "--for $limit is neither .*" run --for $limit
done
refuses 'unknown log topic fly' run --log fly --display none
refuses 'cannot write /nonexistent/x: .*' run --stats=/nonexistent/x --display none

refuses 'floppy and the demo both want to be drive fda' run --demo --fda floppy
refuses 'disk and floppy both want to be drive hdc' run --hdc disk --cdrom floppy
refuses 'disk cannot be drive hda and drive hdb at once' run --hda disk --hdb disk --display none
refuses 'floppy: every drive of its kind is taken' run floppy floppy floppy
refuses '--initrd needs a kernel .*' run --initrd text floppy --display none
refuses '--append needs a kernel .*' run --append quiet --display none

refuses 'unknown serial line "paper" .*' run --serial paper --display none
refuses 'tcp:nowhere is not tcp:HOST:PORT .*' run --serial tcp:nowhere --display none
refuses 'tcp:localhost:99999 is not tcp:HOST:PORT .*' run --serial tcp:localhost:99999 --display none
refuses 'cannot write /nonexistent/x: .*' run --serial file:/nonexistent/x --display none
refuses 'two serial lines cannot both be stdio' run --serial stdio --serial stdio --display none
refuses 'at most 4 --serial lines' run --serial null --serial null --serial null --serial null \
    --serial null --display none

says '^usage: vestige COMMAND' --help
says '^  -m, --memory SIZE' run --help
says '^  -m, --memory SIZE' run --demo --help
says '^  screen-text ' ctl --help
says '^usage: vestige doctor' doctor --help
says '^usage: vestige lockstep' lockstep --help
says '^  pentium ' run --cpu help
says ' sse2 ' run --cpu help
says 'engine +native|portable is used' doctor
refuses 'doctor takes no arguments' doctor fly
works run --display none --for 2k

# Firmware that is not installed: its package is named.
if unshare -rm true 2>/dev/null; then
    mkdir none
    status=0
    unshare -rm bash -c '
        for folder in /usr/share/seabios /usr/share/qemu /usr/local/share/{seabios,qemu}; do
            [[ ! -d $folder ]] || mount --bind none "$folder" || exit 99
        done
        "$0" run --demo --display none --for 1M' "$VESTIGE" >out.txt 2>err.txt || status=$?
    if [[ $status != 99 ]]; then
        [[ $status == 2 ]] || wrong "without firmware: status $status"
        grep -q 'install the package `seabios`' err.txt || wrong "without firmware: no package"
    fi
fi

finish
