; A firmware of 8 KiB: 1003 instructions, then CPUID, whose answer stays in EDX.
        bits 16
        cpu 586
        org 0xe000

start:  mov cx, 1000
.again: loop .again
        mov eax, 1
        cpuid
        mov [0x500], edx
.end:   cli
        hlt

        times 0x1ff0 - ($ - $$) db 0
        jmp 0xf000:start
        times 0x2000 - ($ - $$) db 0xff
