; Read-modify-write.
; mode: code32 protected csflat
bits 32
    add dword [ebx], 1
    jmp short $
;| 48 host instructions for 2 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 2
;|   1  js 17
;|   2  mov r8d, ebx
;|   3  mov r9d, r8d
;|   4  shr r9d, 0xc
;|   5  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|   6  test r9, r9
;|   7  jle 24
;|   8  test r8b, 3
;|   9  jne 20
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
;|  20  mov r12d, r8d
;|  21  and r12d, 0xfff
;|  22  cmp r12d, 0xffc
;|  23  jbe 10
;|  24  test r8b, 3
;|  25  jne 28
;|  26  call <beside_code>
;|  27  jae 8
;|  28  mov r8d, ebx
;|  29  mov r9, <access>
;|  30  call <access>
;|  31  add dword ptr [slow_value], 1
;|  32  mov r12, rax
;|  33  lahf
;|  34  seto al
;|  35  mov word ptr [flags], ax
;|  36  mov rax, r12
;|  37  mov r9, <access>
;|  38  call <access>
;|  39  cmp dword ptr [leave], 0
;|  40  je 42
;|  41  jmp <leave_live>
;|  42  mov r12, rax
;|  43  movzx eax, word ptr [flags]
;|  44  add al, 0x7f
;|  45  sahf
;|  46  mov rax, r12
;|  47  jmp 11
