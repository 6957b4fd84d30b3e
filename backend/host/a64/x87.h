/*
 * x87 operations in shared code: the guest's x87 state stays in the record, values of 80 bits are
 * taken apart in general registers.
 *
 * Called with the datum of a load in x2 and the number of ST(i) in x6.  Returns where the caller
 * turns to C, with nothing changed; an instruction further on when it is done, with the datum of a
 * store in x2.  NZCV (but where flags are the result), x8 and x9 (where the operation has an
 * access) stay.
 */
#ifndef BACKEND_HOST_A64_X87_H
#define BACKEND_HOST_A64_X87_H

#include "backend/host/a64/select.h"

enum x87_shape {
    X87_NO_CODE,
    X87_PUSH,
    X87_STORE,
    X87_MOVE,
    X87_SWAP,
    X87_SIGN,
    X87_ARITH,
    X87_COMPARE
};
enum x87_what {
    X87_NONE,
    X87_CHANGE,
    X87_CLEAR,
    X87_ADD,
    X87_SUB,
    X87_SUBR,
    X87_MUL,
    X87_CHOP,
    X87_FLAGS
};
enum x87_operand { X87_STI, X87_NEXT, X87_TO_STI, X87_F32, X87_F64, X87_INT, X87_ONE, X87_ZERO };

struct x87_code {
    uint8_t shape, what, source; /* the enums above */
    uint8_t pops, memory;
};
extern const struct x87_code a64_x87_rows[X87_OPS];

/* One operation's shared code under construction. */
struct x87_stub {
    struct code_buffer *out;
    const struct x87_code *row;
    uint32_t fail[24]; /* branches to where nothing has changed */
    unsigned fails;
    bool flags_saved; /* NZCV in x12 */
};

/* Registers of the shared code. */
enum {
    F_A = 0,     /* ST(0): significand ... */
    F_A_EXP = 1, /* ... exponent and sign */
    F_B = 2,     /* the other operand, and results */
    F_B_EXP = 3,
    F_X = 6, /* scratch; the number of ST(i) on entry */
    F_Y = 7,
    F_Z = 9,
    F_TOP = 10, /* physical number of ST(0) */
    F_DST = 11, /* of the destination; tags until then */
    F_NZCV = 12,
};

void x87_fail(struct x87_stub *s, uint32_t branch);
/* 64-bit shifts by a constant. */
void x87_lsl(struct x87_stub *s, unsigned rd, unsigned rn, unsigned n);
void x87_lsr(struct x87_stub *s, unsigned rd, unsigned rn, unsigned n);
/* rd |= 1 << 63. */
void x87_set_top_bit(struct x87_stub *s, unsigned rd);
/* F_B, F_B_EXP from the datum in x2. */
void x87_widen(struct x87_stub *s);
/* x2 = ST(0), in F_A, as a datum of memory; x6 the exceptions and C1 that come of it. */
void x87_narrow(struct x87_stub *s);
/* x6 = the condition bits of ST(0) against the other operand.  Changes NZCV. */
void x87_compare(struct x87_stub *s);
/* F_B, F_B_EXP = ST(0) op the other operand; x6 the exceptions and C1. */
void x87_arithmetic(struct x87_stub *s);

void a64_emit_x87_stubs(struct engine *engine);

#endif
