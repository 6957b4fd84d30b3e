; Stack instructions and near transfers, 32-bit.
; mode: code32 protected
bits 32
    push eax
    push esp
    push byte -1
    push word [ebx]
    push ds
    pop es
    pop dword [esp+8]
    pop word [ebx]
    pop esp
    pusha
    popf
    enter 0x20, 2
    leave
    o16 leave
    call [ebx]
    call $+5
    ret
    ret 8
    retf 4
    iret
    pop ss
    nop
    sti
    nop
;| insn 0 rip=1000 len=1
;|     push.4 rax
;| insn 1 rip=1001 len=1
;|     push.4 rsp
;| insn 2 rip=1002 len=2
;|     push.4 ffffffff
;| insn 3 rip=1004 len=3
;|     mov.2 t0 = ds:[rbx].4
;|     push.2 t0
;| insn 4 rip=1007 len=1
;|     get.4 t0 @408
;|     push.4 t0
;| insn 5 rip=1008 len=1
;|     callout.seg_pop #400
;| insn 6 rip=1009 len=4
;|     mov.4 t0 = ss:[rsp].4
;|     mov.4 ss:[rsp+c].4 = t0
;|     lea.4 rsp = ss:[rsp+4].4
;| insn 7 rip=100d len=3
;|     mov.2 t0 = ss:[rsp].4
;|     mov.2 ds:[rbx].4 = t0
;|     lea.4 rsp = ss:[rsp+2].4
;| insn 8 rip=1010 len=1
;|     pop.4 rsp
;| insn 9 rip=1011 len=1
;|     callout.pusha #4
;| insn 10 rip=1012 len=1
;|     pop.4 t0
;|     callout.flags_set t0 #0
;| insn 11 rip=1013 len=4
;|     mov.4 t0 = 20
;|     callout.enter t0, 2 #4
;| insn 12 rip=1017 len=1
;|     mov.4 t0 = ss:[rbp].4
;|     lea.4 rsp = ss:[rbp+4].4
;|     mov.4 rbp = t0
;| insn 13 rip=1018 len=2
;|     mov.2 t0 = ss:[rbp].4
;|     lea.4 rsp = ss:[rbp+2].4
;|     mov.2 rbp = t0
;| insn 14 rip=101a len=2
;|     mov.4 t0 = ds:[rbx].4
;|     push.4 101c
;|     jmp_ind.4 t0
;| insn 0 rip=101c len=5
;|     push.4 1021
;|     jmp.4 -> 1021
;| insn 0 rip=1021 len=1
;|     pop.4 t0
;|     jmp_ind.4 t0
;| insn 0 rip=1022 len=3
;|     pop.4 t0
;|     lea.4 rsp = ss:[rsp+8].4
;|     jmp_ind.4 t0
;| insn 0 rip=1025 len=3
;|     callout.far_ret #404
;| insn 0 rip=1028 len=1
;|     callout.iret #4
;| insn 0 rip=1029 len=1
;|     callout.seg_pop #402
;|     jmp.4 -> 102a
;| insn 0 rip=102a len=1
;| insn 1 rip=102b len=1
;|     callout.sti #0
;| insn 2 rip=102c len=1
;|     jmp.4 -> 102d
