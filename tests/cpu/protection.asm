; Protection and events of a 32-bit x86, row by row (Intel SDM volumes 2 and 3): each row provokes one
; fault or trap and compares vector, error code, pushed EIP, CR2 and DR6 with what the manual says.
; A ROM of 128 KiB that needs no firmware: `vestige run --bios`.  Says on port E9h which rows differ and, at
; the end, "score protection PASSED TOTAL"; leaves by the debug-exit port with status 1 (all passed) or 3.
;
; Processor: `max` (Pentium 4 class with NX, SMEP and SMAP).

%include "frame.inc"

        section .rows start=0 vstart=ROWS
rows:
        section .names follows=.rows vfollows=.rows
        section .text start=0x10000 vstart=BASE
        section .data follows=.text vfollows=.text align=16 valign=16
%include "data.inc"
        section .text

real_start:                             ; F000:0000 after reset
        cli
        cld
        mov ax, cs
        mov ds, ax
        mov ax, CODE_SEGMENT
        mov es, ax
        xor si, si
        xor di, di
        mov cx, 0x8000
        rep movsw
        in al, 0x92
        or al, 2
        out 0x92, al
        mov ax, CODE_SEGMENT
        mov ds, ax
        o32 lgdt [gdt_pointer - BASE]
        mov eax, cr0
        and al, 0xfb                    ; no x87 emulation
        or al, 0x23                     ; PE, MP, NE
        mov cr0, eax
        jmp dword CODE0:protected

        bits 32
%include "handler.inc"

protected:
        mov eax, DATA0
        mov ds, eax
        mov es, eax
        mov ss, eax
        mov fs, eax
        mov gs, eax
        mov esp, STACK0
        call make_idt
        lidt [idt_pointer]
        mov eax, tss
        mov [gdt + TSS_MAIN + 2], ax
        shr eax, 16
        mov [gdt + TSS_MAIN + 4], al
        mov eax, tss_df
        mov [gdt + TSS_DF + 2], ax
        shr eax, 16
        mov [gdt + TSS_DF + 4], al
        mov ax, TSS_MAIN
        ltr ax
        xor eax, eax
        lldt ax
        fninit
        mov eax, cr4
        or eax, 0x600                   ; OSFXSR, OSXMMEXCPT
        mov cr4, eax

%ifndef NO_LIMITS
%include "limits.inc"
%endif
%include "segments.inc"
%include "transfer.inc"
%include "gates.inc"
%ifndef NO_LIMITS
%include "stacks.inc"
%endif
%include "interrupts.inc"
%include "paging.inc"
%include "supervisor.inc"
%include "encoding.inc"
%include "debug.inc"
%include "alignment.inc"
%include "v86.inc"
%include "tasks.inc"
%include "nested.inc"

        jmp finish

        section .data
        section .rows
rows_end:
        section .data
        align 4
total:  dd (rows_end - rows) / ROW_BYTES
data_end:
        section .reset start=0x1fff0
        bits 16
        jmp 0xf000:0
        times 16 - ($ - $$) db 0
