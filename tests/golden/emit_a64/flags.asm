; Flags that live over a memory access.
; mode: code32 protected csflat
bits 32
    cmp eax, ecx
    mov edx, [ebx]
    setl al
    adc edx, 0
    jmp short $
;| 21 host instructions for 5 guest instructions, 27 words aside
;| block 1000
;|   0  sub x29, x29, #5
;|   1  tbnz x29, #0x3f, <aside>
;|   2  eor w17, w19, w20
;|   3  subs w16, w19, w20
;|   4  mov w8, w22
;|   5  lsr w10, w8, #0xc
;|   6  ldr x9, [x28, x10, lsl #3]
;|   7  cbz x9, <aside>
;|   8  tbnz x9, #0x3f, <aside>
;|   9  and w10, w8, #3
;|  10  cbnz w10, <aside>
;|  11  ldr w21, [x9, x8]
;|  12  cset w1, lt
;|  13  bfxil w19, w1, #0, #8
;|  14  .byte 0x1f, 0x40, 0x00, 0xd5
;|  15  mov w17, w21
;|  16  movz w3, #0, lsl #16
;|  17  adcs w21, w21, w3
;|  18  mov w16, w21
;|  19  .byte 0x1f, 0x40, 0x00, 0xd5
;|  20  b <aside>
