/*
 * Taking binary32 and binary64 patterns apart and putting them together (internal to vec_soft*.c).
 *
 * A finite number is (-1)^sign * sig / 2^62 * 2^exp with bit 62 of sig set; what does not fit is
 * gathered into bit 0 (sticky).  Double precision uses 53 bits, so nine bits lie between the last
 * place and the sticky bit.
 */
#ifndef FRONTEND_X86_HELPER_VEC_NUMBER_H
#define FRONTEND_X86_HELPER_VEC_NUMBER_H

#include "base/u128.h"
#include "frontend/x86/helper/vec_soft.h"

enum { SOFT_TOP = 62 }; /* place of the leading bit */

enum soft_kind { SOFT_ZERO, SOFT_FINITE, SOFT_INFINITY, SOFT_QNAN, SOFT_SNAN };

struct soft_number {
    enum soft_kind kind;
    bool sign;
    bool denormal; /* to be signalled unless something graver is */
    int exp;
    uint64_t sig;
};

enum soft_rounding { SOFT_NEAREST, SOFT_DOWN, SOFT_UP, SOFT_TRUNCATE };

static inline uint64_t soft_sign_bit(const struct soft_format *f)
{
    return UINT64_C(1) << (f->bits - 1);
}

static inline uint64_t soft_quiet_bit(const struct soft_format *f)
{
    return UINT64_C(1) << (f->frac - 1);
}

/* Exponent field all ones, in place. */
static inline uint64_t soft_infinity(const struct soft_format *f, bool sign)
{
    return ((uint64_t)(2 * f->bias + 1) << f->frac) | (sign ? soft_sign_bit(f) : 0);
}

static inline uint64_t soft_zero(const struct soft_format *f, bool sign)
{
    return sign ? soft_sign_bit(f) : 0;
}

static inline uint64_t soft_default_nan(const struct soft_format *f)
{
    return soft_infinity(f, true) | soft_quiet_bit(f);
}

static inline bool soft_is_nan(const struct soft_number *n)
{
    return n->kind == SOFT_QNAN || n->kind == SOFT_SNAN;
}

/* value >> n (any n >= 0) with the bits lost gathered into bit 0. */
static inline uint64_t soft_shift_sticky(uint64_t value, int n)
{
    if (n == 0) {
        return value;
    }
    return n < 64 ? value >> n | (value << (64 - n) != 0) : value != 0;
}

static inline enum soft_rounding soft_rounding(const struct soft *s)
{
    return (enum soft_rounding)(s->mxcsr >> 13 & 3);
}

/* sig without its low `drop` bits (1..63), rounded. */
uint64_t soft_round(uint64_t sig, unsigned drop, bool sign, enum soft_rounding mode);

/* Raises nothing; with DAZ a denormal is a zero. */
struct soft_number soft_unpack(const struct soft *s, const struct soft_format *f, uint64_t bits);

/* The number (any exponent) rounded to the format, with overflow, underflow and inexact raised. */
uint64_t soft_pack(struct soft *s, const struct soft_format *f, bool sign, int exp, uint64_t sig);

/* Invalid: raises it and gives the default NaN. */
uint64_t soft_invalid(struct soft *s, const struct soft_format *f);

#endif
