# The same kernels as a static Linux program: for the host itself.
#ifdef __x86_64__
#define SP %rsp
#define AX %rax
#define BX %rbx
#define CX %rcx
#define DX %rdx
#define WORD 8
#else
#define SP %esp
#define AX %eax
#define BX %ebx
#define CX %ecx
#define DX %edx
#define WORD 4
#endif
.text
.globl _start
_start:
    mov (SP), AX                # argc
    xor CX, CX
    cmp $2, AX
    jb 1f
    mov 2*WORD(SP), CX          # argv[1]
1:  mov CX, command_line
    and $-16, SP
    call run_kernels
#ifdef __x86_64__
    mov $60, AX                 # exit
    xor %edi, %edi
    syscall
#else
    mov $1, AX                  # exit
    xor BX, BX
    int $0x80
#endif

# put_text(text)
.globl put_text
put_text:
#ifdef __x86_64__
    mov %rdi, %rsi
    xor DX, DX
1:  cmpb $0, (%rsi, DX)
    je 2f
    inc DX
    jmp 1b
2:  mov $1, AX                  # write
    mov $1, %edi
    syscall
    ret
#else
    push BX
    mov 8(SP), CX
    xor DX, DX
1:  cmpb $0, (CX, DX)
    je 2f
    inc DX
    jmp 1b
2:  mov $4, AX                  # write
    mov $1, BX
    int $0x80
    pop BX
    ret
#endif
