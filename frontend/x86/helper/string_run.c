/*
 * The loop of repeated string instructions.
 *
 * Each iteration is one instruction of virtual time.  The loop charges the budget as it goes; the
 * last iteration is the retirement of the instruction itself, so on the way out one charge is given
 * back and pending drops instead.  When the budget is used up, the board wants to leave, or TF is
 * set, the instruction ends with rip still on it and goes on later.
 */
#include "frontend/x86/helper/string_run.h"

#include "translator/api/mode.h"

struct string_run string_begin(struct context *ctx, uint64_t imm, bool uses_si, bool uses_di)
{
    return (struct string_run){
        .ctx = ctx,
        .size = imm & 15,
        .mask = (imm >> 4 & 15) == 2 ? 0xffff : UINT32_MAX,
        .seg = (enum seg_index)(imm >> 8 & 7),
        .rep = imm >> 12 & 3,
        .down = ctx->df != 1,
        .uses_si = uses_si,
        .uses_di = uses_di,
    };
}

struct string_run string_begin_moving(struct context *ctx, uint64_t imm, bool uses_si, bool uses_di,
                                      const uint8_t fault[2][3])
{
    struct string_run run = string_begin(ctx, imm, uses_si, uses_di);
    run.fault = x86_since(x86_of(ctx), 3) ? NULL : fault;
    return run;
}

static uint32_t at_most(uint32_t n, uint64_t limit)
{
    return limit < n ? (uint32_t)limit : n;
}

uint8_t *string_host(struct string_run *run, enum seg_index seg, uint32_t offset,
                     enum access access, uint32_t *n)
{
    struct context *ctx = run->ctx;
    const struct segment *segment = &ctx->seg[seg];
    uint64_t end = access == ACCESS_WRITE ? segment->write_end : segment->read_end;
    uint64_t last = (uint64_t)run->mask + 1;
    uint32_t linear = (uint32_t)(segment->base + offset);
    uint32_t in_page = linear & 0xfff;
    unsigned size = run->size;
    end = end < last ? end : last;
    if (segment->start != 0 || (uint64_t)offset + size > end || in_page + size > 0x1000 ||
        ((ctx->mode & MODE_ALIGN_CHECK) && (linear & (size - 1)))) {
        return NULL;
    }
    if (run->down) {
        *n = at_most(*n, offset / size + 1);
        *n = at_most(*n, in_page / size + 1);
    } else {
        *n = at_most(*n, (end - offset) / size);
        *n = at_most(*n, (0x1000 - in_page) / size);
    }
    bool faulted;
    return linear_host(ctx, linear, access, ctx->view, &faulted);
}

static void move_register(const struct string_run *run, unsigned reg, uint32_t bytes)
{
    uint32_t old = x86_gpr(run->ctx, reg);
    uint32_t moved = run->down ? old - bytes : old + bytes;
    run->ctx->gpr[reg] = (old & ~run->mask) | (moved & run->mask);
}

static uint32_t count_left(const struct string_run *run)
{
    return run->rep ? x86_gpr(run->ctx, GUEST_RCX) & run->mask : 1;
}

static void advance(const struct string_run *run, uint32_t n)
{
    struct context *ctx = run->ctx;
    if (run->uses_si) {
        move_register(run, GUEST_RSI, n * run->size);
    }
    if (run->uses_di) {
        move_register(run, GUEST_RDI, n * run->size);
    }
    if (run->rep) {
        uint32_t count = x86_gpr(ctx, GUEST_RCX);
        ctx->gpr[GUEST_RCX] = (count & ~run->mask) | ((count - n) & run->mask);
    }
    ctx->budget -= n;
}

/* The 80286 moves its registers before it looks at limits, and counts ahead of its writes (as the
 * captured cases show). */
static void fault_moves(const struct string_run *run)
{
    struct context *ctx = run->ctx;
    const uint8_t *moves = run->fault[run->accesses];
    if (moves[0]) {
        move_register(run, GUEST_RSI, run->size);
    }
    if (moves[1]) {
        move_register(run, GUEST_RDI, run->size);
    }
    if (run->rep) {
        x86_gpr_put(ctx, GUEST_RCX, 2, x86_gpr(ctx, GUEST_RCX) - moves[2]);
    }
}

/* Where an interrupt between two elements returns on the 8086: at the last prefix.  It is forgotten
 * as soon as it is over, so that the state does not depend on when a run was left. */
static void repeat_8086(struct context *ctx, bool between)
{
    struct x86_cpu *cpu = x86_of(ctx);
    if (!x86_since(cpu, 1)) {
        cpu->rep_eip = between ? (uint32_t)(ctx->next_rip - 2) & 0xffff : 0;
        cpu->rep_icount = between ? context_icount(ctx) : 0;
    }
}

/* Ends the callout; done: the instruction is complete. */
static uint64_t leave_run(struct context *ctx, bool done)
{
    ctx->pending -= 1;
    if (done) {
        ctx->rip = ctx->next_rip;
    } else {
        x86_of(ctx)->keep_rf = 1;
        ctx->repeat_icount = context_icount(ctx);
    }
    ctx->leave = LEAVE_LOOKUP;
    repeat_8086(ctx, !done);
    return 0;
}

/* The instruction is complete and nothing is due: the block goes on. */
static uint64_t complete(struct context *ctx)
{
    repeat_8086(ctx, false);
    return 0;
}

uint64_t string_repeat(struct string_run *run, string_step *bulk, string_step *one)
{
    struct context *ctx = run->ctx;
    bool single = (ctx->mode & MODE_STEP) != 0;
    uint32_t count = count_left(run);
    if (count == 0) {
        return complete(ctx);
    }
    for (;;) {
        int64_t allowed = ctx->budget + ctx->pending;
        uint32_t max = single || allowed < 1 ? 1 : at_most(count, (uint64_t)allowed);
        uint32_t n = bulk(run, max);
        run->accesses = 0;
        if (n == 0 && ctx->leave != LEAVE_EVENT) {
            n = one(run, 1);
        }
        if (n == 0) {
            if (run->fault) {
                fault_moves(run);
            }
            return 0;
        }
        advance(run, n);
        count -= n;
        bool done = count == 0 || run->stop;
        if (done || single || ctx->leave != LEAVE_NONE || ctx->budget + ctx->pending < 1) {
            ctx->budget += 1;
            bool goes_on = done && !single && ctx->leave == LEAVE_NONE && ctx->budget >= 0;
            return goes_on ? complete(ctx) : leave_run(ctx, done);
        }
    }
}
