; One loop of loads, stores, pushes and calls, in segments of one KIND; for bench/segments.sh.  A ROM of
; 64 KiB (vestige run --bios); ends by the debug-exit port after ROUNDS * 65536 passes.
;
;   0 flat, 32 bits                          1 data with a base, limit 4 GiB, 32 bits
;   2 data and stack with base and limit, 32 bits
;   3 16-bit protected mode, 64 KiB segments 4 16-bit protected mode, limits below 64 KiB
;   5 expand-down stack, 32 bits             6 real mode
;   7 as 4, the code segment, too

        bits 16
        org 0
SMALL   equ KIND == 3 || KIND == 4 || KIND == 7
AREA    equ 0x20000                     ; data, 64 KiB
%if KIND == 0
%define DATA_BASE 0
%define DATA_LOW 0x000fffff
%define FLAGS 0xcf
%define OFFSET AREA
%elif KIND == 1
%define DATA_BASE AREA
%define FLAGS 0xcf
%define OFFSET 0
%elif KIND == 2
%define DATA_BASE AREA
%define FLAGS 0x41
%define OFFSET 0
%elif KIND == 4
%define DATA_BASE AREA
%define FLAGS 0x00
%define OFFSET 0
%else
%define DATA_BASE AREA
%define FLAGS 0x00
%define OFFSET 0
%endif
%if KIND == 4 || KIND == 7
%define LIMIT 0x7fff
%else
%define LIMIT 0xffff
%endif
%if KIND == 5
%define STACK_ACCESS 0x97
%define STACK_FLAGS 0x40
%define STACK_LIMIT 0x0fff
%else
%define STACK_ACCESS 0x93
%define STACK_FLAGS FLAGS
%define STACK_LIMIT LIMIT
%endif

start:
        cli
        cld
        mov ax, 0x1000                  ; the ROM to RAM at 10000h
        mov es, ax
        mov ax, cs
        mov ds, ax
        xor si, si
        xor di, di
        mov cx, 0x8000
        rep movsw
%if KIND == 6
        jmp 0x1000:real
%else
        mov ax, 0x1000
        mov ds, ax
        o32 lgdt [pointer]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp dword 8:protected
%endif

%macro LOOP 6                           ; SI, DI, CX and the stack pointer; offset of the area
        mov %1, %5
        mov %2, %5 + 0x2000
        mov ebp, ROUNDS
%%round:
        mov ecx, 0x10000
%%pass:
        mov eax, [%1]
        add eax, [%1 + 4]
        mov [%2], eax
        add [%2 + 4], eax
        push eax
        call %%sub
        pop edx
        cmp edx, [%2]
        jne %%wrong
        dec ecx
        jnz %%pass
        dec ebp
        jnz %%round
%%wrong:
        mov al, 0
        out 0xf4, al
        hlt
%%sub:
        add ebx, [%1 + 8]
        mov [%2 + 8], bx
        ret
%endmacro

%if KIND == 6
real:
        mov ax, AREA >> 4
        mov ds, ax
        mov ss, ax
        mov sp, 0x7000
        LOOP si, di, cx, sp, 0, 0
%elif SMALL
protected:
        mov ax, 0x10
        mov ds, ax
        mov ax, 0x18
        mov ss, ax
        mov sp, 0x7000
        LOOP si, di, cx, sp, 0, 0
%else
        bits 32
protected:
        mov eax, 0x10
        mov ds, eax
        mov eax, 0x18
        mov ss, eax
        mov esp, OFFSET + 0x7000
        LOOP esi, edi, ecx, esp, OFFSET, 0
%endif

        align 8
gdt:    dq 0
%if KIND == 7
        dw 0x7fff, 0x0000
%else
        dw 0xffff, 0x0000
%endif
%if SMALL
        db 0x01, 0x9b, 0x00, 0
%else
        db 0x01, 0x9b, 0x40, 0
%endif
        dw LIMIT, DATA_BASE & 0xffff
        db DATA_BASE >> 16, 0x93, FLAGS, 0
%if KIND == 5
        dw STACK_LIMIT, DATA_BASE & 0xffff
        db DATA_BASE >> 16, STACK_ACCESS, STACK_FLAGS, 0
%else
        dw LIMIT, DATA_BASE & 0xffff
        db DATA_BASE >> 16, 0x93, STACK_FLAGS, 0
%endif
pointer:
        dw 31
        dd 0x10000 + gdt
        times 0xfff0 - ($ - $$) db 0
        bits 16
        jmp 0xf000:start
        times 0x10000 - ($ - $$) db 0
