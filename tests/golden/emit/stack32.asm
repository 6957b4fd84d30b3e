; Pushes, pops, call.
; mode: code32 protected csflat
bits 32
    push ebp
    mov ebp, esp
    pop ebp
    call near $+0x80
;| 44 host instructions for 4 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 4
;|   1  js 34
;|   2  lea r8d, [r15 - 4]
;|   3  mov r9d, r8d
;|   4  shr r9d, 0xc
;|   5  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|   6  test r9, r9
;|   7  jle 35
;|   8  test r8b, 3
;|   9  jne 35
;|  10  mov dword ptr [r8 + r9], ebp
;|  11  lea r15d, [r15 - 4]
;|  12  mov ebp, r15d
;|  13  mov r8d, r15d
;|  14  mov r9d, r8d
;|  15  shr r9d, 0xc
;|  16  mov r9, qword ptr [r13 + r9*8]
;|  17  test r9, r9
;|  18  jle 38
;|  19  test r8b, 3
;|  20  jne 38
;|  21  mov ebp, dword ptr [r8 + r9]
;|  22  lea r15d, [r15 + 4]
;|  23  lea r8d, [r15 - 4]
;|  24  mov r9d, r8d
;|  25  shr r9d, 0xc
;|  26  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|  27  test r9, r9
;|  28  jle 40
;|  29  test r8b, 3
;|  30  jne 40
;|  31  mov dword ptr [r8 + r9], 0x1009
;|  32  lea r15d, [r15 - 4]
;|  33  jmp 43
;|  34  call <poll>
;|  35  mov dword ptr [slow_value], ebp
;|  36  call <store_checked>
;|  37  jmp 11
;|  38  call <load>
;|  39  jmp 21
;|  40  mov dword ptr [slow_value], 0x1009
;|  41  call <store_checked>
;|  42  jmp 32
;|  43  call <exit>
