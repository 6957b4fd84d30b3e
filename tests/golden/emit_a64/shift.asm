; Shifts by CL keep the flags when the count is 0.
; mode: code32 protected csflat
bits 32
    shl eax, cl
    sar edx, 3
    jc near $+0x40
;| 13 host instructions for 3 guest instructions, 15 words aside
;| block 1000
;|   0  sub x29, x29, #3
;|   1  tbnz x29, #0x3f, <aside>
;|   2  lsl w19, w19, w20
;|   3  asr w3, w21, #2
;|   4  asr w1, w3, #1
;|   5  mov w16, w1
;|   6  eor w17, w16, #0x10
;|   7  cmp w1, #0
;|   8  .byte 0x62, 0x84, 0x1f, 0xba
;|   9  mov w21, w1
;|  10  .byte 0x1f, 0x40, 0x00, 0xd5
;|  11  b.lo <aside>
;|  12  b <aside>
