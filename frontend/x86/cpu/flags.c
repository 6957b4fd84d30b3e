/* EFLAGS as a whole: the image PUSHF shows, and its replacement under a mask. */
#include "frontend/x86/cpu/cpu.h"

uint32_t x86_eflags(const struct context *ctx)
{
    return ctx->eflags | context_flags(ctx) | x86_of_const(ctx)->eflags_fixed |
           (ctx->df == 1 ? 0u : (uint32_t)FLAG_DF);
}

uint32_t x86_eflags_known(const struct context *ctx)
{
    const struct x86_model *model = x86_of_const(ctx)->model;
    uint32_t known = FLAGS_ARITH | FLAG_TF | FLAG_IF | FLAG_DF;
    if (model->family >= 3 || (model->family == 2 && x86_protected(ctx))) {
        known |= FLAG_IOPL | FLAG_NT; /* the 80286 keeps them clear in real mode */
    }
    if (model->family >= 3) {
        known |= FLAG_RF | FLAG_VM;
    }
    if (model->family >= 4) {
        known |= FLAG_AC;
    }
    if (model->max_leaf) {
        known |= FLAG_ID;
    }
    if (model->features[WORD_1_EDX] & FEATURE_VME) {
        known |= FLAG_VIF | FLAG_VIP;
    }
    return known;
}

void x86_set_eflags(struct context *ctx, uint32_t value, uint32_t mask)
{
    mask &= x86_eflags_known(ctx);
    uint32_t now = (x86_eflags(ctx) & ~mask) | (value & mask);
    context_set_flags(ctx, now);
    ctx->df = now & FLAG_DF ? UINT32_MAX : 1;
    ctx->eflags = now & ~(FLAGS_ARITH | FLAG_DF | x86_of(ctx)->eflags_fixed);
}
