/*
 * 80-bit extended floating point: conversions from and to memory formats, integers, packed BCD.
 */
#include "frontend/x86/helper/softfloat80_parts.h"

enum { F32_EXP_MAX = 0xff, F64_EXP_MAX = 0x7ff };

/* A row for each memory format. */
static const struct float80_format float32_format = {24, 127, F32_EXP_MAX, 192};
static const struct float80_format float64_format = {53, 1023, F64_EXP_MAX, 1536};

/* From sign, exponent field and left-aligned fraction (without integer bit). */
static struct float80 widen(struct float80_env *env, bool sign, int32_t exponent, uint64_t fraction,
                            const struct float80_format *format)
{
    if (exponent == format->exp_max) {
        return float80_make(sign, FLOAT80_EXP_MAX, FLOAT80_INTEGER_BIT | fraction >> 1);
    }
    if (exponent) {
        return float80_make(sign, exponent - format->bias + FLOAT80_BIAS,
                            FLOAT80_INTEGER_BIT | fraction >> 1);
    }
    if (!fraction) {
        return float80_zero(sign);
    }
    env->denormal = true;
    unsigned shift = clz64(fraction);
    int32_t exp = -format->bias - (int32_t)shift + FLOAT80_BIAS;
    return float80_make(sign, exp, fraction << shift);
}

struct float80 float80_widen32(struct float80_env *env, uint32_t value)
{
    return widen(env, value >> 31, (int32_t)(value >> 23 & 0xff), (uint64_t)value << 41,
                 &float32_format);
}

struct float80 float80_widen64(struct float80_env *env, uint64_t value)
{
    return widen(env, value >> 63, (int32_t)(value >> 52 & 0x7ff), value << 12, &float64_format);
}

/* The rest of a load: exceptions of the operand. */
static struct float80 loaded(struct float80_env *env, struct float80 value)
{
    struct float80 result;
    if (float80_nan_operand(env, value, &result)) {
        return result;
    }
    float80_note_denormal(env, value);
    return value;
}

struct float80 float80_from_float32(struct float80_env *env, uint32_t value)
{
    return loaded(env, float80_widen32(env, value));
}

struct float80 float80_from_float64(struct float80_env *env, uint64_t value)
{
    return loaded(env, float80_widen64(env, value));
}

struct float80 float80_from_int(int64_t value)
{
    if (!value) {
        return float80_zero(false);
    }
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    unsigned shift = clz64(magnitude);
    return float80_make(value < 0, FLOAT80_BIAS + 63 - (int32_t)shift, magnitude << shift);
}

struct float80 float80_from_bcd(uint64_t low, uint16_t high)
{
    uint64_t value = 0;
    for (int digit = 17; digit >= 0; digit--) {
        uint64_t nibble = digit >= 16 ? (unsigned)high >> 4 * (digit - 16) : low >> 4 * digit;
        value = value * 10 + (nibble & 15);
    }
    struct float80 result = float80_from_int((int64_t)value);
    result.exponent = (uint16_t)(result.exponent | (high & 0x8000));
    return result;
}

/* Sign, exponent field and fraction (integer bit dropped) packed into a narrow format. */
static uint64_t assemble(bool sign, int32_t exponent, uint64_t sig,
                         const struct float80_format *format)
{
    unsigned fraction_bits = format->bits - 1;
    unsigned sign_bit = format == &float32_format ? 31 : 63;
    uint64_t fraction = (sig & ~FLOAT80_INTEGER_BIT) >> (63 - fraction_bits);
    return (uint64_t)sign << sign_bit | (uint64_t)exponent << fraction_bits | fraction;
}

static uint64_t narrow(struct float80_env *env, struct float80 a,
                       const struct float80_format *format)
{
    struct float80 nan;
    if (float80_nan_operand(env, a, &nan)) {
        return assemble(float80_sign(nan), format->exp_max, nan.mantissa, format);
    }
    if (float80_classify(a) == FLOAT80_INFINITY) {
        return assemble(float80_sign(a), format->exp_max, 0, format);
    }
    struct float80_rounded rounded = float80_round_format(env, float80_unpack(a), format);
    return assemble(float80_sign(a), rounded.exponent, rounded.sig, format);
}

uint32_t float80_to_float32(struct float80_env *env, struct float80 a)
{
    return (uint32_t)narrow(env, a, &float32_format);
}

uint64_t float80_to_float64(struct float80_env *env, struct float80 a)
{
    return narrow(env, a, &float64_format);
}

bool float80_integer(struct float80_env *env, struct float80 value, enum float80_rounding rounding,
                     uint64_t *integer)
{
    struct float80_parts parts = float80_unpack(value);
    int32_t exp = parts.exp - FLOAT80_BIAS;
    if (!u128_is_zero(parts.sig) && exp > 63) {
        return false;
    }
    struct u128 fixed =
        u128_is_zero(parts.sig) ? parts.sig : shift_right_jam(parts.sig, (uint32_t)(63 - exp));
    uint64_t rest = fixed.low;
    uint64_t whole = fixed.high;
    struct float80_env chosen = {.control = (uint16_t)(rounding << FCW_ROUND_SHIFT)};
    bool up = float80_rounds_up(&chosen, parts.sign, whole & 1, rest >> 63, (rest << 1) != 0);
    *integer = whole + up;
    if (up && *integer == 0) {
        return false;
    }
    if (rest) {
        env->flags |= (uint16_t)(up ? FSW_PE | FSW_C1 : FSW_PE);
    }
    return true;
}

/* True when the value is finite; *integer its rounded magnitude when at most `limit`. */
static bool bounded_integer(struct float80_env *env, struct float80 a, bool chop, uint64_t limit,
                            uint64_t *integer)
{
    struct float80_env attempt = *env;
    enum float80_rounding rounding = chop ? ROUND_CHOP : float80_rounding(env);
    enum float80_class class = float80_classify(a);
    if (class >= FLOAT80_INFINITY || !float80_integer(&attempt, a, rounding, integer) ||
        *integer > limit) {
        env->flags |= FSW_IE;
        return false;
    }
    *env = attempt;
    return true;
}

uint64_t float80_to_int(struct float80_env *env, struct float80 a, unsigned bits, bool chop)
{
    uint64_t indefinite = UINT64_C(1) << (bits - 1);
    uint64_t limit = float80_sign(a) ? indefinite : indefinite - 1;
    uint64_t integer;
    if (!bounded_integer(env, a, chop, limit, &integer)) {
        return indefinite;
    }
    return float80_sign(a) ? 0 - integer : integer;
}

uint64_t float80_to_bcd(struct float80_env *env, struct float80 a, uint16_t *high)
{
    uint64_t integer;
    if (!bounded_integer(env, a, false, UINT64_C(999999999999999999), &integer)) {
        *high = 0xffff;
        return UINT64_C(0xc000000000000000);
    }
    uint64_t low = 0;
    for (unsigned digit = 0; digit < 16; digit++) {
        low |= integer % 10 << 4 * digit;
        integer /= 10;
    }
    uint64_t top = integer % 10 | integer / 10 << 4;
    *high = (uint16_t)(top | (float80_sign(a) ? 0x8000u : 0u));
    return low;
}
