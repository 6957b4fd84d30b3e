; 32-bit integer instructions: operands, immediates, read-modify-write.
; mode: code32 protected
bits 32
    add eax, [ebx+esi*4+0x10]
    adc byte [ebp-1], 0x7f
    sub cx, dx
    cmp ah, bl
    test dword [0xf0000000], 0x80000000
    lock xadd [edi], eax
    cmpxchg [edi], ecx
    xchg al, ah
    lea edx, [ecx+ecx*8-1]
    movzx eax, word [esp+4]
    movsx cx, dh
    imul eax, [ebx], 100
    mul byte [ebx]
    div ecx
    shl dword [ebx], 4
    shl eax, 32
    sar eax, cl
    rcl bl, 1
    shld eax, edx, 7
    shrd [ebx], edx, cl
    bt [ebx], ecx
    bts dword [ebx], 33
    bsf eax, ecx
    setnz [ebx]
    cmovb eax, [ebx]
    bswap edx
    cbw
    cwde
    cdq
    xlatb
    std
    lahf
    aam
    cmpxchg8b [esi]
    cpuid
    lock inc byte [es:eax]
    jmp eax
;| insn 0 rip=1000 len=4
;|     add.4 rax = rax, ds:[rbx+rsi<<2+10].4 writes:OSZAPC
;| insn 1 rip=1004 len=4
;|     adc.1 ss:[rbp-1].4 = ss:[rbp-1].4, 7f reads:C writes:OSZAPC
;| insn 2 rip=1008 len=3
;|     sub.2 rcx = rcx, rdx writes:OSZAPC
;| insn 3 rip=100b len=2
;|     cmp.1 ah, rbx writes:OSZAPC
;| insn 4 rip=100d len=10
;|     test.4 ds:[f0000000].4, 80000000 writes:OSZAPC
;| insn 5 rip=1017 len=4
;|     xadd.4 ds:[rdi].4 = ds:[rdi].4, rax writes:OSZAPC
;| insn 6 rip=101b len=3
;|     cmpxchg.4 ds:[rdi].4 = ds:[rdi].4, rcx writes:OSZAPC
;| insn 7 rip=101e len=2
;|     xchg.1 ah = rax
;| insn 8 rip=1020 len=4
;|     lea.4 rdx = ds:[rcx+rcx<<3-1].4
;| insn 9 rip=1024 len=5
;|     movzx.2.4 rax = ss:[rsp+4].4
;| insn 10 rip=1029 len=4
;|     movsx.1.2 rcx = dh
;| insn 11 rip=102d len=6
;|     imul.4 rax = ds:[rbx].4, 64 writes:OC
;| insn 12 rip=1033 len=2
;|     mul1.1 ds:[rbx].4 writes:OC
;| insn 13 rip=1035 len=2
;|     mov.4 t0 = rcx
;|     callout.div t0 #4
;| insn 14 rip=1037 len=3
;|     shl.4 ds:[rbx].4 = ds:[rbx].4, 4 writes:OSZAPC
;| insn 15 rip=103a len=3
;| insn 16 rip=103d len=2
;|     sar.4 rax = rax, rcx reads:OSZAPC writes:OSZAPC
;| insn 17 rip=103f len=2
;|     rcl.1 rbx = rbx, 1 reads:OC writes:OC
;| insn 18 rip=1041 len=4
;|     shld.4 rax = rax, rdx, 7 writes:OSZAPC
;| insn 19 rip=1045 len=3
;|     shrd.4 ds:[rbx].4 = ds:[rbx].4, rdx, cl reads:OSZAPC writes:OSZAPC
;| insn 20 rip=1048 len=3
;|     bit_ea.4 t0 = ds:[rbx].4, rcx
;|     bt.4 ds:[t0].4, rcx writes:C
;| insn 21 rip=104b len=4
;|     bts.4 ds:[rbx].4 = ds:[rbx].4, 1 writes:C
;| insn 22 rip=104f len=3
;|     bsf.4 rax = rcx writes:OSZAPC
;| insn 23 rip=1052 len=3
;|     setcc.1.ne ds:[rbx].4 reads:Z
;| insn 24 rip=1055 len=3
;|     cmov.4.b rax = ds:[rbx].4 reads:C
;| insn 25 rip=1058 len=2
;|     bswap.4 rdx = rdx
;| insn 26 rip=105a len=2
;|     movsx.1.2 rax = rax
;| insn 27 rip=105c len=1
;|     movsx.2.4 rax = rax
;| insn 28 rip=105d len=1
;|     cdq.4 rdx = rax
;| insn 29 rip=105e len=1
;|     movzx.1.4 t0 = rax
;|     mov.1 rax = ds:[rbx+t0<<0].4
;| insn 30 rip=105f len=1
;|     mov.4 t0 = ffffffff
;|     put.4 t0 @196
;| insn 31 rip=1060 len=1
;|     lahf.1 reads:SZAPC
;| insn 32 rip=1061 len=2
;|     callout.aam #a
;| insn 33 rip=1063 len=3
;|     lea.4 t0 = ds:[rsi].4
;|     callout.cmpxchg8b t0 #3
;| insn 34 rip=1066 len=2
;|     callout.cpuid #0
;| insn 35 rip=1068 len=4
;|     inc.1 es:[rax].4 = es:[rax].4 writes:OSZAP
;| insn 36 rip=106c len=2
;|     mov.4 t0 = rax
;|     jmp_ind.4 t0
