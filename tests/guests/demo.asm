; The guest that is built in: `vestige run --demo`.
;
; A bootable floppy that needs nothing but firmware.  Five pages show what a PC can put on a screen:
; text with all colours, planar mode 12h, mode 13h with a turning palette, a VBE 2.0 linear frame
; buffer, and the keyboard.  Space, Enter, Esc and the right and down arrows go on; Backspace and the
; left and up arrows go back; Q turns the machine off through APM.  IRQ 0 counts in dword `ticks`.
;
; Follows: IBM PC/AT BIOS interfaces (INT 10h, 13h, 15h, 16h), VESA BIOS Extension 2.0, APM 1.2.
; Needs a 386 with VGA.  Not shown: sound, mouse, disks.

        bits 16
        cpu 386
        org 0x7c00

SECTORS_PER_TRACK equ 18
HEADS             equ 2
TEXT_SEGMENT      equ 0xb800
VGA_SEGMENT       equ 0xa000
SCRATCH           equ 0x6000            ; VBE information blocks
WAVE              equ 0x5000            ; 256 bytes: one wave, 0..254

start:
        jmp 0:.here
.here:
        cli
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x4ff0
        sti
        cld
        mov [drive], dl
        mov si, 1                       ; sector number on the disk
        mov bx, start + 512
.load:
        mov ax, si
        mov cl, SECTORS_PER_TRACK
        div cl                          ; AL track, AH sector in it
        mov cl, ah
        inc cl
        xor ah, ah
        mov ch, al
        shr ch, 1                       ; cylinder
        mov dh, al
        and dh, HEADS - 1
        mov dl, [drive]
        mov ax, 0x0201
        int 0x13
        jc .failed
        add bx, 512
        inc si
        cmp si, SECTORS
        jb .load
        jmp main
.failed:
        mov si, load_failed
.print:
        lodsb
        test al, al
        jz .stop
        mov ah, 0x0e
        mov bx, 7
        int 0x10
        jmp .print
.stop:
        hlt
        jmp .stop

load_failed:    db "The demo cannot be read from its disk.", 0
drive:          db 0

        times 510 - ($ - $$) db 0
        dw 0xaa55

; ---- the loop over the pages ----

main:
        mov ax, 0x2401                  ; A20 on: the frame buffer may lie at an odd megabyte
        int 0x15
        call make_wave
        cli
        mov eax, [8 * 4]
        mov [old_timer], eax
        mov word [8 * 4], on_timer
        mov [8 * 4 + 2], cs
        sti
.show:
        mov bx, [page]
        add bx, bx
        call [pages + bx]               ; returns AX: 1 next, -1 previous
        add ax, [page]
        jns .not_below
        mov ax, PAGES - 1
.not_below:
        cmp ax, PAGES
        jb .in_range
        xor ax, ax
.in_range:
        mov [page], ax
        jmp .show

on_timer:
        inc dword [cs:ticks]
        jmp far [cs:old_timer]

; What the key in AX means: carry and AX = 1 or -1 when it leaves the page.
leaving_key:
        mov si, key_table
.next:
        cmp byte [si], 0
        je .unknown
        cmp ah, [si]
        je .found
        add si, 2
        jmp .next
.found:
        movsx ax, byte [si + 1]
        test ax, ax
        jz power_off
        stc
        ret
.unknown:
        clc
        ret

; Waits for a key that leaves the page; calls the routine in DI about once a tick.
wait_key:
        call di
        mov ah, 1
        int 0x16
        jz .idle
        xor ah, ah
        int 0x16
        push di
        call leaving_key
        pop di
        jnc wait_key
        ret
.idle:
        hlt
        jmp wait_key

nothing:
        ret

power_off:
        mov ax, 0x5301                  ; APM: connect, version 1.2, on, then everything off
        xor bx, bx
        int 0x15
        mov ax, 0x530e
        xor bx, bx
        mov cx, 0x0102
        int 0x15
        mov ax, 0x5307
        mov bx, 1
        mov cx, 3
        int 0x15
        mov ax, 3
        int 0x10
        mov si, off_text
        mov di, 12 * 160 + 26 * 2
        mov ah, 0x07
        call put_text
        cli
.stop:
        hlt
        jmp .stop

; ---- helpers ----

; One wave of 256 steps from two parabolas; smooth enough for colours.
make_wave:
        xor bx, bx
.step:
        mov al, bl
        and al, 127
        mov ah, 128
        sub ah, al
        mul ah                          ; 0..4096
        shr ax, 5
        cmp ax, 127
        jbe .fits
        mov ax, 127
.fits:
        test bl, 128
        jz .upper
        neg ax
