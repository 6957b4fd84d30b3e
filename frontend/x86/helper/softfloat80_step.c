/*
 * 80-bit extended floating point: remainders, rounding to integer, scaling, extraction,
 * comparison, examination, constants.  None of these looks at the precision control.
 */
#include "frontend/x86/helper/softfloat80_parts.h"

/* Remainder */

struct division {
    struct u128 rest;  /* at the divisor's scale */
    uint64_t quotient; /* its low bits */
};

/* steps + 1 quotient bits of sig_a * 2^steps / sig_b. */
static struct division divide_steps(struct u128 a, struct u128 b, int32_t steps)
{
    struct division d = {a, 0};
    for (int32_t i = 0; i <= steps; i++) {
        if (i) {
            d.rest = u128_shl(d.rest, 1);
        }
        d.quotient <<= 1;
        if (!u128_less(d.rest, b)) {
            d.rest = u128_sub(d.rest, b);
            d.quotient |= 1;
        }
    }
    return d;
}

/* C0 C3 C1 from bits 2 1 0. */
static uint16_t quotient_flags(uint64_t quotient)
{
    return (uint16_t)((quotient & 4 ? FSW_C0 : 0) | (quotient & 2 ? FSW_C3 : 0) |
                      (quotient & 1 ? FSW_C1 : 0));
}

static struct float80 pack_rest(struct float80_env *env, bool sign, int32_t exp, struct u128 rest)
{
    struct float80_parts parts = {sign, exp, u128_shl(rest, 63)};
    parts.exp += 1;
    return float80_normalize_pack(env, parts, 64);
}

/* Exponents are 64 or more apart: takes off a multiple of b that leaves the difference smaller by
 * 32 to 63; the rest may be incomplete. */
static struct float80 prem_partial(struct float80_env *env, struct float80_parts a,
                                   struct float80_parts b)
{
    int32_t apart = a.exp - b.exp;
    int32_t steps = (apart & 31) | 32;
    struct division d = divide_steps(u128_of(a.sig.high), u128_of(b.sig.high), steps);
    env->flags |= FSW_C2;
    return pack_rest(env, a.sign, b.exp + apart - steps, d.rest);
}

static struct float80 prem_chop(struct float80_env *env, struct float80_parts a,
                                struct float80_parts b)
{
    int32_t apart = a.exp - b.exp;
    if (apart < 0) {
        return float80_pack(env, a, 64);
    }
    struct division d = divide_steps(u128_of(a.sig.high), u128_of(b.sig.high), apart);
    env->flags |= quotient_flags(d.quotient);
    return pack_rest(env, a.sign, b.exp, d.rest);
}

static struct float80 prem_nearest(struct float80_env *env, struct float80_parts a,
                                   struct float80_parts b)
{
    int32_t apart = a.exp - b.exp;
    if (apart < -1) {
        return float80_pack(env, a, 64);
    }
    struct u128 divisor = u128_of(b.sig.high);
    int32_t exp = b.exp;
    struct division d = {u128_of(a.sig.high), 0};
    if (apart < 0) {
        divisor = u128_shl(divisor, 1);
        exp--;
    } else {
        d = divide_steps(u128_of(a.sig.high), divisor, apart);
    }
    int over_half = u128_compare(u128_shl(d.rest, 1), divisor);
    if (over_half > 0 || (over_half == 0 && d.quotient & 1)) {
        d.rest = u128_sub(divisor, d.rest);
        d.quotient++;
        a.sign = !a.sign;
    }
    env->flags |= quotient_flags(d.quotient);
    return pack_rest(env, a.sign, exp, d.rest);
}

