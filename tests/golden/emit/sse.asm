; SSE instructions come out as they are.
; mode: code32 protected csflat
bits 32
    movaps xmm0, [eax]
    addps xmm0, xmm1
    mulsd xmm2, xmm3
    jmp short $
;| 25 host instructions for 4 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 4
;|   1  js 14
;|   2  mov r8d, eax
;|   3  mov r9d, r8d
;|   4  shr r9d, 0xc
;|   5  mov r9, qword ptr [r13 + r9*8]
;|   6  test r9, r9
;|   7  jle 17
;|   8  test r8b, 0xf
;|   9  jne 17
;|  10  movaps xmm0, xmmword ptr [r8 + r9]
;|  11  addps xmm0, xmm1
;|  12  mulsd xmm2, xmm3
;|  13  jmp <exit code>
;|  14  add qword ptr [budget], 4
;|  15  mov r8d, 0x1000
;|  16  jmp <miss>
;|  17  call <load_strict>
;|  18  jmp 10
;|  19  add byte ptr [rax], dl
;|  20  add byte ptr [rax], al
;|  21  sbb byte ptr [r11], al
;|  22  adc byte ptr [rbx + 0xf], al
;|  23  sub byte ptr [rax + rcx], al
;|  24  jmp <leave_live>
