; SSE3 to SSE4.2, AES, and the general instructions of their time.
; mode: code32 protected
bits 32
    haddps xmm0, [eax]
    lddqu xmm1, [ebx+1]
    movddup xmm2, xmm3
    pshufb mm0, [ecx]
    pshufb xmm4, xmm5
    palignr xmm6, xmm7, 5
    pblendvb xmm1, [edx], xmm0
    ptest xmm1, xmm2
    pmovsxbq xmm3, [esi]
    roundsd xmm4, [edi], 9
    pextrb [eax], xmm1, 3
    pextrd esp, xmm1, 2
    pinsrb xmm2, [ebx], 15
    insertps xmm3, [ecx], 0x1c
    dpps xmm5, xmm6, 0x71
    pcmpistri xmm1, [eax], 0x0c
    pcmpestrm xmm1, xmm2, 0x40
    aesenc xmm0, xmm1
    pclmulqdq xmm2, xmm3, 0x11
    crc32 eax, bh
    crc32 ebx, word [ecx]
    crc32 esp, edx
    popcnt ax, cx
    popcnt ebx, [edx]
    movbe eax, [ebx]
    movbe [ecx], dx
    jmp short $
;| insn 0 rip=1000 len=4
;|     vec.haddps xmm0 = ds:[rax].4 #0
;| insn 1 rip=1004 len=5
;|     vec.lddqu xmm1 = ds:[rbx+1].4 #0
;| insn 2 rip=1009 len=4
;|     vec.movddup xmm2 = xmm3 #0
;| insn 3 rip=100d len=4
;|     vec.pshufb_p mm0 = ds:[rcx].4 #0
;| insn 4 rip=1011 len=5
;|     vec.pshufb_x xmm4 = xmm5 #0
;| insn 5 rip=1016 len=6
;|     vec.palignr_x xmm6 = xmm7 #5
;| insn 6 rip=101c len=5
;|     vec.pblendvb xmm1 = ds:[rdx].4 #0
;| insn 7 rip=1021 len=5
;|     vec.ptest xmm1 = xmm2 #0 writes:OSZAPC
;| insn 8 rip=1026 len=5
;|     vec.pmovsxbq xmm3 = ds:[rsi].4 #0
;| insn 9 rip=102b len=6
;|     vec.roundsd xmm4 = ds:[rdi].4 #9
;| insn 10 rip=1031 len=6
;|     vec.pextrb ds:[rax].4 = xmm1 #3
;| insn 11 rip=1037 len=6
;|     vec.pextrd rsp = xmm1 #2
;| insn 12 rip=103d len=6
;|     vec.pinsrb xmm2 = ds:[rbx].4 #f
;| insn 13 rip=1043 len=6
;|     vec.insertps xmm3 = ds:[rcx].4 #1c
;| insn 14 rip=1049 len=6
;|     vec.dpps xmm5 = xmm6 #71
;| insn 15 rip=104f len=6
;|     vec.pcmpistri xmm1 = ds:[rax].4 #c writes:OSZAPC
;| insn 16 rip=1055 len=6
;|     vec.pcmpestrm xmm1 = xmm2 #40 writes:OSZAPC
;| insn 17 rip=105b len=5
;|     vec.aesenc xmm0 = xmm1 #0
;| insn 18 rip=1060 len=6
;|     vec.pclmulqdq xmm2 = xmm3 #11
;| insn 19 rip=1066 len=5
;|     vec.crc32_b rax = bh #0
;| insn 20 rip=106b len=6
;|     vec.crc32_w rbx = ds:[rcx].4 #0
;| insn 21 rip=1071 len=5
;|     vec.crc32_d rsp = rdx #0
;| insn 22 rip=1076 len=5
;|     vec.popcnt_w rax = rcx #0 writes:OSZAPC
;| insn 23 rip=107b len=4
;|     vec.popcnt_d rbx = ds:[rdx].4 #0 writes:OSZAPC
;| insn 24 rip=107f len=4
;|     vec.movbe_d rax = ds:[rbx].4 #0
;| insn 25 rip=1083 len=5
;|     vec.movbe_store_w ds:[rcx].4 = rdx #0
;| insn 26 rip=1088 len=2
;|     jmp.4 -> 1088
