; A segment whose limit is compared.
; mode: code32 protected csflat checked
bits 32
    mov eax, [ebx]
    jmp short $
;| 24 host instructions for 2 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 2
;|   1  js 18
;|   2  mov r8d, ebx
;|   3  mov r9d, r8d
;|   4  sub r9d, dword ptr [seg[SEG_DS].start]
;|   5  lea r9, [r9 + 4]
;|   6  cmp r9, qword ptr [seg[SEG_DS].read_end]
;|   7  ja 19
;|   8  add r8d, dword ptr [seg[SEG_DS].base]
;|   9  mov r9d, r8d
;|  10  shr r9d, 0xc
;|  11  mov r9, qword ptr [r13 + r9*8]
;|  12  test r9, r9
;|  13  jle 21
;|  14  test r8b, 3
;|  15  jne 21
;|  16  mov eax, dword ptr [r8 + r9]
;|  17  jmp 23
;|  18  call <poll>
;|  19  add r8d, dword ptr [seg[SEG_DS].base]
;|  20  mov r9d, 0
;|  21  call <load>
;|  22  jmp 16
;|  23  call <exit>
