; A privileged instruction is a callout.
; mode: code32 protected csflat
bits 32
    cli
    mov cr0, eax
;| 11 host instructions for 2 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 2
;|   1  js 9
;|   2  and dword ptr [eflags], 0xfffffdff
;|   3  mov r10d, eax
;|   4  mov r8, r10
;|   5  mov r9d, 0
;|   6  lea r12, <callout data>
;|   7  call <callout>
;|   8  jmp 10
;|   9  call <poll>
;|  10  call <exit>
