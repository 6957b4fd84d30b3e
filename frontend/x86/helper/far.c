/* Far JMP, CALL and RET: real mode, segments, call gates, task gates and TSSs. */
#include "frontend/x86/cpu/task.h"
#include "frontend/x86/helper/helper.h"

/* A checked target. */
struct target {
    struct descriptor code;
    uint16_t selector;
    uint32_t eip;
    unsigned cpl; /* after the transfer */
};

static bool push_return(struct context *ctx, struct stack *stack, unsigned size)
{
    const uint32_t words[] = {ctx->seg[SEG_CS].selector, (uint32_t)ctx->next_rip};
    return stack_push_all(ctx, stack, size, words, 2);
}

static bool pop_return(struct context *ctx, struct stack *stack, unsigned size, uint32_t *eip,
                       uint32_t *selector)
{
    uint32_t words[2];
    if (!stack_pop_all(ctx, stack, size, words, 2)) {
        return false;
    }
    *eip = words[0];
    *selector = words[1];
    return true;
}

static bool real_push(struct context *ctx, unsigned size)
{
    struct stack stack = stack_current(ctx);
    if (!push_return(ctx, &stack, size)) {
        return false;
    }
    stack_commit(ctx, &stack);
    return true;
}

static uint64_t real_transfer(struct context *ctx, uint32_t eip, uint16_t selector, unsigned size,
                              bool call)
{
    uint32_t limit = x86_v86(ctx) ? 0xffff : ctx->seg[SEG_CS].limit;
    if (size == 2) {
        eip &= 0xffff;
    }
    if (eip > limit) {
        fault_gp(ctx, 0);
        return 0;
    }
    if (call && !real_push(ctx, size)) {
        return 0;
    }
    segment_set_real(ctx, &ctx->seg[SEG_CS], selector);
    ctx->rip = eip;
    return far_done(ctx);
}

static bool check_present(struct context *ctx, const struct target *target)
{
    return descriptor_present(&target->code) ||
           fault_code(ctx, VECTOR_NP, target->selector & 0xfffcu);
}

/* A code segment named directly. */
static bool check_direct(struct context *ctx, struct target *target)
{
    uint32_t rights = descriptor_rights(&target->code);
    unsigned cpl = x86_cpl(ctx);
    unsigned dpl = rights_dpl(rights);
    bool ok = rights_conforming(rights) ? dpl <= cpl : dpl == cpl && (target->selector & 3u) <= cpl;
    target->cpl = cpl;
    if (!rights_code(rights) || !ok) {
        return fault_gp(ctx, target->selector & 0xfffcu);
    }
    return check_present(ctx, target);
}

/* The code segment behind a call gate; a CALL may go to an inner ring. */
static bool check_gate(struct context *ctx, const struct descriptor *gate, bool call,
                       struct target *target)
{
    unsigned cpl = x86_cpl(ctx);
    target->selector = (uint16_t)(gate->low >> 16);
    target->eip = gate->low & 0xffff;
    if (descriptor_system(gate) == SYSTEM_CALL32) {
        target->eip |= gate->high & 0xffff0000u;
    }
    if (selector_null(target->selector)) {
        return fault_gp(ctx, 0);
    }
    if (!descriptor_fetch(ctx, target->selector, VECTOR_GP, &target->code)) {
        return false;
    }
    uint32_t rights = descriptor_rights(&target->code);
    unsigned dpl = rights_dpl(rights);
    bool ok = rights_conforming(rights) || call ? dpl <= cpl : dpl == cpl;
    if (!rights_code(rights) || !ok) {
        return fault_gp(ctx, target->selector & 0xfffcu);
    }
    target->cpl = rights_conforming(rights) ? cpl : dpl;
    return check_present(ctx, target);
}

/* CS holds just that already. */
static bool cs_holds(const struct context *ctx, uint16_t selector, const struct descriptor *d)
{
    const struct segment *cs = &ctx->seg[SEG_CS];
    return cs->source == ((uint64_t)d->high << 32 | d->low) && cs->selector == selector;
}

/* EIP is looked at last, after the stacks. */
static bool enter_target(struct context *ctx, struct target *target, const struct stack *stack)
{
    if (target->eip > descriptor_limit(&target->code)) {
        return fault_gp(ctx, 0);
    }
    if (!descriptor_mark_accessed(ctx, &target->code)) {
        return false;
    }
    ctx->seg[SEG_SS] = stack->segment;
    stack_commit(ctx, stack);
    segment_set(ctx, &ctx->seg[SEG_CS], (uint16_t)((target->selector & ~3u) | target->cpl),
                &target->code);
    ctx->rip = target->eip;
    x86_privilege_changed(ctx);
    return true;
}

