; x87 instructions run in the host's x87.
; mode: code32 protected csflat
bits 32
    fld dword [ebx]
    fadd st0, st1
    fstp qword [ecx]
    jmp short $
;| 43 host instructions for 4 guest instructions
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
;|  21  jle <exit code>
;|  22  test r8b, 7
;|  23  jne <exit code>
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
;|  36  call <check>
;|  37  jmp 13
;|  38  add al, 0x49
;|  39  mov ecx, 0x1000
;|  40  sbb byte ptr [rax], al
;|  41  add al, 0xe8
;|  42  loope 0x146e
