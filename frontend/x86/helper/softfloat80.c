/*
 * 80-bit extended floating point: classes, NaNs, rounding, and the arithmetic that rounds to the
 * control word's precision.  softfloat80.h is the manual.
 */
#include "frontend/x86/helper/softfloat80_parts.h"

#include <assert.h>

enum float80_class float80_classify(struct float80 value)
{
    unsigned exponent = value.exponent & 0x7fffu;
    if (exponent == 0) {
        return value.mantissa ? FLOAT80_DENORMAL : FLOAT80_ZERO;
    }
    if (!(value.mantissa & FLOAT80_INTEGER_BIT)) {
        return FLOAT80_UNSUPPORTED;
    }
    if (exponent != FLOAT80_EXP_MAX) {
        return FLOAT80_NORMAL;
    }
    if (value.mantissa == FLOAT80_INTEGER_BIT) {
        return FLOAT80_INFINITY;
    }
    return value.mantissa & FLOAT80_QUIET_BIT ? FLOAT80_QNAN : FLOAT80_SNAN;
}

struct float80_parts float80_unpack(struct float80 value)
{
    struct float80_parts parts = {.sign = float80_sign(value)};
    if (value.mantissa) {
        unsigned shift = clz64(value.mantissa);
        int32_t exponent = value.exponent & 0x7fff;
        parts.exp = (exponent ? exponent : 1) - (int32_t)shift;
        parts.sig = u128_make(value.mantissa << shift, 0);
    }
    return parts;
}

/* NaNs */

static struct float80 quieted(struct float80 value)
{
    value.mantissa |= FLOAT80_QUIET_BIT;
    return value;
}

bool float80_nan_operand(struct float80_env *env, struct float80 a, struct float80 *result)
{
    enum float80_class class = float80_classify(a);
    if (class == FLOAT80_UNSUPPORTED) {
        *result = float80_invalid(env);
        return true;
    }
    if (class == FLOAT80_SNAN) {
        env->flags |= FSW_IE;
    }
    *result = quieted(a);
    return float80_is_nan(class);
}

/* SDM volume 1, table 4-7: a quiet NaN wins over a signaling one, else the larger significand,
 * else the positive one. */
static struct float80 choose_nan(struct float80 a, enum float80_class ca, struct float80 b,
                                 enum float80_class cb)
{
    if (!float80_is_nan(cb)) {
        return quieted(a);
    }
    if (!float80_is_nan(ca)) {
        return quieted(b);
    }
    if (ca != cb) {
        return ca == FLOAT80_QNAN ? a : b;
    }
    if (a.mantissa != b.mantissa) {
        return quieted(a.mantissa > b.mantissa ? a : b);
    }
    return quieted(float80_sign(a) ? b : a);
}

bool float80_nan_operands(struct float80_env *env, struct float80 a, struct float80 b,
                          struct float80 *result)
{
    enum float80_class ca = float80_classify(a);
    enum float80_class cb = float80_classify(b);
    if (ca == FLOAT80_UNSUPPORTED || cb == FLOAT80_UNSUPPORTED) {
        *result = float80_invalid(env);
        return true;
    }
    if (!float80_is_nan(ca) && !float80_is_nan(cb)) {
        return false;
    }
    if (ca == FLOAT80_SNAN || cb == FLOAT80_SNAN) {
        env->flags |= FSW_IE;
    }
    *result = choose_nan(a, ca, b, cb);
    return true;
}

void float80_note_denormal(struct float80_env *env, struct float80 a)
{
    if (env->denormal || float80_classify(a) == FLOAT80_DENORMAL) {
        env->flags |= FSW_DE;
    }
}

/* Rounding */

bool float80_rounds_up(const struct float80_env *env, bool sign, bool odd, bool half, bool sticky)
{
    switch (float80_rounding(env)) {
    case ROUND_NEAREST:
        return half && (sticky || odd);
    case ROUND_DOWN:
        return sign && (half || sticky);
    case ROUND_UP:
        return !sign && (half || sticky);
    case ROUND_CHOP:
    default:
        return false;
    }
}

struct kept {
    struct u128 value; /* the top bits right-aligned, rounded; may be 2^bits */
    bool inexact, up;
};

