; Register arithmetic: dead flags cost nothing.
; mode: code32 protected csflat
bits 32
    add eax, ebx
    sub ecx, 4
    and edx, 0xff
    inc esi
    lea edi, [eax+ecx*4+8]
    cmp eax, ecx
    jne near $+0x100
;| 18 host instructions for 7 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 7
;|   1  js 15
;|   2  add eax, ebx
;|   3  sub ecx, 4
;|   4  and edx, 0xff
;|   5  inc esi
;|   6  lea edi, [rax + rcx*4 + 8]
;|   7  cmp eax, ecx
;|   8  mov r12, rax
;|   9  lahf
;|  10  seto al
;|  11  mov word ptr [flags], ax
;|  12  mov rax, r12
;|  13  jne 16
;|  14  jmp 17
;|  15  call <poll>
;|  16  call <exit>
;|  17  call <exit>
