; Boot sector that writes its disk from sector 40000 on, 127 sectors at a time through INT 13h, says
; "." on COM1 for each piece, and "E" at the first error; then it idles.
        bits 16
        org 0x7c00
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7c00
        cld
        mov ax, 0x1000
        mov es, ax
        mov ax, 0x5a5a
        xor di, di
        mov cx, 127 * 256
        rep stosw
next:
        mov si, packet
        mov ax, 0x4300
        mov dl, 0x80
        int 0x13
        jc failed
        mov al, '.'
        call put
        add dword [sector], 127
        jmp next
failed:
        mov al, 'E'
        call put
stop:
        hlt
        jmp stop
put:
        mov dx, 0x3f8
        out dx, al
        ret
packet: db 16, 0
        dw 127, 0, 0x1000
sector: dq 40000
        times 510 - ($ - $$) db 0
        dw 0xaa55
