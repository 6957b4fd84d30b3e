/* Conversions of SSE: see vec_float.c for how they are exact.  To integers: the host says "invalid"
 * where x86 gives 80000000h. */
#include "backend/host/a64/vec.h"

/* ---- from integers: never more than inexact ---- */

void vec_from_general(struct emit *e, const struct vec_use *use)
{
    a64_rr(e->out, use->word, VEC_A, use->s);
    a64_insert(e->out, use->d, VEC_A, use->lane, 0, 0);
}

void vec_from_longs(struct emit *e, const struct vec_use *use)
{
    unsigned from = use->s;
    if (use->lane == 3) {
        a64_vshift(e->out, A64_SSHLL, VEC_A, use->s, 2, false, 0);
        from = VEC_A;
    }
    a64_rr(e->out, use->word, use->d, from);
}

/* CVTPI2PS keeps the upper half. */
void vec_from_two_longs(struct emit *e, const struct vec_use *use)
{
    a64_rr(e->out, use->word, VEC_A, use->s);
    a64_insert(e->out, use->d, VEC_A, 3, 0, 0);
}

/* ---- to integers: rounded in silence, as an invalid result is not inexact, too ---- */

static void to_general(struct emit *e, const struct vec_use *use, bool cut)
{
    unsigned from = use->s;
    if (!cut) {
        a64_rr(e->out, use->lane == 3 ? A64_DOUBLE(A64_FRINTIS) : A64_FRINTIS, VEC_A, use->s);
        from = VEC_A;
    }
    a64_rr(e->out, use->word, REG_X2, from);
    vec_float_check(e);
    if (!cut) {
        a64_rr(e->out, use->lane == 3 ? A64_DOUBLE(A64_FRINTXS) : A64_FRINTXS, VEC_A, use->s);
    }
    vec_general_result(e, use, REG_X2);
}

void vec_to_general(struct emit *e, const struct vec_use *use)
{
    to_general(e, use, false);
}

void vec_to_general_cut(struct emit *e, const struct vec_use *use)
{
    to_general(e, use, true);
}

static void to_longs(struct emit *e, const struct vec_use *use, bool cut)
{
    unsigned from = use->s;
    if (!cut) {
        a64_rr(e->out, vec_sized(use, A64_FRINTI), VEC_A, use->s);
        from = VEC_A;
    }
    a64_rr(e->out, use->word, VEC_A, from);
    vec_float_check(e);
    if (!cut) {
        a64_rr(e->out, vec_sized(use, A64_FRINTX), VEC_B, use->s);
    }
    vec_result(e, use, VEC_A);
}

void vec_to_longs(struct emit *e, const struct vec_use *use)
{
    to_longs(e, use, false);
}

void vec_to_longs_cut(struct emit *e, const struct vec_use *use)
{
    to_longs(e, use, true);
}

/* Two doubles to the low half; one at a time, so that "invalid" is that of 32 bits. */
static void doubles_to_longs(struct emit *e, const struct vec_use *use, bool cut)
{
    struct code_buffer *out = e->out;
    unsigned from = use->s;
    if (!cut) {
        a64_rr(out, A64_DOUBLE(A64_Q(A64_FRINTI)), VEC_A, use->s);
        from = VEC_A;
    }
    a64_lane(out, A64_DUPS, VEC_B, from, 3, 1);
    a64_rr(out, A64_DOUBLE(A64_FCVTZSW), REG_X2, from);
    a64_rr(out, A64_DOUBLE(A64_FCVTZSW), REG_X3, VEC_B);
    vec_float_check(e);
    if (!cut) {
        a64_rr(out, A64_DOUBLE(A64_Q(A64_FRINTX)), VEC_A, use->s);
    }
    a64_rr(out, A64_FMOVSW, use->d, REG_X2);
    a64_lane(out, A64_INSW, use->d, REG_X3, 2, 1);
}

void vec_doubles_to_longs(struct emit *e, const struct vec_use *use)
{
    doubles_to_longs(e, use, false);
}

void vec_doubles_to_longs_cut(struct emit *e, const struct vec_use *use)
{
    doubles_to_longs(e, use, true);
}

/* ---- between formats ---- */

/* Two lanes; what the host clears above them is clear on x86. */
void vec_float_convert(struct emit *e, const struct vec_use *use)
{
    a64_rr(e->out, use->word, VEC_A, use->s);
    vec_float_check(e);
    vec_result(e, use, VEC_A);
}

/* The lowest one. */
void vec_float_across(struct emit *e, const struct vec_use *use)
{
    a64_rr(e->out, use->lane == 3 ? A64_FCVT_SD : A64_FCVT_DS, VEC_A, use->s);
    vec_float_check(e);
    a64_insert(e->out, use->d, VEC_A, use->lane, 0, 0);
}
