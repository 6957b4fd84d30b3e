; 16-bit code: 64 KiB segments with a base.
; mode: based64k
bits 16
    mov ax, [bx+2]
    mov [es:di], al
    jmp short $
;| 52 host instructions for 3 guest instructions
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
;|   9  jle 33
;|  10  test r8b, 1
;|  11  jne 25
;|  12  mov ax, word ptr [r8 + r9]
;|  13  movzx r8d, di
;|  14  add r8d, dword ptr [seg[SEG_ES].base]
;|  15  mov r9d, r8d
;|  16  shr r9d, 0xc
;|  17  mov r9, qword ptr [r13 + r9*8 + 0x800000]
;|  18  test r9, r9
;|  19  jle 42
;|  20  mov byte ptr [r8 + r9], al
;|  21  jmp <exit code>
;|  22  add qword ptr [budget], 3
;|  23  mov r8d, 0x1000
;|  24  jmp <miss>
;|  25  mov r12d, r8d
;|  26  sub r12d, dword ptr [seg[SEG_DS].base]
;|  27  cmp r12d, 0xfffe
;|  28  ja 33
;|  29  mov r12d, r8d
;|  30  and r12d, 0xfff
;|  31  cmp r12d, 0xffe
;|  32  jbe 12
;|  33  lea r8d, [rbx + 2]
;|  34  movzx r8d, r8w
;|  35  mov r9, <access>
;|  36  call <access>
;|  37  mov ax, word ptr [slow_value]
;|  38  cmp dword ptr [leave], 0
;|  39  je 41
;|  40  jmp <leave_live>
;|  41  jmp 13
;|  42  call <beside_code>
;|  43  jae 20
;|  44  movzx r8d, di
;|  45  mov byte ptr [slow_value], al
;|  46  mov r9, <access>
;|  47  call <access>
;|  48  cmp dword ptr [leave], 0
;|  49  je 51
;|  50  jmp <leave_live>
;|  51  jmp 21
