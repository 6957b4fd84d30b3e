# The bare machine: a multiboot image.  GDT, entry, trap handlers of system.c.
.section .multiboot, "a"
.align 4
.long 0x1BADB002, 0, -(0x1BADB002)

.text
.globl _start
_start:
    cli
    movl $stack_top, %esp
    pushl 16(%ebx)              # of the multiboot information: the command line
    lgdt gdt_pointer
    ljmp $8, $1f
1:  movw $16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    movl %cr4, %eax
    orl $0x600, %eax            # OSFXSR, OSXMMEXCPT
    movl %eax, %cr4
    movl %cr0, %eax
    andl $~4, %eax              # EM
    orl $2, %eax                # MP
    movl %eax, %cr0
    fninit
    popl command_line
    call main
    movw $0x501, %dx            # QEMU's isa-debug-exit
    movb $0, %al
    outb %al, %dx
    movb $0, %al                # Vestige's --debug-exit
    outb %al, $0xF4
    cli
1:  hlt
    jmp 1b

# put_text(text)
.globl put_text
put_text:
    movl 4(%esp), %ecx
    movw $0xE9, %dx
1:  movb (%ecx), %al
    testb %al, %al
    jz 2f
    outb %al, %dx
    incl %ecx
    jmp 1b
2:  ret

# An exception that nobody expects: a line with '!' says so, and the run ends.
.globl trap_unexpected
trap_unexpected:
    movl $unexpected, %eax
    pushl %eax
    call put_text
    cli
1:  hlt
    jmp 1b

# #PF: makes the page present and goes back.
.globl trap_page_fault
trap_page_fault:
    pushl %eax
    movl %cr2, %eax
    shrl $12, %eax
    orl $1, page_tables(, %eax, 4)
    popl %eax
    addl $4, %esp
    iret

.globl trap_return
trap_return:
    iret

# An interrupt of the local APIC.
.globl trap_apic
trap_apic:
    movl $0, 0xFEE000B0         # EOI
    incl interrupts
    iret

# Ends user mode: back to the caller of enter_user().
.globl trap_leave_user
trap_leave_user:
    movl kernel_stack, %esp
    movl $16, %eax
    movw %ax, %ds
    movw %ax, %es
    popl %ebp
    popl %edi
    popl %esi
    popl %ebx
    ret

.globl sysenter_entry
sysenter_entry:
    sysexit

# enter_user(entry, count): runs entry in ring 3 with ebx = count.
.globl enter_user
enter_user:
    movl 4(%esp), %eax
    movl 8(%esp), %edx
    pushl %ebx
    pushl %esi
    pushl %edi
    pushl %ebp
    movl %esp, kernel_stack
    movl %edx, %ebx
    movl $0x23, %ecx
    movw %cx, %ds
    movw %cx, %es
    pushl $0x23
    pushl $user_stack_top
    pushl $2
    pushl $0x1B
    pushl %eax
    iret

.globl user_int80, user_sysenter
user_int80:
    int $0x80
    decl %ebx
    jnz user_int80
    int $0x81
user_sysenter:
    movl $1f, %edx
    movl %esp, %ecx
    sysenter
1:  decl %ebx
    jnz user_sysenter
    int $0x81

.data
unexpected: .asciz "! unexpected exception\n"
.align 16
.globl gdt, gdt_tss
gdt:
    .quad 0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF, 0x00CFFA000000FFFF, 0x00CFF2000000FFFF
gdt_tss:
    .quad 0
gdt_pointer:
    .word 47
    .long gdt

.bss
.align 4096
.globl trap_stack_top
stack: .skip 262144
stack_top:
trap_stack: .skip 8192
trap_stack_top:
user_stack: .skip 4096
user_stack_top:
.globl interrupts
interrupts: .long 0
kernel_stack: .long 0
