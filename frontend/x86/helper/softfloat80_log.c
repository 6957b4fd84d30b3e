/*
 * F2XM1, FYL2X, FYL2XP1 by series in 127-bit fixed point.
 *
 *     2^x - 1 = t (1 + t/2 (1 + t/3 (...)))               t = x ln 2
 *     log2 m  = 2/ln 2 * s (1 + s^2/3 + s^4/5 + ...)       s = (m - 1) / (m + 1), m around 1
 */
#include "frontend/x86/helper/softfloat80_wide.h"

enum { EXP_TERMS = 33, LOG_TERMS = 27 };

static const struct float80_parts one = WIDE(0x8000000000000000, 0, 0);
static const struct float80_parts ln_2 = WIDE(0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af, -1);
static const struct float80_parts two_log2_e = WIDE(0xb8aa3b295c17f0bb, 0xbe87fed0691d3e89, 1);

/* e^t - 1 for |t| <= ln 2 */
static struct float80_parts exp_minus_one(struct float80_parts t)
{
    struct u128 fixed = wide_to_fixed(t);
    struct u128 sum = WIDE_ONE;
    for (unsigned n = EXP_TERMS; n > 1; n--) {
        struct u128 term = u128_divide_small(fixed_mul(fixed, sum), n);
        sum = t.sign ? u128_sub(WIDE_ONE, term) : u128_add(WIDE_ONE, term);
    }
    return wide_mul(t, wide_from_fixed(false, sum));
}

struct float80 float80_f2xm1(struct float80_env *env, struct float80 a)
{
    struct float80 result;
    if (float80_nan_operand(env, a, &result)) {
        return result;
    }
    enum float80_class class = float80_classify(a);
    if (class == FLOAT80_INFINITY) {
        return float80_sign(a) ? float80_make(true, FLOAT80_BIAS, FLOAT80_INTEGER_BIT) : a;
    }
    float80_note_denormal(env, a);
    if (class == FLOAT80_ZERO || float80_stopped(env)) {
        return a;
    }
    struct float80_parts x = float80_unpack(a);
    if (x.exp >= FLOAT80_BIAS) {
        env->flags |= FSW_PE; /* as processors do, though this is exact */
        bool minus_one = x.sign && wide_compare(x, one) == 0;
        return minus_one ? float80_make(true, FLOAT80_BIAS - 1, FLOAT80_INTEGER_BIT) : a;
    }
    return wide_pack_inexact(env, exp_minus_one(wide_mul(x, ln_2)));
}

/* log2((1 + s) / (1 - s)) for |s| < 0.18 */
static struct float80_parts log2_ratio(struct float80_parts s)
{
    struct u128 fixed = wide_to_fixed(s);
    struct u128 square = fixed_mul(fixed, fixed);
    struct u128 sum = {0};
    for (unsigned n = LOG_TERMS; n-- > 0;) {
        sum = u128_add(u128_divide_small(WIDE_ONE, 2 * n + 1), fixed_mul(square, sum));
    }
    return wide_mul(wide_mul(s, two_log2_e), wide_from_fixed(false, sum));
}

/* Base 2 logarithm of a positive value; exact zero for 1. */
static struct float80_parts log2_of(struct float80_parts x)
{
    static const struct u128 root_2 = U128(UINT64_C(0xb504f333f9de6484), 0);
    int32_t exponent = x.exp - FLOAT80_BIAS;
    x.exp = FLOAT80_BIAS;
    if (u128_less(root_2, x.sig)) {
        x.exp--;
        exponent++;
    }
    struct float80_parts s = wide_div(wide_add(x, wide_negate(one)), wide_add(x, one));
    struct float80_parts fraction = u128_is_zero(s.sig) ? s : log2_ratio(s);
    return exponent ? wide_add(wide_from_int(exponent), fraction) : fraction;
}

/* b times a logarithm that is not zero.  It is exact for powers of two, but processors count every
 * result as inexact. */
static struct float80 times_log(struct float80_env *env, struct float80 b,
                                struct float80_parts logarithm, bool exact)
{
    struct float80_parts product = wide_mul(float80_unpack(b), logarithm);
    if (!exact) {
        return wide_pack_inexact(env, product);
    }
    struct float80 result = float80_pack(env, product, 64);
    env->flags |= result.exponent & 0x7fff ? FSW_PE : FSW_PE | FSW_UE;
    return result;
}

