/* Arithmetic of binary32 and binary64 (see vec_soft.h). */
#include "frontend/x86/helper/vec_soft.h"

#include "frontend/x86/helper/vec.h"
#include "frontend/x86/helper/vec_number.h"

/* The operands of one operation. */
struct operands {
    struct soft_number a, b;
};

static struct operands unpack(const struct soft *s, const struct soft_format *f, uint64_t a,
                              uint64_t b)
{
    return (struct operands){soft_unpack(s, f, a), soft_unpack(s, f, b)};
}

static bool any_nan(const struct operands *o)
{
    return soft_is_nan(&o->a) || soft_is_nan(&o->b);
}

static bool any_snan(const struct operands *o)
{
    return o->a.kind == SOFT_SNAN || o->b.kind == SOFT_SNAN;
}

/* The result when an operand is a NaN: the first one, quiet. */
static uint64_t pick_nan(struct soft *s, const struct soft_format *f, const struct operands *o,
                         uint64_t a, uint64_t b)
{
    if (any_snan(o)) {
        s->raised |= MXCSR_IE;
    }
    return (soft_is_nan(&o->a) ? a : b) | soft_quiet_bit(f);
}

static void signal_denormals(struct soft *s, const struct operands *o)
{
    if (o->a.denormal || o->b.denormal) {
        s->raised |= MXCSR_DE;
    }
}

/* Finite operands of the same sign. */
static uint64_t add_magnitudes(struct soft *s, const struct soft_format *f,
                               const struct soft_number *big, const struct soft_number *small)
{
    uint64_t sum = big->sig + soft_shift_sticky(small->sig, big->exp - small->exp);
    int carry = (int)(sum >> 63);
    return soft_pack(s, f, big->sign, big->exp + carry, soft_shift_sticky(sum, carry));
}

/* Finite operands of different signs; big is not smaller in magnitude. */
static uint64_t sub_magnitudes(struct soft *s, const struct soft_format *f,
                               const struct soft_number *big, const struct soft_number *small)
{
    uint64_t rest = big->sig - soft_shift_sticky(small->sig, big->exp - small->exp);
    if (rest == 0) {
        return soft_zero(f, soft_rounding(s) == SOFT_DOWN);
    }
    int lead = __builtin_clzll(rest) - 1;
    return soft_pack(s, f, big->sign, big->exp - lead, rest << lead);
}

static uint64_t add_finite(struct soft *s, const struct soft_format *f, const struct operands *o)
{
    bool swap = o->a.exp < o->b.exp || (o->a.exp == o->b.exp && o->a.sig < o->b.sig);
    const struct soft_number *big = swap ? &o->b : &o->a;
    const struct soft_number *small = swap ? &o->a : &o->b;
    return big->sign == small->sign ? add_magnitudes(s, f, big, small)
                                    : sub_magnitudes(s, f, big, small);
}

/* Neither operand is a NaN. */
static uint64_t add_numbers(struct soft *s, const struct soft_format *f, const struct operands *o)
{
    const struct soft_number *a = &o->a;
    const struct soft_number *b = &o->b;
    if (a->kind == SOFT_INFINITY && b->kind == SOFT_INFINITY && a->sign != b->sign) {
        return soft_invalid(s, f);
    }
    signal_denormals(s, o);
    if (a->kind == SOFT_INFINITY || b->kind == SOFT_INFINITY) {
        return soft_infinity(f, a->kind == SOFT_INFINITY ? a->sign : b->sign);
    }
    if (a->kind == SOFT_ZERO && b->kind == SOFT_ZERO) {
        return soft_zero(f, a->sign == b->sign ? a->sign : soft_rounding(s) == SOFT_DOWN);
    }
    if (a->kind == SOFT_ZERO || b->kind == SOFT_ZERO) {
        const struct soft_number *n = a->kind == SOFT_ZERO ? b : a;
        return soft_pack(s, f, n->sign, n->exp, n->sig);
    }
    return add_finite(s, f, o);
}

uint64_t soft_add(struct soft *s, const struct soft_format *f, uint64_t a, uint64_t b)
{
    struct operands o = unpack(s, f, a, b);
    return any_nan(&o) ? pick_nan(s, f, &o, a, b) : add_numbers(s, f, &o);
}

