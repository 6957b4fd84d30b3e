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

/* Byte i of dst as byte i of src picks it, or 0 where that has bit 7 set. */
static inline void pick_bytes(struct vec_call *call, unsigned quads)
{
    struct vec from = call->dst;
    for (unsigned i = 0; i < quads * 8; i++) {
        unsigned index = (unsigned)vec_get(&call->src, 8, i);
        uint64_t byte = index & 0x80 ? 0 : vec_get(&from, 8, index & (quads * 8 - 1));
        vec_put(&call->dst, 8, i, byte);
    }
}

/* Bytes imm8 and up of src with dst above it. */
static inline void align_bytes(struct vec_call *call, unsigned quads)
{
    unsigned bytes = quads * 8;
    struct vec out = call->dst;
    for (unsigned i = 0; i < bytes; i++) {
        unsigned at = call->imm8 + i;
        uint64_t byte = at < bytes       ? vec_get(&call->src, 8, at)
                        : at < bytes * 2 ? vec_get(&call->dst, 8, at - bytes)
                                         : 0;
        vec_put(&out, 8, i, byte);
    }
    call->dst = out;
}

/* Lanes of src where the immediate has a bit. */
static inline void blend(struct vec_call *call, unsigned bits)
{
    for (unsigned i = 0; i < 128 / bits; i++) {
        if (call->imm8 >> i & 1) {
            vec_put(&call->dst, bits, i, vec_get(&call->src, bits, i));
        }
    }
}

/* Lanes of src where XMM0 is negative. */
static inline void blend_by_sign(struct vec_call *call, unsigned bits)
{
    const struct xmm *xmm0 = &call->ctx->xmm[0];
    const struct vec mask = {{xmm0->q[0], xmm0->q[1]}};
    for (unsigned i = 0; i < 128 / bits; i++) {
        if (vec_get(&mask, bits, i) >> (bits - 1)) {
            vec_put(&call->dst, bits, i, vec_get(&call->src, bits, i));
        }
    }
}

/* Low lanes of src, each made `to` bits wide. */
static inline void extend(struct vec_call *call, unsigned from, unsigned to, bool sign)
{
    for (unsigned i = 0; i < 128 / to; i++) {
        uint64_t value = vec_get(&call->src, from, i);
        vec_put(&call->dst, to, i, sign ? (uint64_t)bits_sext(value, from) : value);
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
#define ROW(name, body)                    \
    void vec_##name(struct vec_call *call) \
    {                                      \
        body;                              \
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
ROW(packusdw,    pack(call, 2, 16, 0, UINT16_MAX))
ROW(pshufb_p,    pick_bytes(call, 1))
ROW(pshufb_x,    pick_bytes(call, 2))
ROW(palignr_p,   align_bytes(call, 1))
ROW(palignr_x,   align_bytes(call, 2))
ROW(blendps,     blend(call, 32))
ROW(blendpd,     blend(call, 64))
ROW(pblendw,     blend(call, 16))
ROW(pblendvb,    blend_by_sign(call, 8))
ROW(blendvps,    blend_by_sign(call, 32))
ROW(blendvpd,    blend_by_sign(call, 64))
ROW(pmovsxbw,    extend(call, 8, 16, true))
ROW(pmovsxbd,    extend(call, 8, 32, true))
ROW(pmovsxbq,    extend(call, 8, 64, true))
ROW(pmovsxwd,    extend(call, 16, 32, true))
ROW(pmovsxwq,    extend(call, 16, 64, true))
ROW(pmovsxdq,    extend(call, 32, 64, true))
ROW(pmovzxbw,    extend(call, 8, 16, false))
ROW(pmovzxbd,    extend(call, 8, 32, false))
ROW(pmovzxbq,    extend(call, 8, 64, false))
ROW(pmovzxwd,    extend(call, 16, 32, false))
ROW(pmovzxwq,    extend(call, 16, 64, false))
ROW(pmovzxdq,    extend(call, 32, 64, false))
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
