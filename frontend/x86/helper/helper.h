/* What the callouts share: how they end, and the flags of results. */
#ifndef FRONTEND_X86_HELPER_HELPER_H
#define FRONTEND_X86_HELPER_HELPER_H

#include "frontend/x86/cpu/segment.h"
#include "translator/api/callout.h"
#include "translator/api/mode.h"

/* Ends a control transfer: rip is the target already. */
static inline uint64_t transfer_done(struct context *ctx)
{
    ctx->pending -= 1;
    if (ctx->leave != LEAVE_EVENT) {
        ctx->leave = LEAVE_LOOKUP;
    }
    return 0;
}

/* The same where only segments, EIP and EFLAGS changed. */
static inline uint64_t far_done(struct context *ctx)
{
    x86_transferred(ctx);
    return transfer_done(ctx);
}

/* The same where only EIP changed. */
static inline uint64_t near_done(struct context *ctx)
{
    if (!(ctx->mode & MODE_STEP) && !(x86_of(ctx)->dr[7] & DEBUG_ENABLES)) {
        ctx->mode_current = MODE_SAME;
    }
    return transfer_done(ctx);
}

/* Ends an instruction that may have changed the mode key. */
static inline uint64_t mode_done(struct context *ctx)
{
    if (ctx->leave == LEAVE_NONE && x86_mode(ctx) != ctx->mode) {
        context_leave_after(ctx, LEAVE_LOOKUP);
    }
    return 0;
}

/* Ends an instruction after which the dispatcher must look around. */
static inline uint64_t leave_done(struct context *ctx)
{
    context_leave_after(ctx, LEAVE_LOOKUP);
    return 0;
}

/* Between these two, accesses of the callout are not checked for alignment: parts of an operand
 * that is checked as a whole. */
static inline uint32_t alignment_check_off(struct context *ctx)
{
    uint32_t mode = ctx->mode;
    ctx->mode &= ~(uint32_t)MODE_ALIGN_CHECK;
    return mode;
}

static inline void alignment_check_back(struct context *ctx, uint32_t mode)
{
    ctx->mode = mode;
}

/* #GP(0) unless CPL is 0. */
static inline bool privileged(struct context *ctx)
{
    return x86_cpl(ctx) == 0 || fault_gp(ctx, 0);
}

/* SGDT, SIDT, SLDT, STR, SMSW: #GP(0) above CPL 0 with CR4.UMIP. */
static inline bool shows_system_state(struct context *ctx)
{
    return !(x86_of(ctx)->cr4 & CR4_UMIP) || x86_cpl(ctx) == 0 || fault_gp(ctx, 0);
}

/* #DE of the current instruction; before the 80286 it is a trap after it. */
static inline uint64_t divide_error(struct context *ctx, bool trap)
{
    fault(ctx, VECTOR_DE);
    if (trap) {
        ctx->event.kind = EVENT_TRAP;
        context_leave_after(ctx, LEAVE_EVENT);
    }
    return 0;
}

/* SF, ZF and PF of a result of size bytes. */
static inline uint32_t flags_szp(uint32_t result, unsigned size)
{
    unsigned bits = size * 8;
    uint32_t cut = size == 4 ? result : result & ((1u << bits) - 1);
    return (cut ? 0u : (uint32_t)FLAG_ZF) | (cut >> (bits - 1) ? (uint32_t)FLAG_SF : 0u) |
           (__builtin_parity(cut & 0xff) ? 0u : (uint32_t)FLAG_PF);
}

/* far.c, shared by RETF and IRET, in this order: checks of the code segment returned to; the outer
 * stack popped from *stack, which becomes it; EIP against the limit; the registers changed. */
bool return_check(struct context *ctx, uint16_t selector, struct descriptor *d);
bool return_stack(struct context *ctx, unsigned size, unsigned cpl, struct stack *stack);
bool return_entry(struct context *ctx, uint32_t eip, struct descriptor *d);
void return_commit(struct context *ctx, uint16_t selector, uint32_t eip,
                   const struct descriptor *code, const struct stack *stack);

/* port.c: true when the port may be used at this level; else the fault is raised. */
bool port_allowed(struct context *ctx, uint16_t port, unsigned size);
uint32_t port_read(struct context *ctx, uint16_t port, unsigned size);
void port_write(struct context *ctx, uint16_t port, unsigned size, uint32_t value);

#endif