uint64_t soft_sub(struct soft *s, const struct soft_format *f, uint64_t a, uint64_t b)
{
    struct operands o = unpack(s, f, a, b);
    o.b.sign = !o.b.sign;
    return any_nan(&o) ? pick_nan(s, f, &o, a, b) : add_numbers(s, f, &o);
}

uint64_t soft_mul(struct soft *s, const struct soft_format *f, uint64_t a, uint64_t b)
{
    struct operands o = unpack(s, f, a, b);
    bool sign = o.a.sign != o.b.sign;
    if (any_nan(&o)) {
        return pick_nan(s, f, &o, a, b);
    }
    bool zero = o.a.kind == SOFT_ZERO || o.b.kind == SOFT_ZERO;
    bool infinite = o.a.kind == SOFT_INFINITY || o.b.kind == SOFT_INFINITY;
    if (zero && infinite) {
        return soft_invalid(s, f);
    }
    signal_denormals(s, &o);
    if (zero || infinite) {
        return zero ? soft_zero(f, sign) : soft_infinity(f, sign);
    }
    struct u128 product = u128_mul64(o.a.sig, o.b.sig); /* 2^124 <= product < 2^126 */
    int carry = (int)(product.high >> (125 - 64));
    int drop = SOFT_TOP + carry;
    uint64_t sticky = (product.low & ((UINT64_C(1) << drop) - 1)) != 0;
    return soft_pack(s, f, sign, o.a.exp + o.b.exp + carry,
                     u128_shr(product, (unsigned)drop).low | sticky);
}

static uint64_t div_finite(struct soft *s, const struct soft_format *f, const struct operands *o)
{
    int borrow = o->a.sig < o->b.sig;
    struct u128 dividend = u128_shl(u128_of(o->a.sig), (unsigned)(SOFT_TOP + borrow));
    struct u128_quotient divided = u128_divide(dividend, u128_of(o->b.sig));
    uint64_t sticky = !u128_is_zero(divided.rest);
    return soft_pack(s, f, o->a.sign != o->b.sign, o->a.exp - o->b.exp - borrow,
                     divided.quotient.low | sticky);
}

uint64_t soft_div(struct soft *s, const struct soft_format *f, uint64_t a, uint64_t b)
{
    struct operands o = unpack(s, f, a, b);
    bool sign = o.a.sign != o.b.sign;
    if (any_nan(&o)) {
        return pick_nan(s, f, &o, a, b);
    }
    bool same = o.a.kind == o.b.kind;
    if (same && (o.a.kind == SOFT_ZERO || o.a.kind == SOFT_INFINITY)) {
        return soft_invalid(s, f);
    }
    if (o.b.kind == SOFT_ZERO && o.a.kind == SOFT_FINITE) {
        s->raised |= MXCSR_ZE;
        return soft_infinity(f, sign);
    }
    signal_denormals(s, &o);
    if (o.a.kind == SOFT_INFINITY || o.b.kind == SOFT_ZERO) {
        return soft_infinity(f, sign);
    }
    if (o.a.kind == SOFT_ZERO || o.b.kind == SOFT_INFINITY) {
        return soft_zero(f, sign);
    }
    return div_finite(s, f, &o);
}

/* Whole part of the square root of value < 2^126, bit by bit; *exact when nothing is left. */
static uint64_t integer_root(struct u128 value, bool *exact)
{
    uint64_t root = 0;
    struct u128 rest = {0};
    for (int at = 124; at >= 0; at -= 2) {
        rest = u128_or(u128_shl(rest, 2), u128_shr(value, (unsigned)at).low & 3);
        struct u128 trial = u128_or(u128_shl(u128_of(root), 2), 1);
        bool one = !u128_less(rest, trial);
        rest = one ? u128_sub(rest, trial) : rest;
        root = root << 1 | one;
    }
    *exact = u128_is_zero(rest);
    return root;
}

uint64_t soft_sqrt(struct soft *s, const struct soft_format *f, uint64_t a, uint64_t b)
{
    (void)a;
    struct operands o = unpack(s, f, 0, b);
    if (any_nan(&o)) {
        return pick_nan(s, f, &o, 0, b);
    }
    if (o.b.kind == SOFT_ZERO) {
        return soft_zero(f, o.b.sign);
    }
    if (o.b.sign) {
        return soft_invalid(s, f);
    }
    signal_denormals(s, &o);
    if (o.b.kind == SOFT_INFINITY) {
        return soft_infinity(f, false);
    }
    int odd = o.b.exp & 1;
    bool exact;
    uint64_t root = integer_root(u128_shl(u128_of(o.b.sig), (unsigned)(SOFT_TOP + odd)), &exact);
    return soft_pack(s, f, false, (o.b.exp - odd) / 2, root | !exact);
}

