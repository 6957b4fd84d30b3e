; Sensitive and privileged instructions at CPL 0.
; mode: code32 protected
bits 32
    sgdt [eax]
    lidt [fs:eax]
    sldt ecx
    str [eax]
    smsw [eax]
    lmsw ax
    lldt [ebx]
    ltr cx
    lar eax, [ebx]
    lsl cx, dx
    verr [eax]
    arpl [eax], cx
    arpl cx, ax
    bound eax, [ebx]
    mov eax, cr0
    mov cr3, eax
    mov dr7, ecx
    invlpg [eax+4]
    clts
    wbinvd
    rdmsr
    rdtsc
    cli
    pushf
    into
    lss esp, [ebx]
    jmp dword far [ebx]
    hlt
;| insn 0 rip=1000 len=3
;|     lea.4 t0 = ds:[rax].4
;|     callout.sgdt t0 #403
;| insn 1 rip=1003 len=4
;|     lea.4 t0 = fs:[rax].4
;|     callout.lidt t0 #404
;| insn 2 rip=1007 len=3
;|     callout.sldt t0 #0
;|     mov.4 rcx = t0
;| insn 3 rip=100a len=3
;|     callout.str t0 #0
;|     mov.2 ds:[rax].4 = t0
;| insn 4 rip=100d len=3
;|     callout.smsw t0 #0
;|     mov.2 ds:[rax].4 = t0
;| insn 5 rip=1010 len=3
;|     mov.2 t0 = rax
;|     callout.lmsw t0 #0
;| insn 6 rip=1013 len=3
;|     mov.2 t0 = ds:[rbx].4
;|     callout.lldt t0 #0
;| insn 7 rip=1016 len=3
;|     mov.2 t0 = rcx
;|     callout.ltr t0 #0
;| insn 8 rip=1019 len=3
;|     mov.2 t0 = ds:[rbx].4
;|     mov.4 t1 = rax
;|     callout.lar rax = t0, t1 #4
;| insn 9 rip=101c len=4
;|     mov.2 t0 = rdx
;|     mov.2 t1 = rcx
;|     callout.lsl rcx = t0, t1 #2
;| insn 10 rip=1020 len=3
;|     mov.2 t0 = ds:[rax].4
;|     callout.verr t0 #0
;| insn 11 rip=1023 len=2
;|     mov.2 t1 = rcx
;|     lea.4 t0 = ds:[rax].4
;|     callout.arpl_memory t0, t1 #3
;| insn 12 rip=1025 len=2
;|     mov.2 t1 = rax
;|     mov.2 t0 = rcx
;|     callout.arpl t0 = t0, t1 #0
;|     mov.2 rcx = t0
;| insn 13 rip=1027 len=2
;|     mov.4 t0 = rax
;|     lea.4 t1 = ds:[rbx].4
;|     callout.bound t0, t1 #304
;| insn 14 rip=1029 len=3
;|     callout.cr_read rax #0
;| insn 15 rip=102c len=3
;|     mov.4 t0 = rax
;|     callout.cr_write t0 #3
;| insn 16 rip=102f len=3
;|     mov.4 t0 = rcx
;|     callout.dr_write t0 #7
;| insn 17 rip=1032 len=4
;|     lea.4 t0 = ds:[rax+4].4
;|     callout.invlpg t0 #3
;| insn 18 rip=1036 len=2
;|     callout.clts #0
;| insn 19 rip=1038 len=2
;|     callout.wbinvd #0
;| insn 20 rip=103a len=2
;|     callout.rdmsr #0
;| insn 21 rip=103c len=2
;|     callout.rdtsc #0
;| insn 22 rip=103e len=1
;|     callout.cli #0
;| insn 23 rip=103f len=1
;|     callout.flags_image t0 #0
;|     push.4 t0
;| insn 24 rip=1040 len=1
;|     callout.into #0
;| insn 25 rip=1041 len=3
;|     mov.4 t0 = ds:[rbx].4
;|     mov.2 t1 = ds:[rbx+4].4
;|     callout.load_far t0, t1 #40402
;| insn 26 rip=1044 len=2
;|     mov.4 t0 = ds:[rbx].4
;|     mov.2 t1 = ds:[rbx+4].4
;|     callout.far_jump t0, t1 #4
;| insn 0 rip=1046 len=1
;|     callout.hlt #0
