; The branch hash.
; mode: code32 protected csflat
bits 32
    ret
;| 27 host instructions for 1 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 1
;|   1  js 24
;|   2  mov r8d, r15d
;|   3  mov r9d, r8d
;|   4  shr r9d, 0xc
;|   5  mov r9, qword ptr [r13 + r9*8]
;|   6  test r9, r9
;|   7  jle 25
;|   8  test r8b, 3
;|   9  jne 25
;|  10  mov r10d, dword ptr [r8 + r9]
;|  11  lea r15d, [r15 + 4]
;|  12  mov r8d, r10d
;|  13  mov r9d, r8d
;|  14  shr r9d, 0xc
;|  15  xor r9d, r8d
;|  16  and r9d, 0xfff
;|  17  shl r9d, 4
;|  18  add r9, qword ptr [hash]
;|  19  mov r12, qword ptr [tag]
;|  20  or r12, r8
;|  21  cmp r12, qword ptr [r9]
;|  22  jne <miss>
;|  23  jmp qword ptr [r9 + 8]
;|  24  call <poll>
;|  25  call <load>
;|  26  jmp 10
