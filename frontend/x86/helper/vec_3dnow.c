/*
 * 3DNow! and enhanced 3DNow! (AMD, 3DNow! Technology Manual, 21928; extensions, 22466).
 *
 * Two singles in an MMX register.  No exceptions and no status: sums and products are rounded to
 * nearest, denormals are zeros, what is too large becomes the largest number, what is too small a
 * zero.  Infinities and NaNs, which AMD calls unsupported, act as in IEEE 754, but an infinite
 * result becomes the largest number, too.
 *
 * The tables behind PFRCP and PFRSQRT are not published: here they give 14 and 15 fraction bits
 * rounded to nearest, the accuracy that AMD promises.  The steps that refine them compute with the
 * exact product, so that the manual's sequence for a reciprocal ends within one, that for a root
 * within one and a half units of the last place.
 */
#include "frontend/x86/helper/vec.h"
#include "frontend/x86/helper/vec_number.h"

#define LARGEST UINT64_C(0x7f7fffff)
#define SIGN    UINT64_C(0x80000000)
/* Doubles. */
#define HALF  UINT64_C(0x3fe0000000000000)
#define ONE   UINT64_C(0x3ff0000000000000)
#define TWO   UINT64_C(0x4000000000000000)
#define THREE UINT64_C(0x4008000000000000)

/* Denormals and tiny results are zeros, every exception masked, to nearest. */
static const struct soft arithmetic = {.mxcsr =
                                           MXCSR_DAZ | MXCSR_FTZ | MXCSR_FLAGS << MXCSR_MASK_SHIFT};

static uint64_t saturated(uint64_t value)
{
    return (value & ~SIGN) == soft_infinity(&soft_single, false) ? (value & SIGN) | LARGEST : value;
}

static uint64_t combine(soft_binary *function, uint64_t a, uint64_t b)
{
    struct soft s = arithmetic;
    return saturated(function(&s, &soft_single, a, b));
}

static uint64_t lane(const struct vec *v, unsigned i)
{
    return vec_get(v, 32, i);
}

static void result(struct vec_call *call, uint64_t low, uint64_t high)
{
    call->dst.q[0] = (low & UINT32_MAX) | high << 32;
}

/* Lane by lane; reversed: source minus destination. */
static void both(struct vec_call *call, soft_binary *function, bool reversed)
{
    const struct vec *a = reversed ? &call->src : &call->dst;
    const struct vec *b = reversed ? &call->dst : &call->src;
    result(call, combine(function, lane(a, 0), lane(b, 0)),
           combine(function, lane(a, 1), lane(b, 1)));
}

/* Both lanes of the destination, then both of the source. */
static void across(struct vec_call *call, soft_binary *low, soft_binary *high)
{
    result(call, combine(low, lane(&call->dst, 0), lane(&call->dst, 1)),
           combine(high, lane(&call->src, 0), lane(&call->src, 1)));
}

static enum soft_order order(uint64_t a, uint64_t b)
{
    struct soft s = arithmetic;
    return soft_compare(&s, &soft_single, a, b, false);
}

static void compare(struct vec_call *call, unsigned orders)
{
    uint64_t holds[2];
    for (unsigned i = 0; i < 2; i++) {
        holds[i] = orders & order(lane(&call->dst, i), lane(&call->src, i)) ? UINT32_MAX : 0;
    }
    result(call, holds[0], holds[1]);
}

/* The destination where it stands in that order, else the source; zeros are positive. */
static void select(struct vec_call *call, enum soft_order wanted)
{
    uint64_t chosen[2];
    for (unsigned i = 0; i < 2; i++) {
        uint64_t a = lane(&call->dst, i);
        uint64_t b = lane(&call->src, i);
        chosen[i] = order(a, b) == wanted ? a : b;
        if ((chosen[i] & ~SIGN) <= 0x7fffff) {
            chosen[i] = 0;
        }
    }
    result(call, chosen[0], chosen[1]);
}

/* ---- conversions ---- */

/* Towards zero, kept within a signed integer of that many bits. */
static uint64_t to_integer(uint64_t value, unsigned bits)
{
    struct soft_number n = soft_unpack(&arithmetic, &soft_single, value);
    uint64_t most = (UINT64_C(1) << (bits - 1)) - 1;
    uint64_t magnitude = 0;
    if (n.kind == SOFT_FINITE && n.exp >= 0 && n.exp < 31) {
        magnitude = n.sig >> (SOFT_TOP - n.exp);
    } else if (n.kind != SOFT_ZERO && (n.kind != SOFT_FINITE || n.exp >= 31)) {
        magnitude = most + 1;
    }
    if (n.sign) {
        return 0 - (magnitude > most ? most + 1 : magnitude);
    }
    return magnitude > most ? most : magnitude;
}

static uint64_t from_integer(int32_t value)
{
    struct soft s = arithmetic;
    s.mxcsr |= (uint32_t)SOFT_TRUNCATE << MXCSR_ROUND_SHIFT;
    return soft_from_int(&s, &soft_single, value);
}

/* ---- reciprocals ---- */

/* value in 1/2^bits, from 1 to 2, and an exponent as a single. */
static uint64_t pack(uint64_t sign, int exp, uint64_t value, unsigned bits)
{
    int carried = exp + (int)(value >> (bits + 1));
    if (carried < -126) {
        return sign;
    }
    if (carried > 127) {
        return sign | LARGEST;
    }
    uint64_t fraction = (value & ((UINT64_C(1) << bits) - 1)) << (23 - bits);
    return sign | (uint64_t)(carried + 127) << 23 | fraction;
}

