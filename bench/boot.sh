#!/bin/bash
# Time to boot Debian's kernel to a shell, Vestige beside QEMU TCG: interleaved runs, ratios of
# medians (above 1: Vestige is faster).
#
#   bench/boot.sh [ROUNDS]       default 3; VESTIGE=PROGRAM, QEMU=PROGRAM
#
# Rows: the installer's 686 kernel as it is, the same without the kernel's own tests of its
# cryptography, and the 686-pae kernel if tests/boot/get-guests.sh has fetched it.  The clock runs
# from the start of the emulator until the serial line says "initramfs: ready".  Processor time (all
# threads) is there for hosts that do other work as well.
set -euo pipefail
here=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
vestige=${VESTIGE:-$here/build/release/vestige}
qemu=${QEMU:-qemu-system-i386}
netboot=${VESTIGE_NETBOOT:-/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386}
pae=${VESTIGE_GUESTS:-$here/build/guests}/linux-image-686-pae/boot/vmlinuz
rounds=${1:-3}

for file in "$vestige" "$netboot/linux"; do
    [[ -r $file ]] || { echo "bench/boot.sh: no $file" >&2; exit 1; }
done
command -v "$qemu" >/dev/null || { echo "bench/boot.sh: no $qemu" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bash "$here/tests/boot/make-initramfs.sh" "$work/initramfs.gz"

# seconds COMMAND...: runs it until the marker on its standard output, then ends it; prints the wall
# clock's and the processor's seconds.
seconds()
{
    local line pid ticks start=$EPOCHREALTIME
    exec 3< <(exec "$@" </dev/null 2>"$work/errors.txt")
    pid=$!
    while IFS= read -r -t 300 line <&3; do
        [[ $line == *"initramfs: ready"* ]] && break
    done
    local end=$EPOCHREALTIME
    read -r -a ticks <"/proc/$pid/stat"
    kill "$pid" 2>/dev/null || true
    exec 3<&-
    wait "$pid" 2>/dev/null || true
    [[ ${line:-} == *"initramfs: ready"* ]] || { cat "$work/errors.txt" >&2; echo "no marker: $1" >&2; exit 1; }
    awk -v a="$start" -v b="$end" -v t=$((ticks[13] + ticks[14])) -v hz="$(getconf CLK_TCK)" \
        'BEGIN { printf "%.3f %.3f\n", b - a, t / hz }'
}

# median FILE COLUMN
median()
{
    awk -v c="$2" '{ print $c }' "$1" | sort -n |
        awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# compare NAME KERNEL APPEND
compare()
{
    local round
    : >"$work/v"
    : >"$work/q"
    for ((round = 0; round < rounds; round++)); do
        seconds "$vestige" run --display none --speed max --serial stdio -m 128M --kernel "$2" \
            --initrd "$work/initramfs.gz" --append "$3" >>"$work/v"
        seconds "$qemu" -accel tcg -display none -serial stdio -monitor none -net none -m 128 \
            -kernel "$2" -initrd "$work/initramfs.gz" -append "$3" >>"$work/q"
    done
    awk -v n="$1" -v v="$(median "$work/v" 1)" -v q="$(median "$work/q" 1)" \
        -v vc="$(median "$work/v" 2)" -v qc="$(median "$work/q" 2)" 'BEGIN {
        printf "%-36s %7.2f %7.2f %6.2f   %7.2f %7.2f %6.2f\n", n, v, q, q / v, vc, qc, qc / vc }'
}

printf '%-36s %7s %7s %6s   %7s %7s %6s\n' "seconds to a shell, median of $rounds" \
    Vestige QEMU ratio Vestige QEMU "ratio (processor)"
compare "Linux 6.1 686" "$netboot/linux" "console=ttyS0"
compare "Linux 6.1 686, no crypto tests" "$netboot/linux" "console=ttyS0 cryptomgr.notests"
if [[ -r $pae ]]; then
    compare "Linux 6.1 686-pae, no crypto tests" "$pae" "console=ttyS0 cryptomgr.notests"
fi
