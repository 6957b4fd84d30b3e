/*
 * Software interrupts and the faults the lifter raises.
 *
 * INT n, INT3 and INTO enter their handler inside the callout, so that a fault on the way (gate
 * privilege, stack) is a fault of the instruction itself.
 */
#include "frontend/x86/cpu/task.h"
#include "frontend/x86/helper/helper.h"
#include "translator/api/mode.h"

uint64_t callout_raise(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    context_fault(ctx, imm & 255, imm >> 8 & 1, (uint32_t)(imm >> 16));
    return 0;
}

static uint64_t software_interrupt(struct context *ctx, uint8_t vector)
{
    struct guest_event event = {.vector = vector, .kind = EVENT_SOFTWARE};
    if (!event_enter(ctx, &event, (uint32_t)ctx->next_rip)) {
        return 0;
    }
    x86_of(ctx)->step_inhibit = (ctx->mode & MODE_STEP) != 0;
    return far_done(ctx);
}

/* VME: the guest's own vector table at linear 0, without leaving virtual-8086 mode. */
static bool redirect(struct context *ctx, uint8_t vector)
{
    uint64_t target;
    uint32_t image = x86_eflags(ctx);
    bool virtual_if = x86_iopl(ctx) < 3;
    if (virtual_if) {
        image = (image & ~(uint32_t)FLAG_IF) | FLAG_IOPL | (image & FLAG_VIF ? FLAG_IF : 0u);
    }
    if (!linear_read(ctx, vector * 4u, 4, VIEW_USER, &target)) {
        return false;
    }
    struct stack stack = stack_current(ctx);
    if (!stack_push(ctx, &stack, 2, image) ||
        !stack_push(ctx, &stack, 2, ctx->seg[SEG_CS].selector) ||
        !stack_push(ctx, &stack, 2, (uint32_t)ctx->next_rip)) {
        return false;
    }
    stack_commit(ctx, &stack);
    ctx->eflags &= ~(uint32_t)(FLAG_TF | FLAG_NT | (virtual_if ? FLAG_VIF : FLAG_IF));
    segment_set_real(ctx, &ctx->seg[SEG_CS], (uint16_t)(target >> 16));
    ctx->rip = target & 0xffff;
    return true;
}

/* Interrupts by which real-mode software waits: INT 16h AH=01h and 11h (is there a key?), INT 28h
 * (DOS is idle), INT 2Fh AX=1680h (give up the time slice). */
static bool is_poll(const struct context *ctx, uint8_t vector)
{
    unsigned ax = ctx->gpr[GUEST_RAX] & 0xffff;
    if (x86_selectors(ctx) || (ctx->eflags & (FLAG_IF | FLAG_TF)) != FLAG_IF) {
        return false;
    }
    return vector == 0x28 || (vector == 0x16 && (ax >> 8 == 0x01 || ax >> 8 == 0x11)) ||
           (vector == 0x2f && ax == 0x1680);
}

/* The instruction does not begin before an interrupt has come. */
static bool waits_first(struct context *ctx, uint8_t vector)
{
    const struct x86_cpu *cpu = x86_of(ctx);
    if (!cpu->wires.polls || !is_poll(ctx, vector) || !cpu->wires.polls(cpu->wires.machine)) {
        return false;
    }
    ctx->halted = 1;
    ctx->leave = LEAVE_HALT;
    return true;
}

uint64_t callout_int_n(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    uint8_t vector = (uint8_t)imm;
    bool redirected;
    if (waits_first(ctx, vector)) {
        return 0;
    }
    if (!x86_v86(ctx)) {
        return software_interrupt(ctx, vector);
    }
    if (!task_int_redirected(ctx, vector, &redirected)) {
        return 0;
    }
    if (redirected) {
        return redirect(ctx, vector) ? far_done(ctx) : 0;
    }
    if (x86_iopl(ctx) < 3) {
        fault_gp(ctx, 0);
        return 0;
    }
    return software_interrupt(ctx, vector);
}

uint64_t callout_int3(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    return software_interrupt(ctx, VECTOR_BP);
}

uint64_t callout_into(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    return context_flags(ctx) & FLAG_OF ? software_interrupt(ctx, VECTOR_OF) : 0;
}

uint64_t callout_int1(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    ctx->event = (struct guest_event){.vector = VECTOR_DB, .kind = EVENT_TRAP};
    context_leave_after(ctx, LEAVE_EVENT);
    return 0;
}

uint64_t callout_bound(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    unsigned size = imm & 15;
    enum seg_index seg = (enum seg_index)(imm >> 8 & 7);
    uint64_t low;
    uint64_t high;
    uint32_t second = (uint32_t)(b + size) & (imm >> 12 & 1 ? 0xffff : UINT32_MAX);
    if (!guest_read(ctx, seg, b, size, &low) || !guest_read(ctx, seg, second, size, &high)) {
        return 0;
    }
    unsigned shift = 64 - size * 8;
    int64_t index = (int64_t)(a << shift);
    if (index < (int64_t)(low << shift) || index > (int64_t)(high << shift)) {
        fault(ctx, VECTOR_BR);
    }
    return 0;
}