/* What an infinity, a NaN or a zero becomes. */
static uint64_t special_reciprocal(const struct soft_number *n, uint64_t value)
{
    if (soft_is_nan(n)) {
        return value | soft_quiet_bit(&soft_single);
    }
    return (value & SIGN) | (n->kind == SOFT_ZERO ? LARGEST : 0);
}

static uint64_t reciprocal(uint64_t value)
{
    enum { BITS = 14 };
    struct soft_number n = soft_unpack(&arithmetic, &soft_single, value);
    if (n.kind != SOFT_FINITE) {
        return special_reciprocal(&n, value);
    }
    /* m / 2^23 in [1, 2): its reciprocal, doubled */
    uint64_t m = n.sig >> (SOFT_TOP - 23);
    return pack(value & SIGN, -n.exp - 1, ((UINT64_C(1) << (BITS + 25)) / m + 1) >> 1, BITS);
}

static uint64_t integer_root(uint64_t value)
{
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 31; bit; bit >>= 1) {
        root |= (root | bit) * (root | bit) <= value ? bit : 0;
    }
    return root;
}

/* Of the magnitude, with the sign of the operand. */
static uint64_t reciprocal_root(uint64_t value)
{
    enum { BITS = 15 };
    struct soft_number n = soft_unpack(&arithmetic, &soft_single, value);
    if (n.kind != SOFT_FINITE) {
        return special_reciprocal(&n, value);
    }
    /* m / 2^23 in [1, 4) with an even exponent: the reciprocal of its root, doubled */
    int odd = n.exp & 1;
    uint64_t m = n.sig >> (SOFT_TOP - 23) << odd;
    uint64_t root = integer_root((UINT64_C(1) << (2 * BITS + 27)) / m);
    return pack(value & SIGN, -(n.exp - odd) / 2 - 1, (root + 1) >> 1, BITS);
}

/* (from - a * b) * factor, rounded once, as a single; doubles hold the product exactly. */
static uint64_t step(uint64_t from, uint64_t a, uint64_t b, uint64_t factor)
{
    struct soft s = arithmetic;
    uint64_t x = soft_convert(&s, &soft_single, &soft_double, a);
    uint64_t y = soft_convert(&s, &soft_single, &soft_double, b);
    uint64_t product = soft_mul(&s, &soft_double, x, y);
    uint64_t rest = soft_sub(&s, &soft_double, from, product);
    uint64_t scaled = soft_mul(&s, &soft_double, rest, factor);
    return saturated(soft_convert(&s, &soft_double, &soft_single, scaled));
}

static void steps(struct vec_call *call, uint64_t from, uint64_t factor)
{
    result(call, step(from, lane(&call->dst, 0), lane(&call->src, 0), factor),
           step(from, lane(&call->dst, 1), lane(&call->src, 1), factor));
}

/* ---- integers ---- */

static void average_bytes(struct vec_call *call)
{
    for (unsigned i = 0; i < 8; i++) {
        uint64_t sum = vec_get(&call->dst, 8, i) + vec_get(&call->src, 8, i) + 1;
        vec_put(&call->dst, 8, i, sum >> 1);
    }
}

static void multiply_high_rounded(struct vec_call *call)
{
    for (unsigned i = 0; i < 4; i++) {
        int64_t a = bits_sext(vec_get(&call->dst, 16, i), 16);
        int64_t b = bits_sext(vec_get(&call->src, 16, i), 16);
        vec_put(&call->dst, 16, i, (uint64_t)(a * b + 0x8000) >> 16);
    }
}

#define ROW(name, body)                    \
    void vec_##name(struct vec_call *call) \
    {                                      \
        body;                              \
    }
#define S(i)                 lane(&call->src, i)
#define EACH(function)       result(call, function(S(0)), function(S(1)))
#define WORD_TO_FLOAT(value) from_integer((int16_t)(value))
#define LONG_TO_FLOAT(value) from_integer((int32_t)(value))
#define TO_WORD(value)       to_integer(value, 16)
#define TO_LONG(value)       to_integer(value, 32)

/* clang-format off */
ROW(pfadd,    both(call, soft_add, false))
ROW(pfsub,    both(call, soft_sub, false))
ROW(pfsubr,   both(call, soft_sub, true))
ROW(pfmul,    both(call, soft_mul, false))
ROW(pfacc,    across(call, soft_add, soft_add))
ROW(pfnacc,   across(call, soft_sub, soft_sub))
ROW(pfpnacc,  across(call, soft_sub, soft_add))
ROW(pfcmpeq,  compare(call, SOFT_EQUAL))
ROW(pfcmpgt,  compare(call, SOFT_GREATER))
ROW(pfcmpge,  compare(call, SOFT_GREATER | SOFT_EQUAL))
ROW(pfmax,    select(call, SOFT_GREATER))
ROW(pfmin,    select(call, SOFT_LESS))
ROW(pi2fw,    EACH(WORD_TO_FLOAT))
ROW(pi2fd,    EACH(LONG_TO_FLOAT))
ROW(pf2iw,    EACH(TO_WORD))
ROW(pf2id,    EACH(TO_LONG))
ROW(pfrcp,    result(call, reciprocal(S(0)), reciprocal(S(0))))
ROW(pfrsqrt,  result(call, reciprocal_root(S(0)), reciprocal_root(S(0))))
ROW(pfrcpit1, steps(call, TWO, ONE))
ROW(pfrsqit1, steps(call, THREE, HALF))
ROW(pfrcpit2, both(call, soft_mul, false))
ROW(pswapd,   result(call, S(1), S(0)))
ROW(pavgusb,  average_bytes(call))
ROW(pmulhrw,  multiply_high_rounded(call))
/* clang-format on */
