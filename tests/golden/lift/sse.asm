; SSE: moves, arithmetic, compare into flags, conversions.
; mode: code32 protected
bits 32
    movups xmm0, [eax]
    movaps [ebx], xmm1
    addps xmm2, [ecx]
    mulsd xmm3, xmm4
    comiss xmm0, xmm1
    cvtsi2sd xmm5, edx
    cvttss2si eax, xmm6
    pshufd xmm7, xmm0, 0x1b
    movd mm0, eax
    paddw mm1, mm0
    jmp short $
;| insn 0 rip=1000 len=3
;|     vec.movups xmm0 = ds:[rax].4 #0
;| insn 1 rip=1003 len=3
;|     vec.movaps_store ds:[rbx].4 = xmm1 #0
;| insn 2 rip=1006 len=3
;|     vec.addps xmm2 = ds:[rcx].4 #0
;| insn 3 rip=1009 len=4
;|     vec.mulsd xmm3 = xmm4 #0
;| insn 4 rip=100d len=3
;|     vec.comiss xmm0 = xmm1 #0 writes:OSZAPC
;| insn 5 rip=1010 len=4
;|     vec.cvtsi2sd xmm5 = rdx #0
;| insn 6 rip=1014 len=4
;|     vec.cvttss2si rax = xmm6 #0
;| insn 7 rip=1018 len=5
;|     vec.pshufd xmm7 = xmm0 #1b
;| insn 8 rip=101d len=3
;|     vec.movd_p mm0 = rax #0
;| insn 9 rip=1020 len=3
;|     vec.paddw_p mm1 = mm0 #0
;| insn 10 rip=1023 len=2
;|     jmp.4 -> 1023
