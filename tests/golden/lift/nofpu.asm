; x87 and SSE where they cannot be used.
; mode: code32 protected nofpu nosse
bits 32
    fld1
    wait
    paddb mm1, mm2
    addps xmm0, xmm1
;| insn 0 rip=1000 len=2
;|     callout.raise #7
;| insn 0 rip=1002 len=1
;|     callout.fpu_check #1
;| insn 1 rip=1003 len=3
;|     callout.raise #7
;| insn 0 rip=1006 len=3
;|     callout.raise #7
