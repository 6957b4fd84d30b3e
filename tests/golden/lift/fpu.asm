; x87, MMX and SSE.
; mode: code32 protected
bits 32
    fld dword [eax]
    fstp tword [ebx]
    fadd st0, st3
    faddp st2, st0
    fsubr qword [ecx]
    fidiv word [ecx]
    fcomi st0, st1
    fcmovbe st0, st4
    fnstsw ax
    fnstcw [esp]
    wait
    fninit
    db 0xdd, 0xc9
    fnsave [eax]
    fxrstor [eax]
    emms
    movd mm0, eax
    paddb mm1, [eax]
    psllw mm3, 4
    pshufw mm0, mm1, 0x1b
    movaps xmm1, [eax]
    movups [ebx], xmm2
    addsd xmm0, xmm7
    cvttss2si eax, [ecx]
    ucomisd xmm0, [eax]
    pinsrw xmm0, [eax], 3
    psrldq xmm1, 5
    movhlps xmm0, xmm1
    maskmovdqu xmm0, xmm1
    db 0x64
    maskmovq mm0, mm1
    ldmxcsr [eax]
    stmxcsr [eax]
    sfence
    prefetcht0 [eax]
    movnti [eax], ecx
;| insn 0 rip=1000 len=2
;|     x87.fld_m32 ds:[rax].4 st0
;| insn 1 rip=1002 len=2
;|     x87.fstp_m80 ds:[rbx].4 st0
;| insn 2 rip=1004 len=2
;|     x87.fadd_st0 st3
;| insn 3 rip=1006 len=2
;|     x87.faddp st2
;| insn 4 rip=1008 len=2
;|     x87.fsubr_m64 ds:[rcx].4 st0
;| insn 5 rip=100a len=2
;|     x87.fidiv_m16 ds:[rcx].4 st0
;| insn 6 rip=100c len=2
;|     x87.fcomi st1 writes:OSZAPC
;| insn 7 rip=100e len=2
;|     x87.fcmovbe st4 reads:ZC
;| insn 8 rip=1010 len=2
;|     x87.fnstsw_ax rax st0
;| insn 9 rip=1012 len=3
;|     x87.fnstcw ss:[rsp].4 st0
;| insn 10 rip=1015 len=1
;| insn 11 rip=1016 len=2
;|     x87.fninit st0
;| insn 12 rip=1018 len=2
;|     x87.fxch st1
;| insn 13 rip=101a len=2
;|     lea.4 t0 = ds:[rax].4
;|     callout.fnsave t0 #403
;| insn 14 rip=101c len=3
;|     lea.4 t0 = ds:[rax].4
;|     callout.fxrstor t0 #403
;| insn 15 rip=101f len=2
;|     x87.emms st0
;| insn 16 rip=1021 len=3
;|     vec.movd_p mm0 = rax #0
;| insn 17 rip=1024 len=3
;|     vec.paddb_p mm1 = ds:[rax].4 #0
;| insn 18 rip=1027 len=4
;|     vec.psllw_pi mm3 #4
;| insn 19 rip=102b len=4
;|     vec.pshufw mm0 = mm1 #1b
;| insn 20 rip=102f len=3
;|     vec.movaps xmm1 = ds:[rax].4 #0
;| insn 21 rip=1032 len=3
;|     vec.movups_store ds:[rbx].4 = xmm2 #0
;| insn 22 rip=1035 len=4
;|     vec.addsd xmm0 = xmm7 #0
;| insn 23 rip=1039 len=4
;|     vec.cvttss2si rax = ds:[rcx].4 #0
;| insn 24 rip=103d len=4
;|     vec.ucomisd xmm0 = ds:[rax].4 #0 writes:OSZAPC
;| insn 25 rip=1041 len=5
;|     vec.pinsrw_x xmm0 = ds:[rax].4 #3
;| insn 26 rip=1046 len=5
;|     vec.psrldq xmm1 #5
;| insn 27 rip=104b len=3
;|     vec.movlps xmm0 = xmm1 #0
;| insn 28 rip=104e len=4
;|     mov.4 t0 = 50
;|     callout.maskmov t0, 51 #403
;| insn 29 rip=1052 len=4
;|     mov.4 t0 = 60
;|     callout.maskmov t0, 61 #404
;| insn 30 rip=1056 len=3
;|     mov.4 t0 = ds:[rax].4
;|     callout.ldmxcsr t0 #0
;| insn 31 rip=1059 len=3
;|     get.4 t0 @800
;|     mov.4 ds:[rax].4 = t0
;| insn 32 rip=105c len=3
;| insn 33 rip=105f len=3
;| insn 34 rip=1062 len=3
;|     mov.4 ds:[rax].4 = rcx
;|     jmp.4 -> 1065
