; Option ROM that starts a Linux kernel given by the host.
;
; The firmware lists it as a boot device (a boot entry vector in its Plug and Play header).  When
; chosen, it copies protected-mode code, initial RAM disk, command line and setup code to the
; addresses the host put beside them, all by the DMA interface of fw_cfg, and jumps to the setup
; code as the Linux boot protocol asks: real mode, interrupts off, data segments and stack at the
; setup code, CS 20h paragraphs above.
;
; Real mode, 80386 and up.  The host fills in the checksum.  The descriptor lies on a stack at
; segment 0, because the ROM itself is read-only.

        bits    16
        cpu     386
        org     0

PORT_DMA_HIGH   equ 0x514
PORT_DMA_LOW    equ 0x518
DMA_READ        equ 0x02
DMA_SELECT      equ 0x08
DMA_ERROR       equ 0x01000000  ; as stored, big-endian

KEY_CMDLINE_ADDR equ 0x13
KEY_SETUP_ADDR  equ 0x16

BLOCKS          equ 2

rom:
        dw      0xaa55
        db      BLOCKS
        jmp     short initialise
        times   0x18 - ($ - rom) db 0
        dw      0                       ; no PCI data
        dw      pnp

pnp:
        db      '$PnP'
        db      1                       ; revision
        db      2                       ; length in paragraphs
        dw      0                       ; no further header
        db      0, 0
        dd      0                       ; device id
        dw      maker
        dw      product
        db      0, 0, 0                 ; device type
        db      0                       ; device indicators
        dw      0                       ; boot connection vector
        dw      0                       ; disconnect vector
        dw      boot                    ; boot entry vector
        dw      0
        dw      0                       ; static resources

maker:  db      'Vestige', 0
product: db     'Linux kernel', 0

; What to copy: keys of address, size and data.
parts:
        db      0x07, 0x08, 0x11        ; protected-mode code
        db      0x0a, 0x0b, 0x12        ; initial RAM disk
        db      0x13, 0x14, 0x15        ; command line
        db      0x16, 0x17, 0x18        ; setup code
parts_end:

initialise:
        mov     ax, 0x20                ; a boot device is attached
        retf

boot:
        cli
        cld
        xor     ax, ax
        mov     ss, ax
        mov     esp, 0x7c00
        sti
        push    cs
        pop     ds
        mov     si, parts
.part:
        lodsb
        call    read_item32
        mov     ebx, eax                ; where to
        lodsb
        call    read_item32
        mov     ecx, eax                ; how much
        lodsb
        test    ecx, ecx
        jz      .next
        call    read_item
.next:
        cmp     si, parts_end
        jb      .part

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

; al: key.  Returns eax: the item, a 32-bit number.  Keeps ebx, ecx, si.
read_item32:
        push    ebx
        push    ecx
        push    dword 0
        mov     ebx, esp                ; linear, as SS is 0
        mov     ecx, 4
        call    read_item
        pop     eax
        pop     ecx
        pop     ebx
        ret

; Copies the item with key al, ecx bytes of it, to linear address ebx.
read_item:
        movzx   eax, al
        shl     eax, 16
        mov     al, DMA_SELECT | DMA_READ
        mov     edx, eax
        mov     eax, ebx
        call    swap
        push    eax                     ; address, low half
        push    dword 0                 ; high half
        mov     eax, ecx
        call    swap
        push    eax                     ; length
        mov     eax, edx
        call    swap
        push    eax                     ; control
        mov     bp, sp
        xor     eax, eax
        mov     dx, PORT_DMA_HIGH
        out     dx, eax
        mov     eax, esp
        call    swap
        mov     dx, PORT_DMA_LOW
        out     dx, eax
.wait:
        mov     eax, [bp]
        test    eax, ~DMA_ERROR
        jnz     .wait
        test    eax, eax
        jnz     failed
        add     esp, 16
        ret

; eax: bytes in the other order.
swap:
        xchg    al, ah
        rol     eax, 16
        xchg    al, ah
        ret

failed:
        mov     si, message
.character:
        lodsb
        test    al, al
        jz      .stop
        mov     ah, 0x0e
        mov     bx, 7
        int     0x10
        jmp     .character
.stop:
        int     0x18                    ; try the next boot device
        jmp     .stop

message: db     13, 10, 'The host gave no Linux kernel.', 13, 10, 0

        times   BLOCKS * 512 - ($ - rom) db 0