/* A logarithm of that sign and infinite or finite size times zero or infinity b. */
static struct float80 times_extreme(struct float80 b, bool negative)
{
    b.exponent = (uint16_t)(b.exponent ^ (negative ? 0x8000 : 0));
    return b;
}

/* The argument of the logarithm is zero: minus infinity times b. */
static struct float80 times_pole(struct float80_env *env, struct float80 b)
{
    enum float80_class class = float80_classify(b);
    if (class == FLOAT80_ZERO) {
        return float80_invalid(env);
    }
    if (class != FLOAT80_INFINITY) {
        env->flags |= FSW_ZE;
    }
    return float80_infinity(!float80_sign(b));
}

/* The logarithm is plus infinity. */
static struct float80 times_infinity(struct float80_env *env, struct float80 b)
{
    if (float80_classify(b) == FLOAT80_ZERO) {
        return float80_invalid(env);
    }
    float80_note_denormal(env, b);
    return float80_infinity(float80_sign(b));
}

struct float80 float80_yl2x(struct float80_env *env, struct float80 a, struct float80 b)
{
    struct float80 result;
    if (float80_nan_operands(env, a, b, &result)) {
        return result;
    }
    enum float80_class ca = float80_classify(a);
    enum float80_class cb = float80_classify(b);
    if (ca == FLOAT80_ZERO) {
        return times_pole(env, b);
    }
    if (float80_sign(a)) {
        return float80_invalid(env);
    }
    if (ca == FLOAT80_INFINITY) {
        return times_infinity(env, b);
    }
    struct float80_parts x = float80_unpack(a);
    int above_one = wide_compare(x, one);
    if (above_one == 0 && cb == FLOAT80_INFINITY) {
        return float80_invalid(env);
    }
    float80_note_denormal(env, a);
    float80_note_denormal(env, b);
    if (float80_stopped(env)) {
        return a;
    }
    if (cb == FLOAT80_ZERO || cb == FLOAT80_INFINITY) {
        return times_extreme(b, above_one < 0);
    }
    if (above_one == 0) {
        return float80_zero(float80_sign(b));
    }
    bool exact = u128_compare(x.sig, WIDE_ONE) == 0;
    return times_log(env, b, log2_of(x), exact);
}

/* log2(1 + x) for x > -1, accurate for small x. */
static struct float80_parts log2_plus_one(struct float80_parts x)
{
    static const struct float80_parts limit = WIDE(0x95f619980c4336f7, 0, -2); /* 1 - root(2)/2 */
    if (wide_compare(x, limit) > 0) {
        return log2_of(wide_add(x, one));
    }
    return log2_ratio(wide_div(x, wide_add(x, wide_from_int(2))));
}

struct float80 float80_yl2xp1(struct float80_env *env, struct float80 a, struct float80 b)
{
    struct float80 result;
    if (float80_nan_operands(env, a, b, &result)) {
        return result;
    }
    enum float80_class ca = float80_classify(a);
    enum float80_class cb = float80_classify(b);
    struct float80_parts x = float80_unpack(a);
    int above_one = ca == FLOAT80_INFINITY ? 1 : wide_compare(x, one);
    if (float80_sign(a) && above_one > 0) {
        return float80_invalid(env);
    }
    if (float80_sign(a) && above_one == 0) {
        return times_pole(env, b);
    }
    if (ca == FLOAT80_INFINITY) {
        return times_infinity(env, b);
    }
    if (ca == FLOAT80_ZERO && cb == FLOAT80_INFINITY) {
        return float80_invalid(env);
    }
    float80_note_denormal(env, a);
    float80_note_denormal(env, b);
    if (float80_stopped(env)) {
        return a;
    }
    if (cb == FLOAT80_ZERO || cb == FLOAT80_INFINITY) {
        return times_extreme(b, float80_sign(a));
    }
    if (ca == FLOAT80_ZERO) {
        return float80_zero(float80_sign(a) != float80_sign(b));
    }
    bool exact = x.exp >= FLOAT80_BIAS - 1 && u128_compare(wide_add(x, one).sig, WIDE_ONE) == 0;
    return times_log(env, b, log2_plus_one(x), exact);
}
