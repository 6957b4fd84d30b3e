/* Parts of binary32 and binary64 patterns, rounding and its exceptions (see vec_number.h). */
#include "frontend/x86/helper/vec_number.h"

#include "base/bits.h"
#include "frontend/x86/helper/vec.h"

const struct soft_format soft_single = {.bits = 32, .frac = 23, .bias = 127};
const struct soft_format soft_double = {.bits = 64, .frac = 52, .bias = 1023};

struct soft_number soft_unpack(const struct soft *s, const struct soft_format *f, uint64_t bits)
{
    struct soft_number n = {.sign = (bits & soft_sign_bit(f)) != 0};
    uint64_t frac = bits & bits_mask(f->frac);
    int field = (int)(bits >> f->frac) & (2 * f->bias + 1);
    unsigned up = SOFT_TOP - f->frac;
    if (field == 2 * f->bias + 1) {
        n.kind = frac == 0 ? SOFT_INFINITY : frac & soft_quiet_bit(f) ? SOFT_QNAN : SOFT_SNAN;
    } else if (field != 0) {
        n.kind = SOFT_FINITE;
        n.exp = field - f->bias;
        n.sig = (frac | UINT64_C(1) << f->frac) << up;
    } else if (frac == 0 || (s->mxcsr & MXCSR_DAZ)) {
        n.kind = SOFT_ZERO;
    } else {
        int lead = __builtin_clzll(frac) - 1;
        n.kind = SOFT_FINITE;
        n.denormal = true;
        n.sig = frac << lead;
        n.exp = 1 - f->bias - (lead - (int)up);
    }
    return n;
}

uint64_t soft_round(uint64_t sig, unsigned drop, bool sign, enum soft_rounding mode)
{
    uint64_t rest = sig & bits_mask(drop);
    uint64_t half = UINT64_C(1) << (drop - 1);
    uint64_t kept = sig >> drop;
    const bool up[] = {[SOFT_NEAREST] = rest > half || (rest == half && (kept & 1)),
                       [SOFT_DOWN] = sign && rest,
                       [SOFT_UP] = !sign && rest,
                       [SOFT_TRUNCATE] = false};
    return kept + up[mode];
}

uint64_t soft_invalid(struct soft *s, const struct soft_format *f)
{
    s->raised |= MXCSR_IE;
    return soft_default_nan(f);
}

/* The exception is masked: the result is to be delivered. */
static bool masked(const struct soft *s, uint32_t flag)
{
    return s->mxcsr & flag << MXCSR_MASK_SHIFT;
}

/* Inexact with any exponent allowed: what counts while overflow or underflow is unmasked. */
static void signal_unbounded(struct soft *s, uint32_t flag, bool inexact)
{
    s->raised |= flag | (inexact ? MXCSR_PE : 0u);
}

/* Infinity or the largest finite number, as the rounding mode says. */
static uint64_t overflow(struct soft *s, const struct soft_format *f, bool sign, bool inexact)
{
    signal_unbounded(s, MXCSR_OE, inexact || masked(s, MXCSR_OE));
    const bool infinite[] = {
        [SOFT_NEAREST] = true, [SOFT_DOWN] = sign, [SOFT_UP] = !sign, [SOFT_TRUNCATE] = false};
    return soft_infinity(f, sign) - (infinite[soft_rounding(s)] ? 0 : 1);
}

/* A result below the normal range; inexact as above. */
static uint64_t underflow(struct soft *s, const struct soft_format *f, const struct soft_number *n,
                          bool inexact)
{
    unsigned drop = SOFT_TOP - f->frac;
    uint64_t shifted = soft_shift_sticky(n->sig, 1 - f->bias - n->exp);
    if (!masked(s, MXCSR_UE)) {
        signal_unbounded(s, MXCSR_UE, inexact);
    } else if (s->mxcsr & MXCSR_FTZ) {
        s->raised |= MXCSR_UE | MXCSR_PE;
        return soft_zero(f, n->sign);
    } else if (shifted & bits_mask(drop)) {
        s->raised |= MXCSR_UE | MXCSR_PE;
    }
    return soft_round(shifted, drop, n->sign, soft_rounding(s)) | soft_zero(f, n->sign);
}

uint64_t soft_pack(struct soft *s, const struct soft_format *f, bool sign, int exp, uint64_t sig)
{
    unsigned drop = SOFT_TOP - f->frac;
    uint64_t kept = soft_round(sig, drop, sign, soft_rounding(s));
    int carried = exp + (int)(kept >> (f->frac + 1));
    bool inexact = sig & bits_mask(drop);
    if (carried > f->bias) {
        return overflow(s, f, sign, inexact);
    }
    if (carried < 1 - f->bias) {
        const struct soft_number n = {.sign = sign, .exp = exp, .sig = sig};
        return underflow(s, f, &n, inexact);
    }
    s->raised |= inexact ? MXCSR_PE : 0u;
    uint64_t frac = carried == exp ? kept & bits_mask(f->frac) : 0;
    return soft_zero(f, sign) | (uint64_t)(carried + f->bias) << f->frac | frac;
}
