; A ROM in real mode for --stats and --perf: does a known number of things that are counted, then ends by
; --debug-exit with status 1.
cpu 386
bits 16
org 0

start:
    xor ax, ax
    mov es, ax
    mov cx, 100
.callouts:
    cli
    out 0x80, al
    loop .callouts

    mov ax, 0xA000
    mov ds, ax
    mov cx, 7
.mmio:
    mov [0], al                 ; video memory
    loop .mmio

    mov byte [es:0x500], 0x40   ; inc ax; retf
    mov byte [es:0x501], 0xCB
    mov cx, 5
.changes:
    call 0:0x500
    xor byte [es:0x500], 0x08   ; inc ax, dec ax
    loop .changes

    mov al, 0
    out 0xF4, al
    hlt

    times 65536 - 16 - ($ - $$) db 0
    jmp 0xF000:start
    times 65536 - ($ - $$) db 0
