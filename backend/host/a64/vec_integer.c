/* Integer MMX and SSE rows: arithmetic, products, shifts. */
#include "backend/host/a64/vec.h"

void vec_three(struct emit *e, const struct vec_use *use)
{
    a64_rrr(e->out, use->word, use->d, use->d, use->s);
}

void vec_swapped(struct emit *e, const struct vec_use *use)
{
    a64_rrr(e->out, use->word, use->d, use->s, use->d);
}

void vec_two(struct emit *e, const struct vec_use *use)
{
    a64_rr(e->out, use->word, use->d, use->s);
}

/* d, negated where s is negative, 0 where s is 0. */
void vec_sign(struct emit *e, const struct vec_use *use)
{
    struct code_buffer *out = e->out;
    unsigned bits = 8u << use->lane;
    vec_zero(e, VEC_B);
    a64_vshift(out, vec_sized(use, A64_SSHR), VEC_A, use->s, use->lane, true, bits - 1);
    a64_rrr(out, A64_LANE(vec_sized(use, A64_CMEQ), use->lane), VEC_B, VEC_B, use->s);
    a64_rrr(out, vec_sized(use, A64_VEOR), use->d, use->d, VEC_A);
    a64_rrr(out, A64_LANE(vec_sized(use, A64_VSUB), use->lane), use->d, use->d, VEC_A);
    a64_rrr(out, vec_sized(use, A64_VBIC), use->d, use->d, VEC_B);
}

/* Products of twice the width: of the low half to VEC_A, of the high half to VEC_B. */
static void products(struct emit *e, const struct vec_use *use)
{
    enum a64_word low = (enum a64_word)((uint32_t)use->word & ~(UINT32_C(1) << 30));
    a64_rrr(e->out, low, VEC_A, use->d, use->s);
    if (use->wide) {
        a64_rrr(e->out, A64_Q(low), VEC_B, use->d, use->s);
    }
}

void vec_multiply_high(struct emit *e, const struct vec_use *use)
{
    products(e, use);
    if (use->wide) {
        a64_rrr(e->out, A64_LANE(A64_Q(A64_UZP2), use->lane), use->d, VEC_A, VEC_B);
    } else {
        a64_vshift(e->out, A64_SHRN, use->d, VEC_A, use->lane, true, 16);
    }
}

void vec_multiply_round(struct emit *e, const struct vec_use *use)
{
    products(e, use);
    a64_vshift(e->out, A64_RSHRN, use->d, VEC_A, use->lane, true, 15);
    if (use->wide) {
        a64_vshift(e->out, A64_Q(A64_RSHRN), use->d, VEC_B, use->lane, true, 15);
    }
}

void vec_multiply_add(struct emit *e, const struct vec_use *use)
{
    products(e, use);
    a64_rrr(e->out, A64_LANE(A64_Q(A64_ADDP), use->lane + 1), use->d, VEC_A,
            use->wide ? VEC_B : VEC_A);
}

/* The even lanes. */
void vec_multiply_even(struct emit *e, const struct vec_use *use)
{
    struct code_buffer *out = e->out;
    enum a64_word product = (enum a64_word)((uint32_t)use->word & ~(UINT32_C(1) << 30));
    unsigned a = use->d;
    unsigned b = use->s;
    if (use->wide) {
        a64_rr(out, A64_LANE(A64_XTN, use->lane), VEC_A, a);
        a64_rr(out, A64_LANE(A64_XTN, use->lane), VEC_B, b);
        a = VEC_A;
        b = VEC_B;
    }
    a64_rrr(out, product, use->d, a, b);
}

