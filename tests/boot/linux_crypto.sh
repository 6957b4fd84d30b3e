#!/bin/bash
# Linux's cryptography on the instruction sets of --cpu max: the kernel tests each algorithm against
# known answers before it offers it.
# engines: native
# timeout: 300
source "${BASH_SOURCE%/*}/lib.sh"
source "$BOOT_DIR/linux.sh"

need_linux
need_guest linux-image-686-pae
make_initramfs initramfs.gz "$GUEST/lib/modules" crc32c_intel crc32_pclmul aesni_intel
boot 0 --kernel "$GUEST/boot/vmlinuz" --initrd initramfs.gz --cpu max \
    --append "console=ttyS0" <<'SCRIPT'
wait-serial vestige#
send cat /proc/crypto; grep -m1 flags /proc/cpuinfo; echo CRYPTO""END\n
wait-serial CRYPTOEND
send poweroff -f\n
sleep 30
quit 1
SCRIPT
expect_healthy_linux
expect_text serial.txt 'using mwait in idle threads'
expect_line serial.txt 'flags.* ssse3 .*sse4_1 sse4_2 .*popcnt .*aes .*xsave .*rdrand'
tr -d '\r' <serial.txt | awk '
    $1 == "driver" { driver = $3 }
    $1 == "selftest" { print driver, $3 }' | sort -u >selftests.txt
for driver in crc32c-intel crc32-pclmul ecb-aes-aesni cbc-aes-aesni xts-aes-aesni; do
    expect_line selftests.txt "^$driver passed"
done
! grep -v ' passed$' selftests.txt || boot_failed "an algorithm failed its test"
