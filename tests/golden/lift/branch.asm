; Near branches: conditional, counted, indirect.
; mode: code32 protected
bits 32
    jz near $+0x100
    loop $-4
    jecxz $+10
    call near $+0x20
    call eax
    jmp [ebx+4]
    ret 8
;| insn 0 rip=1000 len=6
;|     brcc.4.e -> 1100 reads:Z
;|     jmp.4 -> 1006
;| insn 0 rip=1006 len=2
;|     lea.4 rcx = ds:[rcx-1].4
;|     brnz.4 rcx -> 1002
;|     jmp.4 -> 1008
;| insn 0 rip=1008 len=2
;|     brz.4 rcx -> 1012
;|     jmp.4 -> 100a
;| insn 0 rip=100a len=5
;|     push.4 100f
;|     jmp.4 -> 102a
;| insn 0 rip=100f len=2
;|     mov.4 t0 = rax
;|     push.4 1011
;|     jmp_ind.4 t0
;| insn 0 rip=1011 len=3
;|     mov.4 t0 = ds:[rbx+4].4
;|     jmp_ind.4 t0
;| insn 0 rip=1014 len=3
;|     pop.4 t0
;|     lea.4 rsp = ss:[rsp+8].4
;|     jmp_ind.4 t0
