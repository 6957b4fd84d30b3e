/* Bit fields of unsigned values: extract, deposit, sign-extend, rotate, align.  Zeros in memory. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Field of n bits (1..63) whose lowest bit is `at`. */
static inline uint64_t bits_get(uint64_t value, unsigned at, unsigned n)
{
    return (value >> at) & ((UINT64_C(1) << n) - 1);
}

/* value with the n-bit field at `at` replaced by field. */
static inline uint64_t bits_put(uint64_t value, unsigned at, unsigned n, uint64_t field)
{
    uint64_t mask = ((UINT64_C(1) << n) - 1) << at;
    return (value & ~mask) | ((field << at) & mask);
}

static inline bool bit_test(uint64_t value, unsigned at)
{
    return (value >> at) & 1;
}

/* All ones in the low n bits; n is 1..64. */
static inline uint64_t bits_mask(unsigned n)
{
    return UINT64_MAX >> (64 - n);
}

/* The low n bits (1..64) read as a signed number. */
static inline int64_t bits_sext(uint64_t value, unsigned n)
{
    return (int64_t)(value << (64 - n)) >> (64 - n);
}

static inline uint64_t align_down(uint64_t value, uint64_t power_of_two)
{
    return value & ~(power_of_two - 1);
}

static inline uint64_t align_up(uint64_t value, uint64_t power_of_two)
{
    return align_down(value + power_of_two - 1, power_of_two);
}

/* True when all of the bytes are 0. */
static inline bool bytes_are_zero(const void *bytes, size_t count)
{
    const uint8_t *at = bytes;
    return count == 0 || (at[0] == 0 && memcmp(at, at + 1, count - 1) == 0);
}

#endif
