/*
 * x87 in software: loads, stores, moves, sign changes, stack and control instructions.
 */
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/helper/x87.h"

/* Loads */

static struct float80 load_value(struct x87 *f, enum x87_source source)
{
    uint64_t low = context_slow(f->ctx, 0);
    uint16_t high = (uint16_t)context_slow(f->ctx, 1);
    switch (source) {
    case SOURCE_F32:
        return float80_from_float32(&f->env, (uint32_t)low);
    case SOURCE_F64:
        return float80_from_float64(&f->env, low);
    case SOURCE_F80:
        return (struct float80){low, high};
    case SOURCE_I16:
        return float80_from_int((int16_t)low);
    case SOURCE_I32:
        return float80_from_int((int32_t)low);
    case SOURCE_I64:
        return float80_from_int((int64_t)low);
    case SOURCE_BCD:
        return float80_from_bcd(low, high);
    case SOURCE_STI:
    case SOURCE_NONE:
    case SOURCE_WORD:
    default:
        return x87_get(f, f->sti);
    }
}

void x87_run_load(struct x87 *f, const struct x87_soft_row *row)
{
    struct float80 value = float80_indefinite();
    if (row->source == SOURCE_STI && x87_empty(f, f->sti)) {
        x87_underflow(f);
    } else if (!x87_empty(f, 7)) {
        x87_overflow(f);
    } else {
        value = load_value(f, (enum x87_source)row->source);
    }
    if (!(f->env.flags & ~f->env.control & FSW_IE)) { /* an unmasked DE loads all the same */
        x87_push(f, value);
    }
}

void x87_run_constant(struct x87 *f, const struct x87_soft_row *row)
{
    if (x87_empty(f, 7)) {
        /* before the 387 they are rounded to nearest whatever the control word says */
        bool nearest = x86_x87_generation(x86_of_const(f->ctx)) < X87_GENERATION_387;
        uint16_t control = nearest ? FCW_DEFAULT : f->env.control;
        x87_push(f, float80_constant(control, (enum float80_constant)row->what));
    } else if (x87_overflow(f)) {
        x87_push(f, float80_indefinite());
    }
}

/* Stores */

/* Bytes of a memory operand. */
static unsigned source_bytes(enum x87_source source)
{
    static const uint8_t bytes[] = {
        [SOURCE_F32] = 4, [SOURCE_F64] = 8, [SOURCE_F80] = 10, [SOURCE_I16] = 2,
        [SOURCE_I32] = 4, [SOURCE_I64] = 8, [SOURCE_BCD] = 10, [SOURCE_WORD] = 2,
    };
    return bytes[source];
}

/* Stores the datum of slow_value; false: the store faulted. */
static bool put_memory(struct x87 *f, enum x87_source source, uint64_t low, uint16_t high)
{
    context_set_slow(f->ctx, low, high);
    f->faulted = f->to_memory && !guest_store(f->ctx, f->seg, f->offset, source_bytes(source));
    return !f->faulted;
}

/* An unmasked exception keeps the datum from memory, but faults of the address come before it. */
static void put_nothing(struct x87 *f, enum x87_source source)
{
    f->faulted =
        f->to_memory && !guest_probe_write(f->ctx, f->seg, f->offset, source_bytes(source));
}

static uint64_t store_value(struct x87 *f, const struct x87_soft_row *row, struct float80 value,
                            uint16_t *high)
{
    bool chop = row->flags & X87_CHOP;
    switch ((enum x87_source)row->source) {
    case SOURCE_F32:
        return float80_to_float32(&f->env, value);
    case SOURCE_F64:
        return float80_to_float64(&f->env, value);
    case SOURCE_I16:
        return float80_to_int(&f->env, value, 16, chop);
    case SOURCE_I32:
        return float80_to_int(&f->env, value, 32, chop);
    case SOURCE_I64:
        return float80_to_int(&f->env, value, 64, chop);
    case SOURCE_BCD:
        return float80_to_bcd(&f->env, value, high);
    case SOURCE_F80:
    case SOURCE_NONE:
    case SOURCE_STI:
    case SOURCE_WORD:
    default:
        *high = value.exponent;
        return value.mantissa;
    }
}

void x87_run_store(struct x87 *f, const struct x87_soft_row *row)
{
    /* An empty register stores an indefinite: that of the real as any store of it, those of
     * integers and BCD as the conversion of a NaN. */
    bool empty = x87_empty(f, 0);
    struct float80 value = empty ? float80_indefinite() : x87_get(f, 0);
    uint16_t high = 0;
    uint64_t low = store_value(f, row, value, &high);
    if (empty) {
        x87_underflow(f);
    }
    if (float80_out_of_range(&f->env)) {
        f->env.flags &= FSW_OE | FSW_UE;
        put_nothing(f, (enum x87_source)row->source);
        return;
    }
    if (float80_stopped(&f->env)) {
        put_nothing(f, (enum x87_source)row->source);
        return;
    }
    if (put_memory(f, (enum x87_source)row->source, low, high)) {
        x87_pop(f, row->pops);
    }
}

