; Later vector and general instructions come out as they are where the host has them.
; mode: code32 protected csflat
bits 32
    pshufb xmm0, [eax]
    roundss xmm1, xmm2, 11
    pextrd esp, xmm3, 1
    crc32 ecx, dh
    crc32 esp, bh
    popcnt si, di
    movbe edx, [ebx]
    pcmpistri xmm4, xmm5, 0x0c
    jmp short $
;| 49 host instructions for 9 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 9
;|   1  js 39
;|   2  mov r8d, eax
;|   3  mov r9d, r8d
;|   4  shr r9d, 0xc
;|   5  mov r9, qword ptr [r13 + r9*8]
;|   6  test r9, r9
;|   7  jle 40
;|   8  test r8b, 0xf
;|   9  jne 40
;|  10  pshufb xmm0, xmmword ptr [r8 + r9]
;|  11  roundss xmm1, xmm2, 0xb
;|  12  pextrd r15d, xmm3, 1
;|  13  crc32 ecx, dh
;|  14  xchg bh, bl
;|  15  crc32 r15d, bl
;|  16  xchg bh, bl
;|  17  popcnt si, di
;|  18  mov r12, rax
;|  19  lahf
;|  20  seto al
;|  21  mov word ptr [flags], ax
;|  22  mov rax, r12
;|  23  mov r8d, ebx
;|  24  mov r9d, r8d
;|  25  shr r9d, 0xc
;|  26  mov r9, qword ptr [r13 + r9*8]
;|  27  test r9, r9
;|  28  jle 44
;|  29  test r8b, 3
;|  30  jne 44
;|  31  movbe edx, dword ptr [r8 + r9]
;|  32  pcmpistri xmm4, xmm5, 0xc
;|  33  mov r12, rax
;|  34  lahf
;|  35  seto al
;|  36  mov word ptr [flags], ax
;|  37  mov rax, r12
;|  38  jmp 48
;|  39  call <poll>
;|  40  call <load_strict>
;|  41  jmp 10
;|  42  pshufb xmm0, xmmword ptr [r8 + r9]
;|  43  jmp <leave_live>
;|  44  call <load>
;|  45  jmp 31
;|  46  movbe edx, dword ptr [r8 + r9]
;|  47  jmp <leave_live>
;|  48  call <exit>
