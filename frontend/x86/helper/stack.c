/* PUSHA, POPA and ENTER: nothing changes unless every access succeeds. */
#include "frontend/x86/helper/helper.h"

uint64_t callout_pusha(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    struct stack stack = stack_current(ctx);
    for (unsigned reg = 0; reg < 8; reg++) {
        if (!stack_push(ctx, &stack, imm & 15, x86_gpr(ctx, reg))) {
            return 0;
        }
    }
    stack_commit(ctx, &stack);
    return 0;
}

uint64_t callout_popa(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    unsigned size = imm & 15;
    uint32_t values[8];
    struct stack stack = stack_current(ctx);
    for (unsigned reg = 8; reg-- > 0;) {
        if (!stack_pop(ctx, &stack, size, &values[reg])) {
            return 0;
        }
    }
    for (unsigned reg = 0; reg < 8; reg++) {
        if (reg != GUEST_RSP) {
            x86_gpr_put(ctx, reg, size, values[reg]);
        }
    }
    if (size == 4 && x86_of(ctx)->model->family == 3) {
        ctx->gpr[GUEST_RSP] = values[GUEST_RSP]; /* the 386: what a 16-bit stack leaves of it */
    }
    stack_commit(ctx, &stack);
    return 0;
}

/* Copies level - 1 frame pointers of the enclosing procedures. */
static bool copy_display(struct context *ctx, struct stack *stack, unsigned size, unsigned level)
{
    struct stack display = *stack;
    display.sp = x86_gpr(ctx, GUEST_RBP);
    for (unsigned i = 1; i < level; i++) {
        uint32_t value;
        stack_skip(&display, 0u - size);
        struct stack at = display;
        if (!stack_pop(ctx, &at, size, &value) || !stack_push(ctx, stack, size, value)) {
            return false;
        }
    }
    return true;
}

uint64_t callout_enter(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    unsigned size = imm & 15;
    unsigned level = b & 31;
    struct stack stack = stack_current(ctx);
    if (!stack_push(ctx, &stack, size, x86_gpr(ctx, GUEST_RBP))) {
        return 0;
    }
    uint32_t frame = stack.sp;
    if (level &&
        (!copy_display(ctx, &stack, size, level) || !stack_push(ctx, &stack, size, frame))) {
        return 0;
    }
    stack_skip(&stack, 0u - (uint32_t)(a & 0xffff));
    uint32_t end = stack.segment.rights & RIGHTS_BIG ? stack.sp : stack.sp & 0xffff;
    if (!guest_probe_write(ctx, SEG_SS, end, size)) {
        return 0; /* the manual: the final stack pointer must be writable */
    }
    x86_gpr_put(ctx, GUEST_RBP, size, frame);
    stack_commit(ctx, &stack);
    return 0;
}
