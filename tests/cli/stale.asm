; Boot sector that changes its page tables without telling the processor, says "." on COM1, counts for a
; while, and says what it finds then: "A", the page that was mapped at first; "0", the accessed bit
; that it cleared is still clear; and after INVLPG "B", the page that is mapped.
        bits 16
        org 0x7c00
directory equ 0x10000
table   equ 0x11000
        cli
        cld
        mov ax, directory >> 4
        mov es, ax
        xor di, di
        xor eax, eax
        mov cx, 1024
        rep stosd
        mov dword [es:0], table + 7
        mov eax, 7
        mov cx, 1024
identity:
        stosd
        add eax, 0x1000
        loop identity
        xor ax, ax
        mov ds, ax
        lgdt [gdtr]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp 8:protected
        bits 32
protected:
        mov ax, 16
        mov ds, ax
        mov byte [0x200000], 'A'
        mov byte [0x201000], 'B'
        mov dword [table + 0x300 * 4], 0x200000 + 7
        mov eax, directory
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        mov al, [0x300000]
        mov dword [table + 0x300 * 4], 0x201000 + 7
        mov al, [0x302000]
        and dword [table + 0x302 * 4], ~0x20
        mov dx, 0x3f8
        mov al, '.'
        out dx, al
        mov ecx, 20000000
count:
        dec ecx
        jnz count
        mov al, [0x300000]
        out dx, al
        mov al, [0x302000]
        mov eax, [table + 0x302 * 4]
        shr eax, 5
        and al, 1
        add al, '0'
        out dx, al
        invlpg [0x300000]
        mov al, [0x300000]
        out dx, al
stop:
        jmp stop
        align 8
gdt:    dq 0
        dq 0x00cf9a000000ffff
        dq 0x00cf92000000ffff
gdtr:   dw 23
        dd gdt
        times 510 - ($ - $$) db 0
        dw 0xaa55
