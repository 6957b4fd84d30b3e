; Option ROM that starts a Multiboot kernel given by the host.
;
; Copies the kernel and the boot information to the addresses the host put beside them, enters 32-bit
; protected mode with flat segments and jumps, with EAX and EBX as the Multiboot Specification 0.6.96,
; section 3.2, asks.

        bits    16
        cpu     386
        org     0

KEY_ENTRY       equ 0x10
KEY_INFO_ADDR   equ 0x0a
BOOTLOADER_MAGIC equ 0x2badb002
CODE            equ 8
DATA            equ 16

BLOCKS          equ 2

%include "devices/firmware/bootrom.inc"

product: db     'Multiboot kernel', 0
message: db     13, 10, 'The host gave no Multiboot kernel.', 13, 10, 0

; What to copy: keys of address, size and data.
parts:
        db      0x07, 0x08, 0x11        ; kernel, zero-filled to its size in memory
        db      0x0a, 0x0b, 0x12        ; boot information
parts_end:

        align   8, db 0
gdt:
        dq      0
        dq      0x00cf9a000000ffff      ; CODE: flat, 32-bit
        dq      0x00cf92000000ffff      ; DATA
gdt_end:

boot:
        BOOT_BEGIN
        in      al, 0x92                ; A20 on
        or      al, 2
        and     al, 0xfe
        out     0x92, al
        mov     si, parts
        mov     di, parts_end
        call    read_parts
        mov     al, KEY_INFO_ADDR
        call    read_item32
        mov     edi, eax
        mov     al, KEY_ENTRY
        call    read_item32
        mov     esi, eax

        cli
        xor     eax, eax
        mov     ax, cs
        shl     eax, 4
        mov     ebx, eax                ; linear address of the ROM
        add     eax, gdt
        push    eax
        push    word gdt_end - gdt - 1
        mov     bp, sp
        lgdt    [bp]
        add     ebx, protected
        push    word CODE               ; far pointer to `protected`
        push    ebx
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        mov     bp, sp
        jmp     far dword [bp]          ; SS is still the real-mode segment 0

        bits    32
protected:
        mov     ax, DATA
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        mov     ebx, edi
        mov     eax, BOOTLOADER_MAGIC
        jmp     esi

        times   BLOCKS * 512 - ($ - rom) db 0
