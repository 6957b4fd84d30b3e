; Pushes, pops, call.
; mode: code32 protected csflat
bits 32
    push ebp
    mov ebp, esp
    pop ebp
    call near $+0x80
;| 81 host instructions for 4 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 4
;|   1  js 34
;|   2  lea r8d, [r15 - 4]
;|   3  mov r9d, r8d
;|   4  shr r9d, 0xc
;|   5  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|   6  test r9, r9
;|   7  jle 41
;|   8  test r8b, 3
;|   9  jne 37
;|  10  mov dword ptr [r8 + r9], ebp
;|  11  lea r15d, [r15 - 4]
;|  12  mov ebp, r15d
;|  13  mov r8d, r15d
;|  14  mov r9d, r8d
;|  15  shr r9d, 0xc
;|  16  mov r9, qword ptr [r13 + r9*8]
;|  17  test r9, r9
;|  18  jle 58
;|  19  test r8b, 3
;|  20  jne 54
;|  21  mov ebp, dword ptr [r8 + r9]
;|  22  lea r15d, [r15 + 4]
;|  23  lea r8d, [r15 - 4]
;|  24  mov r9d, r8d
;|  25  shr r9d, 0xc
;|  26  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|  27  test r9, r9
;|  28  jle 71
;|  29  test r8b, 3
;|  30  jne 67
;|  31  mov dword ptr [r8 + r9], 0x1009
;|  32  lea r15d, [r15 - 4]
;|  33  jmp <exit code>
;|  34  add qword ptr [budget], 4
;|  35  mov r8d, 0x1000
;|  36  jmp <miss>
;|  37  mov r12d, r8d
;|  38  and r12d, 0xfff
;|  39  cmp r12d, 0xffc
;|  40  jbe 10
;|  41  test r8b, 3
;|  42  jne 45
;|  43  call <beside_code>
;|  44  jae 8
;|  45  lea r8d, [r15 - 4]
;|  46  mov dword ptr [slow_value], ebp
;|  47  mov r9, <access>
;|  48  call <access>
;|  49  lea r15d, [r15 - 4]
;|  50  cmp dword ptr [leave], 0
;|  51  je 53
;|  52  jmp <leave_live>
;|  53  jmp 12
;|  54  mov r12d, r8d
;|  55  and r12d, 0xfff
;|  56  cmp r12d, 0xffc
;|  57  jbe 21
;|  58  mov r8d, r15d
;|  59  mov r9, <access>
;|  60  call <access>
;|  61  mov ebp, dword ptr [slow_value]
;|  62  lea r15d, [r15 + 4]
;|  63  cmp dword ptr [leave], 0
;|  64  je 66
;|  65  jmp <leave_live>
;|  66  jmp 23
;|  67  mov r12d, r8d
;|  68  and r12d, 0xfff
;|  69  cmp r12d, 0xffc
;|  70  jbe 31
;|  71  test r8b, 3
;|  72  jne 75
;|  73  call <beside_code>
;|  74  jae 29
;|  75  lea r8d, [r15 - 4]
;|  76  mov dword ptr [slow_value], 0x1009
;|  77  mov r9, <access>
;|  78  call <access>
;|  79  lea r15d, [r15 - 4]
;|  80  jmp 33
