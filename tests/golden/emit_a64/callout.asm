; A privileged instruction is a callout.
; mode: code32 protected csflat
bits 32
    cli
    mov cr0, eax
;| 8 host instructions for 2 guest instructions, 40 words aside
;| block 1000
;|   0  sub x29, x29, #2
;|   1  tbnz x29, #0x3f, <aside>
;|   2  adr x0, <aside>
;|   3  bl <record>
;|   4  mov w4, w19
;|   5  adr x0, <aside>
;|   6  bl <record>
;|   7  b <aside>
