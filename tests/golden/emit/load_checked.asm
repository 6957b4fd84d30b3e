; A segment whose limit is compared.
; mode: code32 protected csflat checked
bits 32
    mov eax, [ebx]
    jmp short $
;| 29 host instructions for 2 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 2
;|   1  js 16
;|   2  mov r8d, ebx
;|   3  lea r9, [r8 + 4]
;|   4  cmp r9, qword ptr [seg[SEG_DS].read_end]
;|   5  ja 19
;|   6  add r8d, dword ptr [seg[SEG_DS].base]
;|   7  mov r9d, r8d
;|   8  shr r9d, 0xc
;|   9  mov r9, qword ptr [r13 + r9*8]
;|  10  test r9, r9
;|  11  jle 21
;|  12  test r8b, 3
;|  13  jne 21
;|  14  mov eax, dword ptr [r8 + r9]
;|  15  jmp <exit code>
;|  16  add qword ptr [budget], 2
;|  17  mov r8d, 0x1000
;|  18  jmp <miss>
;|  19  add r8d, dword ptr [seg[SEG_DS].base]
;|  20  mov r9d, 0
;|  21  call <load>
;|  22  jmp 14
;|  23  add byte ptr [rax], dl
;|  24  add byte ptr [rax], al
;|  25  and bl, byte ptr [rax]
;|  26  add al, byte ptr [rbx + rax*2]
;|  27  mov eax, dword ptr [rax + rcx]
;|  28  jmp <leave_live>
