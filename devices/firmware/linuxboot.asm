; Option ROM that starts a Linux kernel given by the host.
;
; The firmware lists it as a boot device (a boot entry vector in its Plug and Play header).  When
; chosen, it copies protected-mode code, initial RAM disk, command line and setup code to the
; addresses the host put beside them, all by the DMA interface of fw_cfg, and jumps to the setup
; code as the Linux boot protocol asks: real mode, interrupts off, data segments and stack at the
; setup code, CS 20h paragraphs above.

        bits    16
        cpu     386
        org     0

KEY_CMDLINE_ADDR equ 0x13
KEY_SETUP_ADDR  equ 0x16

BLOCKS          equ 2

%include "devices/firmware/bootrom.inc"

product: db     'Linux kernel', 0
message: db     13, 10, 'The host gave no Linux kernel.', 13, 10, 0

; What to copy: keys of address, size and data.
parts:
        db      0x07, 0x08, 0x11        ; protected-mode code
        db      0x0a, 0x0b, 0x12        ; initial RAM disk
        db      0x13, 0x14, 0x15        ; command line
        db      0x16, 0x17, 0x18        ; setup code
parts_end:

boot:
        BOOT_BEGIN
        mov     si, parts
        mov     di, parts_end
        call    read_parts

        mov     al, KEY_CMDLINE_ADDR
        call    read_item32
        mov     edi, eax
        mov     al, KEY_SETUP_ADDR
        call    read_item32
        sub     edi, eax
        sub     di, 16                  ; stack: below the command line
        shr     eax, 4
        cli
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        movzx   esp, di
        add     ax, 0x20
        push    ax
        push    word 0
        retf

        times   BLOCKS * 512 - ($ - rom) db 0
