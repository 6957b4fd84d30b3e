; Read-modify-write.
; mode: code32 protected csflat
bits 32
    add dword [ebx], 1
    jmp short $
;| 16 host instructions for 2 guest instructions, 28 words aside
;| block 1000
;|   0  sub x29, x29, #2
;|   1  tbnz x29, #0x3f, <aside>
;|   2  mov w8, w22
;|   3  lsr w10, w8, #0xc
;|   4  ldr x9, [x15, x10, lsl #3]
;|   5  cbz x9, <aside>
;|   6  tbnz x9, #0x3f, <aside>
;|   7  and w10, w8, #3
;|   8  cbnz w10, <aside>
;|   9  ldr w0, [x9, x8]
;|  10  mov w17, w0
;|  11  adds w1, w0, #1
;|  12  mov w16, w1
;|  13  str w1, [x9, x8]
;|  14  .byte 0x1f, 0x40, 0x00, 0xd5
;|  15  b <aside>
