; The branch hash.
; mode: code32 protected csflat
bits 32
    ret
;| 34 host instructions for 1 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 1
;|   1  js 25
;|   2  mov r8d, r15d
;|   3  mov r9d, r8d
;|   4  shr r9d, 0xc
;|   5  mov r9, qword ptr [r13 + r9*8]
;|   6  test r9, r9
;|   7  jle 28
;|   8  test r8b, 3
;|   9  jne 28
;|  10  mov r10d, dword ptr [r8 + r9]
;|  11  lea r15d, [r15 + 4]
;|  12  mov r8d, r10d
;|  13  mov r9d, r8d
;|  14  shr r9d, 0xc
;|  15  xor r9d, r8d
;|  16  and r9d, 0xfff
;|  17  shl r9d, 4
;|  18  add r9, qword ptr [hash]
;|  19  cmp r8d, dword ptr [r9]
;|  20  jne <miss>
;|  21  mov r12d, dword ptr [tag]
;|  22  cmp r12d, dword ptr [r9 + 4]
;|  23  jne <miss>
;|  24  jmp qword ptr [r9 + 8]
;|  25  add qword ptr [budget], 1
;|  26  mov r8d, 0x1000
;|  27  jmp <miss>
;|  28  call <load>
;|  29  jmp 10
;|  30  add byte ptr [rax], dl
;|  31  add byte ptr [rax], al
;|  32  adc dword ptr [rax], edx
;|  33  add byte ptr [rsp + rcx*8], al
