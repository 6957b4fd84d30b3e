/* 80-bit values to and from MPFR, and random ones, for the tests of softfloat80. */
#ifndef TESTS_UNIT_FRONTEND_X86_HELPER_FLOAT80_MPFR_H
#define TESTS_UNIT_FRONTEND_X86_HELPER_FLOAT80_MPFR_H

#include "frontend/x86/helper/softfloat80.h"

#include <mpfr.h>

/* Exact for precisions of 64 bits or more; finite values only. */
static inline void mpfr_from_float80(mpfr_t to, struct float80 value)
{
    int exponent = value.exponent & 0x7fff;
    mpfr_set_ui_2exp(to, value.mantissa, (exponent ? exponent : 1) - 16383 - 63, MPFR_RNDN);
    if (float80_sign(value)) {
        mpfr_neg(to, to, MPFR_RNDN);
    }
}

/* The normal number of at most 64 bits, or zero; x is changed. */
static inline struct float80 float80_from_mpfr(mpfr_t x)
{
    bool sign = mpfr_signbit(x) != 0;
    if (mpfr_zero_p(x)) {
        return (struct float80){0, (uint16_t)(sign << 15)};
    }
    long exponent = mpfr_get_exp(x);
    mpfr_abs(x, x, MPFR_RNDN);
    mpfr_set_exp(x, 64);
    return (struct float80){mpfr_get_ui(x, MPFR_RNDZ),
                            (uint16_t)((exponent + 16382) | (sign << 15))};
}

static inline uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed * UINT64_C(0x2545f4914f6cdd1d);
}

/* A normal number with an exponent from `from` to below from + span, some with few bits set. */
static inline struct float80 random_normal(uint64_t *seed, int from, unsigned span)
{
    uint64_t r = next_random(seed);
    uint64_t mantissa = next_random(seed);
    if (r & 1) {
        mantissa &= ~UINT64_C(0) << (r >> 8 & 63);
    }
    if (r & 2) {
        mantissa |= UINT64_C(0x7fffffffffffffff) >> (r >> 16 & 63);
    }
    int exponent = 16383 + from + (int)((r >> 32) % span);
    return (struct float80){mantissa | UINT64_C(1) << 63,
                            (uint16_t)(exponent | (int)(r >> 3 & 1) << 15)};
}

#endif
