; A privileged instruction is a callout.
; mode: code32 protected csflat
bits 32
    cli
    mov cr0, eax
;| 16 host instructions for 2 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 2
;|   1  js 14
;|   2  mov r8d, 0
;|   3  mov r9d, 0
;|   4  lea r12, <callout data>
;|   5  call <callout>
;|   6  cmp dword ptr [leave], 0
;|   7  jne <leave_live>
;|   8  mov r10d, eax
;|   9  mov r8, r10
;|  10  mov r9d, 0
;|  11  lea r12, <callout data>
;|  12  call <callout>
;|  13  jmp 15
;|  14  call <poll>
;|  15  call <exit>
