; A whole firmware of 8 KiB that finds out on which processor it runs, as programs of the time did, and
; writes one line to port E9h:
;
;   pushsp=new|old shl=HEX flags=HEX/HEX wrap=yes|no word=wrap|fault ud=yes|no msw=HEX|- ac=yes|no id=yes|no vendor signature
;
; It begins with code for the 8086 and goes on only as far as the processor is new enough.
        bits 16
        cpu 8086
        org 0xe000

start:  cli
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7000
        mov word [6 * 4], fault
        mov word [6 * 4 + 2], cs
        mov word [13 * 4], fault
        mov word [13 * 4 + 2], cs

        mov si, t_pushsp
        call text
        mov si, t_new
        push sp
        pop ax
        cmp ax, sp
        jne .said
        mov si, t_old
.said:  call text

        mov si, t_shl
        call text
        mov ax, 1
        mov cl, 33
        shl ax, cl
        call hex

        mov si, t_flags
        call text
        xor ax, ax
        call flags
        mov al, '/'
        out 0xe9, al
        mov ax, 0xf000
        call flags

        mov si, t_wrap
        call text
        mov ax, 0xffff
        mov es, ax
        mov word [0x500], 0x1234
        mov word [es:0x510], 0x4321
        cmp word [0x500], 0x4321
        call yes_if_zero
        xor ax, ax
        mov es, ax

        mov si, t_word
        call text
        mov bp, .faulted
        mov ax, [0xffff]
        mov si, t_wraps
        jmp .word
.faulted:
        mov si, t_faults
.word:  call text

        mov si, t_ud
        call text
        push sp
        pop ax
        cmp ax, sp
        je .newer
        mov cl, 33
        mov ax, 1
        shl ax, cl
        or ax, ax
        jz .no_ud                   ; an 8086 would run anything
.newer: mov bp, .ud
        db 0xff, 0xff               ; FF /7
        jmp .no_ud
.ud:    mov si, t_yes
        jmp .ud_said
.no_ud: mov si, t_no
.ud_said:
        call text

        mov si, t_msw
        call text
        push sp
        pop ax
        cmp ax, sp
        je .has_msw
        mov al, '-'
        out 0xe9, al
        jmp done
        cpu 286
.has_msw:
        smsw ax
        call hex
        mov ax, 0xf000
        push ax
        popf
        pushf
        pop ax
        test ax, 0xf000
        jz done

        cpu 586
        mov si, t_ac
        call text
        mov ecx, 1 << 18
        call toggles
        mov si, t_id
        call text
        mov ecx, 1 << 21
        call toggles
        jz done
        mov al, ' '
        out 0xe9, al
        xor eax, eax
        cpuid
        mov eax, ebx
        call four
        mov eax, edx
        call four
        mov eax, ecx
        call four
        mov al, ' '
        out 0xe9, al
        mov eax, 1
        cpuid
        call hex
done:   mov al, 10
        out 0xe9, al
        mov al, 1
        out 0xf4, al
        hlt

; Prints the four characters of EAX.
four:   mov bp, 4
.next:  out 0xe9, al
        shr eax, 8
        dec bp
        jnz .next
        ret

; Whether the bit ECX of EFLAGS can be changed: prints it, and ZF says no.
toggles:
        pushfd
        pop eax
        mov ebx, eax
        xor eax, ecx
        push eax
        popfd
        pushfd
        pop eax
        push ebx
        popfd
        xor eax, ebx
        and eax, ecx
        mov si, t_yes
        jnz .said
        mov si, t_no
.said:  pushfd
        call text
        popfd
        ret

        cpu 8086
; Prints bits 12 to 15 of FLAGS after AX was loaded into it.
flags:  push ax
        popf
        pushf
        pop ax
        and ax, 0xf000
        jmp hex

yes_if_zero:
        mov si, t_yes
        jz text
        mov si, t_no
; Prints the text at CS:SI.
text:   cs lodsb
        or al, al
        jz .end
        out 0xe9, al
        jmp text
.end:   ret

; Prints AX.
hex:    mov dx, ax
        mov cx, 4
.digit: push cx
        mov cl, 4
        rol dx, cl
        mov al, dl
        and al, 15
        add al, '0'
        cmp al, '9'
        jbe .out
        add al, 'a' - '0' - 10
.out:   out 0xe9, al
        pop cx
        loop .digit
        ret

; Exceptions 6 and 13 go on at CS:BP.
fault:  add sp, 6
        jmp bp

t_pushsp db 'pushsp=', 0
t_new   db 'new', 0
t_old   db 'old', 0
t_shl   db ' shl=', 0
t_flags db ' flags=', 0
t_wrap  db ' wrap=', 0
t_yes   db 'yes', 0
t_no    db 'no', 0
t_word  db ' word=', 0
t_wraps db 'wrap', 0
t_faults db 'fault', 0
t_ud    db ' ud=', 0
t_msw   db ' msw=', 0
t_ac    db ' ac=', 0
t_id    db ' id=', 0

        times 0x1ff0 - ($ - $$) db 0
        jmp 0xf000:start
        times 0x2000 - ($ - $$) db 0xff
