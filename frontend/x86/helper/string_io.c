/*
 * INS and OUTS, with and without a repeat prefix.  The board sees the instruction count move from
 * one element to the next.
 */
#include "frontend/x86/helper/string_run.h"

static uint16_t port_of(const struct string_run *run)
{
    return (uint16_t)run->ctx->gpr[GUEST_RDX];
}

static uint32_t ins_bulk(struct string_run *run, uint32_t n)
{
    struct context *ctx = run->ctx;
    uint8_t *to = string_host(run, SEG_ES, string_di(run), ACCESS_WRITE, &n);
    if (!to) {
        return 0;
    }
    ptrdiff_t stride = run->down ? -(ptrdiff_t)run->size : (ptrdiff_t)run->size;
    uint32_t i = 0;
    while (i < n && ctx->leave == LEAVE_NONE) {
        string_put(to + (ptrdiff_t)i * stride, run->size, port_read(ctx, port_of(run), run->size));
        i++;
        ctx->budget -= 1;
    }
    ctx->budget += i; /* the loop charges them */
    return i;
}

static uint32_t ins_one(struct string_run *run, uint32_t max)
{
    (void)max;
    struct context *ctx = run->ctx;
    uint32_t di = string_di(run);
    if (!guest_load_for_write(ctx, SEG_ES, di, run->size)) {
        return 0;
    }
    uint32_t value = port_read(ctx, port_of(run), run->size);
    return guest_write(ctx, SEG_ES, di, run->size, value);
}

uint64_t callout_string_ins(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    static const uint8_t fault[2][3] = {{0, 1, 2}};
    struct string_run run = string_begin_moving(ctx, imm, false, true, fault);
    if (!port_allowed(ctx, port_of(&run), run.size)) {
        return 0;
    }
    return string_repeat(&run, ins_bulk, ins_one);
}

static uint32_t outs_bulk(struct string_run *run, uint32_t n)
{
    struct context *ctx = run->ctx;
    const uint8_t *from = string_host(run, run->seg, string_si(run), ACCESS_READ, &n);
    if (!from) {
        return 0;
    }
    ptrdiff_t stride = run->down ? -(ptrdiff_t)run->size : (ptrdiff_t)run->size;
    uint32_t i = 0;
    while (i < n && ctx->leave == LEAVE_NONE) {
        port_write(ctx, port_of(run), run->size,
                   string_get(from + (ptrdiff_t)i * stride, run->size));
        i++;
        ctx->budget -= 1;
    }
    ctx->budget += i; /* the loop charges them */
    return i;
}

static uint32_t outs_one(struct string_run *run, uint32_t max)
{
    (void)max;
    uint64_t value;
    if (!guest_read(run->ctx, run->seg, string_si(run), run->size, &value)) {
        return 0;
    }
    port_write(run->ctx, port_of(run), run->size, (uint32_t)value);
    return 1;
}

uint64_t callout_string_outs(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    static const uint8_t fault[2][3] = {{1, 0, 1}};
    struct string_run run = string_begin_moving(ctx, imm, true, false, fault);
    if (!port_allowed(ctx, port_of(&run), run.size)) {
        return 0;
    }
    return string_repeat(&run, outs_bulk, outs_one);
}
