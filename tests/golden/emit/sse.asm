; SSE instructions come out as they are.
; mode: code32 protected csflat
bits 32
    movaps xmm0, [eax]
    addps xmm0, xmm1
    mulsd xmm2, xmm3
    jmp short $
;| 20 host instructions for 4 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 4
;|   1  js 14
;|   2  mov r8d, eax
;|   3  mov r9d, r8d
;|   4  shr r9d, 0xc
;|   5  mov r9, qword ptr [r13 + r9*8]
;|   6  test r9, r9
;|   7  jle 15
;|   8  test r8b, 0xf
;|   9  jne 15
;|  10  movaps xmm0, xmmword ptr [r8 + r9]
;|  11  addps xmm0, xmm1
;|  12  mulsd xmm2, xmm3
;|  13  jmp 19
;|  14  call <poll>
;|  15  call <load_strict>
;|  16  jmp 10
;|  17  movaps xmm0, xmmword ptr [r8 + r9]
;|  18  jmp <leave_live>
;|  19  call <exit>
