; x87 instructions run in the host's x87.
; mode: code32 protected csflat
bits 32
    fld dword [ebx]
    fadd st0, st1
    fstp qword [ecx]
    jmp short $
;| 74 host instructions for 4 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 4
;|   1  js 33
;|   2  cmp dword ptr [fpu_resident], 0
;|   3  jne 5
;|   4  call <fpu_load>
;|   5  mov r8d, ebx
;|   6  mov r9d, r8d
;|   7  shr r9d, 0xc
;|   8  mov r9, qword ptr [r13 + r9*8]
;|   9  test r9, r9
;|  10  jle 34
;|  11  test r8b, 3
;|  12  jne 34
;|  13  fld dword ptr [r8 + r9]
;|  14  mov dword ptr [fdp], r8d
;|  15  fadd st(1)
;|  16  mov r8d, ecx
;|  17  mov r9d, r8d
;|  18  shr r9d, 0xc
;|  19  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|  20  test r9, r9
;|  21  jle 52
;|  22  test r8b, 7
;|  23  jne 52
;|  24  fstp qword ptr [r8 + r9]
;|  25  mov dword ptr [fdp], r8d
;|  26  mov dword ptr [fip], 0x1004
;|  27  mov word ptr [fop], 0x519
;|  28  movzx r12d, word ptr [seg[SEG_CS].selector]
;|  29  mov word ptr [fcs], r12w
;|  30  movzx r12d, word ptr [seg[SEG_DS].selector]
;|  31  mov word ptr [fds], r12w
;|  32  jmp 73
;|  33  call <poll>
;|  34  call <check>
;|  35  jmp 13
;|  36  mov r9, <access>
;|  37  call <access>
;|  38  fld dword ptr [slow_value]
;|  39  mov dword ptr [fdp], r8d
;|  40  cmp dword ptr [leave], 0
;|  41  je 49
;|  42  mov dword ptr [fip], 0x1000
;|  43  mov word ptr [fop], 0x103
;|  44  movzx r12d, word ptr [seg[SEG_CS].selector]
;|  45  mov word ptr [fcs], r12w
;|  46  movzx r12d, word ptr [seg[SEG_DS].selector]
;|  47  mov word ptr [fds], r12w
;|  48  jmp <leave_live>
;|  49  jmp 15
;|  50  mov dword ptr [fdp], r8d
;|  51  jmp 26
;|  52  mov dword ptr [fip], 0x1002
;|  53  mov word ptr [fop], 0xc1
;|  54  movzx r12d, word ptr [seg[SEG_CS].selector]
;|  55  mov word ptr [fcs], r12w
;|  56  movzx r12d, word ptr [seg[SEG_DS].selector]
;|  57  mov word ptr [fds], r12w
;|  58  call <check>
;|  59  jmp 24
;|  60  mov r9, <access>
;|  61  call <access>
;|  62  fstp qword ptr [slow_value]
;|  63  call <store>
;|  64  jmp 50
;|  65  mov dword ptr [fdp], r8d
;|  66  mov dword ptr [fip], 0x1004
;|  67  mov word ptr [fop], 0x519
;|  68  movzx r12d, word ptr [seg[SEG_CS].selector]
;|  69  mov word ptr [fcs], r12w
;|  70  movzx r12d, word ptr [seg[SEG_DS].selector]
;|  71  mov word ptr [fds], r12w
;|  72  jmp <leave_live>
;|  73  call <exit>
