; String instructions, alone and repeated.
; mode: code32 protected
bits 32
    movsb
    o16 movsw
    fs lodsd
    stosd
    scasb
    cmpsw
    rep movsd
    repne scasb
    gs repe cmpsb
    a16 rep stosb
    insb
    rep outsd
    cld
    loop $
    loope $
;| insn 0 rip=1000 len=1
;|     mov.1 t0 = ds:[rsi].4
;|     mov.1 es:[rdi].4 = t0
;|     advance.4 rsi by 1
;|     advance.4 rdi by 1
;| insn 1 rip=1001 len=2
;|     mov.2 t0 = ds:[rsi].4
;|     mov.2 es:[rdi].4 = t0
;|     advance.4 rsi by 2
;|     advance.4 rdi by 2
;| insn 2 rip=1003 len=2
;|     mov.4 rax = fs:[rsi].4
;|     advance.4 rsi by 4
;| insn 3 rip=1005 len=1
;|     mov.4 es:[rdi].4 = rax
;|     advance.4 rdi by 4
;| insn 4 rip=1006 len=1
;|     cmp.1 rax, es:[rdi].4 writes:OSZAPC
;|     advance.4 rdi by 1
;| insn 5 rip=1007 len=2
;|     mov.2 t0 = ds:[rsi].4
;|     cmp.2 t0, es:[rdi].4 writes:OSZAPC
;|     advance.4 rsi by 2
;|     advance.4 rdi by 2
;| insn 6 rip=1009 len=2
;|     callout.string_movs #1344
;| insn 7 rip=100b len=2
;|     callout.string_scas #2041
;| insn 8 rip=100d len=3
;|     callout.string_cmps #1541
;| insn 9 rip=1010 len=3
;|     callout.string_stos #1021
;| insn 10 rip=1013 len=1
;|     callout.string_ins #41
;| insn 11 rip=1014 len=2
;|     callout.string_outs #1344
;| insn 12 rip=1016 len=1
;|     mov.4 t0 = 1
;|     put.4 t0 @196
;| insn 13 rip=1017 len=2
;|     lea.4 rcx = ds:[rcx-1].4
;|     brnz.4 rcx -> 1017
;|     jmp.4 -> 1019
;| insn 0 rip=1019 len=2
;|     lea.4 rcx = ds:[rcx-1].4
;|     brz.4 rcx -> 101b
;|     brcc.4.e -> 1019 reads:Z
;|     jmp.4 -> 101b
