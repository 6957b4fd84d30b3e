; Flags that live over a memory access.
; mode: code32 protected csflat
bits 32
    cmp eax, ecx
    mov edx, [ebx]
    setl al
    adc edx, 0
    jmp short $
;| 34 host instructions for 5 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 5
;|   1  js 30
;|   2  cmp eax, ecx
;|   3  mov r12, rax
;|   4  lahf
;|   5  seto al
;|   6  mov word ptr [flags], ax
;|   7  mov rax, r12
;|   8  mov r8d, ebx
;|   9  mov r9d, r8d
;|  10  shr r9d, 0xc
;|  11  mov r9, qword ptr [r13 + r9*8]
;|  12  test r9, r9
;|  13  jle 31
;|  14  test r8b, 3
;|  15  jne 31
;|  16  mov edx, dword ptr [r8 + r9]
;|  17  mov r12, rax
;|  18  movzx eax, word ptr [flags]
;|  19  add al, 0x7f
;|  20  sahf
;|  21  mov rax, r12
;|  22  setl al
;|  23  adc edx, 0
;|  24  mov r12, rax
;|  25  lahf
;|  26  seto al
;|  27  mov word ptr [flags], ax
;|  28  mov rax, r12
;|  29  jmp 33
;|  30  call <poll>
;|  31  call <load>
;|  32  jmp 16
;|  33  call <exit>
