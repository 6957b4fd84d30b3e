; Integer SSE2, and MMX with its registers in the record.
; mode: code32 protected csflat
bits 32
    paddd xmm0, xmm1
    pmaddwd xmm0, xmm2
    packssdw xmm0, xmm3
    pshufd xmm4, xmm0, 0x4e
    pmovmskb eax, xmm4
    psrldq xmm4, 4
    movd ecx, xmm4
    paddb mm0, mm1
    pmullw mm0, mm2
    jmp short $
;| 37 host instructions for 10 guest instructions, 11 words aside
;| block 1000
;|   0  sub x29, x29, #0xa
;|   1  tbnz x29, #0x3f, <aside>
;|   2  ldr w10, [vec_resident]
;|   3  cbnz w10, 5
;|   4  bl <vec_load>
;|   5  add v16.4s, v16.4s, v17.4s
;|   6  smull v2.4s, v16.4h, v18.4h
;|   7  smull2 v3.4s, v16.8h, v18.8h
;|   8  addp v16.4s, v2.4s, v3.4s
;|   9  sqxtn v16.4h, v16.4s
;|  10  sqxtn2 v16.8h, v19.4s
;|  11  ext v20.16b, v16.16b, v16.16b, #8
;|  12  ushr v2.16b, v20.16b, #7
;|  13  usra v2.8h, v2.8h, #7
;|  14  usra v2.4s, v2.4s, #0xe
;|  15  usra v2.2d, v2.2d, #0x1c
;|  16  umov w2, v2.b[0]
;|  17  umov w3, v2.b[8]
;|  18  orr w2, w2, w3, lsl #8
;|  19  mov w19, w2
;|  20  movi v2.2d, #0000000000000000
;|  21  ext v20.16b, v20.16b, v2.16b, #4
;|  22  fmov w2, s20
;|  23  mov w20, w2
;|  24  ldr d0, [st[0]]
;|  25  ldr d1, [st[1]]
;|  26  add v0.8b, v0.8b, v1.8b
;|  27  strb wzr, [ftop]
;|  28  strb wzr, [ftag]
;|  29  str d0, [st[0]]
;|  30  movz w10, #0xffff
;|  31  strh w10, [st[0].exponent]
;|  32  ldr d0, [st[0]]
;|  33  ldr d1, [st[2]]
;|  34  mul v0.4h, v0.4h, v1.4h
;|  35  str d0, [st[0]]
;|  36  b <aside>
