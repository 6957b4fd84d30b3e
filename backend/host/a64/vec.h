/*
 * MMX and SSE in NEON: what the vec_*.c files share.
 *
 * XMM registers live in v16..v23 from the first use on (ctx->vec_resident), MMX registers in the
 * record.  A *body* is given its operands in vector registers and leaves the result in `d`; what
 * may still turn out to be C's work comes before any change.
 */
#ifndef BACKEND_HOST_A64_VEC_H
#define BACKEND_HOST_A64_VEC_H

#include "backend/host/a64/select.h"

/* Vector registers that nobody owns. */
enum {
    VEC_D, /* an MMX destination */
    VEC_S, /* a source that is not an XMM register */
    VEC_A,
    VEC_B,
    VEC_C,
};

/* One operation being emitted. */
struct vec_use {
    const struct ir_inst *inst;
    enum a64_word word; /* of the row, for the lane and the width of the registers */
    unsigned d, s;      /* vector registers; s also a general register where the row has one */
    unsigned lane;      /* log2 of the bytes of a lane */
    unsigned imm;       /* its 8-bit immediate */
    bool wide;          /* 128 bits */
    bool memory;        /* the source is in memory */
};

typedef void vec_body(struct emit *e, const struct vec_use *use);

#define ROW(name, body, word, lane)        vec_body vec_##body;
#define BOTH(name, body, word, lane)       vec_body vec_##body;
#define IMMEDIATES(name, body, word, lane) vec_body vec_##body;
#define PACKED(name, body, word, lane)     vec_body vec_##body;
#define SCALAR(name, body, word, lane)     vec_body vec_##body;
#define FLOATS(name, body, packed, scalar) vec_body vec_##body;
#include "backend/host/a64/vec_rows.def"

/* The word, for 128-bit registers where the operation has them. */
static inline enum a64_word vec_sized(const struct vec_use *use, enum a64_word word)
{
    return use->wide ? A64_Q(word) : word;
}

/* d = zero. */
static inline void vec_zero(struct emit *e, unsigned d)
{
    a64_put(e->out, (uint32_t)A64_Q(A64_MOVI) | UINT32_C(1) << 29 | d); /* lanes of 64 bits */
}

/* The destination gets that register, unless it is it. */
static inline void vec_result(struct emit *e, const struct vec_use *use, unsigned from)
{
    if (use->d != from) {
        a64_movv(e->out, use->d, from);
    }
}

/* vec_float.c: what the host raised since, but "inexact", makes the record C's. */
void vec_float_check(struct emit *e);

/* select_vec.c */
/* A general register or memory gets the low bytes of reg. */
void vec_general_result(struct emit *e, const struct vec_use *use, unsigned reg);

#endif
