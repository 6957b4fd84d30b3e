/* Moves of vectors between registers.  Loads and stores that are nothing else are made by
 * select_vec.c. */
#include "backend/host/a64/vec.h"

void vec_move_whole(struct emit *e, const struct vec_use *use)
{
    vec_result(e, use, use->s);
}

/* The low quadword alone. */
void vec_move_zero(struct emit *e, const struct vec_use *use)
{
    a64_rr(e->out, A64_FMOVDD, use->d, use->s);
}

void vec_move_scalar(struct emit *e, const struct vec_use *use)
{
    a64_insert(e->out, use->d, use->s, use->lane, 0, 0);
}

/* MOVLPS; between registers MOVHLPS. */
void vec_move_low(struct emit *e, const struct vec_use *use)
{
    a64_insert(e->out, use->d, use->s, 3, 0, !use->memory);
}

void vec_move_high(struct emit *e, const struct vec_use *use)
{
    a64_insert(e->out, use->d, use->s, 3, 1, 0);
}

void vec_move_general(struct emit *e, const struct vec_use *use)
{
    a64_rr(e->out, A64_FMOVSW, use->d, use->s);
}
