#!/bin/bash
# A Multiboot kernel of our own, with command line and module; recognised by content, too.
# engines: native portable
source "${BASH_SOURCE%/*}/lib.sh"

need_command nasm nasm
need_command ld binutils
nasm -f elf32 -o kernel.o "$SOURCE_DIR/tests/guests/multiboot.asm"
ld -m elf_i386 -Ttext 0x100000 -o kernel.elf kernel.o
printf 'a module\0' >module

boot 67 --kernel kernel.elf --append 'one two' --initrd module --debug-exit --debugcon file:e9.txt \
    </dev/null
[[ $(cat e9.txt) == 'multiboot: one two + a module.' ]] || fail "port E9h: $(cat e9.txt)"

boot 67 kernel.elf --debug-exit --debugcon file:e9.txt </dev/null
[[ $(cat e9.txt) == 'multiboot: .' ]] || fail "port E9h: $(cat e9.txt)"

head -c 300 kernel.elf >short.elf
boot 2 --kernel short.elf </dev/null
expect_line log.txt 'short.elf: '
