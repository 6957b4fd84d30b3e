/*
 * One MMX or SSE instruction run on this machine's own CPU: registers and MXCSR are loaded, the
 * instruction of a table row executes, everything is stored back.
 *
 * The instruction names register 0 in its reg field and register 1 or memory in its rm field
 * (immediate shifts: register 0 in the rm field).  Unmasked exceptions arrive as SIGFPE, misaligned
 * operands as SIGSEGV; the handler goes on behind the instruction, whose address stands in r11, and
 * notes it in r10.
 */
#ifndef TESTS_UNIT_FRONTEND_X86_HELPER_VEC_HOST_H
#define TESTS_UNIT_FRONTEND_X86_HELPER_VEC_HOST_H

#include "translator/ir/ir.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

/* Offsets are known to the code below. */
struct vec_registers {
    uint64_t xmm[2][2];     /* 0 */
    uint64_t mm[2];         /* 32 */
    uint32_t gpr[3];        /* 48: eax, ecx, edx */
    uint32_t mxcsr;         /* 60 */
    uint32_t eflags;        /* 64 */
    uint32_t trapped;       /* 68 */
    uint32_t mxcsr_at_rest; /* 72 */
    alignas(16) uint8_t memory[32];
};

/* Which register file an operand is in. */
enum vec_file { FILE_NONE, FILE_XMM, FILE_MMX, FILE_GPR };

struct vec_shape {
    enum vec_file reg, rm;
    bool rm_is_destination;
    bool no_memory;
};

/* clang-format off */
static const struct vec_shape vec_shapes[] = {
    [VEC_FORM_X_XM16] = {FILE_XMM, FILE_XMM, false, false},
    [VEC_FORM_X_XM8]  = {FILE_XMM, FILE_XMM, false, false},
    [VEC_FORM_X_XM4]  = {FILE_XMM, FILE_XMM, false, false},
    [VEC_FORM_XM16_X] = {FILE_XMM, FILE_XMM, true,  false},
    [VEC_FORM_XM8_X]  = {FILE_XMM, FILE_XMM, true,  false},
    [VEC_FORM_XM4_X]  = {FILE_XMM, FILE_XMM, true,  false},
    [VEC_FORM_P_PM8]  = {FILE_MMX, FILE_MMX, false, false},
    [VEC_FORM_PM8_P]  = {FILE_MMX, FILE_MMX, true,  false},
    [VEC_FORM_P_PM4]  = {FILE_MMX, FILE_MMX, false, false},
    [VEC_FORM_P_XM16] = {FILE_MMX, FILE_XMM, false, false},
    [VEC_FORM_P_XM8]  = {FILE_MMX, FILE_XMM, false, false},
    [VEC_FORM_X_PM8]  = {FILE_XMM, FILE_MMX, false, false},
    [VEC_FORM_X_RM4]  = {FILE_XMM, FILE_GPR, false, false},
    [VEC_FORM_P_RM4]  = {FILE_MMX, FILE_GPR, false, false},
    [VEC_FORM_RM4_X]  = {FILE_XMM, FILE_GPR, true,  false},
    [VEC_FORM_RM4_P]  = {FILE_MMX, FILE_GPR, true,  false},
    [VEC_FORM_R_XM8]  = {FILE_GPR, FILE_XMM, false, false},
    [VEC_FORM_R_XM4]  = {FILE_GPR, FILE_XMM, false, false},
    [VEC_FORM_R_X]    = {FILE_GPR, FILE_XMM, false, true},
    [VEC_FORM_R_P]    = {FILE_GPR, FILE_MMX, false, true},
    [VEC_FORM_X_RM2]  = {FILE_XMM, FILE_GPR, false, false},
    [VEC_FORM_P_RM2]  = {FILE_MMX, FILE_GPR, false, false},
    [VEC_FORM_X_IMM]  = {FILE_NONE, FILE_XMM, true, true},
    [VEC_FORM_P_IMM]  = {FILE_NONE, FILE_MMX, true, true},
    [VEC_FORM_X_P]    = {FILE_XMM, FILE_MMX, false, true},
    [VEC_FORM_P_X]    = {FILE_MMX, FILE_XMM, false, true},
    [VEC_FORM_X_XM2]  = {FILE_XMM, FILE_XMM, false, false},
    [VEC_FORM_X_RM1]  = {FILE_XMM, FILE_GPR, false, false},
    [VEC_FORM_RM1_X]  = {FILE_XMM, FILE_GPR, true,  false},
    [VEC_FORM_RM2_X]  = {FILE_XMM, FILE_GPR, true,  false},
    [VEC_FORM_R_RM1]  = {FILE_GPR, FILE_GPR, false, false},
    [VEC_FORM_R_RM2]  = {FILE_GPR, FILE_GPR, false, false},
    [VEC_FORM_R_RM4]  = {FILE_GPR, FILE_GPR, false, false},
    [VEC_FORM_RM2_R]  = {FILE_GPR, FILE_GPR, true,  false},
    [VEC_FORM_RM4_R]  = {FILE_GPR, FILE_GPR, true,  false},
};
/* clang-format on */