static struct float80 remainder_of(struct float80_env *env, struct float80 a, struct float80 b,
                                   bool nearest)
{
    struct float80 result;
    if (float80_nan_operands(env, a, b, &result)) {
        return result;
    }
    enum float80_class ca = float80_classify(a);
    enum float80_class cb = float80_classify(b);
    if (ca == FLOAT80_INFINITY || cb == FLOAT80_ZERO) {
        return float80_invalid(env);
    }
    float80_note_denormal(env, a);
    float80_note_denormal(env, b);
    if (ca == FLOAT80_ZERO || float80_stopped(env)) {
        return a;
    }
    struct float80_parts pa = float80_unpack(a);
    if (cb == FLOAT80_INFINITY) {
        return float80_pack(env, pa, 64);
    }
    struct float80_parts pb = float80_unpack(b);
    if (pa.exp - pb.exp >= 64) {
        return prem_partial(env, pa, pb);
    }
    return nearest ? prem_nearest(env, pa, pb) : prem_chop(env, pa, pb);
}

struct float80 float80_prem(struct float80_env *env, struct float80 a, struct float80 b)
{
    return remainder_of(env, a, b, false);
}

struct float80 float80_prem1(struct float80_env *env, struct float80 a, struct float80 b)
{
    return remainder_of(env, a, b, true);
}

/* Rounding and scaling */

struct float80 float80_round_to_integer(struct float80_env *env, struct float80 a)
{
    struct float80 result;
    if (float80_nan_operand(env, a, &result)) {
        return result;
    }
    float80_note_denormal(env, a);
    if ((a.exponent & 0x7fff) >= FLOAT80_BIAS + 63 || float80_stopped(env)) {
        return a;
    }
    uint64_t integer = 0;
    float80_integer(env, a, float80_rounding(env), &integer);
    if (!integer) {
        return float80_zero(float80_sign(a));
    }
    unsigned shift = clz64(integer);
    return float80_make(float80_sign(a), FLOAT80_BIAS + 63 - (int32_t)shift, integer << shift);
}

/* trunc(b), limited to what overflows any value. */
static int32_t scale_count(struct float80 b)
{
    enum { FAR = 0x20000 };
    struct float80_env scratch = {.control = FCW_DEFAULT};
    uint64_t integer;
    if (!float80_integer(&scratch, b, ROUND_CHOP, &integer) || integer > FAR) {
        integer = FAR;
    }
    return float80_sign(b) ? -(int32_t)integer : (int32_t)integer;
}

static struct float80 scale_infinite(struct float80_env *env, struct float80 a, struct float80 b)
{
    bool down = float80_sign(b);
    enum float80_class ca = float80_classify(a);
    if (ca == (down ? FLOAT80_INFINITY : FLOAT80_ZERO)) {
        return float80_invalid(env);
    }
    float80_note_denormal(env, a);
    return down ? float80_zero(float80_sign(a)) : float80_infinity(float80_sign(a));
}

struct float80 float80_scale(struct float80_env *env, struct float80 a, struct float80 b)
{
    struct float80 result;
    if (float80_nan_operands(env, a, b, &result)) {
        return result;
    }
    if (float80_classify(b) == FLOAT80_INFINITY) {
        return scale_infinite(env, a, b);
    }
    enum float80_class ca = float80_classify(a);
    float80_note_denormal(env, a);
    float80_note_denormal(env, b);
    if (ca == FLOAT80_INFINITY || ca == FLOAT80_ZERO || float80_stopped(env)) {
        return a;
    }
    struct float80_parts parts = float80_unpack(a);
    parts.exp += scale_count(b);
    return float80_pack(env, parts, 64);
}

struct float80 float80_extract(struct float80_env *env, struct float80 a,
                               struct float80 *significand)
{
    struct float80 result;
    if (float80_nan_operand(env, a, &result)) {
        *significand = result;
        return result;
    }
    enum float80_class class = float80_classify(a);
    *significand = a;
    if (class == FLOAT80_INFINITY) {
        return float80_infinity(false);
    }
    if (class == FLOAT80_ZERO) {
        env->flags |= FSW_ZE;
        return float80_infinity(true);
    }
    float80_note_denormal(env, a);
    struct float80_parts parts = float80_unpack(a);
    *significand = float80_make(parts.sign, FLOAT80_BIAS, parts.sig.high);
    return float80_from_int(parts.exp - FLOAT80_BIAS);
}