.upper:
        add ax, 127
        mov [WAVE + bx], al
        inc bl
        jnz .step
        ret

text_mode:
        mov ax, 3
        int 0x10
        mov ax, 0x1003                  ; sixteen backgrounds instead of blinking
        xor bx, bx
        int 0x10
        mov ah, 1                       ; no cursor
        mov cx, 0x2000
        int 0x10
        mov ax, TEXT_SEGMENT
        mov es, ax
        ret

; Text at SI to the text screen at ES:DI with attribute AH.
put_text:
        mov bx, TEXT_SEGMENT
        mov es, bx
.next:
        lodsb
        test al, al
        jz .done
        stosw
        jmp .next
.done:
        ret

; EAX in decimal, ten places, to the text screen at DI.
put_number:
        mov bx, TEXT_SEGMENT
        mov es, bx
        add di, 18
        mov cx, 10
        mov ebx, 10
.digit:
        xor edx, edx
        div ebx
        mov dh, 0x0e
        add dl, '0'
        mov [es:di], dx
        sub di, 2
        test eax, eax
        jz .blank
        loop .digit
        ret
.blank:
        dec cx
        jz .done
        mov word [es:di], 0x0e20
        sub di, 2
        jmp .blank
.done:
        ret

; AL as two hexadecimal digits to the text screen at DI.
put_hex:
        push ax
        shr al, 4
        call .digit
        pop ax
.digit:
        and al, 15
        add al, '0'
        cmp al, '9'
        jbe .write
        add al, 7
.write:
        mov ah, 0x0f
        stosw
        ret

; Text at SI through the BIOS, colour BL, at row DH and column DL.
bios_text:
        mov ah, 2
        mov bh, 0
        int 0x10
.next:
        lodsb
        test al, al
        jz .done
        mov ah, 0x0e
        int 0x10
        jmp .next
.done:
        ret

; GS:BP is the font of 8x8 characters.
find_font:
        push es
        mov ax, 0x1130
        mov bh, 3
        int 0x10
        mov ax, es
        mov gs, ax
        pop es
        mov [font], bp
        ret

show_ticks:
        mov eax, [ticks]
        push di
        mov di, [ticks_at]
        call put_number
        pop di
        ret

footer:
        mov di, 24 * 160
        mov cx, 80
        mov ax, 0x7020
        push di
        rep stosw
        pop di
        add di, 2
        mov si, footer_text
        mov ah, 0x70
        jmp put_text

; ---- page 1: text ----

page_text:
        call text_mode
        call find_font
        mov si, name
        mov di, 1 * 160 + 12 * 2        ; seven letters of eight columns in the middle
.letter:
        lodsb
        test al, al
        jz .named
        call big_letter
        add di, 16
        jmp .letter
.named:
        mov si, tagline
        mov di, 10 * 160 + 15 * 2
        mov ah, 0x0f
        call put_text
        mov di, 12 * 160 + 8 * 2        ; every foreground on every second background
        xor bx, bx
.row:
        push di
        mov cx, 64
        mov ax, 0x04fe
.cell:
        mov ah, cl
        neg ah
        add ah, 64
        shr ah, 2                       ; foreground 0..15
        mov dl, bl
        shl dl, 5
        or ah, dl
        stosw
        loop .cell
        pop di
        add di, 160
        inc bx
        cmp bx, 8
        jb .row
        mov si, ticks_text
        mov di, 22 * 160 + 26 * 2
        mov ah, 0x07
        call put_text
        mov word [ticks_at], 22 * 160 + 43 * 2
        call footer
        mov di, show_ticks
        jmp wait_key

; The letter AL at ES:DI, one character a pixel, each row in a colour of its own.
big_letter:
        pusha
        mov bp, [font]
        movzx ax, al
        shl ax, 3
        add bp, ax
        mov cx, 8
        mov ah, 9
.row:
        mov dl, [gs:bp]
        inc bp
        push di
        mov bx, 8
.pixel:
        mov al, ' '
        shl dl, 1
        jnc .blank
        mov al, 0xdb
.blank:
        stosw
        dec bx
        jnz .pixel
        pop di
        add di, 160
        test cl, 1
        jz .same
        inc ah
.same:
        loop .row
        popa
        ret

; ---- page 2: mode 12h, four planes ----

page_planes:
        mov ax, 0x12
        int 0x10
        mov ax, VGA_SEGMENT
        mov es, ax
        call colour_bars
        call fan
        call rings
        mov bl, 15
        mov dx, 0x0202
        mov si, planes_text
        call bios_text
        mov di, nothing
        jmp wait_key

