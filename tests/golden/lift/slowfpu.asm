; x87 while exceptions are unmasked or pending.
; mode: code32 protected slowfpu
bits 32
    fld dword [fs:eax]
    fadd st0, st3
    fnstsw ax
    fnclex
    wait
    fldenv [eax]
    paddb mm1, mm2
;| insn 0 rip=1000 len=3
;|     callout.fpu_check #0
;|     lea.4 t0 = fs:[rax].4
;|     callout.x87_memory t0 #10000040010
;| insn 1 rip=1003 len=2
;|     callout.fpu_check #0
;|     callout.x87 #c300030008
;| insn 2 rip=1005 len=2
;|     callout.x87 #7e00000007f
;| insn 3 rip=1007 len=2
;|     callout.x87 #3e20002004b
;| insn 4 rip=1009 len=1
;|     callout.fpu_check #1
;| insn 5 rip=100a len=2
;|     callout.fpu_check #0
;|     lea.4 t0 = ds:[rax].4
;|     callout.fldenv t0 #403
;| insn 6 rip=100c len=3
;|     callout.fpu_check #0
;|     vec.paddb_p mm1 = mm2 #0
;|     jmp.4 -> 100f
