/*
 * Unsigned 128-bit integers, on compilers for 32-bit hosts, too, which have none.
 *
 * Arithmetic is modulo 2^128.  Where the compiler has such a type the functions are its operators;
 * elsewhere those of u128_words.h, which tests compare with it.  Shift counts are 0 to 127.
 */
#ifndef BASE_U128_H
#define BASE_U128_H

#include <stdbool.h>
#include <stdint.h>

struct u128 {
    uint64_t low, high;
};

/* An initializer. */
#define U128(high_word, low_word)              \
    {                                          \
        .low = (low_word), .high = (high_word) \
    }

/* Quotient and remainder of a by b, which is not zero. */
struct u128_quotient {
    struct u128 quotient, rest;
};

#include "base/u128_words.h"

static inline struct u128 u128_make(uint64_t high, uint64_t low)
{
    return (struct u128)U128(high, low);
}

static inline struct u128 u128_of(uint64_t value)
{
    return u128_make(0, value);
}

static inline bool u128_is_zero(struct u128 a)
{
    return (a.low | a.high) == 0;
}

static inline struct u128 u128_or(struct u128 a, uint64_t low)
{
    return u128_make(a.high, a.low | low);
}

/* a < b */
static inline bool u128_less(struct u128 a, struct u128 b)
{
    return a.high != b.high ? a.high < b.high : a.low < b.low;
}

/* -1, 0, 1 as a is less than, equal to, greater than b. */
static inline int u128_compare(struct u128 a, struct u128 b)
{
    return u128_less(b, a) - u128_less(a, b);
}

/* Zeros above the topmost one of a value that is not zero. */
static inline unsigned u128_clz(struct u128 a)
{
    return (unsigned)(a.high ? __builtin_clzll(a.high) : 64 + __builtin_clzll(a.low));
}

#ifdef __SIZEOF_INT128__

__extension__ typedef unsigned __int128 u128_native;

static inline u128_native u128_to_native(struct u128 a)
{
    return (u128_native)a.high << 64 | a.low;
}

static inline struct u128 u128_from_native(u128_native a)
{
    return u128_make((uint64_t)(a >> 64), (uint64_t)a);
}

static inline struct u128 u128_add(struct u128 a, struct u128 b)
{
    return u128_from_native(u128_to_native(a) + u128_to_native(b));
}

static inline struct u128 u128_sub(struct u128 a, struct u128 b)
{
    return u128_from_native(u128_to_native(a) - u128_to_native(b));
}

static inline struct u128 u128_shl(struct u128 a, unsigned count)
{
    return u128_from_native(u128_to_native(a) << count);
}

static inline struct u128 u128_shr(struct u128 a, unsigned count)
{
    return u128_from_native(u128_to_native(a) >> count);
}

static inline struct u128 u128_mul64(uint64_t a, uint64_t b)
{
    return u128_from_native((u128_native)a * b);
}

static inline struct u128_quotient u128_divide(struct u128 a, struct u128 b)
{
    return (struct u128_quotient){u128_from_native(u128_to_native(a) / u128_to_native(b)),
                                  u128_from_native(u128_to_native(a) % u128_to_native(b))};
}

static inline struct u128 u128_divide_small(struct u128 a, uint32_t b)
{
    return u128_from_native(u128_to_native(a) / b);
}

#else

static inline struct u128 u128_add(struct u128 a, struct u128 b)
{
    return u128_words_add(a, b);
}

static inline struct u128 u128_sub(struct u128 a, struct u128 b)
{
    return u128_words_sub(a, b);
}

static inline struct u128 u128_shl(struct u128 a, unsigned count)
{
    return u128_words_shl(a, count);
}

static inline struct u128 u128_shr(struct u128 a, unsigned count)
{
    return u128_words_shr(a, count);
}

static inline struct u128 u128_mul64(uint64_t a, uint64_t b)
{
    return u128_words_mul64(a, b);
}

static inline struct u128_quotient u128_divide(struct u128 a, struct u128 b)
{
    return u128_words_divide(a, b);
}

static inline struct u128 u128_divide_small(struct u128 a, uint32_t b)
{
    return u128_words_divide_small(a, b);
}

#endif

/* The low half of the product. */
static inline struct u128 u128_mul(struct u128 a, struct u128 b)
{
    struct u128 product = u128_mul64(a.low, b.low);
    product.high += a.low * b.high + a.high * b.low;
    return product;
}

#endif
