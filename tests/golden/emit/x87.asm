; x87 instructions run in the host's x87.
; mode: code32 protected csflat
bits 32
    fld dword [ebx]
    fadd st0, st1
    fstp qword [ecx]
    jmp short $
;| 84 host instructions for 4 guest instructions
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
;|  10  jle 36
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
;|  21  jle 54
;|  22  test r8b, 7
;|  23  jne 54
;|  24  fstp qword ptr [r8 + r9]
;|  25  mov dword ptr [fdp], r8d
;|  26  mov dword ptr [fip], 0x1004
;|  27  mov word ptr [fop], 0x519
;|  28  movzx r12d, word ptr [seg[SEG_CS].selector]
;|  29  mov word ptr [fcs], r12w
;|  30  movzx r12d, word ptr [seg[SEG_DS].selector]
;|  31  mov word ptr [fds], r12w
;|  32  jmp <exit code>
;|  33  add qword ptr [budget], 4
;|  34  mov r8d, 0x1000
;|  35  jmp <miss>
;|  36  call <check>
;|  37  jmp 13
;|  38  mov r9, <access>
;|  39  call <access>
;|  40  fld dword ptr [slow_value]
;|  41  mov dword ptr [fdp], r8d
;|  42  cmp dword ptr [leave], 0
;|  43  je 51
;|  44  mov dword ptr [fip], 0x1000
;|  45  mov word ptr [fop], 0x103
;|  46  movzx r12d, word ptr [seg[SEG_CS].selector]
;|  47  mov word ptr [fcs], r12w
;|  48  movzx r12d, word ptr [seg[SEG_DS].selector]
;|  49  mov word ptr [fds], r12w
;|  50  jmp <leave_live>
;|  51  jmp 15
;|  52  mov dword ptr [fdp], r8d
;|  53  jmp 26
;|  54  mov dword ptr [fip], 0x1002
;|  55  mov word ptr [fop], 0xc1
;|  56  movzx r12d, word ptr [seg[SEG_CS].selector]
;|  57  mov word ptr [fcs], r12w
;|  58  movzx r12d, word ptr [seg[SEG_DS].selector]
;|  59  mov word ptr [fds], r12w
;|  60  call <check>
;|  61  jmp 24
;|  62  mov r9, <access>
;|  63  call <access>
;|  64  fstp qword ptr [slow_value]
;|  65  call <store>
;|  66  jmp 52
;|  67  add al, 0x10
;|  68  add byte ptr [rax], al
;|  69  and bl, byte ptr [rax + 2]
;|  70  or byte ptr [rbp - 0x77], al
;|  71  xchg byte ptr [rax], dh
;|  72  add eax, dword ptr [rax]
;|  73  add byte ptr [rcx - 0x39], al
;|  74  xchg byte ptr [rax], ch
;|  75  add eax, dword ptr [rax]
;|  76  add byte ptr [rax + rdx], al
;|  77  add byte ptr [rax], al
;|  78  mov word ptr [fop], 0x519
;|  79  movzx r12d, word ptr [seg[SEG_CS].selector]
;|  80  mov word ptr [fcs], r12w
;|  81  movzx r12d, word ptr [seg[SEG_DS].selector]
;|  82  mov word ptr [fds], r12w
;|  83  jmp <leave_live>
