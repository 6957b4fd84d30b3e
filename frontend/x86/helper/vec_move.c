/*
 * Moves between registers and memory, insertion and extraction, sign masks (SDM volume 2).
 *
 * A scalar load from memory clears the rest of the register, a move between registers keeps it.
 * Stores are the same rows with the operands the other way round; what lies above the row's memory
 * size in the value left for the engine does not matter.
 */
#include "frontend/x86/helper/vec.h"

/* Sign bits of all lanes, lane 0 lowest, to a general register. */
static inline void sign_mask(struct vec_call *call, unsigned quads, unsigned bits)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < quads * 64 / bits; i++) {
        mask |= vec_get(&call->src, bits, i) >> (bits - 1) << i;
    }
    call->dst = (struct vec){{mask, 0}};
}

static void move_whole(struct vec_call *call)
{
    call->dst = call->src;
}

/* The low `bits` of src, zero-extended to the whole destination. */
static inline void move_zero(struct vec_call *call, unsigned bits)
{
    call->dst = (struct vec){{call->src.q[0] & bits_mask(bits), 0}};
}

static inline void move_scalar(struct vec_call *call, unsigned bits)
{
    if (call->src_memory) {
        move_zero(call, bits);
    } else {
        vec_put(&call->dst, bits, 0, call->src.q[0]);
    }
}

/* To and from the lane that the immediate names. */
static inline void insert(struct vec_call *call, unsigned quads, unsigned bits)
{
    vec_put(&call->dst, bits, call->imm8 & (quads * 64 / bits - 1), call->src.q[0]);
}

static inline void extract(struct vec_call *call, unsigned quads, unsigned bits)
{
    uint64_t lane = vec_get(&call->src, bits, call->imm8 & (quads * 64 / bits - 1));
    call->dst = (struct vec){{lane, 0}};
}

/* INSERTPS: a lane of src or the doubleword in memory, to a lane; then some lanes are cleared. */
static void insert_single(struct vec_call *call)
{
    unsigned from = call->src_memory ? 0 : call->imm8 >> 6;
    vec_put(&call->dst, 32, call->imm8 >> 4 & 3, vec_get(&call->src, 32, from));
    for (unsigned i = 0; i < 4; i++) {
        if (call->imm8 >> i & 1) {
            vec_put(&call->dst, 32, i, 0);
        }
    }
}

/* Lane 0 (odd 0) or 1 of each pair of src, twice. */
static inline void duplicate(struct vec_call *call, unsigned odd)
{
    for (unsigned i = 0; i < 4; i++) {
        vec_put(&call->dst, 32, i, vec_get(&call->src, 32, (i & 2) + odd));
    }
}

static void store_low(struct vec_call *call)
{
    call->dst.q[0] = call->src.q[0];
}

static void store_high(struct vec_call *call)
{
    call->dst.q[0] = call->src.q[1];
}

static void load_high(struct vec_call *call)
{
    call->dst.q[1] = call->src.q[0];
}

/* MOVLPS, or MOVHLPS with a register. */
static void load_low(struct vec_call *call)
{
    call->dst.q[0] = call->src.q[call->src_memory ? 0 : 1];
}

#define ROW(name, body)                    \
    void vec_##name(struct vec_call *call) \
    {                                      \
        body;                              \
    }

/* clang-format off */
ROW(movd_p,       move_zero(call, 32))
ROW(movd_x,       move_zero(call, 32))
ROW(movd_from_p,  move_zero(call, 32))
ROW(movd_from_x,  move_zero(call, 32))
ROW(movq_p,       move_whole(call))
ROW(movq_from_p,  move_whole(call))
ROW(movntq,       move_whole(call))
ROW(movq_x,       move_zero(call, 64))
ROW(movq_store,   move_zero(call, 64))
ROW(movq2dq,      move_zero(call, 64))
ROW(movdq2q,      move_zero(call, 64))
ROW(movdqa,       move_whole(call))
ROW(movdqu,       move_whole(call))
ROW(movdqa_store, move_whole(call))
ROW(movdqu_store, move_whole(call))
ROW(movups,       move_whole(call))
ROW(movups_store, move_whole(call))
ROW(movupd,       move_whole(call))
ROW(movupd_store, move_whole(call))
ROW(movaps,       move_whole(call))
ROW(movaps_store, move_whole(call))
ROW(movapd,       move_whole(call))
ROW(movapd_store, move_whole(call))
ROW(movntps,      move_whole(call))
ROW(movntpd,      move_whole(call))
ROW(movntdq,      move_whole(call))
ROW(movss,        move_scalar(call, 32))
ROW(movss_store,  move_scalar(call, 32))
ROW(movsd,        move_scalar(call, 64))
ROW(movsd_store,  move_scalar(call, 64))
ROW(movlps,       load_low(call))
ROW(movlps_store, store_low(call))
ROW(movlpd,       store_low(call))
ROW(movlpd_store, store_low(call))
ROW(movhps,       load_high(call))
ROW(movhps_store, store_high(call))
ROW(movhpd,       load_high(call))
ROW(movhpd_store, store_high(call))
ROW(movmskps,     sign_mask(call, 2, 32))
ROW(movmskpd,     sign_mask(call, 2, 64))
ROW(pmovmskb_p,   sign_mask(call, 1, 8))
ROW(pmovmskb_x,   sign_mask(call, 2, 8))
ROW(pinsrw_p,     insert(call, 1, 16))
ROW(pinsrw_x,     insert(call, 2, 16))
ROW(pextrw_p,     extract(call, 1, 16))
ROW(pextrw_x,     extract(call, 2, 16))
ROW(pinsrb,       insert(call, 2, 8))
ROW(pinsrd,       insert(call, 2, 32))
ROW(insertps,     insert_single(call))
ROW(pextrb,       extract(call, 2, 8))
ROW(pextrw_from_x, extract(call, 2, 16))
ROW(pextrd,       extract(call, 2, 32))
ROW(extractps,    extract(call, 2, 32))
ROW(lddqu,        move_whole(call))
ROW(movntdqa,     move_whole(call))
ROW(movddup,      (call->dst = (struct vec){{call->src.q[0], call->src.q[0]}}))
ROW(movsldup,     duplicate(call, 0))
ROW(movshdup,     duplicate(call, 1))
/* clang-format on */
