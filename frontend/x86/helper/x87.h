/*
 * The x87 in software: one instruction at a time on the state in the record.
 *
 * An instruction runs as a row of x87_soft.def: its handler works on struct x87 and changes
 * registers, stack and memory; exceptions gather in env.flags and reach the status word when it is
 * done.  A memory fault leaves everything as it was.
 */
#ifndef FRONTEND_X86_HELPER_X87_H
#define FRONTEND_X86_HELPER_X87_H

#include "frontend/x86/helper/softfloat80.h"
#include "translator/api/context.h"
#include "translator/api/memory.h"

/* FCW as it reads after loading a value: reserved bits are fixed. */
uint16_t x87_control_word(const struct context *ctx, uint16_t value);
/* FSW with TOP in bits 11..13. */
uint16_t x87_status_word(const struct context *ctx);
/* Takes TOP, conditions and exceptions; ES and B follow from FCW. */
void x87_set_status_word(struct context *ctx, uint16_t value);
/* Two bits for each physical register: 0 valid, 1 zero, 2 special, 3 empty. */
uint16_t x87_tag_word(const struct context *ctx);
void x87_set_tag_word(struct context *ctx, uint16_t value);
/* Recomputes ES and B, and drops FERR# when ES falls. */
void x87_update_summary(struct context *ctx);
/* Ends an instruction that may have changed MODE_FPU_SLOW: leaves for a lookup when it did. */
void x87_check_mode(struct context *ctx);
/* FNINIT. */
void x87_init(struct context *ctx);

/* Sources and destinations in memory, and ST(i). */
enum x87_source {
    SOURCE_NONE,
    SOURCE_STI,
    SOURCE_F32,
    SOURCE_F64,
    SOURCE_F80,
    SOURCE_I16,
    SOURCE_I32,
    SOURCE_I64,
    SOURCE_BCD,
    SOURCE_WORD, /* control and status words */
};

enum x87_row_flags {
    X87_STORES = 1,   /* memory is the destination */
    X87_TO_STI = 2,   /* ST(i) is the destination */
    X87_QUIET = 4,    /* quiet NaNs compare without IE */
    X87_EFLAGS = 8,   /* the comparison goes to EFLAGS */
    X87_CHOP = 16,    /* stores truncate */
    X87_CONTROL = 32, /* does not record instruction and operand pointers */
};

struct x87;
struct x87_soft_row {
    void (*run)(struct x87 *f, const struct x87_soft_row *row);
    uint8_t source; /* enum x87_source */
    uint8_t what;   /* handler's own: which function, constant, condition */
    uint8_t pops;
    uint8_t flags;  /* enum x87_row_flags */
    uint16_t codes; /* condition bits that the instruction writes */
};

/* One instruction under way. */
struct x87 {
    struct context *ctx;
    struct float80_env env;
    uint16_t codes; /* condition bits to write: the row's unless the handler decides otherwise */
    unsigned sti;
    uint16_t fop;   /* what FOP becomes */
    bool to_memory; /* stores go to seg:offset; else they stay in ctx->slow_value */
    bool faulted;   /* the store faulted: nothing has changed */
    enum seg_index seg;
    uint64_t offset;
};

typedef void x87_handler(struct x87 *f, const struct x87_soft_row *row);
/* x87_arith.c */
x87_handler x87_run_arith, x87_run_compare, x87_run_ftst, x87_run_unary, x87_run_binary;
x87_handler x87_run_fptan, x87_run_fsincos, x87_run_fxtract;
/* x87_move.c */
x87_handler x87_run_load, x87_run_constant, x87_run_store, x87_run_fst, x87_run_fstpnce;
x87_handler x87_run_fxch;
x87_handler x87_run_fcmov, x87_run_sign, x87_run_fxam, x87_run_step, x87_run_ffree, x87_run_fnop;
x87_handler x87_run_fnclex, x87_run_fninit, x87_run_fldcw, x87_run_fnstcw, x87_run_fnstsw;
x87_handler x87_run_emms;

/* What `what` selects. */
enum x87_arith { ARITH_ADD, ARITH_MUL, ARITH_SUB, ARITH_SUBR, ARITH_DIV, ARITH_DIVR };
enum x87_unary { UNARY_SQRT, UNARY_RINT, UNARY_F2XM1, UNARY_SIN, UNARY_COS };
enum x87_binary {
    BINARY_PREM,
    BINARY_PREM1,
    BINARY_SCALE,
    BINARY_YL2X,
    BINARY_YL2XP1,
    BINARY_PATAN
};
enum x87_sign { SIGN_CHANGE, SIGN_CLEAR };

/* The stack */

static inline unsigned x87_physical(const struct x87 *f, unsigned i)
{
    return (f->ctx->ftop + i) & 7u;
}

static inline bool x87_empty(const struct x87 *f, unsigned i)
{
    return f->ctx->ftag >> x87_physical(f, i) & 1;
}

static inline struct float80 x87_get(const struct x87 *f, unsigned i)
{
    const struct x87_reg *reg = &f->ctx->st[x87_physical(f, i)];
    return (struct float80){reg->mantissa, reg->exponent};
}

/* Writes ST(i), which becomes valid. */
static inline void x87_put(struct x87 *f, unsigned i, struct float80 value)
{
    unsigned at = x87_physical(f, i);
    f->ctx->st[at].mantissa = value.mantissa;
    f->ctx->st[at].exponent = value.exponent;
    f->ctx->ftag = (uint8_t)(f->ctx->ftag & ~(1u << at));
}

static inline void x87_free(struct x87 *f, unsigned i)
{
    f->ctx->ftag = (uint8_t)(f->ctx->ftag | 1u << x87_physical(f, i));
}

static inline void x87_pop(struct x87 *f, unsigned count)
{
    for (; count; count--) {
        x87_free(f, 0);
        f->ctx->ftop = (f->ctx->ftop + 1) & 7;
    }
}

static inline void x87_push(struct x87 *f, struct float80 value)
{
    f->ctx->ftop = (f->ctx->ftop - 1) & 7;
    x87_put(f, 0, value);
}

/* Stack faults: true when IE is masked, so that the instruction goes on with indefinites. */
static inline bool x87_underflow(struct x87 *f)
{
    f->env.flags = FSW_IE | FSW_SF;
    f->codes |= FSW_C1;
    return !float80_stopped(&f->env);
}

static inline bool x87_overflow(struct x87 *f)
{
    f->env.flags = FSW_IE | FSW_SF | FSW_C1;
    return !float80_stopped(&f->env);
}

#endif
