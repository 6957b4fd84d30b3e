/*
 * callout_vec: one operation of vec_ops.def with any operands.
 *
 * Operands are fetched and stored by their IR codes, so the functions of the rows see plain values.
 * Memory operands pass through ctx->slow_value; limits, alignment and paging are the engine's work.
 * An unmasked floating-point exception leaves the destination alone, sets its flags in MXCSR and
 * raises #XM, or #UD while CR4.OSXMMEXCPT is clear (SDM volume 1, 11.5).
 */
#include "frontend/x86/helper/vec.h"

#include "base/endian.h"

#include <assert.h>

static vec_function *const functions[VEC_OPS] = {
#define VEC(name, prefix, opcode, form, flags) [VEC_##name] = vec_##name,
#include "translator/ir/vec_ops.def"
#undef VEC
};

static bool is_xmm(unsigned code)
{
    return code >= IR_XMM0 && code < IR_XMM0 + 16;
}

static bool is_mmx(unsigned code)
{
    return code >= IR_MM0 && code < IR_MM0 + 8;
}

static bool is_gpr(unsigned code)
{
    return code < GUEST_GPRS;
}

static struct vec fetch(const struct context *ctx, unsigned code)
{
    if (is_xmm(code)) {
        const struct xmm *xmm = &ctx->xmm[code - IR_XMM0];
        return (struct vec){{xmm->q[0], xmm->q[1]}};
    }
    if (is_mmx(code)) {
        return (struct vec){{ctx->st[code - IR_MM0].mantissa, 0}};
    }
    if (code == IR_MEM) {
        return (struct vec){{context_slow(ctx, 0), context_slow(ctx, 1)}};
    }
    if (code >= IR_AH && code <= IR_BH) {
        return (struct vec){{ctx->gpr[code - IR_AH] >> 8, 0}};
    }
    return (struct vec){{is_gpr(code) ? ctx->gpr[code] : 0, 0}};
}

static void deposit(struct context *ctx, unsigned code, const struct vec *value)
{
    if (is_xmm(code)) {
        ctx->xmm[code - IR_XMM0].q[0] = value->q[0];
        ctx->xmm[code - IR_XMM0].q[1] = value->q[1];
    } else if (is_mmx(code)) {
        ctx->st[code - IR_MM0].mantissa = value->q[0];
        ctx->st[code - IR_MM0].exponent = 0xffff;
    } else if (code == IR_MEM) {
        context_set_slow(ctx, value->q[0], value->q[1]);
    } else if (is_gpr(code)) {
        ctx->gpr[code] = (uint32_t)value->q[0];
    }
}

/* Accounts for the exceptions of the operation; false when one is unmasked and now raised. */
static bool settle_exceptions(struct vec_call *call)
{
    struct context *ctx = call->ctx;
    uint32_t unmasked = call->raised & ~(ctx->mxcsr >> MXCSR_MASK_SHIFT);
    ctx->mxcsr |= call->raised;
    if (unmasked == 0) {
        return true;
    }
    bool enabled = x86_of(ctx)->cr4 & CR4_OSXMMEXCPT;
    return fault(ctx, enabled ? VECTOR_XM : VECTOR_UD);
}

uint64_t callout_probe_write(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    guest_probe_write(ctx, (enum seg_index)(imm & 7), a, imm >> 8 & 31);
    return 0;
}

uint64_t callout_vec(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    unsigned op = imm & 0xffff;
    unsigned dst = imm >> 16 & 0xff;
    unsigned src = imm >> 24 & 0xff;
    assert(op < VEC_OPS);
    bool mmx = is_mmx(dst) || is_mmx(src);
    if (mmx) {
        context_fpu_sync(ctx);
    }
    struct vec_call call = {.ctx = ctx,
                            .dst = fetch(ctx, dst),
                            .src = fetch(ctx, src),
                            .imm8 = imm >> 32 & 0xff,
                            .dst_memory = dst == IR_MEM,
                            .src_memory = src == IR_MEM};
    functions[op](&call);
    if (call.raised && !settle_exceptions(&call)) {
        return 0;
    }
    if (mmx) {
        vec_enter_mmx(ctx);
    }
    if (call.sets_eflags) {
        context_set_flags(ctx, call.eflags);
    }
    if (!call.keeps_dst) {
        deposit(ctx, dst, &call.dst);
    }
    return 0;
}
