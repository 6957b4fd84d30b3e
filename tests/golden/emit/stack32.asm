; Pushes, pops, call.
; mode: code32 protected csflat
bits 32
    push ebp
    mov ebp, esp
    pop ebp
    call near $+0x80
;| 49 host instructions for 4 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 4
;|   1  js 34
;|   2  lea r8d, [r15 - 4]
;|   3  mov r9d, r8d
;|   4  shr r9d, 0xc
;|   5  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|   6  test r9, r9
;|   7  jle 39
;|   8  test r8b, 3
;|   9  jne 39
;|  10  mov dword ptr [r8 + r9], ebp
;|  11  lea r15d, [r15 - 4]
;|  12  mov ebp, r15d
;|  13  mov r8d, r15d
;|  14  mov r9d, r8d
;|  15  shr r9d, 0xc
;|  16  mov r9, qword ptr [r13 + r9*8]
;|  17  test r9, r9
;|  18  jle <exit code>
;|  19  test r8b, 3
;|  20  jne <exit code>
;|  21  mov ebp, dword ptr [r8 + r9]
;|  22  lea r15d, [r15 + 4]
;|  23  lea r8d, [r15 - 4]
;|  24  mov r9d, r8d
;|  25  shr r9d, 0xc
;|  26  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|  27  test r9, r9
;|  28  jle <exit code>
;|  29  test r8b, 3
;|  30  jne <exit code>
;|  31  mov dword ptr [r8 + r9], 0x1009
;|  32  lea r15d, [r15 - 4]
;|  33  jmp <exit code>
;|  34  add qword ptr [budget], 4
;|  35  mov r8d, 0x1000
;|  36  jmp <miss>
;|  37  lea r15d, [r15 - 4]
;|  38  jmp 12
;|  39  call <check>
;|  40  jmp 10
;|  41  mov dword ptr [slow_value], ebp
;|  42  call <store>
;|  43  jmp 37
;|  44  add byte ptr [rax], dl
;|  45  add byte ptr [rax], al
;|  46  push r8
;|  47  add al, byte ptr [rax*2 - 0x16038073]
;|  48  pop rsi