/* Gates and TSSs: the rules that all of them share. */
static bool check_system(struct context *ctx, uint16_t selector, const struct descriptor *d)
{
    unsigned dpl = rights_dpl(descriptor_rights(d));
    unsigned type = descriptor_system(d);
    uint32_t known = 1u << SYSTEM_TSS16 | 1u << SYSTEM_TSS32 | 1u << SYSTEM_CALL16 |
                     1u << SYSTEM_CALL32 | 1u << SYSTEM_TASK_GATE;
    if (!(known >> type & 1) || dpl < x86_cpl(ctx) || dpl < (selector & 3u)) {
        return fault_gp(ctx, selector & 0xfffcu);
    }
    return descriptor_present(d) || fault_code(ctx, VECTOR_NP, selector & 0xfffcu);
}

/* Stack of the inner ring with the caller's stack pointer and parameters copied. */
static bool gate_stack(struct context *ctx, const struct descriptor *gate, unsigned cpl,
                       unsigned size, struct stack *stack)
{
    struct stack from = stack_current(ctx);
    uint32_t words[32];
    unsigned count = gate->high & 31;
    struct descriptor d;
    uint16_t ss;
    uint32_t esp;
    if (!task_ring_stack(ctx, cpl, &ss, &esp) ||
        !segment_check_stack(ctx, ss, cpl, VECTOR_TS, &d) || !descriptor_mark_accessed(ctx, &d)) {
        return false;
    }
    *stack = (struct stack){.sp = esp, .view = x86_view(ctx, cpl), .error = ss & 0xfffcu};
    segment_set(ctx, &stack->segment, ss, &d);
    for (unsigned i = 0; i < count; i++) {
        if (!stack_pop(ctx, &from, size, &words[i])) {
            return false;
        }
    }
    if (!stack_push(ctx, stack, size, ctx->seg[SEG_SS].selector) ||
        !stack_push(ctx, stack, size, x86_gpr(ctx, GUEST_RSP))) {
        return false;
    }
    while (count--) {
        if (!stack_push(ctx, stack, size, words[count])) {
            return false;
        }
    }
    return true;
}

static bool through_gate(struct context *ctx, const struct descriptor *gate, bool call)
{
    unsigned size = descriptor_system(gate) == SYSTEM_CALL32 ? 4 : 2;
    struct target target;
    if (!check_gate(ctx, gate, call, &target)) {
        return false;
    }
    struct stack stack = stack_current(ctx);
    if (target.cpl != x86_cpl(ctx) && !gate_stack(ctx, gate, target.cpl, size, &stack)) {
        return false;
    }
    if (call && !push_return(ctx, &stack, size)) {
        return false;
    }
    return enter_target(ctx, &target, &stack);
}

static bool through_system(struct context *ctx, uint16_t selector, const struct descriptor *d,
                           bool call)
{
    enum task_reason reason = call ? TASK_CALL : TASK_JUMP;
    if (!check_system(ctx, selector, d)) {
        return false;
    }
    switch (descriptor_system(d)) {
    case SYSTEM_CALL16:
    case SYSTEM_CALL32:
        return through_gate(ctx, d, call);
    case SYSTEM_TASK_GATE:
        return task_gate(ctx, d, reason, (uint32_t)ctx->next_rip);
    default:
        if (selector & 4) {
            return fault_gp(ctx, selector & 0xfffcu);
        }
        return task_switch(ctx, selector, d, reason, (uint32_t)ctx->next_rip);
    }
}

static uint64_t protected_transfer(struct context *ctx, struct target *target, unsigned size,
                                   bool call)
{
    if (selector_null(target->selector)) {
        fault_gp(ctx, 0);
        return 0;
    }
    if (!descriptor_fetch(ctx, target->selector, VECTOR_GP, &target->code)) {
        return 0;
    }
    if (!(target->code.high & 1u << 12)) {
        return through_system(ctx, target->selector, &target->code, call) ? far_done(ctx) : 0;
    }
    struct stack stack = stack_current(ctx);
    if (!check_direct(ctx, target) || (call && !push_return(ctx, &stack, size))) {
        return 0;
    }
    if (cs_holds(ctx, target->selector, &target->code) &&
        target->eip <= descriptor_limit(&target->code)) {
        stack_commit(ctx, &stack);
        ctx->rip = target->eip;
        return near_done(ctx);
    }
    return enter_target(ctx, target, &stack) ? far_done(ctx) : 0;
}

static uint64_t far_transfer(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm, bool call)
{
    unsigned size = imm & 15;
    uint32_t eip = size == 2 ? a & 0xffff : (uint32_t)a;
    if (!x86_selectors(ctx)) {
        return real_transfer(ctx, eip, (uint16_t)b, size, call);
    }
    struct target target = {.selector = (uint16_t)b, .eip = eip};
    return protected_transfer(ctx, &target, size, call);
}

