/*
 * MMX, SSE to SSE4.2 and what came with them in software, independent of the host (Intel SDM
 * volume 2).
 *
 * Every row NAME of translator/ir/vec_ops.def has one function vec_NAME in vec_*.c; a missing one
 * does not link.  callout_vec (vec.c) fetches the operands, calls the function and stores the
 * destination, unless the function raised an unmasked floating-point exception.
 */
#ifndef FRONTEND_X86_HELPER_VEC_H
#define FRONTEND_X86_HELPER_VEC_H

#include "base/bits.h"
#include "frontend/x86/helper/helper.h"
#include "translator/ir/ir.h"

/* The value of any operand: XMM register; MMX register in q[0]; general register or memory in the
 * low bytes, what is above them being unspecified. */
struct vec {
    uint64_t q[2];
};

/* One operation under way. */
struct vec_call {
    struct context *ctx;
    struct vec dst; /* old value of the destination; the function leaves the new one */
    struct vec src;
    unsigned imm8;
    bool dst_memory, src_memory;
    uint32_t raised; /* MXCSR exception flags so far: vec_signal() */
    uint32_t eflags; /* arithmetic flags, when it sets them */
    bool sets_eflags;
    bool keeps_dst; /* the result is not in dst: implied registers, or flags alone */
};

typedef void vec_function(struct vec_call *call);

#define VEC(name, prefix, opcode, form, flags) vec_function vec_##name;
#include "translator/ir/vec_ops.def"
#undef VEC

/* MXCSR. */
enum {
    MXCSR_IE = 1 << 0,
    MXCSR_DE = 1 << 1,
    MXCSR_ZE = 1 << 2,
    MXCSR_OE = 1 << 3,
    MXCSR_UE = 1 << 4,
    MXCSR_PE = 1 << 5,
    MXCSR_FLAGS = 0x3f,
    MXCSR_DAZ = 1 << 6,
    MXCSR_MASK_SHIFT = 7, /* from a flag to its mask bit */
    MXCSR_ROUND_SHIFT = 13,
    MXCSR_FTZ = 1 << 15,
};

/* Bits of MXCSR that the model implements; setting another one is #GP(0). */
uint32_t vec_mxcsr_known(const struct context *ctx);

/* What every MMX instruction does to the x87 state: TOP 0, all registers valid. */
static inline void vec_enter_mmx(struct context *ctx)
{
    context_fpu_sync(ctx);
    ctx->ftop = 0;
    ctx->ftag = 0;
}

/*
 * One step of the operation signals exceptions; false when an unmasked one ends it there.  When any
 * element has an unmasked exception of those found before computing (IE DE ZE), nothing is
 * computed, so the others (OE UE PE) are not seen.
 */
static inline bool vec_signal(struct vec_call *call, uint32_t raised)
{
    enum { BEFORE = MXCSR_IE | MXCSR_DE | MXCSR_ZE };
    uint32_t unmasked = raised & ~(call->ctx->mxcsr >> MXCSR_MASK_SHIFT);
    call->raised |= unmasked & BEFORE ? raised & BEFORE : raised;
    return unmasked == 0;
}

/* Lane i of `bits` bits (8, 16, 32, 64). */
static inline uint64_t vec_get(const struct vec *v, unsigned bits, unsigned i)
{
    unsigned at = i * bits;
    return v->q[at >> 6] >> (at & 63) & bits_mask(bits);
}

static inline void vec_put(struct vec *v, unsigned bits, unsigned i, uint64_t value)
{
    unsigned at = i * bits;
    uint64_t mask = bits_mask(bits) << (at & 63);
    uint64_t *q = &v->q[at >> 6];
    *q = (*q & ~mask) | (value << (at & 63) & mask);
}

#endif
