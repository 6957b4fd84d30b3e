; Pushes, pops, call.
; mode: code32 protected csflat
bits 32
    push ebp
    mov ebp, esp
    pop ebp
    call near $+0x80
;| 57 host instructions for 4 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 4
;|   1  js 34
;|   2  lea r8d, [r15 - 4]
;|   3  mov r9d, r8d
;|   4  shr r9d, 0xc
;|   5  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|   6  test r9, r9
;|   7  jle 37
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
;|  18  jle 44
;|  19  test r8b, 3
;|  20  jne 44
;|  21  mov ebp, dword ptr [r8 + r9]
;|  22  lea r15d, [r15 + 4]
;|  23  lea r8d, [r15 - 4]
;|  24  mov r9d, r8d
;|  25  shr r9d, 0xc
;|  26  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|  27  test r9, r9
;|  28  jle 51
;|  29  test r8b, 3
;|  30  jne 51
;|  31  mov dword ptr [r8 + r9], 0x1009
;|  32  lea r15d, [r15 - 4]
;|  33  jmp 56
;|  34  call <poll>
;|  35  lea r15d, [r15 - 4]
;|  36  jmp 12
;|  37  call <check>
;|  38  jmp 10
;|  39  mov dword ptr [slow_value], ebp
;|  40  call <store>
;|  41  jmp 35
;|  42  lea r15d, [r15 - 4]
;|  43  jmp <leave_live>
;|  44  call <load>
;|  45  jmp 21
;|  46  mov ebp, dword ptr [r8 + r9]
;|  47  lea r15d, [r15 + 4]
;|  48  jmp <leave_live>
;|  49  lea r15d, [r15 - 4]
;|  50  jmp 33
;|  51  call <check>
;|  52  jmp 31
;|  53  mov dword ptr [slow_value], 0x1009
;|  54  call <store>
;|  55  jmp 49
;|  56  call <exit>
