; Register arithmetic: dead flags cost nothing.
; mode: code32 protected csflat
bits 32
    add eax, ebx
    sub ecx, 4
    and edx, 0xff
    inc esi
    lea edi, [eax+ecx*4+8]
    cmp eax, ecx
    jne near $+0x100
;| 12 host instructions for 7 guest instructions, 16 words aside
;| block 1000
;|   0  sub x29, x29, #7
;|   1  tbnz x29, #0x3f, <aside>
;|   2  add w19, w19, w22
;|   3  sub w20, w20, #4
;|   4  and w21, w21, #0xff
;|   5  add w25, w25, #1
;|   6  add w26, w19, w20, lsl #2
;|   7  add w26, w26, #8
;|   8  eor w17, w19, w20
;|   9  subs w16, w19, w20
;|  10  b.ne <aside>
;|  11  b <aside>
