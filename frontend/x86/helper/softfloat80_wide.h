/*
 * 128-bit working precision for the transcendental functions.
 *
 * Values are struct float80_parts, good to about 2^-126 of themselves; series run in fixed point
 * with 127 fraction bits (WIDE_ONE is 1), where values stay below 2.
 */
#ifndef FRONTEND_X86_HELPER_SOFTFLOAT80_WIDE_H
#define FRONTEND_X86_HELPER_SOFTFLOAT80_WIDE_H

#include "frontend/x86/helper/softfloat80_parts.h"

#define WIDE_ONE u128_make(UINT64_C(1) << 63, 0)
/* A positive constant from its two words and unbiased exponent. */
#define WIDE(high, low, exponent)                                             \
    {                                                                         \
        false, FLOAT80_BIAS + (exponent), U128(UINT64_C(high), UINT64_C(low)) \
    }

/* Upper half of the 256-bit product. */
struct u128 wide_multiply_high(struct u128 a, struct u128 b);
struct float80_parts wide_normalize(struct float80_parts a);
struct float80_parts wide_mul(struct float80_parts a, struct float80_parts b);
struct float80_parts wide_div(struct float80_parts a, struct float80_parts b);
struct float80_parts wide_add(struct float80_parts a, struct float80_parts b);
struct float80_parts wide_from_int(int32_t value);
/* -1, 0, 1 as |a| is less than, equal to, greater than |b|. */
int wide_compare(struct float80_parts a, struct float80_parts b);

static inline struct float80_parts wide_negate(struct float80_parts a)
{
    a.sign = !a.sign;
    return a;
}

/* Product in fixed point. */
static inline struct u128 fixed_mul(struct u128 a, struct u128 b)
{
    return u128_shl(wide_multiply_high(a, b), 1);
}

/* |a| < 2 in fixed point. */
static inline struct u128 wide_to_fixed(struct float80_parts a)
{
    return u128_is_zero(a.sig) ? a.sig : shift_right_jam(a.sig, (uint32_t)(FLOAT80_BIAS - a.exp));
}

static inline struct float80_parts wide_from_fixed(bool sign, struct u128 fixed)
{
    return wide_normalize((struct float80_parts){sign, FLOAT80_BIAS, fixed});
}

/* Rounds an irrational result: PE is raised whatever the bits say. */
static inline struct float80 wide_pack_inexact(struct float80_env *env, struct float80_parts a)
{
    a.sig.low |= 1;
    return float80_pack(env, a, 64);
}

#endif