; Sixteen bars of 40 pixels, rows 64 to 143, through set/reset: a byte written is eight pixels.
colour_bars:
        mov dx, 0x3ce
        mov ax, 0x0f01                  ; enable set/reset on all planes
        out dx, ax
        xor bx, bx
.bar:
        mov ah, bl
        mov al, 0
        out dx, ax
        mov di, bx
        imul di, di, 5
        add di, 64 * 80
        mov cx, 80
.row:
        push cx
        mov cx, 5
        rep stosb
        pop cx
        add di, 75
        loop .row
        inc bx
        cmp bx, 16
        jb .bar
        mov ax, 0x0001
        out dx, ax
        ret

; Lines from the bottom to points above, every colour in turn.
fan:
        mov word [line_colour], 1
        xor si, si
.line:
        mov word [x0], 320
        mov word [y0], 470
        mov [x1], si
        mov word [y1], 160
        call line
        inc word [line_colour]
        and word [line_colour], 15
        add si, 16
        cmp si, 640
        jb .line
        ret

; One pixel at CX, BX in line_colour: write mode 2 with the bit mask.
plot:
        pusha
        mov dx, 0x3ce
        mov ax, 0x0205
        out dx, ax
        mov di, bx
        imul di, di, 80
        mov bx, cx
        shr bx, 3
        add di, bx
        and cl, 7
        mov ah, 0x80
        shr ah, cl
        mov al, 8
        out dx, ax
        mov al, [line_colour]
        xchg [es:di], al                ; the read fills the latches
        mov ax, 0xff08
        out dx, ax
        mov ax, 0x0005
        out dx, ax
        popa
        ret

; Bresenham from x0, y0 to x1, y1.
line:
        pusha
        mov ax, [x1]
        sub ax, [x0]
        mov word [step_x], 1
        jns .right
        neg ax
        neg word [step_x]
.right:
        mov [delta_x], ax
        mov ax, [y1]
        sub ax, [y0]
        mov word [step_y], 1
        jns .down
        neg ax
        neg word [step_y]
.down:
        neg ax
        mov [delta_y], ax               ; never positive
        add ax, [delta_x]
        mov di, ax                      ; error
        mov cx, [x0]
        mov bx, [y0]
.point:
        call plot
        cmp cx, [x1]
        jne .on
        cmp bx, [y1]
        je .done
.on:
        mov ax, di
        add ax, ax
        cmp ax, [delta_y]
        jl .no_x
        add di, [delta_y]
        add cx, [step_x]
.no_x:
        cmp ax, [delta_x]
        jg .no_y
        add di, [delta_x]
        add bx, [step_y]
.no_y:
        jmp .point
.done:
        popa
        ret

; Circles around 320, 310 by the midpoint rule.
rings:
        mov word [line_colour], 15
        mov word [radius], 40
.ring:
        call circle
        dec word [line_colour]
        add word [radius], 20
        cmp word [radius], 160
        jb .ring
        ret

circle:
        mov si, [radius]                ; x
        xor di, di                      ; y
        mov bp, 1
        sub bp, si
.step:
        call eight_points
        inc di
        test bp, bp
        js .inside
        dec si
        sub bp, si
        sub bp, si
.inside:
        add bp, di
        add bp, di
        inc bp
        cmp di, si
        jbe .step
        ret

eight_points:
        call .four
        xchg si, di
        call .four
        xchg si, di
        ret
.four:
        mov cx, 320
        mov bx, 310
        add cx, si
        add bx, di
        call plot
        sub cx, si
        sub cx, si
        call plot
        sub bx, di
        sub bx, di
        call plot
        add cx, si
        add cx, si
        jmp plot

; ---- page 3: mode 13h, the palette turns ----

page_palette:
        mov ax, 0x13
        int 0x10
        mov ax, VGA_SEGMENT
        mov es, ax
        xor di, di
        xor dx, dx                      ; y
.row:
        xor cx, cx                      ; x
.pixel:
        mov bx, cx
        and bx, 255
        mov al, [WAVE + bx]
        mov bx, dx
        add bx, dx
        and bx, 255
        add al, [WAVE + bx]
        mov bx, cx
        add bx, dx
        and bx, 255
        add al, [WAVE + bx]
        cmp al, 1                       ; 0 and 255 are kept for the text
        adc al, 0
        cmp al, 255
        jne .turning
        dec ax
.turning:
        stosb
        inc cx
        cmp cx, 320
        jb .pixel
        inc dx
        cmp dx, 200
        jb .row
        mov bl, 255
        mov dx, 0x0101
        mov si, palette_text
        call bios_text
        mov di, turn_palette
        jmp wait_key

