/*
 * FSIN, FCOS, FSINCOS, FPTAN, FPATAN by series in 127-bit fixed point.
 *
 * Arguments are reduced to |r| <= pi/4 by multiples of the 66-bit pi that processors have (SDM
 * volume 1, 8.3.8), so results far from zero are those of hardware, not of mathematics; what is
 * reduced is then exact.  The arc tangent takes the nearest sixteenth c off a quotient q between 0
 * and 1:
 *
 *     atan q = atan c + atan t,    t = (q - c) / (1 + q c),    |t| <= 1/32
 */
#include "frontend/x86/helper/softfloat80_wide.h"

enum { TRIG_TERMS = 17, ATAN_TERMS = 14, ATAN_STEPS = 16, TINY = FLOAT80_BIAS - 66 };

static const struct float80_parts one = WIDE(0x8000000000000000, 0, 0);
static const struct float80_parts pi = WIDE(0xc90fdaa22168c234, 0xc4c6628b80dc1cd1, 1);
static const struct float80_parts half_pi = WIDE(0xc90fdaa22168c234, 0xc4c6628b80dc1cd1, 0);
static const struct float80_parts quarter_pi = WIDE(0xc90fdaa22168c234, 0xc4c6628b80dc1cd1, -1);

/* atan(i / 16) */
/* clang-format off */
static const struct float80_parts atan_sixteenth[ATAN_STEPS + 1] = {
    [1] = WIDE(0xffaaddb967ef4e36, 0xcb2792dc0e2e0d51, -5),
    [2] = WIDE(0xfeadd4d5617b6e32, 0xc897989f3e888ef8, -4),
    [3] = WIDE(0xbdcbda5e72d81134, 0x7b0b4f881c9c7488, -3),
    [4] = WIDE(0xfadbafc96406eb15, 0x6dc79ef5f7a217e6, -3),
    [5] = WIDE(0x9b13b9b83f5e5e69, 0xc5abb498d27af328, -2),
    [6] = WIDE(0xb7b0ca0f26f78473, 0x8aa32122dcfe4483, -2),
    [7] = WIDE(0xd327761e611fe5b6, 0x427c95e9001e7136, -2),
    [8] = WIDE(0xed63382b0dda7b45, 0x6fe445ecbc3a8d03, -2),
    [9] = WIDE(0x832bf4a6d9867e2a, 0x4b6a09cb61a515c1, -1),
    [10] = WIDE(0x8f005d5ef7f59f9b, 0x5c835e1665c43748, -1),
    [11] = WIDE(0x9a2f80e671bdda20, 0x4226f8e2204ff3bd, -1),
    [12] = WIDE(0xa4bc7d1934f70924, 0x19a87f2a457dac9f, -1),
    [13] = WIDE(0xaeac4c38b4d8c080, 0x14725e2f3e52070a, -1),
    [14] = WIDE(0xb8053e2bc2319e73, 0xcb2da55210a4443d, -1),
    [15] = WIDE(0xc0ce85b8ac526640, 0x89dd62c46e92fa25, -1),
    [16] = WIDE(0xc90fdaa22168c234, 0xc4c6628b80dc1cd1, -1),
};
/* clang-format on */

/* Argument reduction */

struct reduced {
    struct float80_parts r; /* -pi/4 to pi/4, sign of its own */
    unsigned quadrant;      /* |x| = quadrant * pi/2 + r, modulo 2 pi */
};

/* Half of the processors' 66-bit pi, in units of 2^-65. */
static const struct u128 half_pi_66 = U128(3, UINT64_C(0x243f6a8885a308d3));

static struct reduced reduce(struct float80_parts x)
{
    enum { UNIT = 65 };
    x.sign = false;
    if (wide_compare(x, quarter_pi) <= 0) {
        return (struct reduced){x, 0};
    }
    /* 64 significant bits of 2^-1 to 2^62: nothing is lost. */
    struct u128 units = u128_shr(x.sig, (unsigned)(127 - UNIT - (x.exp - FLOAT80_BIAS)));
    struct u128_quotient divided = u128_divide(units, half_pi_66);
    struct u128 rest = divided.rest;
    bool above = u128_less(u128_shr(half_pi_66, 1), rest); /* count from the next multiple down */
    rest = above ? u128_sub(half_pi_66, rest) : rest;
    struct float80_parts r = {above, FLOAT80_BIAS + 127 - UNIT, rest};
    return (struct reduced){wide_normalize(r), (unsigned)(divided.quotient.low + above) & 3};
}

/* Series */

static struct float80_parts sin_series(struct float80_parts r)
{
    struct u128 fixed = wide_to_fixed(r);
    struct u128 square = fixed_mul(fixed, fixed);
    struct u128 sum = WIDE_ONE;
    for (unsigned n = TRIG_TERMS; n > 0; n--) {
        struct u128 term = u128_divide_small(fixed_mul(square, sum), 2 * n * (2 * n + 1));
        sum = u128_sub(WIDE_ONE, term);
    }
    return wide_mul(r, wide_from_fixed(false, u128_sub(sum, u128_of(1))));
}

static struct float80_parts cos_series(struct float80_parts r)
{
    struct u128 fixed = wide_to_fixed(r);
    struct u128 square = fixed_mul(fixed, fixed);
    struct u128 sum = WIDE_ONE;
    for (unsigned n = TRIG_TERMS; n > 0; n--) {
        struct u128 term = u128_divide_small(fixed_mul(square, sum), 2 * n * (2 * n - 1));
        sum = u128_sub(WIDE_ONE, term);
    }
    return wide_from_fixed(false, u128_sub(sum, u128_of(1)));
}

static struct float80_parts sine_of(struct reduced x)
{
    struct float80_parts value = x.quadrant & 1 ? cos_series(x.r) : sin_series(x.r);
    value.sign = value.sign != (x.quadrant >= 2);
    return value;
}

