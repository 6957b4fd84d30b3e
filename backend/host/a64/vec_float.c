/*
 * SSE floating point: exact by trying.
 *
 * The host computes aside, with FPCR.FZ on, so that denormal operands and tiny results raise a
 * flag; when FPSR then says anything but "inexact", nothing has happened and C evaluates the
 * record.  What is left means the same on both: the first operand that is a quiet NaN, correct
 * rounding, and the inexact flag, which goes to MXCSR when the registers are spilled.
 */
#include "backend/host/a64/vec.h"

void vec_float_check(struct emit *e)
{
    a64_put(e->out, (uint32_t)A64_MRS_FPSR | REG_A);
    a64_rrr(e->out, A64_AND, REG_A, REG_A, REG_FPSR);
    a64_to_record(e, a64_cb(e->out, A64_CBNZ, REG_A));
}

/* What VEC_A holds is the result: all lanes, or the lowest one. */
static void finish(struct emit *e, const struct vec_use *use)
{
    vec_float_check(e);
    if (use->wide) {
        a64_movv(e->out, use->d, VEC_A);
    } else {
        a64_insert(e->out, use->d, VEC_A, use->lane, 0, 0);
    }
}

void vec_float_three(struct emit *e, const struct vec_use *use)
{
    a64_rrr(e->out, use->word, VEC_A, use->d, use->s);
    finish(e, use);
}

void vec_float_two(struct emit *e, const struct vec_use *use)
{
    a64_rr(e->out, use->word, VEC_A, use->s);
    finish(e, use);
}

void vec_float_neighbours(struct emit *e, const struct vec_use *use)
{
    a64_rrr(e->out, A64_LANE(A64_Q(A64_UZP1), use->lane), VEC_A, use->d, use->s);
    a64_rrr(e->out, A64_LANE(A64_Q(A64_UZP2), use->lane), VEC_B, use->d, use->s);
    a64_rrr(e->out, use->word, VEC_A, VEC_A, VEC_B);
    finish(e, use);
}

/* d where a > b, else s: x86's MINPS and MAXPS, zeros and all. */
static void choose(struct emit *e, const struct vec_use *use, unsigned a, unsigned b)
{
    a64_rrr(e->out, use->word, VEC_A, a, b);
    if (use->wide) {
        vec_float_check(e);
        a64_rrr(e->out, A64_Q(A64_BIF), use->d, use->s, VEC_A);
    } else {
        a64_rrr(e->out, A64_BSL, VEC_A, use->d, use->s);
        finish(e, use);
    }
}

void vec_float_min(struct emit *e, const struct vec_use *use)
{
    choose(e, use, use->s, use->d);
}

void vec_float_max(struct emit *e, const struct vec_use *use)
{
    choose(e, use, use->d, use->s);
}

/* CMPPS predicates by the low three bits of the immediate; the upper four are the lower ones,
 * inverted.  Less is greater the other way round. */
void vec_float_compare(struct emit *e, const struct vec_use *use)
{
    enum { EQUAL, LESS, LESS_OR_EQUAL, UNORDERED };
    static const enum a64_word words[2][3] = {
        {A64_FCMEQS, A64_FCMGTS, A64_FCMGES},
        {A64_Q(A64_FCMEQ), A64_Q(A64_FCMGT), A64_Q(A64_FCMGE)}};
    struct code_buffer *out = e->out;
    unsigned relation = use->imm & 3;
    bool invert = (use->imm & 4) != 0;
    enum a64_word word = words[use->wide][relation == UNORDERED ? EQUAL : relation];
    if (use->lane == 3) {
        word = A64_DOUBLE(word);
    }
    switch (relation) {
    case EQUAL:
        a64_rrr(out, word, VEC_A, use->d, use->s);
        break;
    case UNORDERED: /* ordered: both equal to themselves */
        a64_rrr(out, word, VEC_A, use->d, use->d);
        a64_rrr(out, word, VEC_B, use->s, use->s);
        a64_rrr(out, A64_Q(A64_VAND), VEC_A, VEC_A, VEC_B);
        invert = !invert;
        break;
    default:
        a64_rrr(out, word, VEC_A, use->s, use->d);
        break;
    }
    if (invert) {
        a64_rr(out, A64_Q(A64_VNOT), VEC_A, VEC_A);
    }
    finish(e, use);
}

/* ROUNDPS: bit 2 of the immediate takes MXCSR's mode, bit 3 silences the inexact flag; a mode of
 * the immediate is silent here (vec_has_code). */
void vec_float_round(struct emit *e, const struct vec_use *use)
{
    static const enum a64_word words[2][6] = {
        {A64_FRINTNS, A64_FRINTMS, A64_FRINTPS, A64_FRINTZS, A64_FRINTXS, A64_FRINTIS},
        {A64_Q(A64_FRINTN), A64_Q(A64_FRINTM), A64_Q(A64_FRINTP), A64_Q(A64_FRINTZ),
         A64_Q(A64_FRINTX), A64_Q(A64_FRINTI)}};
    unsigned mode = use->imm & 4 ? 4 + (use->imm >> 3 & 1) : use->imm & 3;
    enum a64_word word = words[use->wide][mode];
    a64_rr(e->out, use->lane == 3 ? A64_DOUBLE(word) : word, VEC_A, use->s);
    finish(e, use);
}

/* COMISS, UCOMISS.  FCMP leaves N for less, Z C for equal, C for greater, C V for unordered, which
 * is C's: so C is CF inverted. */
void vec_float_flags(struct emit *e, const struct vec_use *use)
{
    struct code_buffer *out = e->out;
    unsigned wanted = a64_flags_wanted(e);
    a64_put(out, (uint32_t)use->word | use->s << 16 | use->d << 5);
    vec_float_check(e);
    a64_to_record(e, a64_bcond(out, A64_VS));
    if ((wanted & FLAG_SF) != 0) {
        a64_clear_n(e);
    }
    if ((wanted & (FLAG_PF | FLAG_AF)) != 0) {
        a64_imm(out, REG_PF, 1);
        a64_mov(out, REG_AF, REG_PF);
    }
    a64_flags_made(e, false);
}
