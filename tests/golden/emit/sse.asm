; SSE instructions come out as they are.
; mode: code32 protected csflat
bits 32
    movaps xmm0, [eax]
    addps xmm0, xmm1
    mulsd xmm2, xmm3
    jmp short $
;| 21 host instructions for 4 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 4
;|   1  js 17
;|   2  cmp dword ptr [vec_resident], 0
;|   3  jne 5
;|   4  call <vec_load>
;|   5  mov r8d, eax
;|   6  mov r9d, r8d
;|   7  shr r9d, 0xc
;|   8  mov r9, qword ptr [r13 + r9*8]
;|   9  test r9, r9
;|  10  jle 18
;|  11  test r8b, 0xf
;|  12  jne 18
;|  13  movaps xmm0, xmmword ptr [r8 + r9]
;|  14  addps xmm0, xmm1
;|  15  mulsd xmm2, xmm3
;|  16  jmp 20
;|  17  call <poll>
;|  18  call <load_strict>
;|  19  jmp 13
;|  20  call <exit>