; Red, green and blue are the same wave, a third of it apart; 0 stays black, 255 white.
turn_palette:
        mov bl, [ticks]
        shl bl, 2
        mov dx, 0x3da
.leave:
        in al, dx
        test al, 8
        jnz .leave
.enter:
        in al, dx
        test al, 8
        jz .enter
        mov dx, 0x3c8
        xor al, al
        out dx, al
        inc dx
        out dx, al
        out dx, al
        out dx, al
        mov cx, 254
        xor bh, bh
.colour:
        call .part
        add bl, 85
        call .part
        add bl, 85
        call .part
        add bl, 87                      ; 85 + 85 + 87 = 257: the next entry
        loop .colour
        mov al, 63
        out dx, al
        out dx, al
        out dx, al
        ret
.part:
        mov al, [WAVE + bx]
        shr al, 2
        out dx, al
        ret

; ---- page 4: VBE 2.0, linear frame buffer ----

page_vbe:
        call find_font
        call find_mode
        jc .none
        mov bx, ax
        or bx, 0x4000                   ; linear
        mov ax, 0x4f02
        int 0x10
        cmp ax, 0x004f
        jne .none
        call flat_fs
        call gradient
        mov si, vbe_name
        mov edi, [frame]
        add edi, 60 * 4
        movzx eax, word [pitch]
        imul eax, 220
        add edi, eax
        mov word [scale], 12
        call frame_text
        mov si, vbe_text
        mov edi, [frame]
        add edi, 60 * 4
        movzx eax, word [pitch]
        imul eax, 360
        add edi, eax
        mov word [scale], 2
        call frame_text
        mov di, nothing
        jmp wait_key
.none:
        call text_mode
        mov si, vbe_missing
        mov di, 12 * 160 + 10 * 2
        mov ah, 0x0f
        call put_text
        mov di, nothing
        jmp wait_key

; AX: the mode of 800x600 at 32 bits with a linear frame buffer; carry when there is none.
find_mode:
        xor ax, ax
        mov es, ax
        mov di, SCRATCH
        mov dword [di], "VBE2"
        mov ax, 0x4f00
        int 0x10
        cmp ax, 0x004f
        jne .none
        lfs si, [SCRATCH + 14]
.next:
        mov cx, [fs:si]
        add si, 2
        cmp cx, 0xffff
        je .none
        push si
        push fs
        push cx
        mov di, SCRATCH + 512
        mov ax, 0x4f01
        int 0x10
        pop cx
        pop fs
        pop si
        cmp ax, 0x004f
        jne .next
        test byte [SCRATCH + 512], 0x80
        jz .next
        cmp word [SCRATCH + 512 + 18], 800
        jne .next
        cmp word [SCRATCH + 512 + 20], 600
        jne .next
        cmp byte [SCRATCH + 512 + 25], 32
        jne .next
        mov ax, [SCRATCH + 512 + 16]
        mov [pitch], ax
        mov eax, [SCRATCH + 512 + 40]
        mov [frame], eax
        mov ax, cx
        clc
        ret
.none:
        stc
        ret

; FS becomes flat: loaded in protected mode, the limit of 4 GiB stays in real mode.
flat_fs:
        cli
        lgdt [gdt_pointer]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp .protected
.protected:
        mov bx, 8
        mov fs, bx
        and al, 0xfe
        mov cr0, eax
        jmp .real
.real:
        xor bx, bx
        mov fs, bx
        sti
        ret

; Red grows to the right, green downwards, blue to the left.
gradient:
        mov edi, [frame]
        xor si, si                      ; y
.row:
        push edi
        xor cx, cx                      ; x
        mov ax, si
        mov bx, 255
        mul bx
        mov bx, 600
        div bx
        mov bp, ax                      ; green
.pixel:
        mov ax, cx
        mov bx, 255
        mul bx
        mov bx, 800
        div bx
        movzx eax, ax                   ; red
        movzx ebx, bp
        mov edx, 255
        sub edx, eax
        shl eax, 16
        shl ebx, 8
        or eax, ebx
        or eax, edx
        mov [fs:edi], eax
        add edi, 4
        inc cx
        cmp cx, 800
        jb .pixel
        pop edi
        movzx eax, word [pitch]
        add edi, eax
        inc si
        cmp si, 600
        jb .row
        ret

; Text at SI in white at FS:EDI, each pixel of the font `scale` pixels wide and high.
frame_text:
        lodsb
        test al, al
        jz .done
        movzx bp, al
        shl bp, 3
        add bp, [font]
        push edi
        mov cx, 8
.row:
        mov dl, [gs:bp]
        inc bp
        mov bx, [scale]
