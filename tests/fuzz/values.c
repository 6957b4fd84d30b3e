/*
 * Special values of each type.  Exponents are often near the middle, so that sums and products stay
 * in range and cancel.
 */
#include "tests/fuzz/values.h"

#include "base/endian.h"

static uint32_t integer32(struct dice *dice)
{
    static const uint32_t edges[] = {0,          1,          2,          7,          8,
                                     15,         16,         17,         31,         32,
                                     33,         0x7f,       0x80,       0xff,       0x100,
                                     0x7fff,     0x8000,     0xffff,     0x10000,    0x7fffffff,
                                     0x80000000, 0x80000001, 0xfffffffe, 0xffffffff, 0x80008000,
                                     0x7fff7fff, 0x80808080, 0x00ff00ff, 0x12345678};
    switch (dice_below(dice, 4)) {
    case 0:
        return dice_roll(dice);
    case 1:
        return dice_roll(dice) >> dice_below(dice, 32);
    case 2:
        return 1u << dice_below(dice, 32);
    default:
        return edges[dice_below(dice, sizeof(edges) / sizeof(edges[0]))];
    }
}

/* Below: sign, exponent and fraction of a format are chosen apart. */
static uint64_t fraction(struct dice *dice, unsigned bits)
{
    uint64_t all = (UINT64_C(1) << bits) - 1;
    switch (dice_below(dice, 8)) {
    case 0:
        return 0;
    case 1:
        return 1;
    case 2:
        return all;
    case 3:
        return UINT64_C(1) << (bits - 1);
    case 4:
        return UINT64_C(1) << dice_below(dice, bits);
    case 5: /* halfway cases: a few low bits */
        return (dice_roll64(dice) & all) >> dice_below(dice, bits);
    default:
        return dice_roll64(dice) & all;
    }
}

static uint64_t exponent(struct dice *dice, unsigned bits)
{
    uint64_t all = (UINT64_C(1) << bits) - 1, bias = all >> 1;
    switch (dice_below(dice, 10)) {
    case 0:
        return 0;
    case 1:
        return all;
    case 2:
        return 1 + dice_below(dice, 3);
    case 3:
        return all - 1 - dice_below(dice, 3);
    case 4:
        return dice_roll(dice) & all;
    case 5: /* about where integers end */
        return bias + 14 + dice_below(dice, 52);
    default:
        return bias - 4 + dice_below(dice, 9);
    }
}

static uint32_t single(struct dice *dice)
{
    uint32_t sign = dice_roll(dice) & 0x80000000u;
    return sign | (uint32_t)exponent(dice, 8) << 23 | (uint32_t)fraction(dice, 23);
}

static uint64_t double64(struct dice *dice)
{
    uint64_t sign = (uint64_t)(dice_roll(dice) & 1) << 63;
    return sign | (exponent(dice, 11) & 0x7ff) << 52 | fraction(dice, 52);
}

uint32_t value32(struct dice *dice)
{
    return dice_one_in(dice, 4) ? single(dice) : integer32(dice);
}

uint64_t value64(struct dice *dice)
{
    if (dice_one_in(dice, 2)) {
        return double64(dice);
    }
    uint64_t high = integer32(dice);
    return high << 32 | integer32(dice);
}

void value80(struct dice *dice, uint8_t *out)
{
    uint64_t integer_bit = UINT64_C(1) << 63;
    uint64_t power = exponent(dice, 15);
    uint64_t mantissa = fraction(dice, 63);
    if (power ? !dice_one_in(dice, 24) : dice_one_in(dice, 6)) {
        mantissa |= integer_bit; /* else unnormal, pseudo-infinity; with power 0 pseudo-denormal */
    }
    if (dice_one_in(dice, 5)) { /* what fits a double or a single, or nearly */
        mantissa &= dice_one_in(dice, 2) ? ~UINT64_C(0x3ff) : ~UINT64_C(0xffffffff);
    }
    if (dice_one_in(dice, 12)) {
        power = 0;
        mantissa = 0;
    }
    store_le64(out, mantissa);
    store_le16(out + 8, (uint16_t)(power | (dice_roll(dice) & 0x8000)));
}

static void packed_decimal(struct dice *dice, uint8_t *out)
{
    for (unsigned i = 0; i < 9; i++) {
        out[i] = (uint8_t)(dice_below(dice, 10) << 4 | dice_below(dice, 10));
    }
    out[9] = dice_one_in(dice, 2) ? 0x80 : 0;
}

void value128(struct dice *dice, uint8_t *out)
{
    store_le64(out, dice_roll64(dice));
    store_le64(out + 8, dice_roll64(dice));
    switch (dice_below(dice, 8)) {
    case 0:
    case 1:
        for (unsigned i = 0; i < 16; i += 4) {
            store_le32(out + i, single(dice));
        }
        break;
    case 2:
    case 3:
        store_le64(out, double64(dice));
        store_le64(out + 8, double64(dice));
        break;
    case 4:
        value80(dice, out);
        break;
    case 5:
        packed_decimal(dice, out);
        break;
    case 6:
        for (unsigned i = 0; i < 16; i += 4) {
            store_le32(out + i, integer32(dice));
        }
        break;
    default:
        break;
    }
}
