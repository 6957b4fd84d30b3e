; Read-modify-write.
; mode: code32 protected csflat
bits 32
    add dword [ebx], 1
    jmp short $
;| 34 host instructions for 2 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 2
;|   1  js 17
;|   2  mov r8d, ebx
;|   3  mov r9d, r8d
;|   4  shr r9d, 0xc
;|   5  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|   6  test r9, r9
;|   7  jle 22
;|   8  test r8b, 3
;|   9  jne 22
;|  10  add dword ptr [r8 + r9], 1
;|  11  mov r12, rax
;|  12  lahf
;|  13  seto al
;|  14  mov word ptr [flags], ax
;|  15  mov rax, r12
;|  16  jmp <exit code>
;|  17  add qword ptr [budget], 2
;|  18  mov r8d, 0x1000
;|  19  jmp <miss>
;|  20  call <load_flags>
;|  21  jmp 11
;|  22  call <check>
;|  23  jmp 10
;|  24  mov r9, <access>
;|  25  call <access>
;|  26  add dword ptr [slow_value], 1
;|  27  call <save_flags>
;|  28  call <store>
;|  29  jmp 20
;|  30  add byte ptr [rax], dl
;|  31  add byte ptr [rax], al
;|  32  pop rax
;|  33  add al, 4
