/* 128-bit working precision: the four operations.  softfloat80_wide.h explains. */
#include "frontend/x86/helper/softfloat80_wide.h"

uint128 wide_multiply_high(uint128 a, uint128 b)
{
    uint128 a0 = (uint64_t)a;
    uint128 a1 = a >> 64;
    uint128 b0 = (uint64_t)b;
    uint128 b1 = b >> 64;
    uint128 low = a0 * b0 >> 64;
    uint128 cross = a1 * b0 + low;
    uint128 other = a0 * b1 + (uint64_t)cross;
    return a1 * b1 + (cross >> 64) + (other >> 64);
}

struct float80_parts wide_normalize(struct float80_parts a)
{
    if (a.sig) {
        unsigned shift = clz128(a.sig);
        a.sig <<= shift;
        a.exp -= (int32_t)shift;
    }
    return a;
}

struct float80_parts wide_mul(struct float80_parts a, struct float80_parts b)
{
    uint128 low = a.sig * b.sig;
    uint128 high = wide_multiply_high(a.sig, b.sig);
    struct float80_parts product = {a.sign != b.sign, a.exp + b.exp - FLOAT80_BIAS + 1, high};
    if (high && !(high >> 127)) {
        product.sig = high << 1 | low >> 127;
        product.exp--;
        low <<= 1;
    }
    product.sig |= low != 0;
    return product;
}

struct float80_parts wide_div(struct float80_parts a, struct float80_parts b)
{
    struct float80_parts quotient = {a.sign != b.sign, a.exp - b.exp + FLOAT80_BIAS, 0};
    if (!a.sig) {
        return quotient;
    }
    uint128 rest = a.sig;
    if (rest < b.sig) {
        quotient.exp--;
    } else {
        rest -= b.sig;
        quotient.sig = 1;
    }
    unsigned bits = quotient.sig ? 127 : 128;
    for (; bits; bits--) {
        bool carry = rest >> 127;
        rest <<= 1;
        quotient.sig <<= 1;
        if (carry || rest >= b.sig) {
            rest -= b.sig;
            quotient.sig |= 1;
        }
    }
    quotient.sig |= rest != 0;
    return quotient;
}

int wide_compare(struct float80_parts a, struct float80_parts b)
{
    if (!a.sig || !b.sig) {
        return (a.sig != 0) - (b.sig != 0);
    }
    if (a.exp != b.exp) {
        return a.exp > b.exp ? 1 : -1;
    }
    return (a.sig > b.sig) - (a.sig < b.sig);
}

struct float80_parts wide_add(struct float80_parts a, struct float80_parts b)
{
    if (!b.sig) {
        return a;
    }
    if (wide_compare(a, b) < 0) {
        struct float80_parts swap = a;
        a = b;
        b = swap;
        if (!b.sig) {
            return a;
        }
    }
    uint128 high = a.sig >> 1;
    uint128 low = shift_right_jam(b.sig, (uint32_t)(a.exp - b.exp) + 1);
    struct float80_parts sum = {a.sign, a.exp + 1, a.sign == b.sign ? high + low : high - low};
    sum.sig |= a.sig & 1;
    return wide_normalize(sum);
}

struct float80_parts wide_from_int(int32_t value)
{
    uint32_t magnitude = value < 0 ? 0 - (uint32_t)value : (uint32_t)value;
    return wide_normalize((struct float80_parts){value < 0, FLOAT80_BIAS + 127, magnitude});
}
