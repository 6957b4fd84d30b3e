/*
 * x87 in software: arithmetic, comparisons, functions.  x87.h explains the handlers.
 */
#include "frontend/x86/helper/x87.h"

/* The operand besides ST(0), which is not empty. */
static struct float80 operand(struct x87 *f, enum x87_source source)
{
    uint64_t value = context_slow(f->ctx, 0);
    switch (source) {
    case SOURCE_F32:
        return float80_widen32(&f->env, (uint32_t)value);
    case SOURCE_F64:
        return float80_widen64(&f->env, value);
    case SOURCE_I16:
        return float80_from_int((int16_t)value);
    case SOURCE_I32:
        return float80_from_int((int32_t)value);
    case SOURCE_STI:
        return x87_get(f, f->sti);
    case SOURCE_NONE: /* the forms with ST(1) implied */
    case SOURCE_F80:
    case SOURCE_I64:
    case SOURCE_BCD:
    case SOURCE_WORD:
    default:
        return x87_get(f, 1);
    }
}

/* True when ST(0) or the register operand is empty. */
static bool operands_missing(const struct x87 *f, enum x87_source source)
{
    return x87_empty(f, 0) || (source == SOURCE_STI && x87_empty(f, f->sti)) ||
           (source == SOURCE_NONE && x87_empty(f, 1));
}

/* Writes a result and pops unless an unmasked exception stopped the instruction. */
static void result_to(struct x87 *f, const struct x87_soft_row *row, unsigned i,
                      struct float80 value)
{
    if (!float80_stopped(&f->env)) {
        x87_put(f, i, value);
        x87_pop(f, row->pops);
    }
}

void x87_run_arith(struct x87 *f, const struct x87_soft_row *row)
{
    static float80_binary *const functions[] = {
        [ARITH_ADD] = float80_add,  [ARITH_MUL] = float80_mul, [ARITH_SUB] = float80_sub,
        [ARITH_SUBR] = float80_sub, [ARITH_DIV] = float80_div, [ARITH_DIVR] = float80_div,
    };
    unsigned to = row->flags & X87_TO_STI ? f->sti : 0;
    if (operands_missing(f, (enum x87_source)row->source)) {
        x87_underflow(f);
        result_to(f, row, to, float80_indefinite());
        return;
    }
    struct float80 source = operand(f, (enum x87_source)row->source);
    struct float80 a = row->flags & X87_TO_STI ? source : x87_get(f, 0);
    struct float80 b = row->flags & X87_TO_STI ? x87_get(f, 0) : source;
    bool reverse = row->what == ARITH_SUBR || row->what == ARITH_DIVR;
    result_to(f, row, to, functions[row->what](&f->env, reverse ? b : a, reverse ? a : b));
}

/* The condition bits as ZF PF CF. */
static void comparison_to_eflags(struct context *ctx, uint16_t codes)
{
    context_set_flags(ctx, (codes & FSW_C3 ? FLAG_ZF : 0u) | (codes & FSW_C2 ? FLAG_PF : 0u) |
                               (codes & FSW_C0 ? FLAG_CF : 0u));
}

static void compare_with(struct x87 *f, const struct x87_soft_row *row, bool missing,
                         struct float80 b)
{
    uint16_t codes = FSW_C0 | FSW_C2 | FSW_C3;
    if (missing) {
        x87_underflow(f);
    } else {
        codes = float80_compare(&f->env, x87_get(f, 0), b, row->flags & X87_QUIET);
    }
    if (row->flags & X87_EFLAGS) {
        comparison_to_eflags(f->ctx, codes);
    } else {
        f->env.flags |= codes;
    }
    if (!float80_stopped(&f->env)) {
        x87_pop(f, row->pops);
    }
}

void x87_run_compare(struct x87 *f, const struct x87_soft_row *row)
{
    enum x87_source source = (enum x87_source)row->source;
    bool missing = operands_missing(f, source);
    compare_with(f, row, missing, missing ? float80_indefinite() : operand(f, source));
}

