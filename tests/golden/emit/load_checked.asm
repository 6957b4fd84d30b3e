; A segment whose limit is compared.
; mode: code32 protected csflat checked
bits 32
    mov eax, [ebx]
    jmp short $
;| 24 host instructions for 2 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 2
;|   1  js 16
;|   2  mov r8d, ebx
;|   3  lea r9, [r8 + 4]
;|   4  cmp r9, qword ptr [seg[SEG_DS].read_end]
;|   5  ja 17
;|   6  add r8d, dword ptr [seg[SEG_DS].base]
;|   7  mov r9d, r8d
;|   8  shr r9d, 0xc
;|   9  mov r9, qword ptr [r13 + r9*8]
;|  10  test r9, r9
;|  11  jle 19
;|  12  test r8b, 3
;|  13  jne 19
;|  14  mov eax, dword ptr [r8 + r9]
;|  15  jmp 23
;|  16  call <poll>
;|  17  add r8d, dword ptr [seg[SEG_DS].base]
;|  18  mov r9d, 0
;|  19  call <load>
;|  20  jmp 14
;|  21  mov eax, dword ptr [r8 + r9]
;|  22  jmp <leave_live>
;|  23  call <exit>
