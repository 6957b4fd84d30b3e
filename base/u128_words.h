/* 128-bit arithmetic in words of 64 bits and less, for u128.h. */
#ifndef BASE_U128_WORDS_H
#define BASE_U128_WORDS_H

#include "base/u128.h"

static inline struct u128 u128_words_add(struct u128 a, struct u128 b)
{
    struct u128 sum = {a.low + b.low, a.high + b.high};
    sum.high += sum.low < a.low;
    return sum;
}

static inline struct u128 u128_words_sub(struct u128 a, struct u128 b)
{
    return (struct u128){a.low - b.low, a.high - b.high - (a.low < b.low)};
}

static inline struct u128 u128_words_shl(struct u128 a, unsigned count)
{
    if (count == 0) {
        return a;
    }
    if (count >= 64) {
        return (struct u128){0, a.low << (count - 64)};
    }
    return (struct u128){a.low << count, a.high << count | a.low >> (64 - count)};
}

static inline struct u128 u128_words_shr(struct u128 a, unsigned count)
{
    if (count == 0) {
        return a;
    }
    if (count >= 64) {
        return (struct u128){a.high >> (count - 64), 0};
    }
    return (struct u128){a.low >> count | a.high << (64 - count), a.high >> count};
}

/* Schoolbook multiplication of 32-bit halves: no sum overflows 64 bits. */
static inline struct u128 u128_words_mul64(uint64_t a, uint64_t b)
{
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t low = a0 * b0;
    uint64_t cross = a1 * b0 + (low >> 32);
    uint64_t other = a0 * b1 + (uint32_t)cross;
    return (struct u128){other << 32 | (uint32_t)low, a1 * b1 + (cross >> 32) + (other >> 32)};
}

/* Digit by digit of 32 bits. */
static inline struct u128 u128_words_divide_small(struct u128 a, uint32_t b)
{
    const uint32_t digits[4] = {(uint32_t)(a.high >> 32), (uint32_t)a.high, (uint32_t)(a.low >> 32),
                                (uint32_t)a.low};
    uint64_t quotient[4];
    uint64_t rest = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t part = rest << 32 | digits[i];
        quotient[i] = part / b;
        rest = part % b;
    }
    return (struct u128){quotient[2] << 32 | quotient[3], quotient[0] << 32 | quotient[1]};
}

/* Bit by bit; a rest of 128 bits loses nothing when it is doubled, as the bit that falls out
 * counts. */
static inline struct u128_quotient u128_words_divide(struct u128 a, struct u128 b)
{
    struct u128_quotient result = {0};
    for (unsigned i = 0; i < 128; i++) {
        bool carry = result.rest.high >> 63;
        result.rest = u128_words_shl(result.rest, 1);
        result.rest.low |= a.high >> 63;
        a = u128_words_shl(a, 1);
        result.quotient = u128_words_shl(result.quotient, 1);
        struct u128 less = u128_words_sub(result.rest, b);
        bool fits =
            result.rest.high != b.high ? result.rest.high > b.high : result.rest.low >= b.low;
        if (carry || fits) {
            result.rest = less;
            result.quotient.low |= 1;
        }
    }
    return result;
}

#endif