/* Registers */

void x87_run_fst(struct x87 *f, const struct x87_soft_row *row)
{
    struct float80 value = x87_get(f, 0);
    if (x87_empty(f, 0)) {
        value = float80_indefinite();
        if (!x87_underflow(f)) {
            return;
        }
    }
    x87_put(f, f->sti, value);
    x87_pop(f, row->pops);
}

/* An empty register is no stack fault, and is not stored. */
void x87_run_fstpnce(struct x87 *f, const struct x87_soft_row *row)
{
    if (!x87_empty(f, 0)) {
        x87_put(f, f->sti, x87_get(f, 0));
    }
    x87_pop(f, row->pops);
}

void x87_run_fxch(struct x87 *f, const struct x87_soft_row *row)
{
    (void)row;
    bool empty0 = x87_empty(f, 0);
    bool empty = x87_empty(f, f->sti);
    if ((empty0 || empty) && !x87_underflow(f)) {
        return;
    }
    struct float80 old0 = empty0 ? float80_indefinite() : x87_get(f, 0);
    x87_put(f, 0, empty ? float80_indefinite() : x87_get(f, f->sti));
    x87_put(f, f->sti, old0);
}

/* Condition codes 2..7, Ah, Bh of the manual's tttn. */
static bool condition(const struct context *ctx, unsigned cc)
{
    static const uint16_t masks[] = {
        [1] = FLAG_CF, [2] = FLAG_ZF, [3] = FLAG_CF | FLAG_ZF, [5] = FLAG_PF};
    bool set = (context_flags(ctx) & masks[cc >> 1]) != 0;
    return set != (cc & 1);
}

void x87_run_fcmov(struct x87 *f, const struct x87_soft_row *row)
{
    if (x87_empty(f, 0) || x87_empty(f, f->sti)) {
        if (x87_underflow(f)) {
            x87_put(f, 0, float80_indefinite());
        }
    } else if (condition(f->ctx, row->what)) {
        x87_put(f, 0, x87_get(f, f->sti));
    }
}

void x87_run_sign(struct x87 *f, const struct x87_soft_row *row)
{
    struct float80 value = x87_get(f, 0);
    value.exponent =
        (uint16_t)(row->what == SIGN_CHANGE ? value.exponent ^ 0x8000 : value.exponent & 0x7fff);
    if (x87_empty(f, 0)) {
        value = float80_indefinite();
        if (!x87_underflow(f)) {
            return;
        }
    }
    x87_put(f, 0, value);
}

void x87_run_fxam(struct x87 *f, const struct x87_soft_row *row)
{
    (void)row;
    f->env.flags = float80_examine(x87_get(f, 0));
    if (x87_empty(f, 0)) {
        f->env.flags = (uint16_t)((f->env.flags & FSW_C1) | FSW_C3 | FSW_C0);
    }
}

void x87_run_step(struct x87 *f, const struct x87_soft_row *row)
{
    f->ctx->ftop = (uint8_t)((f->ctx->ftop + row->what) & 7);
}

void x87_run_ffree(struct x87 *f, const struct x87_soft_row *row)
{
    x87_free(f, f->sti);
    x87_pop(f, row->pops);
}

void x87_run_fnop(struct x87 *f, const struct x87_soft_row *row)
{
    (void)f;
    (void)row;
}

/* Control */

void x87_run_fnclex(struct x87 *f, const struct x87_soft_row *row)
{
    (void)row;
    f->ctx->fsw &= FSW_CONDITIONS | FSW_ES; /* ES and B follow */
    x87_update_summary(f->ctx);
}

void x87_run_fninit(struct x87 *f, const struct x87_soft_row *row)
{
    (void)row;
    x87_init(f->ctx);
}

void x87_run_fldcw(struct x87 *f, const struct x87_soft_row *row)
{
    (void)row;
    f->ctx->fcw = x87_control_word(f->ctx, (uint16_t)context_slow(f->ctx, 0));
    x87_update_summary(f->ctx);
}

void x87_run_fnstcw(struct x87 *f, const struct x87_soft_row *row)
{
    put_memory(f, (enum x87_source)row->source, f->ctx->fcw, 0);
}

void x87_run_fnstsw(struct x87 *f, const struct x87_soft_row *row)
{
    uint16_t status = x87_status_word(f->ctx);
    if (row->source == SOURCE_WORD) {
        put_memory(f, SOURCE_WORD, status, 0);
    } else {
        x86_gpr_put(f->ctx, GUEST_RAX, 2, status);
    }
}

void x87_run_emms(struct x87 *f, const struct x87_soft_row *row)
{
    (void)row;
    f->ctx->ftag = 0xff;
    f->ctx->ftop = 0;
}