static struct kept keep(const struct float80_env *env, bool sign, struct u128 sig, unsigned bits)
{
    struct u128 value = u128_shr(sig, 128 - bits);
    struct u128 rest = u128_shl(sig, bits);
    bool half = rest.high >> 63;
    bool up = float80_rounds_up(env, sign, value.low & 1, half, !u128_is_zero(u128_shl(rest, 1)));
    return (struct kept){
        .value = u128_add(value, u128_of(up)), .inexact = !u128_is_zero(rest), .up = up};
}

static void note_inexact(struct float80_env *env, bool inexact, bool up)
{
    if (inexact) {
        env->flags |= (uint16_t)(up ? FSW_PE | FSW_C1 : FSW_PE);
    }
}

static uint64_t left_aligned(struct u128 value, unsigned bits)
{
    return value.low << (64 - bits);
}

static struct float80_rounded overflow(struct float80_env *env, bool sign,
                                       const struct float80_format *format)
{
    enum float80_rounding rounding = float80_rounding(env);
    bool infinite = rounding == ROUND_NEAREST || rounding == (sign ? ROUND_DOWN : ROUND_UP);
    env->flags |= FSW_OE;
    note_inexact(env, true, infinite);
    if (infinite) {
        return (struct float80_rounded){FLOAT80_INTEGER_BIT, format->exp_max};
    }
    return (struct float80_rounded){~UINT64_C(0) << (64 - format->bits), format->exp_max - 1};
}

static struct float80_rounded denormal(struct float80_env *env, bool sign, int32_t exp,
                                       struct u128 sig, unsigned bits)
{
    struct kept kept = keep(env, sign, shift_right_jam(sig, (uint32_t)(1 - exp)), bits);
    if (kept.inexact) {
        env->flags |= FSW_UE;
    }
    note_inexact(env, kept.inexact, kept.up);
    uint64_t value = left_aligned(kept.value, bits);
    return (struct float80_rounded){value, (int32_t)(value >> 63)};
}

struct float80_rounded float80_round_format(struct float80_env *env, struct float80_parts parts,
                                            const struct float80_format *format)
{
    if (u128_is_zero(parts.sig)) {
        return (struct float80_rounded){0, 0};
    }
    int32_t exp = parts.exp - FLOAT80_BIAS + format->bias;
    int32_t unrounded = exp;
    struct kept kept = keep(env, parts.sign, parts.sig, format->bits);
    if (!u128_is_zero(u128_shr(kept.value, format->bits))) {
        kept.value = u128_shr(kept.value, 1);
        exp++;
    }
    bool tiny = exp < 1;
    bool huge = exp >= format->exp_max;
    if (tiny) {
        if (env->control & FSW_UE) {
            return denormal(env, parts.sign, unrounded, parts.sig, format->bits);
        }
        env->flags |= FSW_UE;
        exp += format->adjust;
        if (exp < 1) {
            env->flags |= FSW_PE;
            return (struct float80_rounded){0, 0};
        }
    } else if (huge) {
        exp -= format->adjust;
        if (env->control & FSW_OE) {
            return overflow(env, parts.sign, format);
        }
        if (exp >= format->exp_max) { /* FSCALE only */
            env->flags |= FSW_OE | FSW_PE | FSW_C1;
            return (struct float80_rounded){FLOAT80_INTEGER_BIT, format->exp_max};
        }
        env->flags |= FSW_OE;
    }
    note_inexact(env, kept.inexact, kept.up);
    return (struct float80_rounded){left_aligned(kept.value, format->bits), exp};
}

struct float80 float80_pack(struct float80_env *env, struct float80_parts parts, unsigned bits)
{
    struct float80_format format = {bits, FLOAT80_BIAS, FLOAT80_EXP_MAX, 24576};
    struct float80_rounded rounded = float80_round_format(env, parts, &format);
    return float80_make(parts.sign, rounded.exponent, rounded.sig);
}

struct float80 float80_normalize_pack(struct float80_env *env, struct float80_parts parts,
                                      unsigned bits)
{
    if (!u128_is_zero(parts.sig)) {
        unsigned shift = u128_clz(parts.sig);
        parts.sig = u128_shl(parts.sig, shift);
        parts.exp -= (int32_t)shift;
    }
    return float80_pack(env, parts, bits);
}

