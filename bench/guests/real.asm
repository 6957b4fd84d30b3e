; 16-bit real-mode code as programs of its time had it: a ROM that copies itself to 0:7C00h and runs there.  It
; names its parts on port E9h, as kernels.c does.
;   nasm -f bin -o real.rom real.asm
cpu 386
bits 16
org 0x7C00

ROM_BYTES equ 65536
DATA equ 0x2000                 ; segments of 64 KiB
OTHER equ 0x3000

; BEGIN_PART name, times: so many runs (up to 65535) of what follows, up to END_PART
%macro BEGIN_PART 2
    jmp %%over
%%name: db "> ", %1, 10, 0
%%ends: db "< ", %1, 10, 0
%%over:
    mov si, %%name
    call put_text
    mov word [rounds], %2
%push part
%define %$ends %%ends
%$again:
%endmacro

%macro END_PART 0
    dec word [rounds]
    jnz %$again
    mov si, %$ends
    call put_text
%pop
%endmacro

start:
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7000
    cld

; numbers: a 16-bit generator, multiplication, division, shifts
    BEGIN_PART "int16", 400
    mov cx, 20000
    mov ax, [seed]
    mov bx, 7
.integers:
    mov dx, 25173
    mul dx
    add ax, 13849
    mov di, ax
    xor dx, dx
    div bx
    add si, dx
    adc bp, ax
    rol di, 3
    xor si, di
    test di, 0x40
    jz .even
    sub bp, si
.even:
    loop .integers
    mov [seed], ax
    END_PART

; an insertion sort and a sum over words in another segment
    BEGIN_PART "words16", 800
    mov ax, DATA
    mov es, ax
    xor di, di
    mov ax, 1
    mov cx, 256
.fill:
    imul ax, ax, 75
    add ax, 74
    mov [es:di], ax
    add di, 2
    loop .fill
    mov bx, 2
.insert:
    mov ax, [es:bx]
    mov si, bx
.shift:
    mov dx, [es:si - 2]
    cmp dx, ax
    jbe .place
    mov [es:si], dx
    sub si, 2
    jnz .shift
.place:
    mov [es:si], ax
    add bx, 2
    cmp bx, 512
    jb .insert
    END_PART

; moves, fills, scans and comparisons
    BEGIN_PART "string16", 3000
    mov ax, DATA
    mov ds, ax
    mov ax, OTHER
    mov es, ax
    xor si, si
    xor di, di
    mov cx, 4096
    rep movsw
    xor di, di
    mov ax, 0x0720
    mov cx, 2000
    rep stosw
    xor di, di
    mov al, 0xFF
    mov cx, 4000
    repne scasb
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov si, start
    mov di, start
    mov cx, 200
    repe cmpsb
    mov si, start
    mov cx, 100
.bytes:
    lodsb
    xor ah, al
    loop .bytes
    END_PART

; ports: the interrupt mask, the timer's latch and count, a delay
    BEGIN_PART "port16", 60000
    in al, 0x21
    out 0x21, al
    mov al, 0
    out 0x43, al
    in al, 0x40
    mov ah, al
    in al, 0x40
    out 0x80, al
    END_PART

; near and far calls, interrupts of the BIOS's kind, segment loads
    mov word [0x60 * 4], service
    mov word [0x60 * 4 + 2], 0
    BEGIN_PART "calls16", 30000
    mov cx, 10
.calls:
    call near_function
    call 0:far_function
    int 0x60
    push ds
    push es
    pop es
    pop ds
    les di, [pointer]
    loop .calls
    END_PART

    mov si, done
    call put_text
    mov dx, 0x501
    out dx, al
    mov al, 0
    out 0xF4, al
    cli
    hlt

near_function:
    push bp
    mov bp, sp
    sub sp, 4
    mov [bp - 2], ax
    add ax, [bp - 2]
    leave
    ret

far_function:
    add ax, 3
    retf

service:
    push ax
    inc ax
    pop ax
    iret

put_text:
    lodsb
    test al, al
    jz .end
    out 0xE9, al
    jmp put_text
.end:
    ret

align 2
seed: dw 1
rounds: dw 0
pointer: dw 0, DATA
done: db ". done", 10, 0

end_of_copy:
; From the ROM: copies the code above and goes there.
from_rom:
    cli
    xor ax, ax
    mov es, ax
    mov ax, cs
    mov ds, ax
    xor si, si
    mov di, 0x7C00
    mov cx, end_of_copy - start
    cld
    rep movsb
    jmp 0:0x7C00

    times ROM_BYTES - 16 - ($ - $$) db 0
    jmp 0xF000:from_rom - 0x7C00
    times ROM_BYTES - ($ - $$) db 0
