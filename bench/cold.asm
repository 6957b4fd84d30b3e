; Cold code: BLOCKS blocks of seven instructions, all different in their addresses and immediates, run
; PASSES times one after the other.  A Multiboot kernel; leaves by the debug exit with 0.
;
;   nasm -f elf32 -DBLOCKS=90000 -DPASSES=1, linked at 1 MiB
bits 32

MAGIC equ 0x1badb002

section .header
align 4
        dd MAGIC, 0, -MAGIC

section .text
global start
start:
        mov esp, stack_end
        mov ebp, PASSES
next_pass:
        test ebp, ebp
        jz over
        xor eax, eax
        mov ebx, data
        mov ecx, 3
        jmp code
align 64
code:
%assign i 0
%rep BLOCKS
        mov edx, [ebx + (i % 30) * 4]
        add edx, ecx
        lea eax, [eax + edx*2 + i % 100]
        mov [ebx + (i % 28) * 4], eax
        xor ecx, edx
        cmp ecx, 0x12345 + i
        je near over
%assign i i + 1
%endrep
        dec ebp
        jmp next_pass
over:
        xor eax, eax
        out 0xf4, al
        hlt

section .bss
data:   resb 4096
stack:  resb 4096
stack_end:
