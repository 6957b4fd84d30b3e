/*
 * MONITOR and MWAIT (SDM volume 2; volume 3A, 9.10.4), and CLFLUSH, which checks an address alike.
 *
 * With one processor only interrupts and devices that write to memory can end the wait, and both
 * act when a timer of the board expires: the wait lasts until then at most.  Waking early is
 * allowed, the guest has to look at its line again anyway.
 */
#include "frontend/x86/helper/helper.h"

enum { MWAIT_MASKED_INTERRUPTS = 1 }; /* in ECX */

/* Faults as a read of the byte would, and reads nothing: it may be a register of a device.
 * rights: what the segment must allow. */
static bool readable(struct context *ctx, enum seg_index seg, uint64_t offset, enum access rights)
{
    uint64_t linear;
    bool faulted = false;
    if (!x86_segment_check(ctx, seg, offset, 1, rights, &linear)) {
        return false;
    }
    linear_host(ctx, linear, ACCESS_READ, ctx->view, &faulted);
    return !faulted;
}

uint64_t callout_clflush(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    readable(ctx, (enum seg_index)(imm & 7), a, ACCESS_EXECUTE); /* execute-only code, too */
    return 0;
}

/* #UD above level 0, then #GP for bits of ECX that mean nothing. */
static bool usable(struct context *ctx, uint32_t extensions)
{
    if (x86_cpl(ctx) != 0) {
        return fault(ctx, VECTOR_UD);
    }
    return !(x86_gpr(ctx, GUEST_RCX) & ~extensions) || fault_gp(ctx, 0);
}

uint64_t callout_monitor(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    if (usable(ctx, 0) && readable(ctx, (enum seg_index)(imm & 7), a, ACCESS_READ)) {
        x86_of(ctx)->monitor = 1;
    }
    return 0;
}

uint64_t callout_mwait(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    struct x86_cpu *cpu = x86_of(ctx);
    if (!usable(ctx, MWAIT_MASKED_INTERRUPTS)) {
        return 0;
    }
    bool wakes = ctx->interrupt && x86_gpr(ctx, GUEST_RCX) & MWAIT_MASKED_INTERRUPTS;
    if (cpu->monitor && !wakes) {
        ctx->halted = HALTED_MWAIT;
        context_leave_after(ctx, LEAVE_HALT);
    }
    cpu->monitor = 0;
    return 0;
}
