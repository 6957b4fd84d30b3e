; Pushes, pops, call.
; mode: code32 protected csflat
bits 32
    push ebp
    mov ebp, esp
    pop ebp
    call near $+0x80
;| 32 host instructions for 4 guest instructions, 68 words aside
;| block 1000
;|   0  sub x29, x29, #4
;|   1  tbnz x29, #0x3f, <aside>
;|   2  sub w8, w23, #4
;|   3  lsr w10, w8, #0xc
;|   4  ldr x9, [x15, x10, lsl #3]
;|   5  cbz x9, <aside>
;|   6  tbnz x9, #0x3f, <aside>
;|   7  and w10, w8, #3
;|   8  cbnz w10, <aside>
;|   9  str w24, [x9, x8]
;|  10  mov w23, w8
;|  11  mov w24, w23
;|  12  mov w8, w23
;|  13  lsr w10, w8, #0xc
;|  14  ldr x9, [x28, x10, lsl #3]
;|  15  cbz x9, <aside>
;|  16  tbnz x9, #0x3f, <aside>
;|  17  and w10, w8, #3
;|  18  cbnz w10, <aside>
;|  19  ldr w24, [x9, x8]
;|  20  add w23, w23, #4
;|  21  sub w8, w23, #4
;|  22  lsr w10, w8, #0xc
;|  23  ldr x9, [x15, x10, lsl #3]
;|  24  cbz x9, <aside>
;|  25  tbnz x9, #0x3f, <aside>
;|  26  and w10, w8, #3
;|  27  cbnz w10, <aside>
;|  28  movz w1, #0x1009
;|  29  str w1, [x9, x8]
;|  30  mov w23, w8
;|  31  b <aside>
