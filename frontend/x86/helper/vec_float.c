/*
 * Floating-point rows but conversions: one operation for the lanes of a packed or scalar form.
 * Scalar forms keep the upper lanes of the destination.  Sums of neighbours and products are in
 * vec_horizontal.c.
 */
#include "frontend/x86/helper/vec.h"
#include "frontend/x86/helper/vec_soft.h"

static void floating(struct vec_call *call, const struct soft_format *f, unsigned lanes,
                     soft_binary *function)
{
    struct soft s = {.mxcsr = call->ctx->mxcsr};
    for (unsigned i = 0; i < lanes; i++) {
        uint64_t a = vec_get(&call->dst, f->bits, i);
        uint64_t b = vec_get(&call->src, f->bits, i);
        vec_put(&call->dst, f->bits, i, function(&s, f, a, b));
    }
    vec_signal(call, s.raised);
}

/* CMPPS predicates by the low three bits of the immediate. */
static const struct predicate {
    uint8_t orders; /* enum soft_order for which it is true */
    bool signalling;
} predicates[8] = {
    {SOFT_EQUAL, false},
    {SOFT_LESS, true},
    {SOFT_LESS | SOFT_EQUAL, true},
    {SOFT_UNORDERED, false},
    {SOFT_LESS | SOFT_GREATER | SOFT_UNORDERED, false},
    {SOFT_EQUAL | SOFT_GREATER | SOFT_UNORDERED, true},
    {SOFT_GREATER | SOFT_UNORDERED, true},
    {SOFT_LESS | SOFT_EQUAL | SOFT_GREATER, false},
};

static void compare(struct vec_call *call, const struct soft_format *f, unsigned lanes)
{
    const struct predicate *p = &predicates[call->imm8 & 7];
    struct soft s = {.mxcsr = call->ctx->mxcsr};
    for (unsigned i = 0; i < lanes; i++) {
        uint64_t a = vec_get(&call->dst, f->bits, i);
        uint64_t b = vec_get(&call->src, f->bits, i);
        bool holds = p->orders & soft_compare(&s, f, a, b, p->signalling);
        vec_put(&call->dst, f->bits, i, holds ? UINT64_MAX : 0);
    }
    vec_signal(call, s.raised);
}

static void compare_flags(struct vec_call *call, const struct soft_format *f, bool signalling)
{
    static const uint8_t flags[] = {[SOFT_LESS] = FLAG_CF,
                                    [SOFT_EQUAL] = FLAG_ZF,
                                    [SOFT_GREATER] = 0,
                                    [SOFT_UNORDERED] = FLAG_ZF | FLAG_PF | FLAG_CF};
    struct soft s = {.mxcsr = call->ctx->mxcsr};
    uint64_t a = vec_get(&call->dst, f->bits, 0);
    uint64_t b = vec_get(&call->src, f->bits, 0);
    call->eflags = flags[soft_compare(&s, f, a, b, signalling)];
    call->sets_eflags = true;
    vec_signal(call, s.raised);
}

/* ROUNDPS: the immediate replaces the rounding mode, and may silence the inexact exception. */
static void round_lanes(struct vec_call *call, const struct soft_format *f, unsigned lanes)
{
    enum { MODE_OF_MXCSR = 4, NOT_INEXACT = 8 };
    struct soft s = {.mxcsr = call->ctx->mxcsr};
    if (!(call->imm8 & MODE_OF_MXCSR)) {
        s.mxcsr &= ~(3u << MXCSR_ROUND_SHIFT);
        s.mxcsr |= (call->imm8 & 3u) << MXCSR_ROUND_SHIFT;
    }
    for (unsigned i = 0; i < lanes; i++) {
        uint64_t b = vec_get(&call->src, f->bits, i);
        vec_put(&call->dst, f->bits, i, soft_integral(&s, f, 0, b));
    }
    vec_signal(call, call->imm8 & NOT_INEXACT ? s.raised & ~(uint32_t)MXCSR_PE : s.raised);
}

static void estimate(struct vec_call *call, unsigned lanes, uint64_t (*function)(uint64_t))
{
    for (unsigned i = 0; i < lanes; i++) {
        vec_put(&call->dst, 32, i, function(vec_get(&call->src, 32, i)));
    }
}

#define ROW(name, body)                    \
    void vec_##name(struct vec_call *call) \
    {                                      \
        body;                              \
    }
#define FORMS(name, function)                                \
    ROW(name##ps, floating(call, &soft_single, 4, function)) \
    ROW(name##ss, floating(call, &soft_single, 1, function)) \
    ROW(name##pd, floating(call, &soft_double, 2, function)) \
    ROW(name##sd, floating(call, &soft_double, 1, function))

/* clang-format off */
FORMS(add,  soft_add)
FORMS(sub,  soft_sub)
FORMS(mul,  soft_mul)
FORMS(div,  soft_div)
FORMS(min,  soft_min)
FORMS(max,  soft_max)
FORMS(sqrt, soft_sqrt)
ROW(cmpps,   compare(call, &soft_single, 4))
ROW(cmpss,   compare(call, &soft_single, 1))
ROW(cmppd,   compare(call, &soft_double, 2))
ROW(cmpsd,   compare(call, &soft_double, 1))
ROW(ucomiss, compare_flags(call, &soft_single, false))
ROW(comiss,  compare_flags(call, &soft_single, true))
ROW(ucomisd, compare_flags(call, &soft_double, false))
ROW(comisd,  compare_flags(call, &soft_double, true))
ROW(roundps, round_lanes(call, &soft_single, 4))
ROW(roundss, round_lanes(call, &soft_single, 1))
ROW(roundpd, round_lanes(call, &soft_double, 2))
ROW(roundsd, round_lanes(call, &soft_double, 1))
ROW(rcpps,   estimate(call, 4, soft_reciprocal))
ROW(rcpss,   estimate(call, 1, soft_reciprocal))
ROW(rsqrtps, estimate(call, 4, soft_reciprocal_root))
ROW(rsqrtss, estimate(call, 1, soft_reciprocal_root))
/* clang-format on */