uint64_t callout_near_target(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    (void)imm;
    if (a > ctx->seg[SEG_CS].limit) {
        fault_gp(ctx, 0);
    }
    return a;
}

/* Only a loop that goes on looks at its target. */
uint64_t callout_loop_target(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    bool zero = (context_flags(ctx) & FLAG_ZF) != 0;
    bool goes_on = (uint32_t)b != 0 && (imm == 0 || zero == !(imm & 1));
    return goes_on ? callout_near_target(ctx, a, 0, 0) : a;
}

uint64_t callout_far_jump(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    return far_transfer(ctx, a, b, imm, false);
}

uint64_t callout_far_call(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    return far_transfer(ctx, a, b, imm, true);
}

static uint64_t real_return(struct context *ctx, unsigned size, uint32_t extra)
{
    struct stack stack = stack_current(ctx);
    uint32_t eip;
    uint32_t selector;
    if (!pop_return(ctx, &stack, size, &eip, &selector)) {
        return 0;
    }
    if (eip > (x86_v86(ctx) ? 0xffff : ctx->seg[SEG_CS].limit)) {
        fault_gp(ctx, 0);
        return 0;
    }
    stack_skip(&stack, extra);
    stack_commit(ctx, &stack);
    segment_set_real(ctx, &ctx->seg[SEG_CS], (uint16_t)selector);
    ctx->rip = eip;
    return far_done(ctx);
}

bool return_check(struct context *ctx, uint16_t selector, struct descriptor *d)
{
    uint32_t error = selector & 0xfffcu;
    unsigned rpl = selector & 3;
    if (selector_null(selector)) {
        return fault_gp(ctx, 0);
    }
    if (!descriptor_fetch(ctx, selector, VECTOR_GP, d)) {
        return false;
    }
    uint32_t rights = descriptor_rights(d);
    unsigned dpl = rights_dpl(rights);
    if (!rights_code(rights) || rpl < x86_cpl(ctx) ||
        (rights_conforming(rights) ? dpl > rpl : dpl != rpl)) {
        return fault_gp(ctx, error);
    }
    return (rights & RIGHTS_P) || fault_code(ctx, VECTOR_NP, error);
}

bool return_stack(struct context *ctx, unsigned size, unsigned cpl, struct stack *stack)
{
    uint32_t esp;
    uint32_t ss;
    struct descriptor d;
    if (!pop_return(ctx, stack, size, &esp, &ss) ||
        !segment_check_stack(ctx, (uint16_t)ss, cpl, VECTOR_GP, &d) ||
        !descriptor_mark_accessed(ctx, &d)) {
        return false;
    }
    *stack = (struct stack){.sp = esp};
    segment_set(ctx, &stack->segment, (uint16_t)ss, &d);
    return true;
}

bool return_entry(struct context *ctx, uint32_t eip, struct descriptor *d)
{
    if (eip > descriptor_limit(d)) {
        return fault_gp(ctx, 0);
    }
    return descriptor_mark_accessed(ctx, d);
}

void return_commit(struct context *ctx, uint16_t selector, uint32_t eip,
                   const struct descriptor *code, const struct stack *stack)
{
    bool outer = (selector & 3u) != x86_cpl(ctx);
    ctx->seg[SEG_SS] = stack->segment;
    stack_commit(ctx, stack);
    segment_set(ctx, &ctx->seg[SEG_CS], selector, code);
    ctx->rip = eip;
    if (outer) {
        segment_drop_inner(ctx);
        x86_privilege_changed(ctx);
    }
}

uint64_t callout_far_ret(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    unsigned size = imm & 15;
    uint32_t extra = imm >> 8 & 0xffff;
    struct stack stack = stack_current(ctx);
    struct descriptor d;
    uint32_t eip;
    uint32_t selector;
    if (!x86_selectors(ctx)) {
        return real_return(ctx, size, extra);
    }
    if (!pop_return(ctx, &stack, size, &eip, &selector) ||
        !return_check(ctx, (uint16_t)selector, &d)) {
        return 0;
    }
    stack_skip(&stack, extra);
    if (cs_holds(ctx, (uint16_t)selector, &d) && eip <= descriptor_limit(&d)) {
        stack_commit(ctx, &stack);
        ctx->rip = eip;
        return near_done(ctx);
    }
    if ((selector & 3) != x86_cpl(ctx)) {
        if (!return_stack(ctx, size, selector & 3, &stack)) {
            return 0;
        }
        stack_skip(&stack, extra);
    }
    if (!return_entry(ctx, eip, &d)) {
        return 0;
    }
    return_commit(ctx, (uint16_t)selector, eip, &d, &stack);
    return far_done(ctx);
}
