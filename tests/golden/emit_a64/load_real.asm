; 16-bit code: 64 KiB segments with a base.
; mode: based64k
bits 16
    mov ax, [bx+2]
    mov [es:di], al
    jmp short $
;| 23 host instructions for 3 guest instructions, 53 words aside
;| block 1000
;|   0  sub x29, x29, #3
;|   1  tbnz x29, #0x3f, <aside>
;|   2  add w8, w22, #2
;|   3  uxth w8, w8
;|   4  ldr w10, [seg[SEG_DS].base]
;|   5  add w8, w8, w10
;|   6  lsr w10, w8, #0xc
;|   7  ldr x9, [x28, x10, lsl #3]
;|   8  cbz x9, <aside>
;|   9  tbnz x9, #0x3f, <aside>
;|  10  and w10, w8, #1
;|  11  cbnz w10, <aside>
;|  12  ldrh w1, [x9, x8]
;|  13  bfxil w19, w1, #0, #0x10
;|  14  uxth w8, w26
;|  15  ldr w10, [seg[SEG_ES].base]
;|  16  add w8, w8, w10
;|  17  lsr w10, w8, #0xc
;|  18  ldr x9, [x15, x10, lsl #3]
;|  19  cbz x9, <aside>
;|  20  tbnz x9, #0x3f, <aside>
;|  21  strb w19, [x9, x8]
;|  22  b <aside>
