/* Operands that make floating point and saturation work hard, from a seeded generator. */
#ifndef TESTS_UNIT_FRONTEND_X86_HELPER_VEC_VALUES_H
#define TESTS_UNIT_FRONTEND_X86_HELPER_VEC_VALUES_H

#include <stdint.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static inline uint64_t vec_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed * UINT64_C(0x2545f4914f6cdd1d);
}

static const uint32_t vec_singles[] = {
    0x00000000, 0x00000001, 0x00000002, 0x007fffff, 0x00800000, 0x00800001, 0x00ffffff, 0x01000000,
    0x7f7fffff, 0x7f7ffffe, 0x7f000000, 0x7f800000, 0x7fc00000, 0x7fd12345, 0x7f800001, 0x7fbfffff,
    0x3f800000, 0x3f7fffff, 0x3f800001, 0x3f000000, 0x3effffff, 0x3f000001, 0x3fc00000, 0x40000000,
    0x4effffff, 0x4f000000, 0x4f000001, 0x4b000000, 0x4b7fffff, 0x4affffff, 0x5f3759df, 0x20000000,
};

static const uint64_t vec_doubles[] = {
    0x0000000000000000, 0x0000000000000001, 0x0000000000000002, 0x000fffffffffffff,
    0x0010000000000000, 0x0010000000000001, 0x001fffffffffffff, 0x0020000000000000,
    0x7fefffffffffffff, 0x7fe0000000000000, 0x7ff0000000000000, 0x7ff8000000000000,
    0x7ff8123456789abc, 0x7ff0000000000001, 0x7ff7ffffffffffff, 0x3ff0000000000000,
    0x3fefffffffffffff, 0x3ff0000000000001, 0x3fe0000000000000, 0x3fdfffffffffffff,
    0x41dfffffffc00000, 0x41dfffffffdfffff, 0x41dfffffffe00000, 0x41e0000000000000,
    0x41e00000000fffff, 0x41e0000000100000, 0x41e0000000100001, 0x41e0000000200000,
    0x47efffffe0000000, 0x47efffffefffffff, 0x47effffff0000000, 0x47f0000000000000,
    0x36a0000000000000, 0x3690000000000000, 0x3690000000000001, 0x380fffffc0000000,
    0x380fffffe0000000, 0x380fffffffffffff, 0x3810000000000000, 0x4330000000000001,
};

/* Exponent fields around which things happen. */
static const uint16_t vec_single_exponents[] = {0,   1,   2,   24,  63,  64,  103, 126, 127,
                                                128, 150, 157, 158, 190, 191, 230, 253, 254};
static const uint16_t vec_double_exponents[] = {0,    1,    2,    53,   511,  512,  873,
                                                896,  897,  1021, 1022, 1023, 1053, 1054,
                                                1150, 1151, 1534, 1535, 2045, 2046};

static inline uint32_t vec_single(uint64_t *seed)
{
    uint64_t r = vec_random(seed);
    uint32_t sign = (uint32_t)(r >> 63) << 31;
    uint32_t frac = (uint32_t)r & 0x7fffff;
    switch (r >> 60 & 7) {
    case 0:
    case 1:
        return sign | vec_singles[(r >> 32) % COUNT_OF(vec_singles)];
    case 2:
        return (uint32_t)r;
    case 3: /* few fraction bits: ties and exact results */
        frac &= 0x7fe000;
        break;
    case 4: /* long runs of ones */
        frac |= 0x7fff00;
        break;
    default:
        break;
    }
    uint32_t exp = vec_single_exponents[(r >> 32) % COUNT_OF(vec_single_exponents)];
    return sign | exp << 23 | frac;
}

static inline uint64_t vec_double(uint64_t *seed)
{
    uint64_t r = vec_random(seed);
    uint64_t frac = vec_random(seed) >> 12;
    uint64_t sign = r >> 63 << 63;
    switch (r >> 60 & 7) {
    case 0:
    case 1:
        return sign | vec_doubles[(r >> 32) % COUNT_OF(vec_doubles)];
    case 2:
        return r << 1 ^ frac;
    case 3:
        frac &= UINT64_C(0xfffc000000000);
        break;
    case 4:
        frac |= UINT64_C(0xffffffff00000);
        break;
    default:
        break;
    }
    uint64_t exp = vec_double_exponents[(r >> 32) % COUNT_OF(vec_double_exponents)];
    return sign | exp << 52 | frac;
}

/* A quadword: two singles, a double, or integers of all lane widths at their limits. */
static inline uint64_t vec_value(uint64_t *seed, bool floating)
{
    static const uint8_t bytes[] = {0x00, 0x01, 0x7f, 0x80, 0x81, 0xff, 0xfe, 0x40};
    uint64_t r = vec_random(seed);
    if (floating && r >> 61) {
        return r >> 60 & 1 ? vec_double(seed) : (uint64_t)vec_single(seed) << 32 | vec_single(seed);
    }
    uint64_t value = vec_random(seed);
    if (r & 1) {
        return r & 2 ? value : value >> (r >> 8 & 63);
    }
    for (unsigned i = 0; i < 8; i++) {
        value = value << 8 | bytes[r >> (8 + 3 * i) & 7];
    }
    return value;
}

/* Like value in both lanes or as a whole, but for some units in the last place and the sign. */
static inline uint64_t vec_neighbour(uint64_t *seed, uint64_t value)
{
    uint64_t r = vec_random(seed);
    uint64_t signs = r & UINT64_C(0x8000000080000000);
    return (value ^ signs) + (r >> 8 & 3) - (r >> 16 & 3);
}

#endif
