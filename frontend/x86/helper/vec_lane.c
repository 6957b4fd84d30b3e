/*
 * Operations that treat each lane of an integer vector alone: arithmetic, comparison, logic,
 * shifts (SDM volume 2).  One small function of two lanes and their width, one row to instantiate
 * it for a lane width on MMX (one quadword) and XMM (two).
 */
#include "frontend/x86/helper/vec.h"

typedef uint64_t lane_function(uint64_t a, uint64_t b, unsigned bits);

static inline int64_t smax(unsigned bits)
{
    return (int64_t)bits_mask(bits - 1);
}

static inline uint64_t saturate_signed(int64_t value, unsigned bits)
{
    int64_t top = smax(bits);
    int64_t cut = value > top ? top : value;
    return (uint64_t)(cut < -top - 1 ? -top - 1 : cut);
}

static inline uint64_t add(uint64_t a, uint64_t b, unsigned bits)
{
    (void)bits;
    return a + b;
}

static inline uint64_t sub(uint64_t a, uint64_t b, unsigned bits)
{
    (void)bits;
    return a - b;
}

static inline uint64_t add_signed(uint64_t a, uint64_t b, unsigned bits)
{
    return saturate_signed(bits_sext(a, bits) + bits_sext(b, bits), bits);
}

static inline uint64_t sub_signed(uint64_t a, uint64_t b, unsigned bits)
{
    return saturate_signed(bits_sext(a, bits) - bits_sext(b, bits), bits);
}

static inline uint64_t add_unsigned(uint64_t a, uint64_t b, unsigned bits)
{
    return a + b > bits_mask(bits) ? bits_mask(bits) : a + b;
}

static inline uint64_t sub_unsigned(uint64_t a, uint64_t b, unsigned bits)
{
    (void)bits;
    return a > b ? a - b : 0;
}

static inline uint64_t min_unsigned(uint64_t a, uint64_t b, unsigned bits)
{
    (void)bits;
    return a < b ? a : b;
}

static inline uint64_t max_unsigned(uint64_t a, uint64_t b, unsigned bits)
{
    (void)bits;
    return a > b ? a : b;
}

static inline uint64_t min_signed(uint64_t a, uint64_t b, unsigned bits)
{
    return bits_sext(a, bits) < bits_sext(b, bits) ? a : b;
}

static inline uint64_t max_signed(uint64_t a, uint64_t b, unsigned bits)
{
    return bits_sext(a, bits) > bits_sext(b, bits) ? a : b;
}

static inline uint64_t average(uint64_t a, uint64_t b, unsigned bits)
{
    (void)bits;
    return (a + b + 1) >> 1;
}

static inline uint64_t equal(uint64_t a, uint64_t b, unsigned bits)
{
    (void)bits;
    return a == b ? UINT64_MAX : 0;
}

static inline uint64_t greater(uint64_t a, uint64_t b, unsigned bits)
{
    return bits_sext(a, bits) > bits_sext(b, bits) ? UINT64_MAX : 0;
}

static inline uint64_t mul_low(uint64_t a, uint64_t b, unsigned bits)
{
    (void)bits;
    return a * b;
}

static inline uint64_t mul_high_signed(uint64_t a, uint64_t b, unsigned bits)
{
    return (uint64_t)(bits_sext(a, bits) * bits_sext(b, bits)) >> bits;
}

static inline uint64_t mul_high_unsigned(uint64_t a, uint64_t b, unsigned bits)
{
    return a * b >> bits;
}

/* Both products of the halves, added: 80008000h twice wraps as it does in the manual. */
static inline uint64_t mul_add(uint64_t a, uint64_t b, unsigned bits)
{
    unsigned half = bits / 2;
    return (uint64_t)(bits_sext(a, half) * bits_sext(b, half)) +
           (uint64_t)(bits_sext(a >> half, half) * bits_sext(b >> half, half));
}

static inline uint64_t mul_even(uint64_t a, uint64_t b, unsigned bits)
{
    return (a & bits_mask(bits / 2)) * (b & bits_mask(bits / 2));
}

