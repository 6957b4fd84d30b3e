; Read-modify-write.
; mode: code32 protected csflat
bits 32
    add dword [ebx], 1
    jmp short $
;| 29 host instructions for 2 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 2
;|   1  js 17
;|   2  mov r8d, ebx
;|   3  mov r9d, r8d
;|   4  shr r9d, 0xc
;|   5  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|   6  test r9, r9
;|   7  jle 20
;|   8  test r8b, 3
;|   9  jne 20
;|  10  add dword ptr [r8 + r9], 1
;|  11  mov r12, rax
;|  12  lahf
;|  13  seto al
;|  14  mov word ptr [flags], ax
;|  15  mov rax, r12
;|  16  jmp 28
;|  17  call <poll>
;|  18  call <load_flags>
;|  19  jmp 11
;|  20  call <check>
;|  21  jmp 10
;|  22  mov r9, <access>
;|  23  call <access>
;|  24  add dword ptr [slow_value], 1
;|  25  call <save_flags>
;|  26  call <store>
;|  27  jmp 18
;|  28  call <exit>
