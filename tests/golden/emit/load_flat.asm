; Loads and stores through flat segments.
; mode: code32 protected csflat
bits 32
    mov eax, [ebx+8]
    mov [esi], ecx
    jmp short $
;| 41 host instructions for 3 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 3
;|   1  js 21
;|   2  lea r8d, [rbx + 8]
;|   3  mov r9d, r8d
;|   4  shr r9d, 0xc
;|   5  mov r9, qword ptr [r13 + r9*8]
;|   6  test r9, r9
;|   7  jle 24
;|   8  test r8b, 3
;|   9  jne 24
;|  10  mov eax, dword ptr [r8 + r9]
;|  11  mov r8d, esi
;|  12  mov r9d, r8d
;|  13  shr r9d, 0xc
;|  14  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|  15  test r9, r9
;|  16  jle 32
;|  17  test r8b, 3
;|  18  jne 32
;|  19  mov dword ptr [r8 + r9], ecx
;|  20  jmp <exit code>
;|  21  add qword ptr [budget], 3
;|  22  mov r8d, 0x1000
;|  23  jmp <miss>
;|  24  call <load>
;|  25  jmp 10
;|  26  add byte ptr [rax], dl
;|  27  add byte ptr [rax], al
;|  28  xor ebx, dword ptr [rax]
;|  29  add al, byte ptr [rbx + rax*2]
;|  30  mov eax, dword ptr [rax + rcx]
;|  31  jmp <leave_live>
;|  32  call <check>
;|  33  jmp 19
;|  34  mov dword ptr [slow_value], ecx
;|  35  call <store>
;|  36  jmp 20
;|  37  add edx, dword ptr [rax]
;|  38  add byte ptr [rax], al
;|  39  and bl, byte ptr [rax + 4]
;|  40  add al, 0xcc
