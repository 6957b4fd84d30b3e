/*
 * Shifts, rotates and double shifts with the flags of the hardware.
 *
 * What the manual leaves undefined is what AMD Zen does (measured; tests/unit/backend/test_interp.c
 * compares on the host), on every host (docs/FLAGS.md):
 *
 *   and or xor test      AF = 0
 *   shl shr sar          AF = 1; OF by any count: shl CF ^ top bit, shr top two bits of the result
 *                        differ, sar 0
 *   rol rcl              OF by any count: CF ^ top bit of the result
 *   ror rcr              OF by any count: top two bits of the result differ
 *   rcl rcr              8 and 16 bits: count modulo 9 and 17; when that is zero OF is still set
 *   shld shrd            AF = 1; OF as shl and shr.  16 bits with counts above 16: the result is b
 *                        rotated by count - 16, CF = 0, and for shld OF = 0
 *   mul imul             PF AF ZF SF kept
 *   bt bts btr btc       all but CF kept
 *   bsf bsr              a zero source leaves the destination alone
 *
 * But for BSF and BSR, about which even the Zens differ: all flags are as of a TEST of the source.
 */
#include "backend/host/interp/alu.h"

static unsigned shift_flags(uint64_t value, unsigned width, bool cf, bool of)
{
    return value_flags(value, width) | LAHF_AF | (cf ? LAHF_CF : 0u) | (of ? LAHF_OF : 0u);
}

static unsigned rotate_flags(unsigned flags, bool cf, bool of)
{
    return (flags & ~(unsigned)(LAHF_CF | LAHF_OF)) | (cf ? LAHF_CF : 0u) | (of ? LAHF_OF : 0u);
}

static bool top_bits_differ(uint64_t value, unsigned width)
{
    return top_bit(value ^ value << 1, width);
}

struct alu_result alu_shl(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    unsigned count = b & 31;
    if (count == 0) {
        return (struct alu_result){a, flags};
    }
    uint64_t value = a << count;
    bool cf = top_bit(a << (count - 1), width);
    return (struct alu_result){value, shift_flags(value, width, cf, cf != top_bit(value, width))};
}

struct alu_result alu_shr(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    unsigned count = b & 31;
    if (count == 0) {
        return (struct alu_result){a, flags};
    }
    uint64_t value = a >> count;
    bool cf = a >> (count - 1) & 1;
    return (struct alu_result){value, shift_flags(value, width, cf, top_bits_differ(value, width))};
}

struct alu_result alu_sar(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    unsigned count = b & 31;
    if (count == 0) {
        return (struct alu_result){a, flags};
    }
    int64_t extended = sign_extended(a, width);
    uint64_t value = (uint64_t)(extended >> count);
    bool cf = extended >> (count - 1) & 1;
    return (struct alu_result){value, shift_flags(value, width, cf, false)};
}

static uint64_t rotated_left(uint64_t a, unsigned count, unsigned width)
{
    unsigned bits = 8 * width;
    count %= bits;
    return count == 0 ? a : cut(a << count | a >> (bits - count), width);
}

struct alu_result alu_rol(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    unsigned count = b & 31;
    if (count == 0) {
        return (struct alu_result){a, flags};
    }
    uint64_t value = rotated_left(a, count, width);
    bool cf = value & 1;
    return (struct alu_result){value, rotate_flags(flags, cf, cf != top_bit(value, width))};
}

struct alu_result alu_ror(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    unsigned count = b & 31;
    if (count == 0) {
        return (struct alu_result){a, flags};
    }
    uint64_t value = rotated_left(a, 8 * width - count % (8 * width), width);
    bool of = top_bits_differ(value, width);
    return (struct alu_result){value, rotate_flags(flags, top_bit(value, width), of)};
}

/* Steps of a rotation through carry. */
static unsigned carry_steps(uint64_t b, unsigned width)
{
    return (unsigned)((b & 31) % (8 * width + 1));
}

struct alu_result alu_rcl(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    bool cf = flags & LAHF_CF;
    if ((b & 31) == 0) {
        return (struct alu_result){a, flags};
    }
    for (unsigned steps = carry_steps(b, width); steps > 0; steps--) {
        bool out = top_bit(a, width);
        a = cut(a << 1 | cf, width);
        cf = out;
    }
    return (struct alu_result){a, rotate_flags(flags, cf, cf != top_bit(a, width))};
}

struct alu_result alu_rcr(uint64_t a, uint64_t b, unsigned width, unsigned flags)
{
    bool cf = flags & LAHF_CF;
    if ((b & 31) == 0) {
        return (struct alu_result){a, flags};
    }
    for (unsigned steps = carry_steps(b, width); steps > 0; steps--) {
        bool out = a & 1;
        a = a >> 1 | (uint64_t)cf << (8 * width - 1);
        cf = out;
    }
    return (struct alu_result){a, rotate_flags(flags, cf, top_bits_differ(a, width))};
}

struct alu_result alu_shld(uint64_t a, uint64_t b, unsigned count, unsigned width, unsigned flags)
{
    unsigned bits = 8 * width;
    count &= 31;
    if (count == 0) {
        return (struct alu_result){a, flags};
    }
    uint64_t value =
        count <= bits ? a << count | b >> (bits - count) : rotated_left(b, count - bits, width);
    value = cut(value, width);
    bool cf = count <= bits && (a >> (bits - count) & 1);
    bool of = cf != (count < bits && top_bit(a << count, width));
    return (struct alu_result){value, shift_flags(value, width, cf, of)};
}

struct alu_result alu_shrd(uint64_t a, uint64_t b, unsigned count, unsigned width, unsigned flags)
{
    unsigned bits = 8 * width;
    count &= 31;
    if (count == 0) {
        return (struct alu_result){a, flags};
    }
    uint64_t value =
        count <= bits ? a >> count | b << (bits - count) : rotated_left(b, 2 * bits - count, width);
    value = cut(value, width);
    bool cf = count <= bits && (a >> (count - 1) & 1);
    return (struct alu_result){value, shift_flags(value, width, cf, top_bits_differ(value, width))};
}