void x87_run_ftst(struct x87 *f, const struct x87_soft_row *row)
{
    compare_with(f, row, x87_empty(f, 0), (struct float80){0, 0});
}

void x87_run_unary(struct x87 *f, const struct x87_soft_row *row)
{
    static float80_unary *const functions[] = {
        [UNARY_SQRT] = float80_sqrt,   [UNARY_RINT] = float80_round_to_integer,
        [UNARY_F2XM1] = float80_f2xm1, [UNARY_SIN] = float80_sin,
        [UNARY_COS] = float80_cos,
    };
    if (x87_empty(f, 0)) {
        x87_underflow(f);
        result_to(f, row, 0, float80_indefinite());
    } else {
        result_to(f, row, 0, functions[row->what](&f->env, x87_get(f, 0)));
    }
}

/* A remainder without quotient keeps C0 and C3. */
static bool no_quotient(const struct x87 *f, struct float80 value)
{
    return float80_classify(value) > FLOAT80_INFINITY || float80_stopped(&f->env);
}

/* Functions of ST(0) and ST(1); those that pop leave their result in the old ST(1). */
void x87_run_binary(struct x87 *f, const struct x87_soft_row *row)
{
    static float80_binary *const functions[] = {
        [BINARY_PREM] = float80_prem,     [BINARY_PREM1] = float80_prem1,
        [BINARY_SCALE] = float80_scale,   [BINARY_YL2X] = float80_yl2x,
        [BINARY_YL2XP1] = float80_yl2xp1, [BINARY_PATAN] = float80_patan,
    };
    struct float80 value = float80_indefinite();
    if (x87_empty(f, 0) || x87_empty(f, 1)) {
        x87_underflow(f);
    } else {
        value = functions[row->what](&f->env, x87_get(f, 0), x87_get(f, 1));
    }
    if (row->codes == FSW_CONDITIONS && no_quotient(f, value)) {
        f->codes = FSW_C1 | FSW_C2;
    }
    result_to(f, row, row->pops, value);
}

/* Functions with two results: the first replaces ST(0), the second is pushed. */

/* Empty ST(0) or no room for a push: both results are indefinite.  True: that was it. */
static bool pair_stack_fault(struct x87 *f)
{
    bool empty = x87_empty(f, 0);
    if (!empty && x87_empty(f, 7)) {
        return false;
    }
    if (empty ? x87_underflow(f) : x87_overflow(f)) {
        x87_put(f, 0, float80_indefinite());
        x87_push(f, float80_indefinite());
    }
    return true;
}

static void pair_results(struct x87 *f, struct float80 first, struct float80 second)
{
    if (!float80_stopped(&f->env)) {
        x87_put(f, 0, first);
        if (!(f->env.flags & FSW_C2)) {
            x87_push(f, second);
        }
    }
}

void x87_run_fptan(struct x87 *f, const struct x87_soft_row *row)
{
    (void)row;
    if (pair_stack_fault(f)) {
        return;
    }
    enum float80_class class = float80_classify(x87_get(f, 0));
    struct float80 tangent = float80_tan(&f->env, x87_get(f, 0));
    bool number = class < FLOAT80_INFINITY;
    pair_results(f, tangent, number ? float80_constant(FCW_DEFAULT, FLOAT80_ONE) : tangent);
}

void x87_run_fsincos(struct x87 *f, const struct x87_soft_row *row)
{
    (void)row;
    if (pair_stack_fault(f)) {
        return;
    }
    struct float80 cosine;
    struct float80 sine = float80_sincos(&f->env, x87_get(f, 0), &cosine);
    pair_results(f, sine, cosine);
}

void x87_run_fxtract(struct x87 *f, const struct x87_soft_row *row)
{
    (void)row;
    if (pair_stack_fault(f)) {
        return;
    }
    struct float80 significand;
    struct float80 exponent = float80_extract(&f->env, x87_get(f, 0), &significand);
    pair_results(f, exponent, significand);
}
