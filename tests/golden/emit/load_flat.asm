; Loads and stores through flat segments.
; mode: code32 protected csflat
bits 32
    mov eax, [ebx+8]
    mov [esi], ecx
    jmp short $
;| 52 host instructions for 3 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 3
;|   1  js 21
;|   2  lea r8d, [rbx + 8]
;|   3  mov r9d, r8d
;|   4  shr r9d, 0xc
;|   5  mov r9, qword ptr [r13 + r9*8]
;|   6  test r9, r9
;|   7  jle 28
;|   8  test r8b, 3
;|   9  jne 24
;|  10  mov eax, dword ptr [r8 + r9]
;|  11  mov r8d, esi
;|  12  mov r9d, r8d
;|  13  shr r9d, 0xc
;|  14  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|  15  test r9, r9
;|  16  jle 40
;|  17  test r8b, 3
;|  18  jne 36
;|  19  mov dword ptr [r8 + r9], ecx
;|  20  jmp <exit code>
;|  21  add qword ptr [budget], 3
;|  22  mov r8d, 0x1000
;|  23  jmp <miss>
;|  24  mov r12d, r8d
;|  25  and r12d, 0xfff
;|  26  cmp r12d, 0xffc
;|  27  jbe 10
;|  28  lea r8d, [rbx + 8]
;|  29  mov r9, <access>
;|  30  call <access>
;|  31  mov eax, dword ptr [slow_value]
;|  32  cmp dword ptr [leave], 0
;|  33  je 35
;|  34  jmp <leave_live>
;|  35  jmp 11
;|  36  mov r12d, r8d
;|  37  and r12d, 0xfff
;|  38  cmp r12d, 0xffc
;|  39  jbe 19
;|  40  test r8b, 3
;|  41  jne 44
;|  42  call <beside_code>
;|  43  jae 17
;|  44  mov r8d, esi
;|  45  mov dword ptr [slow_value], ecx
;|  46  mov r9, <access>
;|  47  call <access>
;|  48  cmp dword ptr [leave], 0
;|  49  je 51
;|  50  jmp <leave_live>
;|  51  jmp 20