/* Unsigned bytes of d times signed bytes of s, neighbours added with saturation. */
void vec_multiply_bytes(struct emit *e, const struct vec_use *use)
{
    struct code_buffer *out = e->out;
    unsigned high = use->wide ? VEC_C : VEC_A;
    for (unsigned half = 0; half < (use->wide ? 2u : 1u); half++) {
        enum a64_word first = half ? A64_Q(A64_USHLL) : A64_USHLL;
        enum a64_word second = half ? A64_Q(A64_SSHLL) : A64_SSHLL;
        unsigned to = half ? high : (unsigned)VEC_A;
        a64_vshift(out, first, to, use->d, 0, false, 0);
        a64_vshift(out, second, VEC_B, use->s, 0, false, 0);
        a64_rrr(out, A64_LANE(A64_Q(A64_VMUL), 1), to, to, VEC_B);
    }
    a64_rrr(out, A64_LANE(A64_Q(A64_UZP1), 1), VEC_B, VEC_A, high);
    a64_rrr(out, A64_LANE(A64_Q(A64_UZP2), 1), VEC_A, VEC_A, high);
    a64_rrr(out, A64_LANE(vec_sized(use, A64_SQADD), 1), use->d, VEC_B, VEC_A);
}

void vec_sum_of_differences(struct emit *e, const struct vec_use *use)
{
    a64_rrr(e->out, vec_sized(use, A64_UABD), use->d, use->d, use->s);
    for (unsigned lane = 0; lane < 3; lane++) {
        a64_rr(e->out, A64_LANE(vec_sized(use, A64_UADDLP), lane), use->d, use->d);
    }
}

/* Even lanes of d and s, with their odd neighbours. */
void vec_neighbours(struct emit *e, const struct vec_use *use)
{
    a64_rrr(e->out, A64_LANE(vec_sized(use, A64_UZP1), use->lane), VEC_A, use->d, use->s);
    a64_rrr(e->out, A64_LANE(vec_sized(use, A64_UZP2), use->lane), VEC_B, use->d, use->s);
    a64_rrr(e->out, use->word, use->d, VEC_A, VEC_B);
}

/* VEC_A: in each byte the low quadword of s, but 64 at most. */
static void shift_count(struct emit *e, const struct vec_use *use)
{
    struct code_buffer *out = e->out;
    unsigned from = use->s;
    for (unsigned lane = 3; lane-- > 0; from = VEC_A) {
        a64_rr(out, A64_LANE(A64_UQXTNS, lane), VEC_A, from);
    }
    a64_put(out, (uint32_t)A64_MOVI | 2 << 16 | VEC_B); /* bytes of 64 */
    a64_rrr(out, A64_UMIN, VEC_A, VEC_A, VEC_B);
}

void vec_shift_left(struct emit *e, const struct vec_use *use)
{
    shift_count(e, use);
    a64_lane(e->out, vec_sized(use, A64_DUP), VEC_A, VEC_A, 0, 0);
    a64_rrr(e->out, use->word, use->d, use->d, VEC_A);
}

void vec_shift_right(struct emit *e, const struct vec_use *use)
{
    shift_count(e, use);
    a64_rr(e->out, A64_VNEG, VEC_A, VEC_A);
    a64_lane(e->out, vec_sized(use, A64_DUP), VEC_A, VEC_A, 0, 0);
    a64_rrr(e->out, use->word, use->d, use->d, VEC_A);
}

void vec_shift_by(struct emit *e, const struct vec_use *use)
{
    unsigned bits = 8u << use->lane;
    uint32_t form = (uint32_t)use->word & ~(UINT32_C(1) << 30);
    unsigned n = use->imm;
    if (n >= bits && form != A64_SSHR) {
        vec_zero(e, use->d);
    } else if (n != 0) {
        n = n < bits ? n : bits - 1;
        a64_vshift(e->out, use->word, use->d, use->d, use->lane, form != A64_VSHL, n);
    }
}

/* PSLLDQ, PSRLDQ. */
void vec_shift_bytes(struct emit *e, const struct vec_use *use)
{
    bool left = (use->inst->imm & 0xffff) == VEC_pslldq;
    unsigned n = use->imm;
    if (n > 15) {
        vec_zero(e, use->d);
        return;
    }
    if (n == 0) {
        return;
    }
    vec_zero(e, VEC_A);
    unsigned from = left ? 16 - n : n;
    a64_put(e->out, (uint32_t)A64_Q(A64_EXT) | (left ? use->d : (unsigned)VEC_A) << 16 |
                        from << 11 | (left ? (unsigned)VEC_A : use->d) << 5 | use->d);
}