static unsigned precision(const struct float80_env *env)
{
    static const uint8_t bits[4] = {24, 64, 53, 64}; /* 1 is reserved */
    return bits[env->control >> FCW_PRECISION_SHIFT & 3];
}

/* Addition */

static struct float80 add_finite(struct float80_env *env, struct float80_parts a,
                                 struct float80_parts b)
{
    if (a.exp < b.exp || (a.exp == b.exp && u128_less(a.sig, b.sig))) {
        struct float80_parts swap = a;
        a = b;
        b = swap;
    }
    /* One bit of room above, the jammed rest below. */
    struct u128 high = u128_shr(a.sig, 1);
    struct u128 low = shift_right_jam(u128_shr(b.sig, 1), (uint32_t)(a.exp - b.exp));
    struct float80_parts sum = {a.sign, a.exp + 1,
                                a.sign == b.sign ? u128_add(high, low) : u128_sub(high, low)};
    if (u128_is_zero(sum.sig)) {
        sum.sign = float80_rounding(env) == ROUND_DOWN;
    }
    return float80_normalize_pack(env, sum, precision(env));
}

static struct float80 add_special(struct float80_env *env, struct float80 a, struct float80 b)
{
    bool both = float80_classify(a) == FLOAT80_INFINITY && float80_classify(b) == FLOAT80_INFINITY;
    if (both && (env->projective || a.exponent != b.exponent)) {
        return float80_invalid(env);
    }
    float80_note_denormal(env, a);
    float80_note_denormal(env, b);
    return float80_classify(a) == FLOAT80_INFINITY ? a : b;
}

static struct float80 add_zeros(struct float80_env *env, struct float80 a, struct float80 b)
{
    bool sign = a.exponent == b.exponent ? float80_sign(a) : float80_rounding(env) == ROUND_DOWN;
    return float80_zero(sign);
}

static struct float80 add_numbers(struct float80_env *env, struct float80 a, struct float80 b)
{
    enum float80_class ca = float80_classify(a);
    enum float80_class cb = float80_classify(b);
    if (ca == FLOAT80_INFINITY || cb == FLOAT80_INFINITY) {
        return add_special(env, a, b);
    }
    float80_note_denormal(env, a);
    float80_note_denormal(env, b);
    if (float80_stopped(env)) {
        return a;
    }
    if (ca == FLOAT80_ZERO && cb == FLOAT80_ZERO) {
        return add_zeros(env, a, b);
    }
    struct float80_parts pa = float80_unpack(a);
    struct float80_parts pb = float80_unpack(b);
    if (ca == FLOAT80_ZERO || cb == FLOAT80_ZERO) {
        return float80_pack(env, ca == FLOAT80_ZERO ? pb : pa, precision(env));
    }
    return add_finite(env, pa, pb);
}

struct float80 float80_add(struct float80_env *env, struct float80 a, struct float80 b)
{
    struct float80 result;
    return float80_nan_operands(env, a, b, &result) ? result : add_numbers(env, a, b);
}

struct float80 float80_sub(struct float80_env *env, struct float80 a, struct float80 b)
{
    struct float80 result;
    if (float80_nan_operands(env, a, b, &result)) {
        return result;
    }
    b.exponent ^= 0x8000;
    return add_numbers(env, a, b);
}

/* Multiplication and division */

struct float80 float80_mul(struct float80_env *env, struct float80 a, struct float80 b)
{
    struct float80 result;
    if (float80_nan_operands(env, a, b, &result)) {
        return result;
    }
    enum float80_class ca = float80_classify(a);
    enum float80_class cb = float80_classify(b);
    bool sign = float80_sign(a) != float80_sign(b);
    bool infinite = ca == FLOAT80_INFINITY || cb == FLOAT80_INFINITY;
    bool zero = ca == FLOAT80_ZERO || cb == FLOAT80_ZERO;
    if (infinite && zero) {
        return float80_invalid(env);
    }
    float80_note_denormal(env, a);
    float80_note_denormal(env, b);
    if (float80_stopped(env)) {
        return a;
    }
    if (infinite || zero) {
        return infinite ? float80_infinity(sign) : float80_zero(sign);
    }
    struct float80_parts pa = float80_unpack(a);
    struct float80_parts pb = float80_unpack(b);
    struct float80_parts product = {sign, pa.exp + pb.exp - FLOAT80_BIAS + 1,
                                    u128_mul64(pa.sig.high, pb.sig.high)};
    return float80_normalize_pack(env, product, precision(env));
}