static inline uint64_t mul_even_signed(uint64_t a, uint64_t b, unsigned bits)
{
    return (uint64_t)(bits_sext(a, bits / 2) * bits_sext(b, bits / 2));
}

/* PMADDUBSW: the bytes of a are unsigned, those of b signed. */
static inline uint64_t mul_add_bytes(uint64_t a, uint64_t b, unsigned bits)
{
    int64_t low = (int64_t)(a & 0xff) * bits_sext(b, 8);
    int64_t high = (int64_t)(a >> 8 & 0xff) * bits_sext(b >> 8, 8);
    return saturate_signed(low + high, bits);
}

static inline uint64_t mul_round(uint64_t a, uint64_t b, unsigned bits)
{
    int64_t product = bits_sext(a, bits) * bits_sext(b, bits);
    return (uint64_t)(((product >> (bits - 2)) + 1) >> 1);
}

static inline uint64_t sign_of(uint64_t a, uint64_t b, unsigned bits)
{
    int64_t s = bits_sext(b, bits);
    return s == 0 ? 0 : s < 0 ? 0 - a : a;
}

static inline uint64_t absolute(uint64_t a, uint64_t b, unsigned bits)
{
    (void)a;
    return bits_sext(b, bits) < 0 ? 0 - b : b;
}

static inline uint64_t sum_of_differences(uint64_t a, uint64_t b, unsigned bits)
{
    uint64_t sum = 0;
    for (unsigned at = 0; at < bits; at += 8) {
        uint64_t x = a >> at & 0xff;
        uint64_t y = b >> at & 0xff;
        sum += x > y ? x - y : y - x;
    }
    return sum;
}

static inline uint64_t logic_and(uint64_t a, uint64_t b, unsigned bits)
{
    (void)bits;
    return a & b;
}

static inline uint64_t logic_andn(uint64_t a, uint64_t b, unsigned bits)
{
    (void)bits;
    return ~a & b;
}

static inline uint64_t logic_or(uint64_t a, uint64_t b, unsigned bits)
{
    (void)bits;
    return a | b;
}

static inline uint64_t logic_xor(uint64_t a, uint64_t b, unsigned bits)
{
    (void)bits;
    return a ^ b;
}

static inline uint64_t shift_left(uint64_t a, uint64_t count, unsigned bits)
{
    return count >= bits ? 0 : a << count;
}

static inline uint64_t shift_right(uint64_t a, uint64_t count, unsigned bits)
{
    return count >= bits ? 0 : a >> count;
}

static inline uint64_t shift_right_signed(uint64_t a, uint64_t count, unsigned bits)
{
    return (uint64_t)(bits_sext(a, bits) >> (count >= bits ? bits - 1 : count));
}

static inline void lanewise(struct vec_call *call, unsigned quads, unsigned bits,
                            lane_function *function)
{
    for (unsigned i = 0; i < quads * 64 / bits; i++) {
        uint64_t a = vec_get(&call->dst, bits, i);
        uint64_t b = vec_get(&call->src, bits, i);
        vec_put(&call->dst, bits, i, function(a, b, bits));
    }
}

static inline void shiftwise(struct vec_call *call, unsigned quads, unsigned bits, uint64_t count,
                             lane_function *function)
{
    for (unsigned i = 0; i < quads * 64 / bits; i++) {
        vec_put(&call->dst, bits, i, function(vec_get(&call->dst, bits, i), count, bits));
    }
}

#define LANES(name, quads, bits, function)           \
    void vec_##name(struct vec_call *call)           \
    {                                                \
        lanewise(call, (quads), (bits), (function)); \
    }
