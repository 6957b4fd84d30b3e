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
;| 48 host instructions for 9 guest instructions
;| block 1000
;|   0  sub qword ptr [budget], 9
;|   1  js 42
;|   2  cmp dword ptr [vec_resident], 0
;|   3  jne 5
;|   4  call <vec_load>
;|   5  mov r8d, eax
;|   6  mov r9d, r8d
;|   7  shr r9d, 0xc
;|   8  mov r9, qword ptr [r13 + r9*8]
;|   9  test r9, r9
;|  10  jle 43
;|  11  test r8b, 0xf
;|  12  jne 43
;|  13  pshufb xmm0, xmmword ptr [r8 + r9]
;|  14  roundss xmm1, xmm2, 0xb
;|  15  pextrd r15d, xmm3, 1
;|  16  crc32 ecx, dh
;|  17  xchg bh, bl
;|  18  crc32 r15d, bl
;|  19  xchg bh, bl
;|  20  popcnt si, di
;|  21  mov r12, rax
;|  22  lahf
;|  23  seto al
;|  24  mov word ptr [flags], ax
;|  25  mov rax, r12
;|  26  mov r8d, ebx
;|  27  mov r9d, r8d
;|  28  shr r9d, 0xc
;|  29  mov r9, qword ptr [r13 + r9*8]
;|  30  test r9, r9
;|  31  jle 45
;|  32  test r8b, 3
;|  33  jne 45
;|  34  movbe edx, dword ptr [r8 + r9]
;|  35  pcmpistri xmm4, xmm5, 0xc
;|  36  mov r12, rax
;|  37  lahf
;|  38  seto al
;|  39  mov word ptr [flags], ax
;|  40  mov rax, r12
;|  41  jmp 47
;|  42  call <poll>
;|  43  call <load_strict>
;|  44  jmp 13
;|  45  call <load>
;|  46  jmp 34
;|  47  call <exit>
