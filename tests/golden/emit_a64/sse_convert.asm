; Comparison and conversion.
; mode: code32 protected csflat
bits 32
    cvtsi2sd xmm0, eax
    cvttsd2si ecx, xmm0
    maxps xmm1, xmm2
    comisd xmm0, xmm1
    jmp short $
;| 26 host instructions for 5 guest instructions, 54 words aside
;| block 1000
;|   0  sub x29, x29, #5
;|   1  tbnz x29, #0x3f, <aside>
;|   2  ldr w10, [vec_resident]
;|   3  cbnz w10, 5
;|   4  bl <vec_load>
;|   5  scvtf d2, w19
;|   6  ins v16.d[0], v2.d[0]
;|   7  fcvtzs w2, d16
;|   8  mrs x10, fpsr
;|   9  and w10, w10, w13
;|  10  cbnz w10, <aside>
;|  11  mov w20, w2
;|  12  fcmgt v2.4s, v17.4s, v18.4s
;|  13  mrs x10, fpsr
;|  14  and w10, w10, w13
;|  15  cbnz w10, <aside>
;|  16  bif v17.16b, v18.16b, v2.16b
;|  17  fcmpe d16, d17
;|  18  mrs x10, fpsr
;|  19  and w10, w10, w13
;|  20  cbnz w10, <aside>
;|  21  b.vs <aside>
;|  22  .byte 0xe8, 0x07, 0x00, 0xba
;|  23  movz w16, #0x1
;|  24  mov w17, w16
;|  25  b <aside>