static struct float80 div_finite(struct float80_env *env, struct float80_parts a,
                                 struct float80_parts b)
{
    struct u128 divisor = u128_of(b.sig.high);
    assert(divisor.low != 0);
    struct u128_quotient high = u128_divide(u128_shr(a.sig, 1), divisor);
    struct u128_quotient low = u128_divide(u128_shl(high.rest, 64), divisor);
    struct float80_parts quotient = {
        a.sign != b.sign,
        a.exp - b.exp + FLOAT80_BIAS,
        {low.quotient.low | !u128_is_zero(low.rest), high.quotient.low + low.quotient.high}};
    return float80_normalize_pack(env, quotient, precision(env));
}

struct float80 float80_div(struct float80_env *env, struct float80 a, struct float80 b)
{
    struct float80 result;
    if (float80_nan_operands(env, a, b, &result)) {
        return result;
    }
    enum float80_class ca = float80_classify(a);
    enum float80_class cb = float80_classify(b);
    bool sign = float80_sign(a) != float80_sign(b);
    if (ca == cb && (ca == FLOAT80_ZERO || ca == FLOAT80_INFINITY)) {
        return float80_invalid(env);
    }
    if (cb == FLOAT80_ZERO && ca != FLOAT80_INFINITY) {
        env->flags |= FSW_ZE;
        return float80_infinity(sign);
    }
    float80_note_denormal(env, a);
    float80_note_denormal(env, b);
    if (float80_stopped(env)) {
        return a;
    }
    if (ca == FLOAT80_INFINITY) {
        return float80_infinity(sign);
    }
    if (ca == FLOAT80_ZERO || cb == FLOAT80_INFINITY) {
        return float80_zero(sign);
    }
    return div_finite(env, float80_unpack(a), float80_unpack(b));
}

/* Square root */

/* Floor of the root of n >= 2^126, bit by bit; *rest = n - root^2. */
static uint64_t integer_root(struct u128 n, struct u128 *rest)
{
    struct u128 root = {0};
    for (struct u128 bit = u128_make(UINT64_C(1) << 62, 0); !u128_is_zero(bit);
         bit = u128_shr(bit, 2)) {
        struct u128 trial = u128_add(root, bit);
        root = u128_shr(root, 1);
        if (!u128_less(n, trial)) {
            n = u128_sub(n, trial);
            root = u128_add(root, bit);
        }
    }
    *rest = n;
    return root.low;
}

static struct float80 sqrt_finite(struct float80_env *env, struct float80_parts a)
{
    int32_t exp = a.exp - FLOAT80_BIAS;
    struct u128 rest;
    uint64_t root = integer_root(exp & 1 ? a.sig : u128_shr(a.sig, 1), &rest);
    uint64_t below = 0; /* bits after the root: never exactly one half */
    if (!u128_is_zero(rest)) {
        below = u128_less(u128_of(root), rest) ? UINT64_C(0xc000000000000000)
                                               : UINT64_C(0x4000000000000000);
    }
    exp = (exp & 1 ? exp - 1 : exp) / 2;
    struct float80_parts parts = {false, exp + FLOAT80_BIAS, u128_make(root, below)};
    return float80_pack(env, parts, precision(env));
}

struct float80 float80_sqrt(struct float80_env *env, struct float80 a)
{
    struct float80 result;
    if (float80_nan_operand(env, a, &result)) {
        return result;
    }
    enum float80_class class = float80_classify(a);
    if (class == FLOAT80_ZERO) {
        return a;
    }
    if (float80_sign(a) || (class == FLOAT80_INFINITY && env->projective)) {
        return float80_invalid(env);
    }
    float80_note_denormal(env, a);
    if (class == FLOAT80_INFINITY || float80_stopped(env)) {
        return a;
    }
    return sqrt_finite(env, float80_unpack(a));
}
