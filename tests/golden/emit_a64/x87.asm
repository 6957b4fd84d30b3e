; x87 operations call shared code; where the last one stood is written behind them.
; mode: code32 protected csflat
bits 32
    fld qword [eax]
    fmul st0, st1
    fcomi st0, st2
    fnstsw ax
    fistp dword [ecx]
    jmp short $
;| 63 host instructions for 6 guest instructions, 73 words aside
;| block 1000
;|   0  sub x29, x29, #6
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
;|  30  movz w6, #0x2
;|  31  bl <fcomi>
;|  32  b <aside>
;|  33  movz w10, #0x1004
;|  34  str x10, [fip]
;|  35  movz w10, #0x3f2
;|  36  strh w10, [fop]
;|  37  ldrh w10, [seg[SEG_CS].selector]
;|  38  strh w10, [fcs]
;|  39  ldrh w10, [x27, #0x3aa]
;|  40  ldrb w11, [ftop]
;|  41  bfi w10, w11, #0xb, #3
;|  42  bfxil w19, w10, #0, #0x10
;|  43  mov w8, w20
;|  44  lsr w10, w8, #0xc
;|  45  ldr x9, [x15, x10, lsl #3]
;|  46  cbz x9, <aside>
;|  47  tbnz x9, #0x3f, <aside>
;|  48  and w10, w8, #3
;|  49  cbnz w10, <aside>
;|  50  bl <fistp_m32>
;|  51  b <aside>
;|  52  str w2, [x9, x8]
;|  53  movz w10, #0x1008
;|  54  str x10, [fip]
;|  55  movz w10, #0x319
;|  56  strh w10, [fop]
;|  57  ldrh w10, [seg[SEG_CS].selector]
;|  58  strh w10, [fcs]
;|  59  str x8, [fdp]
;|  60  ldrh w10, [seg[SEG_DS].selector]
;|  61  strh w10, [fds]
;|  62  b <aside>
