; Privileged instructions at CPL 3 raise #GP(0); those that look at IOPL are callouts still.
; mode: code32 protected user
bits 32
    cli
    in eax, dx
    rdtsc
    hlt
    lgdt [eax]
    mov eax, cr0
;| insn 0 rip=1000 len=1
;|     callout.cli #0
;| insn 1 rip=1001 len=1
;|     mov.2 t0 = rdx
;|     callout.port_in rax = t0 #4
;| insn 2 rip=1002 len=2
;|     callout.rdtsc #0
;| insn 3 rip=1004 len=1
;|     callout.raise #10d
;| insn 0 rip=1005 len=3
;|     callout.raise #10d
;| insn 0 rip=1008 len=3
;|     callout.raise #10d