/* Monotonic in the value of a number; zeros are equal. */
static int64_t order_key(const struct soft_format *f, const struct soft_number *n, uint64_t bits)
{
    int64_t magnitude = n->kind == SOFT_ZERO ? 0 : (int64_t)(bits & (soft_sign_bit(f) - 1));
    return n->sign ? -magnitude : magnitude;
}

enum soft_order soft_compare(struct soft *s, const struct soft_format *f, uint64_t a, uint64_t b,
                             bool signalling)
{
    struct operands o = unpack(s, f, a, b);
    if (any_nan(&o)) {
        if (signalling || any_snan(&o)) {
            s->raised |= MXCSR_IE;
        }
        return SOFT_UNORDERED;
    }
    signal_denormals(s, &o);
    int64_t x = order_key(f, &o.a, a);
    int64_t y = order_key(f, &o.b, b);
    return x < y ? SOFT_LESS : x > y ? SOFT_GREATER : SOFT_EQUAL;
}

/* bits, or zero of its sign when DAZ takes it for one. */
static uint64_t without_denormal(const struct soft *s, const struct soft_format *f, uint64_t bits)
{
    struct soft_number n = soft_unpack(s, f, bits);
    return n.kind == SOFT_ZERO ? soft_zero(f, n.sign) : bits;
}

uint64_t soft_min(struct soft *s, const struct soft_format *f, uint64_t a, uint64_t b)
{
    bool first = soft_compare(s, f, a, b, true) == SOFT_LESS;
    return without_denormal(s, f, first ? a : b);
}

uint64_t soft_max(struct soft *s, const struct soft_format *f, uint64_t a, uint64_t b)
{
    bool first = soft_compare(s, f, a, b, true) == SOFT_GREATER;
    return without_denormal(s, f, first ? a : b);
}

/* 12 fraction bits (value / 4096 in [1, 2], or below 1 never) and an exponent as a single. */
static uint64_t pack_estimate(bool sign, int exp, uint64_t value)
{
    int carried = exp + (int)(value >> 13);
    if (carried < -126) {
        return soft_zero(&soft_single, sign);
    }
    return soft_zero(&soft_single, sign) | (uint64_t)(carried + 127) << 23 | (value & 0xfff) << 11;
}

uint64_t soft_reciprocal(uint64_t b)
{
    const struct soft s = {.mxcsr = MXCSR_DAZ};
    struct soft_number n = soft_unpack(&s, &soft_single, b);
    if (soft_is_nan(&n)) {
        return b | soft_quiet_bit(&soft_single);
    }
    if (n.kind != SOFT_FINITE) {
        return n.kind == SOFT_ZERO ? soft_infinity(&soft_single, n.sign)
                                   : soft_zero(&soft_single, n.sign);
    }
    /* m / 2^23 in [1, 2): its reciprocal, doubled, in 1/4096 */
    uint64_t m = n.sig >> (SOFT_TOP - 23);
    return pack_estimate(n.sign, -n.exp - 1, ((UINT64_C(1) << 37) / m + 1) >> 1);
}

uint64_t soft_reciprocal_root(uint64_t b)
{
    const struct soft s = {.mxcsr = MXCSR_DAZ};
    struct soft_number n = soft_unpack(&s, &soft_single, b);
    if (soft_is_nan(&n)) {
        return b | soft_quiet_bit(&soft_single);
    }
    if (n.kind == SOFT_ZERO) {
        return soft_infinity(&soft_single, n.sign);
    }
    if (n.sign) {
        return soft_default_nan(&soft_single);
    }
    if (n.kind == SOFT_INFINITY) {
        return 0;
    }
    /* m / 2^23 in [1, 4) with an even exponent: the reciprocal of its root, doubled, in 1/4096 */
    int odd = n.exp & 1;
    uint64_t m = n.sig >> (SOFT_TOP - 23) << odd;
    bool exact;
    uint64_t root = integer_root(u128_of((UINT64_C(1) << 51) / m), &exact);
    return pack_estimate(false, -(n.exp - odd) / 2 - 1, (root + 1) >> 1);
}