/* Comparison */

static int compare_magnitude(struct float80_parts a, struct float80_parts b)
{
    if (u128_is_zero(a.sig) || u128_is_zero(b.sig)) {
        return u128_is_zero(b.sig) - u128_is_zero(a.sig);
    }
    if (a.exp != b.exp) {
        return a.exp > b.exp ? 1 : -1;
    }
    return u128_compare(a.sig, b.sig);
}

static int compare_numbers(struct float80 a, struct float80 b)
{
    struct float80_parts pa = float80_unpack(a);
    struct float80_parts pb = float80_unpack(b);
    if (u128_is_zero(pa.sig) && u128_is_zero(pb.sig)) {
        return 0;
    }
    if (pa.sign != pb.sign) {
        return pa.sign ? -1 : 1;
    }
    return pa.sign ? -compare_magnitude(pa, pb) : compare_magnitude(pa, pb);
}

uint16_t float80_compare(struct float80_env *env, struct float80 a, struct float80 b, bool quiet)
{
    enum float80_class ca = float80_classify(a);
    enum float80_class cb = float80_classify(b);
    if (ca > FLOAT80_INFINITY || cb > FLOAT80_INFINITY) {
        if (!quiet || ca > FLOAT80_QNAN || cb > FLOAT80_QNAN) {
            env->flags |= FSW_IE;
        }
        return FSW_C0 | FSW_C2 | FSW_C3;
    }
    if (env->projective && (ca == FLOAT80_INFINITY || cb == FLOAT80_INFINITY)) {
        env->flags |= ca != cb ? FSW_IE : 0;
        return ca != cb ? FSW_C0 | FSW_C2 | FSW_C3 : FSW_C3;
    }
    float80_note_denormal(env, a);
    float80_note_denormal(env, b);
    int order = compare_numbers(a, b);
    return order < 0 ? FSW_C0 : order > 0 ? 0 : FSW_C3;
}

uint16_t float80_examine(struct float80 value)
{
    static const uint16_t flags[] = {
        [FLOAT80_ZERO] = FSW_C3,   [FLOAT80_DENORMAL] = FSW_C3 | FSW_C2,
        [FLOAT80_NORMAL] = FSW_C2, [FLOAT80_INFINITY] = FSW_C2 | FSW_C0,
        [FLOAT80_QNAN] = FSW_C0,   [FLOAT80_SNAN] = FSW_C0,
        [FLOAT80_UNSUPPORTED] = 0,
    };
    return (uint16_t)(flags[float80_classify(value)] | (float80_sign(value) ? FSW_C1 : 0));
}

struct float80 float80_constant(uint16_t control, enum float80_constant which)
{
    /* Chopped values; `up`: the bits after them are more than one half. */
    static const struct {
        uint64_t mantissa;
        uint16_t exponent;
        bool irrational, up;
    } rows[FLOAT80_CONSTANTS] = {
        [FLOAT80_ONE] = {UINT64_C(0x8000000000000000), 0x3fff, false, false},
        [FLOAT80_LOG2_10] = {UINT64_C(0xd49a784bcd1b8afe), 0x4000, true, false},
        [FLOAT80_LOG2_E] = {UINT64_C(0xb8aa3b295c17f0bb), 0x3fff, true, true},
        [FLOAT80_PI] = {UINT64_C(0xc90fdaa22168c234), 0x4000, true, true},
        [FLOAT80_LOG10_2] = {UINT64_C(0x9a209a84fbcff798), 0x3ffd, true, true},
        [FLOAT80_LN_2] = {UINT64_C(0xb17217f7d1cf79ab), 0x3ffe, true, true},
        [FLOAT80_ZERO_CONSTANT] = {0, 0, false, false},
    };
    struct float80_env env = {.control = control};
    struct float80 value = {rows[which].mantissa, rows[which].exponent};
    bool up = float80_rounds_up(&env, false, false, rows[which].up, rows[which].irrational);
    value.mantissa += up;
    return value;
}
