; Shifts by CL keep the flags when the count is 0.
; mode: code32 protected csflat
bits 32
    shl eax, cl
    sar edx, 3
    jc near $+0x40
;| 14 host instructions for 3 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 3
;|   1  js 11
;|   2  shl eax, cl
;|   3  sar edx, 3
;|   4  mov r12, rax
;|   5  lahf
;|   6  seto al
;|   7  mov word ptr [flags], ax
;|   8  mov rax, r12
;|   9  jb 12
;|  10  jmp 13
;|  11  call <poll>
;|  12  call <exit>
;|  13  call <exit>
