; x87 operations call shared code; where the last one stood is written behind them.
; mode: code32 protected csflat
bits 32
    fld qword [eax]
    fmul st0, st1
    fstp qword [ecx]
    jmp short $
;| 50 host instructions for 4 guest instructions, 58 words aside
;| block 1000
;|   0  sub x29, x29, #4
;|   1  tbnz x29, #0x3f, <aside>
;|   2  mov w8, w19
;|   3  lsr w10, w8, #0xc
;|   4  ldr x9, [x28, x10, lsl #3]
;|   5  cbz x9, <aside>
;|   6  tbnz x9, #0x3f, <aside>
;|   7  and w10, w8, #7
;|   8  cbnz w10, <aside>
;|   9  ldr x2, [x9, x8]
;|  10  bl <fld_m64>
;|  11  b <aside>
;|  12  movz w10, #0x1000
;|  13  str x10, [fip]
;|  14  movz w10, #0x500
;|  15  strh w10, [fop]
;|  16  ldrh w10, [seg[SEG_CS].selector]
;|  17  strh w10, [fcs]
;|  18  str x8, [fdp]
;|  19  ldrh w10, [seg[SEG_DS].selector]
;|  20  strh w10, [fds]
;|  21  movz w6, #0x1
;|  22  bl <fmul_st0>
;|  23  b <aside>
;|  24  movz w10, #0x1002
;|  25  str x10, [fip]
;|  26  movz w10, #0xc9
;|  27  strh w10, [fop]
;|  28  ldrh w10, [seg[SEG_CS].selector]
;|  29  strh w10, [fcs]
;|  30  mov w8, w20
;|  31  lsr w10, w8, #0xc
;|  32  ldr x9, [x15, x10, lsl #3]
;|  33  cbz x9, <aside>
;|  34  tbnz x9, #0x3f, <aside>
;|  35  and w10, w8, #7
;|  36  cbnz w10, <aside>
;|  37  bl <fstp_m64>
;|  38  b <aside>
;|  39  str x2, [x9, x8]
;|  40  movz w10, #0x1004
;|  41  str x10, [fip]
;|  42  movz w10, #0x519
;|  43  strh w10, [fop]
;|  44  ldrh w10, [seg[SEG_CS].selector]
;|  45  strh w10, [fcs]
;|  46  str x8, [fdp]
;|  47  ldrh w10, [seg[SEG_DS].selector]
;|  48  strh w10, [fds]
;|  49  b <aside>
