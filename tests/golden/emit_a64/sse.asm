; Vectors in NEON registers; floating point is computed aside, then looked at.
; mode: code32 protected csflat
bits 32
    movaps xmm0, [eax]
    addps xmm0, xmm1
    mulsd xmm2, xmm3
    jmp short $
;| 24 host instructions for 4 guest instructions, 56 words aside
;| block 1000
;|   0  sub x29, x29, #4
;|   1  tbnz x29, #0x3f, <aside>
;|   2  ldr w10, [vec_resident]
;|   3  cbnz w10, 5
;|   4  bl <vec_load>
;|   5  mov w8, w19
;|   6  lsr w10, w8, #0xc
;|   7  ldr x9, [x28, x10, lsl #3]
;|   8  cbz x9, <aside>
;|   9  tbnz x9, #0x3f, <aside>
;|  10  and w10, w8, #0xf
;|  11  cbnz w10, <aside>
;|  12  ldr q16, [x9, x8]
;|  13  fadd v2.4s, v16.4s, v17.4s
;|  14  mrs x10, fpsr
;|  15  and w10, w10, w13
;|  16  cbnz w10, <aside>
;|  17  mov v16.16b, v2.16b
;|  18  fmul d2, d18, d19
;|  19  mrs x10, fpsr
;|  20  and w10, w10, w13
;|  21  cbnz w10, <aside>
;|  22  ins v18.d[0], v2.d[0]
;|  23  b <aside>