.again:
        push dx
        push edi
        mov ch, 8
.pixel:
        shl dl, 1
        push cx
        mov cx, [scale]
        jc .set
        movzx eax, cx
        lea edi, [edi + 4 * eax]
        jmp .next
.set:
        mov dword [fs:edi], 0x00ffffff
        add edi, 4
        loop .set
.next:
        pop cx
        dec ch
        jnz .pixel
        pop edi
        movzx eax, word [pitch]
        add edi, eax
        pop dx
        dec bx
        jnz .again
        dec cl
        jnz .row
        pop edi
        movzx eax, word [scale]
        shl eax, 5                      ; eight pixels of four bytes
        add edi, eax
        jmp frame_text
.done:
        ret

; ---- page 5: the keyboard ----

page_keys:
        call text_mode
        mov si, keys_title
        mov di, 1 * 160 + 2 * 2
        mov ah, 0x1f
        call put_text
        mov si, keys_help
        mov di, 3 * 160 + 2 * 2
        mov ah, 0x07
        call put_text
        mov si, last_text
        mov di, 5 * 160 + 2 * 2
        mov ah, 0x07
        call put_text
        mov si, ticks_text
        mov di, 7 * 160 + 2 * 2
        mov ah, 0x07
        call put_text
        mov word [ticks_at], 7 * 160 + 19 * 2
        mov word [echo_at], ECHO_FIRST
.next:
        call show_ticks
        mov ah, 1
        int 0x16
        jnz .key
        hlt
        jmp .next
.key:
        xor ah, ah
        int 0x16
        cmp al, 27
        je .leave
        push ax
        mov di, 5 * 160 + 26 * 2
        mov cx, TEXT_SEGMENT
        mov es, cx
        mov al, ah
        call put_hex
        add di, 18 * 2
        pop ax
        push ax
        call put_hex
        pop ax
        call echo
        jmp .next
.leave:
        mov ax, 1
        ret

; The character AL behind what was typed before.
ECHO_FIRST equ 10 * 160
ECHO_END   equ 24 * 160
echo:
        mov di, [echo_at]
        cmp al, 8
        je .back
        cmp al, 13
        je .line
        cmp al, ' '
        jb .done
        mov ah, 0x0a
        stosw
        jmp .moved
.back:
        cmp di, ECHO_FIRST
        je .done
        sub di, 2
        mov word [es:di], 0x0720
        jmp .moved
.line:
        mov ax, di
        mov bl, 160
        div bl
        inc al
        mul bl
        mov di, ax
.moved:
        cmp di, ECHO_END
        jb .fits
        mov di, ECHO_FIRST
.fits:
        mov [echo_at], di
.done:
        ret

; ---- data ----

PAGES equ 5
pages:          dw page_text, page_planes, page_palette, page_vbe, page_keys
page:           dw 0

; Scan code, what it does: 1 next page, -1 previous, 0 power off.
key_table:      db 0x39, 1, 0x1c, 1, 0x01, 1, 0x4d, 1, 0x50, 1
                db 0x0e, -1, 0x4b, -1, 0x48, -1
                db 0x10, 0
                db 0

name:           db "VESTIGE", 0
tagline:        db "Vestige: a whole PC in software, one page at a time", 0
ticks_text:     db "Timer interrupts:", 0
footer_text:    db "Space: next page   Backspace: previous page   Q: turn the machine off", 0
planes_text:    db "Mode 12h: 640 x 480 in 16 colours, four planes", 0
palette_text:   db "Mode 13h: the palette turns", 0
vbe_name:       db "VESTIGE", 0
vbe_text:       db "VBE: 800 x 600 in 16 million colours", 0
vbe_missing:    db "The VGA BIOS has no 800 x 600 mode with 32 bits.", 0
keys_title:     db " Keyboard ", 0
keys_help:      db "Type something. Esc goes back to the first page.", 0
last_text:      db "The last key: scan code ..   character code ..", 0
off_text:       db "It is now safe to leave.", 0

        align 8
gdt:            dq 0
                dq 0x00cf92000000ffff   ; data, base 0, 4 GiB
gdt_pointer:    dw 15
                dd gdt

ticks:          dd 0
old_timer:      dd 0
frame:          dd 0
pitch:          dw 0
font:           dw 0
scale:          dw 0
ticks_at:       dw 0
echo_at:        dw 0
x0:             dw 0
y0:             dw 0
x1:             dw 0
y1:             dw 0
delta_x:        dw 0
delta_y:        dw 0
step_x:         dw 0
step_y:         dw 0
radius:         dw 0
line_colour:    dw 0

        align 512, db 0
SECTORS equ ($ - $$) / 512