#define BOTH(name, bits, function)       \
    LANES(name##_p, 1, bits, (function)) \
    LANES(name##_x, 2, bits, (function))
#define SHIFT(name, quads, bits, count, function)              \
    void vec_##name(struct vec_call *call)                     \
    {                                                          \
        shiftwise(call, (quads), (bits), (count), (function)); \
    }
#define SHIFTS(name, bits, function)                     \
    SHIFT(name##_p, 1, bits, call->src.q[0], (function)) \
    SHIFT(name##_x, 2, bits, call->src.q[0], (function)) \
    SHIFT(name##_pi, 1, bits, call->imm8, (function))    \
    SHIFT(name##_xi, 2, bits, call->imm8, (function))

/* clang-format off */
BOTH(paddb,   8,  add)
BOTH(paddw,   16, add)
BOTH(paddd,   32, add)
BOTH(paddq,   64, add)
BOTH(psubb,   8,  sub)
BOTH(psubw,   16, sub)
BOTH(psubd,   32, sub)
BOTH(psubq,   64, sub)
BOTH(paddsb,  8,  add_signed)
BOTH(paddsw,  16, add_signed)
BOTH(psubsb,  8,  sub_signed)
BOTH(psubsw,  16, sub_signed)
BOTH(paddusb, 8,  add_unsigned)
BOTH(paddusw, 16, add_unsigned)
BOTH(psubusb, 8,  sub_unsigned)
BOTH(psubusw, 16, sub_unsigned)
BOTH(pminub,  8,  min_unsigned)
BOTH(pmaxub,  8,  max_unsigned)
BOTH(pminsw,  16, min_signed)
BOTH(pmaxsw,  16, max_signed)
BOTH(pavgb,   8,  average)
BOTH(pavgw,   16, average)
BOTH(pcmpeqb, 8,  equal)
BOTH(pcmpeqw, 16, equal)
BOTH(pcmpeqd, 32, equal)
BOTH(pcmpgtb, 8,  greater)
BOTH(pcmpgtw, 16, greater)
BOTH(pcmpgtd, 32, greater)
BOTH(pmullw,  16, mul_low)
BOTH(pmulhw,  16, mul_high_signed)
BOTH(pmulhuw, 16, mul_high_unsigned)
BOTH(pmaddwd, 32, mul_add)
BOTH(pmuludq, 64, mul_even)
BOTH(psadbw,  64, sum_of_differences)
BOTH(pand,    64, logic_and)
BOTH(pandn,   64, logic_andn)
BOTH(por,     64, logic_or)
BOTH(pxor,    64, logic_xor)
LANES(andps,  2, 64, logic_and)
LANES(andnps, 2, 64, logic_andn)
LANES(orps,   2, 64, logic_or)
LANES(xorps,  2, 64, logic_xor)
LANES(andpd,  2, 64, logic_and)
LANES(andnpd, 2, 64, logic_andn)
LANES(orpd,   2, 64, logic_or)
LANES(xorpd,  2, 64, logic_xor)
BOTH(pmaddubsw, 16, mul_add_bytes)
BOTH(pmulhrsw, 16, mul_round)
BOTH(psignb,  8,  sign_of)
BOTH(psignw,  16, sign_of)
BOTH(psignd,  32, sign_of)
BOTH(pabsb,   8,  absolute)
BOTH(pabsw,   16, absolute)
BOTH(pabsd,   32, absolute)
LANES(pminsb,  2, 8,  min_signed)
LANES(pminsd,  2, 32, min_signed)
LANES(pminuw,  2, 16, min_unsigned)
LANES(pminud,  2, 32, min_unsigned)
LANES(pmaxsb,  2, 8,  max_signed)
LANES(pmaxsd,  2, 32, max_signed)
LANES(pmaxuw,  2, 16, max_unsigned)
LANES(pmaxud,  2, 32, max_unsigned)
LANES(pmulld,  2, 32, mul_low)
LANES(pmuldq,  2, 64, mul_even_signed)
LANES(pcmpeqq, 2, 64, equal)
LANES(pcmpgtq, 2, 64, greater)
SHIFTS(psllw, 16, shift_left)
SHIFTS(pslld, 32, shift_left)
SHIFTS(psllq, 64, shift_left)
SHIFTS(psrlw, 16, shift_right)
SHIFTS(psrld, 32, shift_right)
SHIFTS(psrlq, 64, shift_right)
SHIFTS(psraw, 16, shift_right_signed)
SHIFTS(psrad, 32, shift_right_signed)
/* clang-format on */
