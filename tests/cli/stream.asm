; Boot sector that sends all 256 byte values to COM1 and then echoes what it receives.
        bits 16
        org 0x7c00
        cli
        mov dx, 0x3f8
        xor al, al
all:
        call put
        inc al
        jnz all
echo:
        mov dx, 0x3fd
        in al, dx
        test al, 1
        jz echo
        mov dx, 0x3f8
        in al, dx
        call put
        jmp echo
put:
        push ax
        mov dx, 0x3fd
.wait:
        in al, dx
        test al, 0x20
        jz .wait
        pop ax
        mov dx, 0x3f8
        out dx, al
        ret
        times 510 - ($ - $$) db 0
        dw 0xaa55
