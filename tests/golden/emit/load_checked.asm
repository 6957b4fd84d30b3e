; A segment whose limit is compared.
; mode: code32 protected csflat checked
bits 32
    mov eax, [ebx]
    jmp short $
;| 31 host instructions for 2 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 2
;|   1  js 16
;|   2  mov r8d, ebx
;|   3  lea r9, [r8 + 4]
;|   4  cmp r9, qword ptr [seg[SEG_DS].read_end]
;|   5  ja 23
;|   6  add r8d, dword ptr [seg[SEG_DS].base]
;|   7  mov r9d, r8d
;|   8  shr r9d, 0xc
;|   9  mov r9, qword ptr [r13 + r9*8]
;|  10  test r9, r9
;|  11  jle 23
;|  12  test r8b, 3
;|  13  jne 19
;|  14  mov eax, dword ptr [r8 + r9]
;|  15  jmp <exit code>
;|  16  add qword ptr [budget], 2
;|  17  mov r8d, 0x1000
;|  18  jmp <miss>
;|  19  mov r12d, r8d
;|  20  and r12d, 0xfff
;|  21  cmp r12d, 0xffc
;|  22  jbe 14
;|  23  mov r8d, ebx
;|  24  mov r9, <access>
;|  25  call <access>
;|  26  mov eax, dword ptr [slow_value]
;|  27  cmp dword ptr [leave], 0
;|  28  je 30
;|  29  jmp <leave_live>
;|  30  jmp 15
