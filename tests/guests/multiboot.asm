; A Multiboot kernel (ELF, nasm -f elf32) that says on port E9h what it was given, then leaves by the
; debug-exit port with value 21h (status 67).

        bits    32
MAGIC           equ 0x1badb002
BOOTLOADER_MAGIC equ 0x2badb002
FLAGS           equ 3                   ; page-aligned modules, memory information

        section .text
        align   4
        dd      MAGIC, FLAGS, -(MAGIC + FLAGS)

        global  _start
_start:
        mov     esp, stack_top
        cmp     eax, BOOTLOADER_MAGIC
        jne     wrong
        mov     esi, greeting
        call    print
        mov     esi, [ebx + 16]         ; command line
        call    print
        test    dword [ebx], 8          ; modules?
        jz      .zeros
        mov     edx, [ebx + 24]
        mov     esi, separator
        call    print
        mov     esi, [edx]              ; start of the first one: text, ended by 0
        call    print
.zeros:
        cmp     dword [zeros], 0
        jne     wrong
        cmp     dword [zeros + 0xfffc], 0
        jne     wrong
        mov     esi, ending
        call    print
        mov     al, 0x21
        out     0xf4, al
wrong:
        mov     al, 0x7f
        out     0xf4, al
        hlt
        jmp     wrong

print:
        lodsb
        test    al, al
        jz      .done
        out     0xe9, al
        jmp     print
.done:
        ret

greeting: db    'multiboot: ', 0
separator: db   ' + ', 0
ending: db      '.', 10, 0

        section .bss
        align   16
zeros:  resb    0x10000
        resb    4096
stack_top:
