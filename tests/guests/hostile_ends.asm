; Hostile guest: one way to end badly, by CASE.  Boots from a floppy into flat 32-bit protected mode with
; an empty IDT where not said otherwise.
;
;   1 triple fault            2 jump where nothing is          3 run off the end of RAM (needs -m 16M)
;   4 HLT with interrupts off 5 endless loop                   6 REP STOS over 4 GiB
;   7 page directory in a device's registers                   8 descriptor tables where nothing is
;   9 stack at address 0, in a loop of faults with handlers    10 a page table that maps itself
;  11 task gates that lead in circles                          12 code that overwrites itself for ever
;  13 execution wraps at 4 GiB                                 14 a jump into the local APIC

        bits 16
        cpu 686
        org 0x7c00
        jmp 0:start
start:
        cli
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7c00
        cld
        in al, 0x92
        or al, 2
        out 0x92, al
        lgdt [gdt_pointer]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp dword 8:protected

        bits 32
protected:
        mov eax, 0x10
        mov ds, eax
        mov es, eax
        mov ss, eax
        mov esp, 0x7c00
        lidt [no_idt]
%if CASE == 1
        int3
%elif CASE == 2
        mov eax, 0xe1234567
        jmp eax
%elif CASE == 3
        mov edi, 0xf00000
        mov ecx, 0x100000 / 4
        mov eax, 0x90909090
        rep stosd
        mov eax, 0xf00000
        jmp eax
%elif CASE == 4
        hlt
%elif CASE == 5
        jmp $
%elif CASE == 6
        mov edi, 0x100000
        mov ecx, 0xffffffff
        rep stosb
        hlt
%elif CASE == 7
        mov eax, 0xfee00000
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        hlt
%elif CASE == 8
        mov dword [0x5000], 0x0000ffff
        mov dword [0x5002], 0xf0000000
        lgdt [0x5000]
        lidt [0x5000]
        mov eax, 0x10
        mov ds, eax
        hlt
%elif CASE == 9
        mov ecx, 256
        mov edi, 0x5000
.gate:
        mov dword [edi], 0x80000 | handler_low
        mov word [edi], handler
        mov dword [edi + 4], 0x8e00
        add edi, 8
        loop .gate
        lidt [full_idt]
handler:
        xor esp, esp
        push eax
        mov ss, esp
        ud2
handler_low equ 0
%elif CASE == 10
        mov edi, 0x10000
        mov eax, 0x10000 + 7
        mov ecx, 1024
        rep stosd
        mov eax, 0x10000
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax                    ; every page is now the table
        hlt
%elif CASE == 11
        mov edi, 0x5000
        mov ecx, 256
.gate:
        mov dword [edi], 0x180000
        mov dword [edi + 4], 0x8500
        add edi, 8
        loop .gate
        lidt [full_idt]
        mov ax, 0x18
        ltr ax
        ud2
%elif CASE == 12
        mov edi, .patched
        mov ecx, 0x40
.again:
        rdtsc
        mov byte [edi + ecx], 0x40      ; INC EAX, or the one after
        and al, 7
        or [edi + ecx], al
        loop .ready
        mov ecx, 0x40
.ready:
.patched:
        times 0x44 nop
        and ecx, 0x3f
        inc ecx
        mov edi, .patched
        mov esp, 0x7c00
        jmp .again
%elif CASE == 13
        mov eax, 0xfffffffe
        jmp eax
%elif CASE == 14
        mov eax, 0xfee00300
        jmp eax
%endif
        jmp $

        align 8
gdt:
        dq 0
        dq 0x00cf9a000000ffff
        dq 0x00cf92000000ffff
        dq 0x0000890060000067           ; a TSS full of zeros
gdt_pointer:
        dw 31
        dd gdt
no_idt:
        dw 0
        dd 0
full_idt:
        dw 256 * 8 - 1
        dd 0x5000
        times 510 - ($ - $$) db 0
        dw 0xaa55
