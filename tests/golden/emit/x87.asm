; x87 instructions run in the host's x87.
; mode: code32 protected csflat
bits 32
    fld dword [ebx]
    fadd st0, st1
    fstp qword [ecx]
    jmp short $
;| 86 host instructions for 4 guest instructions
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
;|  10  jle 40
;|  11  test r8b, 3
;|  12  jne 36
;|  13  fld dword ptr [r8 + r9]
;|  14  mov dword ptr [fdp], r8d
;|  15  fadd st(1)
;|  16  mov r8d, ecx
;|  17  mov r9d, r8d
;|  18  shr r9d, 0xc
;|  19  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|  20  test r9, r9
;|  21  jle 59
;|  22  test r8b, 7
;|  23  jne 55
;|  24  fstp qword ptr [r8 + r9]
;|  25  mov dword ptr [fdp], r8d
;|  26  mov dword ptr [fip], 0x1004
;|  27  mov word ptr [fop], 0x518
;|  28  movzx r12d, word ptr [seg[SEG_CS].selector]
;|  29  mov word ptr [fcs], r12w
;|  30  movzx r12d, word ptr [seg[SEG_DS].selector]
;|  31  mov word ptr [fds], r12w
;|  32  jmp <exit code>
;|  33  add qword ptr [budget], 4
;|  34  mov r8d, 0x1000
;|  35  jmp <miss>
;|  36  mov r12d, r8d
;|  37  and r12d, 0xfff
;|  38  cmp r12d, 0xffc
;|  39  jbe 13
;|  40  mov r8d, ebx
;|  41  mov r9, <access>
;|  42  call <access>
;|  43  fld dword ptr [slow_value]
;|  44  mov dword ptr [fdp], r8d
;|  45  cmp dword ptr [leave], 0
;|  46  je 54
;|  47  mov dword ptr [fip], 0x1000
;|  48  mov word ptr [fop], 0x100
;|  49  movzx r12d, word ptr [seg[SEG_CS].selector]
;|  50  mov word ptr [fcs], r12w
;|  51  movzx r12d, word ptr [seg[SEG_DS].selector]
;|  52  mov word ptr [fds], r12w
;|  53  jmp <leave_live>
;|  54  jmp 15
;|  55  mov r12d, r8d
;|  56  and r12d, 0xfff
;|  57  cmp r12d, 0xff8
;|  58  jbe 24
;|  59  test r8b, 7
;|  60  jne 63
;|  61  call <beside_code>
;|  62  jae 22
;|  63  mov dword ptr [fip], 0x1002
;|  64  mov word ptr [fop], 0xc1
;|  65  movzx r12d, word ptr [seg[SEG_CS].selector]
;|  66  mov word ptr [fcs], r12w
;|  67  movzx r12d, word ptr [seg[SEG_DS].selector]
;|  68  mov word ptr [fds], r12w
;|  69  mov r8d, ecx
;|  70  mov r9, <access>
;|  71  call <access>
;|  72  fstp qword ptr [slow_value]
;|  73  mov r9, <access>
;|  74  call <access>
;|  75  mov dword ptr [fdp], r8d
;|  76  cmp dword ptr [leave], 0
;|  77  je 85
;|  78  mov dword ptr [fip], 0x1004
;|  79  mov word ptr [fop], 0x518
;|  80  movzx r12d, word ptr [seg[SEG_CS].selector]
;|  81  mov word ptr [fcs], r12w
;|  82  movzx r12d, word ptr [seg[SEG_DS].selector]
;|  83  mov word ptr [fds], r12w
;|  84  jmp <leave_live>
;|  85  jmp 26
