; 16-bit real-mode code: 16-bit addresses, prefixes, segment overrides.
; mode: real
bits 16
    mov ax, [bx+si-2]
    mov [cs:0x1234], al
    mov es, [bp+2]
    mov word [di], es
    mov ax, ds
    mov eax, [esp+ecx*2]
    add word [bp+di], byte -1
    les di, [bx]
    push dword 0x12345678
    pop word [bp]
    in al, 0x60
    out dx, ax
    loopne $
    jcxz $
    call 0xf000:0x1234
    int 0x10
    jmp near $-0x1005
;| insn 0 rip=1000 len=3
;|     mov.2 rax = ds:[rbx+rsi<<0-2].2
;| insn 1 rip=1003 len=4
;|     mov.1 cs:[1234].2 = rax
;| insn 2 rip=1007 len=3
;|     mov.2 t0 = ss:[rbp+2].2
;|     callout.seg_load t0 #0
;| insn 3 rip=100a len=2
;|     get.4 t0 @240
;|     mov.2 ds:[rdi].2 = t0
;| insn 4 rip=100c len=2
;|     get.2 rax @408
;| insn 5 rip=100e len=5
;|     mov.4 rax = ss:[rsp+rcx<<1].4
;| insn 6 rip=1013 len=3
;|     add.2 ss:[rbp+rdi<<0].2 = ss:[rbp+rdi<<0].2, ffff writes:OSZAPC
;| insn 7 rip=1016 len=2
;|     mov.2 t0 = ds:[rbx].2
;|     mov.2 t1 = ds:[rbx+2].2
;|     callout.load_far t0, t1 #20700
;| insn 8 rip=1018 len=6
;|     push.4 12345678
;| insn 9 rip=101e len=3
;|     mov.2 t0 = ss:[rsp].2
;|     mov.2 ss:[rbp].2 = t0
;|     lea.2 rsp = ss:[rsp+2].2
;| insn 10 rip=1021 len=2
;|     mov.2 t0 = 60
;|     callout.port_in rax = t0 #1
;| insn 11 rip=1023 len=1
;|     mov.2 t0 = rdx
;|     mov.2 t1 = rax
;|     callout.port_out t0, t1 #2
;| insn 12 rip=1024 len=2
;|     lea.2 rcx = ds:[rcx-1].2
;|     brz.2 rcx -> 1026
;|     brcc.4.ne -> 1024 reads:Z
;|     jmp.4 -> 1026
;| insn 0 rip=1026 len=2
;|     brz.2 rcx -> 1026
;|     jmp.4 -> 1028
;| insn 0 rip=1028 len=5
;|     mov.4 t0 = 1234
;|     mov.4 t1 = f000
;|     callout.far_call t0, t1 #2
;| insn 0 rip=102d len=2
;|     callout.int_n #10
;| insn 0 rip=102f len=3
;|     jmp.4 -> 2a
