; The branch hash.
; mode: code32 protected csflat
bits 32
    ret
;| 28 host instructions for 1 guest instructions, 28 words aside
;| block 1000
;|   0  sub x29, x29, #1
;|   1  tbnz x29, #0x3f, <aside>
;|   2  mov w8, w23
;|   3  lsr w10, w8, #0xc
;|   4  ldr x9, [x28, x10, lsl #3]
;|   5  cbz x9, <aside>
;|   6  tbnz x9, #0x3f, <aside>
;|   7  and w10, w8, #3
;|   8  cbnz w10, <aside>
;|   9  ldr w4, [x9, x8]
;|  10  add w23, w23, #4
;|  11  mov w8, w4
;|  12  lsr w10, w8, #0xc
;|  13  ldr x10, [x14, x10, lsl #3]
;|  14  eor w9, w8, w8, lsr #12
;|  15  and w9, w9, #0xfff
;|  16  ldr x11, [hash]
;|  17  add x9, x11, x9, lsl #5
;|  18  ldr x12, [tag]
;|  19  ldp x0, x1, [x9]
;|  20  ldr x11, [x9, #0x10]
;|  21  orr x12, x12, x8
;|  22  eor x0, x0, x12
;|  23  eor x11, x11, x10
;|  24  orr x0, x0, x11
;|  25  cbnz x0, 27
;|  26  br x1
;|  27  b <miss>
