/*
 * Operations that move lanes about: pack, unpack, shuffle, byte shifts of the whole register
 * (SDM volume 2).
 */
#include "frontend/x86/helper/vec.h"

/* A signed lane of 2 * bits narrowed to bits, clamped to [low, high]. */
static inline uint64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return (uint64_t)(value < low ? low : value > high ? high : value);
}

/* The lanes of dst, then those of src, each narrowed to `bits`. */
static inline void pack(struct vec_call *call, unsigned quads, unsigned bits, int64_t low,
                        int64_t high)
{
    struct vec out = call->dst;
    unsigned half = quads * 32 / bits;
    for (unsigned i = 0; i < half; i++) {
        int64_t a = bits_sext(vec_get(&call->dst, bits * 2, i), bits * 2);
        int64_t b = bits_sext(vec_get(&call->src, bits * 2, i), bits * 2);
        vec_put(&out, bits, i, clamp(a, low, high));
        vec_put(&out, bits, i + half, clamp(b, low, high));
    }
    call->dst = out;
}

/* Lanes of dst and src in turn, from the low (half 0) or high (half 1) half of both. */
static inline void unpack(struct vec_call *call, unsigned quads, unsigned bits, unsigned half)
{
    struct vec out = call->dst;
    unsigned n = quads * 32 / bits;
    for (unsigned i = 0; i < n; i++) {
        vec_put(&out, bits, 2 * i, vec_get(&call->dst, bits, half * n + i));
        vec_put(&out, bits, 2 * i + 1, vec_get(&call->src, bits, half * n + i));
    }
    call->dst = out;
}

/* Four lanes of src from lane `first` on, picked by two bits each of the immediate. */
static inline void pick(struct vec_call *call, unsigned bits, unsigned first)
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned from = first + (call->imm8 >> (2 * i) & 3);
        vec_put(&call->dst, bits, first + i, vec_get(&call->src, bits, from));
    }
}

/* Shift of all 128 bits by whole bytes. */
static struct vec shift_bytes(struct vec from, unsigned count, bool left)
{
    struct vec out = {{0, 0}};
    for (unsigned i = count; i < 16; i++) {
        unsigned low = i - count;
        vec_put(&out, 8, left ? i : low, vec_get(&from, 8, left ? low : i));
    }
    return out;
}

#define PACK(name, bits, low, high)            \
    void vec_##name##_p(struct vec_call *call) \
    {                                          \
        pack(call, 1, (bits), (low), (high));  \
    }                                          \
    void vec_##name##_x(struct vec_call *call) \
    {                                          \
        pack(call, 2, (bits), (low), (high));  \
    }
#define UNPACK(name, quads, bits, half)        \
    void vec_##name(struct vec_call *call)     \
    {                                          \
        unpack(call, (quads), (bits), (half)); \
    }

/* clang-format off */
PACK(packsswb, 8,  INT8_MIN,  INT8_MAX)
PACK(packuswb, 8,  0,         UINT8_MAX)
PACK(packssdw, 16, INT16_MIN, INT16_MAX)
UNPACK(punpcklbw_p, 1, 8,  0)
UNPACK(punpcklbw_x, 2, 8,  0)
UNPACK(punpcklwd_p, 1, 16, 0)
UNPACK(punpcklwd_x, 2, 16, 0)
UNPACK(punpckldq_p, 1, 32, 0)
UNPACK(punpckldq_x, 2, 32, 0)
UNPACK(punpckhbw_p, 1, 8,  1)
UNPACK(punpckhbw_x, 2, 8,  1)
UNPACK(punpckhwd_p, 1, 16, 1)
UNPACK(punpckhwd_x, 2, 16, 1)
UNPACK(punpckhdq_p, 1, 32, 1)
UNPACK(punpckhdq_x, 2, 32, 1)
UNPACK(punpcklqdq,  2, 64, 0)
UNPACK(punpckhqdq,  2, 64, 1)
UNPACK(unpcklps,    2, 32, 0)
UNPACK(unpckhps,    2, 32, 1)
UNPACK(unpcklpd,    2, 64, 0)
UNPACK(unpckhpd,    2, 64, 1)
/* clang-format on */

void vec_pshufw(struct vec_call *call)
{
    pick(call, 16, 0);
}

void vec_pshufd(struct vec_call *call)
{
    pick(call, 32, 0);
}

void vec_pshufhw(struct vec_call *call)
{
    pick(call, 16, 4);
    call->dst.q[0] = call->src.q[0];
}

void vec_pshuflw(struct vec_call *call)
{
    pick(call, 16, 0);
    call->dst.q[1] = call->src.q[1];
}

void vec_shufps(struct vec_call *call)
{
    struct vec out = {{0, 0}};
    for (unsigned i = 0; i < 4; i++) {
        const struct vec *from = i < 2 ? &call->dst : &call->src;
        vec_put(&out, 32, i, vec_get(from, 32, call->imm8 >> (2 * i) & 3));
    }
    call->dst = out;
}

void vec_shufpd(struct vec_call *call)
{
    call->dst = (struct vec){{call->dst.q[call->imm8 & 1], call->src.q[call->imm8 >> 1 & 1]}};
}

void vec_psrldq(struct vec_call *call)
{
    call->dst = shift_bytes(call->dst, call->imm8, false);
}

void vec_pslldq(struct vec_call *call)
{
    call->dst = shift_bytes(call->dst, call->imm8, true);
}
