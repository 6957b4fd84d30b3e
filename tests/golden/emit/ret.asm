; The branch hash.
; mode: code32 protected csflat
bits 32
    ret
;| 31 host instructions for 1 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 1
;|   1  js 28
;|   2  mov r8d, r15d
;|   3  mov r9d, r8d
;|   4  shr r9d, 0xc
;|   5  mov r9, qword ptr [r13 + r9*8]
;|   6  test r9, r9
;|   7  jle 29
;|   8  test r8b, 3
;|   9  jne 29
;|  10  mov r10d, dword ptr [r8 + r9]
;|  11  lea r15d, [r15 + 4]
;|  12  mov r8d, r10d
;|  13  mov r9d, r8d
;|  14  shr r9d, 0xc
;|  15  mov r12d, r9d
;|  16  xor r9d, r8d
;|  17  and r9d, 0xfff
;|  18  shl r9d, 5
;|  19  add r9, qword ptr [hash]
;|  20  mov r12, qword ptr [r13 + r12*8 + 0x1000000]
;|  21  cmp r12, qword ptr [r9 + 0x10]
;|  22  jne <miss>
;|  23  mov r12, qword ptr [tag]
;|  24  or r12, r8
;|  25  cmp r12, qword ptr [r9]
;|  26  jne <miss>
;|  27  jmp qword ptr [r9 + 8]
;|  28  call <poll>
;|  29  call <load>
;|  30  jmp 10
