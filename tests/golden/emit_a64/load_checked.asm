; A segment whose limit is compared.
; mode: code32 protected csflat checked
bits 32
    mov eax, [ebx]
    jmp short $
;| 19 host instructions for 2 guest instructions, 25 words aside
;| block 1000
;|   0  sub x29, x29, #2
;|   1  tbnz x29, #0x3f, <aside>
;|   2  mov w8, w22
;|   3  ldr w10, [seg[SEG_DS].start]
;|   4  sub w10, w8, w10
;|   5  ldr x11, [seg[SEG_DS].read_end]
;|   6  add x10, x10, #4
;|   7  sub x10, x11, x10
;|   8  tbnz x10, #0x3f, <aside>
;|   9  ldr w10, [seg[SEG_DS].base]
;|  10  add w8, w8, w10
;|  11  lsr w10, w8, #0xc
;|  12  ldr x9, [x28, x10, lsl #3]
;|  13  cbz x9, <aside>
;|  14  tbnz x9, #0x3f, <aside>
;|  15  and w10, w8, #3
;|  16  cbnz w10, <aside>
;|  17  ldr w19, [x9, x8]
;|  18  b <aside>
