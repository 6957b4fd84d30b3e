/* AArch64 encoding: see encode.h. */
#include "backend/host/a64/encode.h"

#include <assert.h>

void a64_mem(struct code_buffer *out, enum a64_word op, unsigned rt, unsigned rn, uint32_t offset)
{
    uint32_t scaled = offset / a64_mem_bytes(op);
    assert(scaled < 4096 && offset % a64_mem_bytes(op) == 0);
    a64_put(out, (uint32_t)op | scaled << 10 | rn << 5 | rt);
}

void a64_pair(struct code_buffer *out, enum a64_word op, unsigned rt, unsigned rt2, unsigned rn,
              int32_t offset)
{
    int32_t size = (uint32_t)op >> 26 & 1 ? 16 : 8;
    int32_t scaled = offset / size;
    assert(offset % size == 0 && scaled >= -64 && scaled < 64);
    a64_put(out, (uint32_t)op | ((uint32_t)scaled & 127) << 15 | rt2 << 10 | rn << 5 | rt);
}

void a64_imm(struct code_buffer *out, unsigned rd, uint64_t value)
{
    unsigned ones = 0;
    unsigned zeros = 0;
    bool wide = value >> 32 != 0;
    unsigned halves = wide ? 4 : 2;
    for (unsigned i = 0; i < halves; i++) {
        zeros += (value >> 16 * i & 0xffff) == 0;
        ones += (value >> 16 * i & 0xffff) == 0xffff;
    }
    bool inverted = ones > zeros;
    uint32_t sf = wide ? UINT32_C(1) << 31 : 0;
    uint64_t skip = inverted ? 0xffff : 0;
    bool first = true;
    for (unsigned i = 0; i < halves; i++) {
        uint64_t half = value >> 16 * i & 0xffff;
        bool last_chance = first && i == halves - 1;
        if (half == skip && !last_chance) {
            continue;
        }
        uint32_t word = !first     ? (uint32_t)A64_MOVK
                        : inverted ? (uint32_t)A64_MOVN
                                   : (uint32_t)A64_MOVZ;
        uint64_t field = first && inverted ? ~half & 0xffff : half;
        a64_put(out, word | sf | i << 21 | (uint32_t)field << 5 | rd);
        first = false;
    }
}

bool a64_logic_imm(struct code_buffer *out, enum a64_word op, unsigned rd, unsigned rn,
                   uint32_t value)
{
    if (value == 0 || value == UINT32_MAX) {
        return false;
    }
    unsigned size = 32;
    while (size > 2) {
        unsigned half = size / 2;
        uint32_t mask = (UINT32_C(1) << half) - 1;
        if ((value & mask) != (value >> half & mask)) {
            break;
        }
        size = half;
    }
    uint32_t mask = size == 32 ? UINT32_MAX : (UINT32_C(1) << size) - 1;
    uint32_t element = value & mask;
    for (unsigned rotation = 0; rotation < size; rotation++) {
        uint32_t turned =
            rotation == 0 ? element : (element << rotation | element >> (size - rotation)) & mask;
        if ((turned & (turned + 1)) == 0) {
            unsigned ones = (unsigned)__builtin_popcount(turned);
            uint32_t imms = ((~(size - 1) << 1) & 63) | (ones - 1);
            a64_put(out, (uint32_t)op | rotation << 16 | imms << 10 | rn << 5 | rd);
            return true;
        }
    }
    return false;
}

bool a64_add_imm(struct code_buffer *out, enum a64_word op, unsigned rd, unsigned rn,
                 uint32_t value)
{
    if (value < 4096) {
        a64_rri(out, op, rd, rn, value);
        return true;
    }
    if ((value & 0xfff) == 0 && value >> 12 < 4096) {
        a64_rri(out, (enum a64_word)((uint32_t)op | 1 << 22), rd, rn, value >> 12);
        return true;
    }
    return false;
}

static bool fits(int64_t words, unsigned bits)
{
    return words >= -(INT64_C(1) << (bits - 1)) && words < INT64_C(1) << (bits - 1);
}

bool a64_patch(struct code_buffer *out, uint32_t at, uint32_t target)
{
    if (out->full) {
        return true;
    }
    uint32_t word = load_le32(out->start + at);
    int64_t distance = (int64_t)target - (int64_t)at;
    int64_t words = distance / 4;
    if ((word & 0x1f000000) == 0x10000000) { /* adr */
        if (!fits(distance, 21)) {
            return false;
        }
        uint32_t field = (uint32_t)distance;
        word = (word & 0x9f00001f) | (field & 3) << 29 | (field >> 2 & 0x7ffff) << 5;
    } else if ((word & 0x7c000000) == 0x14000000) { /* b, bl */
        if (!fits(words, 26)) {
            return false;
        }
        word = (word & 0xfc000000) | ((uint32_t)words & 0x3ffffff);
    } else if ((word & 0x7e000000) == 0x36000000) { /* tbz, tbnz */
        if (!fits(words, 14)) {
            return false;
        }
        word = (word & 0xfff8001f) | ((uint32_t)words & 0x3fff) << 5;
    } else { /* b.cond, cbz, cbnz, ldr literal */
        if (!fits(words, 19)) {
            return false;
        }
        word = (word & 0xff00001f) | ((uint32_t)words & 0x7ffff) << 5;
    }
    store_le32(out->start + at, word);
    return true;
}
