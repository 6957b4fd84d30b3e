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

static inline void insert_word(struct vec_call *call, unsigned lanes)
{
    vec_put(&call->dst, 16, call->imm8 & (lanes - 1), call->src.q[0]);
}

static inline void extract_word(struct vec_call *call, unsigned lanes)
{
    call->dst = (struct vec){{vec_get(&call->src, 16, call->imm8 & (lanes - 1)), 0}};
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
ROW(pinsrw_p,     insert_word(call, 4))
ROW(pinsrw_x,     insert_word(call, 8))
ROW(pextrw_p,     extract_word(call, 4))
ROW(pextrw_x,     extract_word(call, 8))
/* clang-format on */
