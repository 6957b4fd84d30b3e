/*
 * IRET: real mode, virtual-8086 mode (with and without VME), protected mode to the same and outer
 * rings, to virtual-8086 mode, and to the task of the back link.
 *
 * RF is kept only while instruction breakpoints may be enabled; nothing else can tell.
 */
#include "frontend/x86/cpu/task.h"
#include "frontend/x86/helper/helper.h"

struct frame {
    uint32_t eip, selector, eflags;
};

static bool pop_frame(struct context *ctx, struct stack *stack, unsigned size, struct frame *frame)
{
    uint32_t words[3];
    if (!stack_pop_all(ctx, stack, size, words, 3)) {
        return false;
    }
    *frame = (struct frame){words[0], words[1], words[2]};
    return true;
}

static uint64_t iret_done(struct context *ctx)
{
    struct x86_cpu *cpu = x86_of(ctx);
    if (cpu->nmi_blocked) {
        cpu->nmi_blocked = 0;
        if (cpu->wires.nmi_unblocked) {
            cpu->wires.nmi_unblocked(cpu->wires.machine);
        }
    }
    if (!(cpu->dr[7] & 0xff)) {
        ctx->eflags &= ~(uint32_t)FLAG_RF;
    }
    cpu->keep_rf = 1;
    return far_done(ctx);
}

/* Bits that every form replaces. */
static uint32_t basic_mask(unsigned size)
{
    uint32_t mask = FLAGS_ARITH | FLAG_DF | FLAG_TF | FLAG_NT;
    return size == 4 ? mask | FLAG_RF | FLAG_AC | FLAG_ID : mask;
}

static uint64_t iret_real(struct context *ctx, unsigned size, uint32_t mask)
{
    struct stack stack = stack_current(ctx);
    struct frame frame;
    if (!pop_frame(ctx, &stack, size, &frame)) {
        return 0;
    }
    if (frame.eip > (x86_v86(ctx) ? 0xffff : ctx->seg[SEG_CS].limit)) {
        fault_gp(ctx, 0);
        return 0;
    }
    stack_commit(ctx, &stack);
    segment_set_real(ctx, &ctx->seg[SEG_CS], (uint16_t)frame.selector);
    ctx->rip = frame.eip;
    x86_set_eflags(ctx, frame.eflags, mask);
    return iret_done(ctx);
}

/* VME with IOPL < 3, 16-bit: IF of the image goes to VIF. */
static uint64_t iret_vme(struct context *ctx)
{
    struct stack stack = stack_current(ctx);
    struct frame frame;
    if (!pop_frame(ctx, &stack, 2, &frame)) {
        return 0;
    }
    if ((frame.eflags & FLAG_TF) || ((frame.eflags & FLAG_IF) && (ctx->eflags & FLAG_VIP))) {
        fault_gp(ctx, 0);
        return 0;
    }
    stack_commit(ctx, &stack);
    segment_set_real(ctx, &ctx->seg[SEG_CS], (uint16_t)frame.selector);
    ctx->rip = frame.eip;
    uint32_t image = frame.eflags | (frame.eflags & FLAG_IF ? (uint32_t)FLAG_VIF : 0u);
    x86_set_eflags(ctx, image, basic_mask(2) | FLAG_VIF);
    return iret_done(ctx);
}

static uint64_t iret_v86(struct context *ctx, unsigned size)
{
    if (x86_iopl(ctx) == 3) {
        return iret_real(ctx, size, basic_mask(size) | FLAG_IF);
    }
    if (size == 2 && (x86_of(ctx)->cr4 & CR4_VME)) {
        return iret_vme(ctx);
    }
    fault_gp(ctx, 0);
    return 0;
}

static uint64_t iret_to_v86(struct context *ctx, struct stack *stack, const struct frame *frame)
{
    static const uint8_t order[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};
    uint32_t esp;
    uint32_t ss;
    uint32_t data[4];
    if (!stack_pop(ctx, stack, 4, &esp) || !stack_pop(ctx, stack, 4, &ss)) {
        return 0;
    }
    for (unsigned i = 0; i < 4; i++) {
        if (!stack_pop(ctx, stack, 4, &data[i])) {
            return 0;
        }
    }
    if (frame->eip > 0xffff) {
        fault_gp(ctx, 0);
        return 0;
    }
    x86_set_eflags(ctx, frame->eflags, UINT32_MAX);
    segment_set_real(ctx, &ctx->seg[SEG_CS], (uint16_t)frame->selector);
    segment_set_real(ctx, &ctx->seg[SEG_SS], (uint16_t)ss);
    for (unsigned i = 0; i < 4; i++) {
        segment_set_real(ctx, &ctx->seg[order[i]], (uint16_t)data[i]);
    }
    ctx->gpr[GUEST_RSP] = esp;
    ctx->rip = frame->eip;
    x86_privilege_changed(ctx);
    return iret_done(ctx);
}

static uint32_t protected_mask(const struct context *ctx, unsigned size)
{
    uint32_t mask = basic_mask(size);
    if (x86_cpl(ctx) <= x86_iopl(ctx)) {
        mask |= FLAG_IF;
    }
    if (x86_cpl(ctx) == 0) {
        mask |= FLAG_IOPL | (size == 4 ? FLAG_VIF | FLAG_VIP : 0);
    }
    return mask;
}

static uint64_t iret_protected(struct context *ctx, unsigned size)
{
    struct stack stack = stack_current(ctx);
    struct frame frame;
    struct descriptor d;
    if (!pop_frame(ctx, &stack, size, &frame)) {
        return 0;
    }
    if (size == 4 && (frame.eflags & FLAG_VM) && x86_cpl(ctx) == 0) {
        return iret_to_v86(ctx, &stack, &frame);
    }
    uint16_t selector = (uint16_t)frame.selector;
    if (!return_check(ctx, selector, &d)) {
        return 0;
    }
    if ((selector & 3u) != x86_cpl(ctx) && !return_stack(ctx, size, selector & 3, &stack)) {
        return 0;
    }
    if (!return_entry(ctx, frame.eip, &d)) {
        return 0;
    }
    x86_set_eflags(ctx, frame.eflags, protected_mask(ctx, size));
    return_commit(ctx, selector, frame.eip, &d, &stack);
    return iret_done(ctx);
}

uint64_t callout_iret(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    unsigned size = imm & 15;
    if (!x86_protected(ctx)) {
        return iret_real(ctx, size, basic_mask(size) | FLAG_IF | FLAG_IOPL);
    }
    if (x86_v86(ctx)) {
        return iret_v86(ctx, size);
    }
    if (ctx->eflags & FLAG_NT) {
        return task_return(ctx, (uint32_t)ctx->next_rip) ? iret_done(ctx) : 0;
    }
    return iret_protected(ctx, size);
}