/* Rows that only exist with a memory operand. */
static inline bool vec_memory_only(unsigned op)
{
    static const uint16_t ops[] = {
        VEC_movlps_store, VEC_movlpd,       VEC_movlpd_store,  VEC_movhps_store,
        VEC_movhpd,       VEC_movhpd_store, VEC_movntps,       VEC_movntpd,
        VEC_movntq,       VEC_movntdq,      VEC_lddqu,         VEC_movntdqa,
        VEC_movbe_w,      VEC_movbe_d,      VEC_movbe_store_w, VEC_movbe_store_d};
    for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        if (ops[i] == op) {
            return true;
        }
    }
    return false;
}

static inline bool vec_is_shift(unsigned op)
{
    return vec_shapes[vec_rows[op].form].reg == FILE_NONE;
}

#if defined(__x86_64__)

enum { VEC_CODE_BYTES = 4096 };

static inline uint8_t *vec_code_create(void)
{
    void *code = mmap(NULL, VEC_CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return code == MAP_FAILED ? NULL : code;
}

/* The instruction of the row; returns its length. */
static inline unsigned vec_encode(uint8_t *out, unsigned op, bool memory, unsigned imm8)
{
    const struct vec_row *row = &vec_rows[op];
    unsigned n = 0;
    if (row->prefix >> 14 & 1) {
        out[n++] = 0x66;
    }
    if (row->prefix & 0xff) {
        out[n++] = (uint8_t)row->prefix;
    }
    out[n++] = 0x0f;
    if (vec_map(row) != VEC_MAP_0F) {
        out[n++] = vec_map(row) == VEC_MAP_0F38 ? 0x38 : 0x3a;
    }
    out[n++] = row->opcode;
    unsigned digit = row->prefix >> 8 & 7;
    out[n++] = vec_is_shift(op) ? (uint8_t)(0xc0 | digit << 3) : memory ? 0x06 : 0xc1;
    if (row->flags & VEC_IMM8) {
        out[n++] = (uint8_t)imm8;
    }
    return n;
}

/* Writes the function void (struct vec_registers *, void *memory) that runs the row; the address of
 * the memory operand stands in rsi. */
static inline void vec_emit(uint8_t *code, unsigned op, bool memory, unsigned imm8)
{
    static const uint8_t head[] = {
        0x0f, 0xae, 0x57, 0x3c, /* ldmxcsr [rdi+60] */
        0x0f, 0x10, 0x07,       /* movups xmm0, [rdi] */
        0x0f, 0x10, 0x4f, 0x10, /* movups xmm1, [rdi+16] */
        0x0f, 0x6f, 0x47, 0x20, /* movq mm0, [rdi+32] */
        0x0f, 0x6f, 0x4f, 0x28, /* movq mm1, [rdi+40] */
        0x8b, 0x47, 0x30,       /* mov eax, [rdi+48] */
        0x8b, 0x4f, 0x34,       /* mov ecx, [rdi+52] */
        0x8b, 0x57, 0x38,       /* mov edx, [rdi+56] */
        0x45, 0x31, 0xd2,       /* xor r10d, r10d */
        0x4c, 0x8d, 0x1d,       /* lea r11, [rip + length of the instruction] */
    };
    static const uint8_t tail[] = {
        0x0f, 0xae, 0x5f, 0x3c, /* stmxcsr [rdi+60] */
        0x0f, 0x11, 0x07,       /* movups [rdi], xmm0 */
        0x0f, 0x11, 0x4f, 0x10, /* movups [rdi+16], xmm1 */
        0x0f, 0x7f, 0x47, 0x20, /* movq [rdi+32], mm0 */
        0x0f, 0x7f, 0x4f, 0x28, /* movq [rdi+40], mm1 */
        0x89, 0x47, 0x30,       /* mov [rdi+48], eax */
        0x89, 0x4f, 0x34,       /* mov [rdi+52], ecx */
        0x89, 0x57, 0x38,       /* mov [rdi+56], edx */
        0x44, 0x89, 0x57, 0x44, /* mov [rdi+68], r10d */
        0x9c, 0x58,             /* pushfq; pop rax */
        0x89, 0x47, 0x40,       /* mov [rdi+64], eax */
        0x0f, 0x77,             /* emms */
        0x0f, 0xae, 0x57, 0x48, /* ldmxcsr [rdi+72] */
        0xc3,                   /* ret */
    };
    uint8_t insn[16];
    uint32_t length = vec_encode(insn, op, memory, imm8);
    memcpy(code, head, sizeof(head));
    code += sizeof(head);
    memcpy(code, &length, 4);
    memcpy(code + 4, insn, length);
    memcpy(code + 4 + length, tail, sizeof(tail));
}

/* offset: of the memory operand from a 16-byte boundary. */
static inline void vec_run(const uint8_t *code, struct vec_registers *registers, unsigned offset)
{
    void (*function)(struct vec_registers *, void *);
    memcpy(&function, &code, sizeof(function));
    registers->mxcsr_at_rest = 0x1f80;
    function(registers, registers->memory + offset);
}

static inline void vec_go_on(int signal, siginfo_t *info, void *context)
{
    enum { R10 = 2, R11 = 3, RIP = 16 }; /* places in gregs */
    ucontext_t *user = context;
    (void)signal;
    (void)info;
    user->uc_mcontext.gregs[RIP] = user->uc_mcontext.gregs[R11];
    user->uc_mcontext.gregs[R10] = 1;
}

static inline void vec_catch_traps(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = vec_go_on;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGFPE, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
}

#endif

#endif
