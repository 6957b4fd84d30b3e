; Pushes, pops, call.
; mode: code32 protected csflat
bits 32
    push ebp
    mov ebp, esp
    pop ebp
    call near $+0x80
;| 51 host instructions for 4 guest instructions
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
;|  18  jle 42
;|  19  test r8b, 3
;|  20  jne 42
;|  21  mov ebp, dword ptr [r8 + r9]
;|  22  lea r15d, [r15 + 4]
;|  23  lea r8d, [r15 - 4]
;|  24  mov r9d, r8d
;|  25  shr r9d, 0xc
;|  26  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|  27  test r9, r9
;|  28  jle 44
;|  29  test r8b, 3
;|  30  jne 44
;|  31  mov dword ptr [r8 + r9], 0x1009
;|  32  lea r15d, [r15 - 4]
;|  33  jmp <exit code>
;|  34  call <poll>
;|  35  mov dword ptr [slow_value], ebp
;|  36  call <exit code>
;|  37  jmp 11
;|  38  add byte ptr [rax], dl
;|  39  add byte ptr [rax], al
;|  40  push r8
;|  41  adc al, 4
;|  42  call <load>
;|  43  jmp 21
;|  44  mov dword ptr [slow_value], 0x1009
;|  45  call <exit code>
;|  46  jmp 32
;|  47  add al, 0x10
;|  48  add byte ptr [rax], al
;|  49  adc eax, 0xe8041050
;|  50  jno <exit code>
