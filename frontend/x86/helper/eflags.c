/* PUSHF, POPF, CLI, STI, STAC, CLAC with IOPL, virtual-8086 extensions and protected-mode virtual
 * interrupts.
 */
#include "frontend/x86/helper/helper.h"

/* Virtual-8086 code below IOPL 3 with VME, or CPL 3 code below IOPL 3 with PVI. */
static bool virtual_if(const struct context *ctx)
{
    uint32_t cr4 = x86_of_const(ctx)->cr4;
    if (x86_v86(ctx)) {
        return x86_iopl(ctx) < 3 && (cr4 & CR4_VME);
    }
    return x86_protected(ctx) && x86_cpl(ctx) == 3 && x86_iopl(ctx) < 3 && (cr4 & CR4_PVI);
}

uint64_t callout_pushf(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    unsigned size = imm & 15;
    uint32_t image = x86_eflags(ctx) & ~(uint32_t)(FLAG_VM | FLAG_RF);
    if (x86_v86(ctx) && x86_iopl(ctx) < 3) {
        if (size == 4 || !virtual_if(ctx)) {
            fault_gp(ctx, 0);
            return 0;
        }
        image =
            (image & ~(uint32_t)FLAG_IF) | FLAG_IOPL | (image & FLAG_VIF ? (uint32_t)FLAG_IF : 0u);
    }
    struct stack stack = stack_current(ctx);
    if (stack_push(ctx, &stack, size, image)) {
        stack_commit(ctx, &stack);
    }
    return 0;
}

/* Which bits POPF replaces, outside VME. */
static uint32_t popf_mask(const struct context *ctx, unsigned size)
{
    uint32_t mask = FLAGS_ARITH | FLAG_DF | FLAG_TF | FLAG_NT;
    if (size == 4) {
        mask |= FLAG_AC | FLAG_ID | FLAG_RF;
    }
    if (x86_cpl(ctx) <= x86_iopl(ctx)) {
        mask |= FLAG_IF;
    }
    if (x86_cpl(ctx) == 0) {
        mask |= FLAG_IOPL | (size == 4 ? FLAG_VIF | FLAG_VIP : 0);
    }
    return mask;
}

/* Ends an instruction that may have let interrupts in. */
static uint64_t interrupts_done(struct context *ctx, uint32_t eflags_before)
{
    uint32_t changed = ctx->eflags ^ eflags_before;
    if (ctx->interrupt && ctx->eflags & changed & FLAG_IF) {
        return leave_done(ctx);
    }
    return changed & ~(uint32_t)FLAG_IF ? mode_done(ctx) : 0; /* IF is no part of the mode */
}

uint64_t callout_popf(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    unsigned size = imm & 15;
    uint32_t before = ctx->eflags;
    uint32_t mask = popf_mask(ctx, size);
    bool vme = false;
    if (x86_v86(ctx) && x86_iopl(ctx) < 3) {
        vme = size == 2 && virtual_if(ctx);
        if (!vme) {
            fault_gp(ctx, 0);
            return 0;
        }
    }
    struct stack stack = stack_current(ctx);
    uint32_t image;
    if (!stack_pop(ctx, &stack, size, &image)) {
        return 0;
    }
    if (vme) {
        if ((image & FLAG_TF) || ((image & FLAG_IF) && (before & FLAG_VIP))) {
            fault_gp(ctx, 0);
            return 0;
        }
        mask |= FLAG_VIF;
        image |= image & FLAG_IF ? (uint32_t)FLAG_VIF : 0u;
    } else {
        image &= ~(uint32_t)(FLAG_RF | FLAG_VIF | FLAG_VIP);
    }
    stack_commit(ctx, &stack);
    x86_set_eflags(ctx, image, mask);
    return interrupts_done(ctx, before);
}

uint64_t callout_flags_image(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    return x86_eflags(ctx) & ~(uint32_t)(FLAG_VM | FLAG_RF);
}

uint64_t callout_flags_set(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    (void)imm;
    uint32_t before = ctx->eflags;
    x86_set_eflags(ctx, (uint32_t)a & ~(uint32_t)(FLAG_RF | FLAG_VIF | FLAG_VIP),
                   popf_mask(ctx, 4));
    return interrupts_done(ctx, before);
}

uint64_t callout_cli(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    if (x86_cpl(ctx) <= x86_iopl(ctx)) {
        ctx->eflags &= ~(uint32_t)FLAG_IF;
    } else if (virtual_if(ctx)) {
        ctx->eflags &= ~(uint32_t)FLAG_VIF;
    } else {
        fault_gp(ctx, 0);
    }
    return 0;
}

uint64_t callout_sti(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    if (x86_cpl(ctx) <= x86_iopl(ctx)) {
        if (!(ctx->eflags & FLAG_IF)) {
            ctx->eflags |= FLAG_IF;
            context_shadow(ctx, SHADOW_STI);
            return ctx->interrupt ? leave_done(ctx) : 0;
        }
        return 0;
    }
    if (!virtual_if(ctx) || (ctx->eflags & FLAG_VIP)) {
        fault_gp(ctx, 0);
        return 0;
    }
    ctx->eflags |= FLAG_VIF;
    return 0;
}

static uint64_t set_ac(struct context *ctx, uint32_t ac)
{
    ctx->eflags = (ctx->eflags & ~(uint32_t)FLAG_AC) | ac;
    return mode_done(ctx);
}

uint64_t callout_stac(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    return x86_cpl(ctx) == 0 ? set_ac(ctx, FLAG_AC) : (uint64_t)fault(ctx, VECTOR_UD);
}

uint64_t callout_clac(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    return x86_cpl(ctx) == 0 ? set_ac(ctx, 0) : (uint64_t)fault(ctx, VECTOR_UD);
}
