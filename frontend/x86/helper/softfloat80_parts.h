/* Values taken apart, for the files of softfloat80 only. */
#ifndef FRONTEND_X86_HELPER_SOFTFLOAT80_PARTS_H
#define FRONTEND_X86_HELPER_SOFTFLOAT80_PARTS_H

#include "base/u128.h"
#include "frontend/x86/helper/softfloat80.h"

enum { FLOAT80_BIAS = 16383, FLOAT80_EXP_MAX = 0x7fff };
#define FLOAT80_INTEGER_BIT UINT64_C(0x8000000000000000)
#define FLOAT80_QUIET_BIT   UINT64_C(0x4000000000000000)

/* A finite value: (-1)^sign * sig / 2^127 * 2^(exp - bias); bit 127 of sig is set unless zero. */
struct float80_parts {
    bool sign;
    int32_t exp;     /* biased, of any size */
    struct u128 sig; /* the lowest bit is sticky */
};

/* A memory or register format to round to. */
struct float80_format {
    unsigned bits;   /* of the significand, integer bit included */
    int32_t bias;    /* of the exponent */
    int32_t exp_max; /* exponent field of infinity */
    int32_t adjust;  /* bias adjustment after unmasked overflow and underflow */
};

struct float80_rounded {
    uint64_t sig;     /* left-aligned: integer bit is bit 63 */
    int32_t exponent; /* field: 0 denormal or zero */
};

static inline unsigned clz64(uint64_t value)
{
    return (unsigned)__builtin_clzll(value);
}

/* Right shift by any count; what is lost goes into the lowest bit. */
static inline struct u128 shift_right_jam(struct u128 value, uint32_t count)
{
    if (count == 0) {
        return value;
    }
    if (count > 127) {
        return u128_of(!u128_is_zero(value));
    }
    return u128_or(u128_shr(value, count), !u128_is_zero(u128_shl(value, 128 - count)));
}

static inline enum float80_rounding float80_rounding(const struct float80_env *env)
{
    return (enum float80_rounding)(env->control >> FCW_ROUND_SHIFT & 3);
}

static inline struct float80 float80_make(bool sign, int32_t exponent, uint64_t mantissa)
{
    return (struct float80){.mantissa = mantissa,
                            .exponent = (uint16_t)(exponent | (sign ? 0x8000 : 0))};
}

static inline struct float80 float80_zero(bool sign)
{
    return float80_make(sign, 0, 0);
}

static inline struct float80 float80_infinity(bool sign)
{
    return float80_make(sign, FLOAT80_EXP_MAX, FLOAT80_INTEGER_BIT);
}

static inline bool float80_is_nan(enum float80_class class)
{
    return class == FLOAT80_QNAN || class == FLOAT80_SNAN;
}

/* Raises IE and gives the real indefinite. */
static inline struct float80 float80_invalid(struct float80_env *env)
{
    env->flags |= FSW_IE;
    return float80_indefinite();
}

/* Takes a finite value apart, denormals normalised. */
struct float80_parts float80_unpack(struct float80 value);

/* True when rounding moves the magnitude up: `half` the first bit lost, `sticky` the rest. */
bool float80_rounds_up(const struct float80_env *env, bool sign, bool odd, bool half, bool sticky);

/* Rounds to a format with its masked or unmasked overflow and underflow; raises OE UE PE and C1.
 * Parts are normalised or zero. */
struct float80_rounded float80_round_format(struct float80_env *env, struct float80_parts parts,
                                            const struct float80_format *format);
/* The same to a register with `bits` of precision. */
struct float80 float80_pack(struct float80_env *env, struct float80_parts parts, unsigned bits);
/* Normalises first. */
struct float80 float80_normalize_pack(struct float80_env *env, struct float80_parts parts,
                                      unsigned bits);

/* Operands that decide the result alone: unsupported ones and NaNs.  True: *result is it. */
bool float80_nan_operand(struct float80_env *env, struct float80 a, struct float80 *result);
bool float80_nan_operands(struct float80_env *env, struct float80 a, struct float80 b,
                          struct float80 *result);
/* Raises DE when a is a denormal. */
void float80_note_denormal(struct float80_env *env, struct float80 a);

/* Integer part of |value| < 2^64 after rounding; false when it does not fit.  Raises PE, C1. */
bool float80_integer(struct float80_env *env, struct float80 value, enum float80_rounding rounding,
                     uint64_t *integer);

#endif
