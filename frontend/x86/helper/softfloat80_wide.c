/* 128-bit working precision: the four operations.  softfloat80_wide.h explains. */
#include "frontend/x86/helper/softfloat80_wide.h"

struct u128 wide_multiply_high(struct u128 a, struct u128 b)
{
    struct u128 low = u128_mul64(a.low, b.low);
    struct u128 cross = u128_add(u128_mul64(a.high, b.low), u128_of(low.high));
    struct u128 other = u128_add(u128_mul64(a.low, b.high), u128_of(cross.low));
    struct u128 carried = u128_add(u128_of(cross.high), u128_of(other.high));
    return u128_add(u128_mul64(a.high, b.high), carried);
}

struct float80_parts wide_normalize(struct float80_parts a)
{
    if (!u128_is_zero(a.sig)) {
        unsigned shift = u128_clz(a.sig);
        a.sig = u128_shl(a.sig, shift);
        a.exp -= (int32_t)shift;
    }
    return a;
}

struct float80_parts wide_mul(struct float80_parts a, struct float80_parts b)
{
    struct u128 low = u128_mul(a.sig, b.sig);
    struct u128 high = wide_multiply_high(a.sig, b.sig);
    struct float80_parts product = {a.sign != b.sign, a.exp + b.exp - FLOAT80_BIAS + 1, high};
    if (!u128_is_zero(high) && !(high.high >> 63)) {
        product.sig = u128_or(u128_shl(high, 1), low.high >> 63);
        product.exp--;
        low = u128_shl(low, 1);
    }
    product.sig.low |= !u128_is_zero(low);
    return product;
}

struct float80_parts wide_div(struct float80_parts a, struct float80_parts b)
{
    struct float80_parts quotient = {a.sign != b.sign, a.exp - b.exp + FLOAT80_BIAS, {0}};
    if (u128_is_zero(a.sig)) {
        return quotient;
    }
    struct u128 rest = a.sig;
    unsigned bits = 128;
    if (u128_less(rest, b.sig)) {
        quotient.exp--;
    } else {
        rest = u128_sub(rest, b.sig);
        quotient.sig.low = 1;
        bits--;
    }
    for (; bits; bits--) {
        bool carry = rest.high >> 63;
        rest = u128_shl(rest, 1);
        quotient.sig = u128_shl(quotient.sig, 1);
        if (carry || !u128_less(rest, b.sig)) {
            rest = u128_sub(rest, b.sig);
            quotient.sig.low |= 1;
        }
    }
    quotient.sig.low |= !u128_is_zero(rest);
    return quotient;
}

int wide_compare(struct float80_parts a, struct float80_parts b)
{
    if (u128_is_zero(a.sig) || u128_is_zero(b.sig)) {
        return u128_is_zero(b.sig) - u128_is_zero(a.sig);
    }
    if (a.exp != b.exp) {
        return a.exp > b.exp ? 1 : -1;
    }
    return u128_compare(a.sig, b.sig);
}

struct float80_parts wide_add(struct float80_parts a, struct float80_parts b)
{
    if (u128_is_zero(b.sig)) {
        return a;
    }
    if (wide_compare(a, b) < 0) {
        struct float80_parts swap = a;
        a = b;
        b = swap;
        if (u128_is_zero(b.sig)) {
            return a;
        }
    }
    struct u128 high = u128_shr(a.sig, 1);
    struct u128 low = shift_right_jam(b.sig, (uint32_t)(a.exp - b.exp) + 1);
    struct float80_parts sum = {a.sign, a.exp + 1,
                                a.sign == b.sign ? u128_add(high, low) : u128_sub(high, low)};
    sum.sig.low |= a.sig.low & 1;
    return wide_normalize(sum);
}

struct float80_parts wide_from_int(int32_t value)
{
    uint32_t magnitude = value < 0 ? 0 - (uint32_t)value : (uint32_t)value;
    return wide_normalize(
        (struct float80_parts){value < 0, FLOAT80_BIAS + 127, u128_of(magnitude)});
}
