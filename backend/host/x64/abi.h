/*
 * Register conventions of translated code on x86-64, and offsets in the record.
 *
 *   rax rcx rdx rbx rbp rsi rdi   guest registers of the same number, zero-extended
 *   r15  guest ESP                r14  struct context + 128  r13  ctx->tables
 *   r8 r9  address scratch        r10 r11  t0 t1             r12  scratch
 *   rsp  host stack, 16-byte aligned between instructions
 *   xmm0..7  guest where ctx->vec_resident  xmm8..15  scratch
 *
 * At block entry and at every exit the guest's flags stand in the record and host flags are free.
 */
#ifndef BACKEND_HOST_X64_ABI_H
#define BACKEND_HOST_X64_ABI_H

#include "backend/host/x64/encode.h"
#include "translator/api/mode.h"

enum {
    REG_CONTEXT = X64_R14,
    REG_TABLES = X64_R13,
    REG_ESP = X64_R15,
    REG_SCRATCH = X64_R12,
    REG_EA = X64_R8,
    REG_DELTA = X64_R9,
    REG_T0 = X64_R10,
    REG_T1 = X64_R11,
};

enum {
    TABLE_WRITE = offsetof(struct memory_tables, write),
    TABLE_CODE = offsetof(struct memory_tables, code),
    TABLE_COVER = offsetof(struct memory_tables, cover),
};

/* r14 points into the record, so that one-byte displacements reach its first 256 bytes. */
enum { CONTEXT_BIAS = 128 };

/* The member of the record at that offset. */
static inline struct x64_rm abi_context(size_t offset)
{
    return x64_mem(REG_CONTEXT, (int32_t)offset - CONTEXT_BIAS);
}

#define CTX(member)           abi_context(offsetof(struct context, member))
#define CTX_AT(member, bytes) abi_context(offsetof(struct context, member) + (bytes))

/* The same as the displacement of a ready-made instruction, where one byte reaches it. */
#define CTX_DISP8(member) ((uint64_t)(uint8_t)(offsetof(struct context, member) - CONTEXT_BIAS))
_Static_assert(offsetof(struct context, flags) < 2 * CONTEXT_BIAS, "CTX_DISP8 of all that is used");

/* Host register of a guest register 0..7. */
static inline unsigned abi_gpr(unsigned guest)
{
    return guest == GUEST_RSP ? (unsigned)REG_ESP : guest;
}

#endif
