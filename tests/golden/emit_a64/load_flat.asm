; Loads and stores through flat segments.
; mode: code32 protected csflat
bits 32
    mov eax, [ebx+8]
    mov [esi], ecx
    jmp short $
;| 19 host instructions for 3 guest instructions, 45 words aside
;| block 1000
;|   0  sub x29, x29, #3
;|   1  tbnz x29, #0x3f, <aside>
;|   2  add w8, w22, #8
;|   3  lsr w10, w8, #0xc
;|   4  ldr x9, [x28, x10, lsl #3]
;|   5  cbz x9, <aside>
;|   6  tbnz x9, #0x3f, <aside>
;|   7  and w10, w8, #3
;|   8  cbnz w10, <aside>
;|   9  ldr w19, [x9, x8]
;|  10  mov w8, w25
;|  11  lsr w10, w8, #0xc
;|  12  ldr x9, [x15, x10, lsl #3]
;|  13  cbz x9, <aside>
;|  14  tbnz x9, #0x3f, <aside>
;|  15  and w10, w8, #3
;|  16  cbnz w10, <aside>
;|  17  str w20, [x9, x8]
;|  18  b <aside>
