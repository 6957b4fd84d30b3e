/*
 * Operations that combine neighbouring lanes, or all of them: horizontal sums, ADDSUB, dot
 * products, MPSADBW, PHMINPOSUW, PTEST (SDM volume 2).
 */
#include "frontend/x86/helper/vec.h"
#include "frontend/x86/helper/vec_soft.h"

#include <stdlib.h>

/* ---- integers ---- */

typedef int64_t pair_function(int64_t a, int64_t b);

static inline int64_t sum(int64_t a, int64_t b)
{
    return a + b;
}

static inline int64_t difference(int64_t a, int64_t b)
{
    return a - b;
}

static inline int64_t saturate(int64_t value)
{
    return value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value;
}

static inline int64_t sum_saturated(int64_t a, int64_t b)
{
    return saturate(a + b);
}

static inline int64_t difference_saturated(int64_t a, int64_t b)
{
    return saturate(a - b);
}

/* The pairs of dst, then those of src, each becoming one lane. */
static inline void pairwise(struct vec_call *call, unsigned quads, unsigned bits,
                            pair_function *function)
{
    struct vec out = call->dst;
    unsigned half = quads * 32 / bits;
    for (unsigned i = 0; i < half * 2; i++) {
        const struct vec *from = i < half ? &call->dst : &call->src;
        unsigned at = i % half * 2;
        int64_t a = bits_sext(vec_get(from, bits, at), bits);
        int64_t b = bits_sext(vec_get(from, bits, at + 1), bits);
        vec_put(&out, bits, i, (uint64_t)function(a, b));
    }
    call->dst = out;
}

/* Eight sums of four differences: bytes of dst from 0 or 4 on, sliding, four bytes of src fixed. */
void vec_mpsadbw(struct vec_call *call)
{
    unsigned slide = (call->imm8 >> 2 & 1) * 4;
    unsigned fixed = (call->imm8 & 3) * 4;
    struct vec out = {{0, 0}};
    for (unsigned i = 0; i < 8; i++) {
        int total = 0;
        for (unsigned k = 0; k < 4; k++) {
            total += abs((int)vec_get(&call->dst, 8, slide + i + k) -
                         (int)vec_get(&call->src, 8, fixed + k));
        }
        vec_put(&out, 16, i, (uint64_t)total);
    }
    call->dst = out;
}

/* The smallest word and, above it, its first place. */
void vec_phminposuw(struct vec_call *call)
{
    uint64_t least = vec_get(&call->src, 16, 0);
    uint64_t place = 0;
    for (unsigned i = 1; i < 8; i++) {
        uint64_t word = vec_get(&call->src, 16, i);
        if (word < least) {
            least = word;
            place = i;
        }
    }
    call->dst = (struct vec){{least | place << 16, 0}};
}

void vec_ptest(struct vec_call *call)
{
    const uint64_t *d = call->dst.q;
    const uint64_t *s = call->src.q;
    bool none = ((d[0] & s[0]) | (d[1] & s[1])) == 0;
    bool all = ((~d[0] & s[0]) | (~d[1] & s[1])) == 0;
    call->eflags = (none ? FLAG_ZF : 0u) | (all ? FLAG_CF : 0u);
    call->sets_eflags = true;
    call->keeps_dst = true;
}

/* ---- floating point ---- */

static void horizontal(struct vec_call *call, const struct soft_format *f, soft_binary *function)
{
    struct soft s = {.mxcsr = call->ctx->mxcsr};
    struct vec out = {{0, 0}};
    unsigned half = 64 / f->bits;
    for (unsigned i = 0; i < half * 2; i++) {
        const struct vec *from = i < half ? &call->dst : &call->src;
        uint64_t a = vec_get(from, f->bits, i % half * 2);
        uint64_t b = vec_get(from, f->bits, i % half * 2 + 1);
        vec_put(&out, f->bits, i, function(&s, f, a, b));
    }
    call->dst = out;
    vec_signal(call, s.raised);
}

/* Even lanes are subtracted, odd ones added. */
static void add_subtract(struct vec_call *call, const struct soft_format *f)
{
    struct soft s = {.mxcsr = call->ctx->mxcsr};
    for (unsigned i = 0; i < 128 / f->bits; i++) {
        uint64_t a = vec_get(&call->dst, f->bits, i);
        uint64_t b = vec_get(&call->src, f->bits, i);
        vec_put(&call->dst, f->bits, i, i & 1 ? soft_add(&s, f, a, b) : soft_sub(&s, f, a, b));
    }
    vec_signal(call, s.raised);
}

/* DPPS and DPPD: products of the lanes that imm8 selects, neighbours added, then the two sums of
 * DPPS; the total goes to the lanes that imm8 selects.  An unmasked exception ends it after the
 * step that signals it (measured on AMD Zen). */
static void dot_product(struct vec_call *call, const struct soft_format *f)
{
    struct soft s = {.mxcsr = call->ctx->mxcsr};
    uint64_t lane[4] = {0};
    bool go_on;
    unsigned lanes = 128 / f->bits;
    for (unsigned i = 0; i < lanes; i++) {
        if (call->imm8 >> (4 + i) & 1) {
            uint64_t a = vec_get(&call->dst, f->bits, i);
            lane[i] = soft_mul(&s, f, a, vec_get(&call->src, f->bits, i));
        }
    }
    go_on = vec_signal(call, s.raised);
    for (unsigned n = lanes / 2; n > 0 && go_on; n /= 2) {
        s.raised = 0;
        for (unsigned i = 0; i < n; i++) {
            lane[i] = soft_add(&s, f, lane[2 * i], lane[2 * i + 1]);
        }
        go_on = vec_signal(call, s.raised);
    }
    for (unsigned i = 0; i < lanes; i++) {
        vec_put(&call->dst, f->bits, i, call->imm8 >> i & 1 ? lane[0] : 0);
    }
}

#define ROW(name, body)                    \
    void vec_##name(struct vec_call *call) \
    {                                      \
        body;                              \
    }
#define PAIRS(name, bits, function)                  \
    ROW(name##_p, pairwise(call, 1, bits, function)) \
    ROW(name##_x, pairwise(call, 2, bits, function))

/* clang-format off */
PAIRS(phaddw,  16, sum)
PAIRS(phaddd,  32, sum)
PAIRS(phaddsw, 16, sum_saturated)
PAIRS(phsubw,  16, difference)
PAIRS(phsubd,  32, difference)
PAIRS(phsubsw, 16, difference_saturated)
ROW(haddps,   horizontal(call, &soft_single, soft_add))
ROW(haddpd,   horizontal(call, &soft_double, soft_add))
ROW(hsubps,   horizontal(call, &soft_single, soft_sub))
ROW(hsubpd,   horizontal(call, &soft_double, soft_sub))
ROW(addsubps, add_subtract(call, &soft_single))
ROW(addsubpd, add_subtract(call, &soft_double))
ROW(dpps,     dot_product(call, &soft_single))
ROW(dppd,     dot_product(call, &soft_double))
/* clang-format on */