static struct float80_parts cosine_of(struct reduced x)
{
    struct float80_parts value = x.quadrant & 1 ? sin_series(x.r) : cos_series(x.r);
    value.sign = value.sign != (x.quadrant == 1 || x.quadrant == 2);
    return value;
}

static struct float80_parts tangent_of(struct reduced x)
{
    if (x.r.exp < TINY && !(x.quadrant & 1)) {
        return x.r;
    }
    return wide_div(sine_of(x), cosine_of(x));
}

/* Arguments that need no series: NaN, infinity, out of range, or a stop.  True: *result is it. */
static bool trig_special(struct float80_env *env, struct float80 a, struct float80 *result)
{
    if (float80_nan_operand(env, a, result)) {
        return true;
    }
    if (float80_classify(a) == FLOAT80_INFINITY) {
        *result = float80_invalid(env);
        return true;
    }
    *result = a;
    if ((a.exponent & 0x7fff) >= FLOAT80_BIAS + 63) {
        env->flags |= FSW_C2;
        return true;
    }
    float80_note_denormal(env, a);
    return float80_stopped(env);
}

/* Odd functions carry the argument's sign. */
static struct float80 pack_odd(struct float80_env *env, struct float80 a,
                               struct float80_parts value)
{
    value.sign = value.sign != float80_sign(a);
    return wide_pack_inexact(env, value);
}

struct float80 float80_sin(struct float80_env *env, struct float80 a)
{
    struct float80 result;
    if (trig_special(env, a, &result) || float80_classify(a) == FLOAT80_ZERO) {
        return result;
    }
    return pack_odd(env, a, sine_of(reduce(float80_unpack(a))));
}

struct float80 float80_tan(struct float80_env *env, struct float80 a)
{
    struct float80 result;
    if (trig_special(env, a, &result) || float80_classify(a) == FLOAT80_ZERO) {
        return result;
    }
    return pack_odd(env, a, tangent_of(reduce(float80_unpack(a))));
}

struct float80 float80_cos(struct float80_env *env, struct float80 a)
{
    struct float80 result;
    if (trig_special(env, a, &result)) {
        return result;
    }
    if (float80_classify(a) == FLOAT80_ZERO) {
        return float80_make(false, FLOAT80_BIAS, FLOAT80_INTEGER_BIT);
    }
    return wide_pack_inexact(env, cosine_of(reduce(float80_unpack(a))));
}

struct float80 float80_sincos(struct float80_env *env, struct float80 a, struct float80 *cosine)
{
    /* C1 is the sine's rounding. */
    struct float80_env cosine_env = {.control = env->control};
    *cosine = float80_cos(&cosine_env, a);
    struct float80 sine = float80_sin(env, a);
    env->flags |= (uint16_t)(cosine_env.flags & ~FSW_C1);
    return sine;
}

/* Arc tangent */

static struct float80_parts atan_series(struct float80_parts t)
{
    struct u128 fixed = wide_to_fixed(t);
    struct u128 square = fixed_mul(fixed, fixed);
    struct u128 sum = {0};
    for (unsigned n = ATAN_TERMS; n-- > 0;) {
        sum = u128_sub(u128_divide_small(WIDE_ONE, 2 * n + 1), fixed_mul(square, sum));
    }
    return wide_mul(t, wide_from_fixed(false, u128_sub(sum, u128_of(1))));
}

/* atan q for 0 < q <= 1 */
static struct float80_parts atan_of(struct float80_parts q)
{
    struct u128 half_step = u128_make(UINT64_C(1) << (122 - 64), 0);
    unsigned step = (unsigned)u128_shr(u128_add(wide_to_fixed(q), half_step), 123).low;
    if (step == 0) {
        return atan_series(q);
    }
    struct float80_parts c = wide_from_int((int32_t)step);
    c.exp -= 4;
    struct float80_parts t = wide_div(wide_add(q, wide_negate(c)), wide_add(one, wide_mul(q, c)));
    return u128_is_zero(t.sig) ? atan_sixteenth[step]
                               : wide_add(atan_sixteenth[step], atan_series(t));
}

/* Angle of (|x|, |y|), both finite and not zero. */
static struct float80_parts first_quadrant(struct float80_parts x, struct float80_parts y)
{
    x.sign = false;
    y.sign = false;
    if (wide_compare(y, x) > 0) {
        return wide_add(half_pi, wide_negate(atan_of(wide_div(x, y))));
    }
    return atan_of(wide_div(y, x));
}

struct float80 float80_patan(struct float80_env *env, struct float80 a, struct float80 b)
{
    struct float80 result;
    if (float80_nan_operands(env, a, b, &result)) {
        return result;
    }
    enum float80_class ca = float80_classify(a);
    enum float80_class cb = float80_classify(b);
    float80_note_denormal(env, a);
    float80_note_denormal(env, b);
    if (float80_stopped(env)) {
        return a;
    }
    struct float80_parts angle;
    if (ca == FLOAT80_INFINITY && cb == FLOAT80_INFINITY) {
        angle = quarter_pi;
    } else if (cb == FLOAT80_ZERO || ca == FLOAT80_INFINITY) {
        if (!float80_sign(a)) {
            return float80_zero(float80_sign(b));
        }
        angle = (struct float80_parts){0};
    } else if (ca == FLOAT80_ZERO || cb == FLOAT80_INFINITY) {
        angle = half_pi;
    } else {
        angle = first_quadrant(float80_unpack(a), float80_unpack(b));
    }
    if (float80_sign(a)) {
        angle = wide_add(pi, wide_negate(angle));
    }
    angle.sign = float80_sign(b);
    return wide_pack_inexact(env, angle);
}
