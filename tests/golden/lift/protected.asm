; Segments and system registers: callouts in protected mode.
; mode: code32 protected user
bits 32
    mov ds, eax
    pop es
    lss esp, [eax]
    push fs
    lar eax, ecx
    verr ax
    sgdt [ebx]
    str cx
    pushfd
    popfd
    int 0x80
;| insn 0 rip=1000 len=2
;|     mov.2 t0 = rax
;|     callout.seg_load t0 #3
;| insn 1 rip=1002 len=1
;|     callout.seg_pop #400
;| insn 2 rip=1003 len=3
;|     mov.4 t0 = ds:[rax].4
;|     mov.2 t1 = ds:[rax+4].4
;|     callout.load_far t0, t1 #40402
;| insn 3 rip=1006 len=2
;|     get.4 t0 @464
;|     push.4 t0
;| insn 4 rip=1008 len=3
;|     mov.2 t0 = rcx
;|     mov.4 t1 = rax
;|     callout.lar rax = t0, t1 #4
;| insn 5 rip=100b len=3
;|     mov.2 t0 = rax
;|     callout.verr t0 #0
;| insn 6 rip=100e len=3
;|     lea.4 t0 = ds:[rbx].4
;|     callout.sgdt t0 #403
;| insn 7 rip=1011 len=4
;|     callout.str t0 #0
;|     mov.2 rcx = t0
;| insn 8 rip=1015 len=1
;|     callout.flags_image t0 #0
;|     push.4 t0
;| insn 9 rip=1016 len=1
;|     pop.4 t0
;|     callout.flags_set t0 #0
;| insn 10 rip=1017 len=2
;|     callout.int_n #80
