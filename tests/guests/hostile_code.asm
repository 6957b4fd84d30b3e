; Hostile guest: random bytes as code, in real mode, protected mode of both widths and privileges,
; virtual-8086 mode and under random page tables; segment registers can be loaded from random
; descriptors.  Whatever happens, the frame brings the next round.
%include "tests/guests/hostile.inc"

CODE            equ 0x20000             ; random code, 64 KiB for 16-bit modes
CODE_BYTES      equ 0x1000
PAGES           equ 0x80000             ; page directory; tables behind it

iteration:
        inc dword [rounds]
        mov edi, CODE
        mov ecx, CODE_BYTES / 4
        call fill
        call random
        test al, 0x30
        jnz .plain
        call flavour
.plain:
        call random
        and eax, 7
        jmp [modes + 4 * eax]

modes:  dd mode_real, mode_ring0, mode_ring3, mode_ring3_16, mode_v86, mode_paged, mode_paged, mode_gates

; Sprinkles prefixes and escapes over the code, so that rare opcodes come up.
flavour:
        mov ecx, CODE_BYTES / 8
.next:
        call random
        movzx edx, ah
        and edx, 15
        mov bl, [escapes + edx]
        shr eax, 16
        and eax, CODE_BYTES - 1
        mov [CODE + eax], bl
        loop .next
        ret

escapes: db 0x0f, 0x0f, 0x0f, 0x66, 0xf2, 0xf3, 0x67, 0xd9, 0xdb, 0xdd, 0xdf, 0x0f, 0xf0, 0x8e, 0xff, 0xcf

; All general registers but ESP take random values; CODE is a likely base.
scramble:
        call random
        mov ebx, eax
        call random
        mov edx, eax
        call random
        mov esi, eax
        call random
        mov edi, eax
        call random
        mov ebp, eax
        call random
        mov ecx, eax
        and ecx, 0xffff
        test al, 1
        jz .far
        mov ebx, CODE
        mov esi, CODE + 0x800
        and edi, 0xfff
        add edi, CODE
.far:
        jmp random

mode_ring0:
        call scramble
        mov esp, CODE + 0x8000
        and eax, CODE_BYTES - 1
        add eax, CODE
        jmp eax

; A frame for IRET to another privilege; EAX random flags.
user_flags:
        call random
        and eax, 0x00247fd5
        or eax, 0x202
        and eax, ~0x4000                ; NT would return to a task
        ret

mode_ring3:
        call user_flags
        push dword USER_DATA32
        push dword CODE + 0x8000
        push eax
        push dword USER_CODE32
        call random
        and eax, CODE_BYTES - 1
        add eax, CODE
        push eax
        mov eax, USER_DATA32
        mov ds, eax
        mov es, eax
        call user_scramble
        iretd

user_scramble:
        mov ebx, [0x7bf0]               ; any old values
        mov ecx, [CODE]
        mov edx, [CODE + 4]
        mov esi, CODE
        mov edi, [CODE + 8]
        and edi, 0xffff
        add edi, CODE
        mov ebp, [CODE + 12]
        ret

mode_ring3_16:
        call user_flags
        push dword USER_DATA16
        push dword 0x8000
        push eax
        push dword USER_CODE16
        call random
        and eax, CODE_BYTES - 1
        push eax
        mov eax, USER_DATA16
        mov ds, eax
        mov es, eax
        call user_scramble_16
        iretd

user_scramble_16:
        mov esi, 0x100
        mov edi, 0x4000
        mov ebx, 0x234
        ret

mode_v86:
        call random
        push dword CODE >> 4            ; GS, FS, DS, ES
        push dword CODE >> 4
        push dword CODE >> 4
        push dword CODE >> 4
        push dword CODE >> 4            ; SS
        push dword 0x8000
        call user_flags
        or eax, 0x20000
        push eax
        push dword CODE >> 4
        call random
        and eax, CODE_BYTES - 1
        push eax
        iretd

; Real mode: the 16-bit selectors first, then PE off.
mode_real:
        lidt [ivt_pointer]
        mov eax, DATA16
        mov ds, eax
        mov es, eax
        mov ss, eax
        jmp CODE16:.narrow
        bits 16
.narrow:
        mov eax, cr0
        and al, 0xfe
        mov cr0, eax
        jmp 0:.real
.real:
        mov ax, CODE >> 4
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x8000
        rdtsc
        and ax, CODE_BYTES - 1
        push word CODE >> 4
        push ax
        rdtsc
        mov bx, ax
        retf
        bits 32

; Pages: the first 4 MiB as they are, everything else random; then one of the rings.
mode_paged:
        mov edi, PAGES
        mov ecx, 0x3000 / 4             ; directory and two tables
        call fill
        mov edi, PAGES + 0x1000
        mov eax, 7
        mov ecx, 1024
.same:
        stosd
        add eax, 0x1000
        loop .same
        mov edi, PAGES + 0x2000         ; random tables of RAM pages
        mov ecx, 1024
.page:
        call random
        and eax, 0x07ffffff
        stosd
        loop .page
        mov dword [PAGES], PAGES + 0x1000 + 7
        mov dword [PAGES + 4], PAGES + 0x2000 + 7
        mov dword [PAGES + 8], PAGES + 7
        mov dword [PAGES + 12], 0xfee00000 + 7
        mov dword [PAGES + 16], 0xfec00087
        call random
        and eax, 0x6b0                  ; PSE, PAE, PGE, OSFXSR, OSXMMEXCPT
        test eax, 0x20
        jz .legacy
        test eax, 0x80
        jz .legacy
        mov dword [PAGES], PAGES + 0x1001 ; PAE: four pointers, a directory of large pages
        mov dword [PAGES + 4], 0
        mov dword [PAGES + 0x1000], 0x87
        mov dword [PAGES + 0x1004], 0
        jmp .load
.legacy:
        and eax, ~0x20
.load:
        mov cr4, eax
        mov eax, PAGES
        mov cr3, eax
        call random
        and eax, 0x00010000             ; WP
        or eax, 0x80000011
        mov cr0, eax
        jmp .on
.on:
        call random
        test al, 1
        jz mode_ring3
        test al, 2
        jz mode_v86
        test al, 4
        jz mode_ring3_16
        jmp mode_ring0

; Far transfers to random selectors, and tasks.
mode_gates:
        call random
        movzx eax, ax
        and eax, 0x7ff
        mov [.selector], ax
        mov [.target + 4], ax
        test ebx, 1
        jz .jump
        call far [.target]
        jmp recover
.jump:
        test ebx, 2
        jz .load
        jmp far [.target]
.load:
        mov fs, ax
        verr ax
        lar ecx, eax
        lsl ecx, eax
        mov ss, ax
        jmp recover
.selector: dw 0
        align 4
.target: dd CODE
        dw 0

        align 512, db 0
SECTORS equ ($ - $$) / 512
