; Loads and stores through flat segments.
; mode: code32 protected csflat
bits 32
    mov eax, [ebx+8]
    mov [esi], ecx
    jmp short $
;| 28 host instructions for 3 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 3
;|   1  js 21
;|   2  lea r8d, [rbx + 8]
;|   3  mov r9d, r8d
;|   4  shr r9d, 0xc
;|   5  mov r9, qword ptr [r13 + r9*8]
;|   6  test r9, r9
;|   7  jle 22
;|   8  test r8b, 3
;|   9  jne 22
;|  10  mov eax, dword ptr [r8 + r9]
;|  11  mov r8d, esi
;|  12  mov r9d, r8d
;|  13  shr r9d, 0xc
;|  14  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|  15  test r9, r9
;|  16  jle 24
;|  17  test r8b, 3
;|  18  jne 24
;|  19  mov dword ptr [r8 + r9], ecx
;|  20  jmp 27
;|  21  call <poll>
;|  22  call <load>
;|  23  jmp 10
;|  24  mov dword ptr [slow_value], ecx
;|  25  call <store_checked>
;|  26  jmp 20
;|  27  call <exit>
