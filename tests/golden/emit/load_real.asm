; 16-bit code: 64 KiB segments with a base.
; mode: based64k
bits 16
    mov ax, [bx+2]
    mov [es:di], al
    jmp short $
;| 29 host instructions for 3 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 3
;|   1  js 22
;|   2  lea r8d, [rbx + 2]
;|   3  movzx r8d, r8w
;|   4  add r8d, dword ptr [seg[SEG_DS].base]
;|   5  mov r9d, r8d
;|   6  shr r9d, 0xc
;|   7  mov r9, qword ptr [r13 + r9*8]
;|   8  test r9, r9
;|   9  jle 23
;|  10  test r8b, 1
;|  11  jne 23
;|  12  mov ax, word ptr [r8 + r9]
;|  13  movzx r8d, di
;|  14  add r8d, dword ptr [seg[SEG_ES].base]
;|  15  mov r9d, r8d
;|  16  shr r9d, 0xc
;|  17  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|  18  test r9, r9
;|  19  jle 25
;|  20  mov byte ptr [r8 + r9], al
;|  21  jmp 28
;|  22  call <poll>
;|  23  call <load>
;|  24  jmp 12
;|  25  mov byte ptr [slow_value], al
;|  26  call <store_checked>
;|  27  jmp 21
;|  28  call <exit>
