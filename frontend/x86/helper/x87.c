/*
 * x87 in software: the callouts that run one instruction, and the words of status, tags, control.
 *
 * The 8087 and the 80287 (docs/X87.md) always run here.
 *
 * Not modelled: the wait of a processor with CR0.NE = 0 for the interrupt that FERR# asks for: an
 * instruction that finds the interrupt disabled goes on, as with IGNNE# asserted.
 */
#include "frontend/x86/helper/x87.h"

#include "frontend/x86/cpu/cpu.h"
#include "translator/api/callout.h"
#include "translator/api/guest.h"
#include "translator/api/mode.h"
#include "translator/ir/ir.h"

/* Every row of x87_ops.def has its row here, at its place. */
enum soft_order {
#define SOFT(name, run, source, what, pops, flags, codes) SOFT_##name,
#include "frontend/x86/helper/x87_soft.def"
#undef SOFT
};
#define X87(name, escape, modrm, form, what) \
    _Static_assert((unsigned)SOFT_##name == (unsigned)X87_##name, "x87_soft.def: " #name);
#include "translator/ir/x87_ops.def"
#undef X87

enum { C1 = FSW_C1, C2 = FSW_C2, CALL = FSW_CONDITIONS };

static const struct x87_soft_row soft_rows[X87_OPS] = {
#define SOFT(name, run, source, what, pops, flags, codes) \
    {x87_run_##run, SOURCE_##source, what, pops, flags, codes},
#include "frontend/x86/helper/x87_soft.def"
#undef SOFT
};

/* Bytes of the memory operand. */
static const uint8_t operand_bytes[X87_OPS] = {
#define NONE                                 0
#define STI                                  0
#define AX                                   0
#define M16                                  2
#define M32                                  4
#define M64                                  8
#define M80                                  10
#define X87(name, escape, modrm, form, what) form,
#include "translator/ir/x87_ops.def"
#undef X87
#undef NONE
#undef STI
#undef AX
#undef M16
#undef M32
#undef M64
#undef M80
};

/* Words */

/* The 8087's interrupt enable mask, a control bit of it alone. */
enum { FCW_IEM = 0x80 };

static bool is_8087(const struct context *ctx)
{
    return x86_x87_generation(x86_of_const(ctx)) == X87_GENERATION_8087;
}

uint16_t x87_control_word(const struct context *ctx, uint16_t value)
{
    return (uint16_t)((value & (is_8087(ctx) ? 0x1f3f | FCW_IEM : 0x1f3f)) | 0x40);
}

uint16_t x87_status_word(const struct context *ctx)
{
    return (uint16_t)((ctx->fsw & ~0x3800u) | (ctx->ftop & 7u) << 11);
}

/* INT of the 8087, which follows its exceptions at once and waits for no instruction. */
static void interrupt_line(struct context *ctx, bool level)
{
    struct x86_cpu *cpu = x86_of(ctx);
    if (level != cpu->x87_int) {
        cpu->x87_int = level;
        cpu->wires.ferr(cpu->wires.machine, level);
    }
}

void x87_update_summary(struct context *ctx)
{
    bool was = ctx->fsw & FSW_ES;
    bool pending = ctx->fsw & ~ctx->fcw & FSW_EXCEPTIONS;
    ctx->fsw = (uint16_t)((ctx->fsw & ~(FSW_ES | FSW_B)) | (pending ? FSW_ES | FSW_B : 0));
    struct x86_cpu *cpu = x86_of(ctx);
    if (!cpu->wires.ferr) {
        return;
    }
    if (is_8087(ctx)) {
        interrupt_line(ctx, pending && !(ctx->fcw & FCW_IEM));
    } else if (was && !pending) {
        cpu->wires.ferr(cpu->wires.machine, false);
    }
}

void x87_set_status_word(struct context *ctx, uint16_t value)
{
    uint16_t summary = ctx->fsw & FSW_ES;
    ctx->ftop = value >> 11 & 7;
    ctx->fsw = (uint16_t)((value & (FSW_CONDITIONS | FSW_SF | FSW_EXCEPTIONS)) | summary);
    x87_update_summary(ctx);
}

static unsigned tag_of(struct x87_reg reg)
{
    switch (float80_classify((struct float80){reg.mantissa, reg.exponent})) {
    case FLOAT80_NORMAL:
        return 0;
    case FLOAT80_ZERO:
        return 1;
    case FLOAT80_DENORMAL:
    case FLOAT80_INFINITY:
    case FLOAT80_QNAN:
    case FLOAT80_SNAN:
    case FLOAT80_UNSUPPORTED:
    default:
        return 2;
    }
}

uint16_t x87_tag_word(const struct context *ctx)
{
    unsigned word = 0;
    for (unsigned i = 0; i < 8; i++) {
        word |= (ctx->ftag >> i & 1 ? 3 : tag_of(ctx->st[i])) << 2 * i;
    }
    return (uint16_t)word;
}

void x87_set_tag_word(struct context *ctx, uint16_t value)
{
    unsigned tag = 0;
    for (unsigned i = 0; i < 8; i++) {
        tag |= (value >> 2 * i & 3) == 3 ? 1u << i : 0;
    }
    ctx->ftag = (uint8_t)tag;
}

void x87_init(struct context *ctx)
{
    x87_set_status_word(ctx, 0);
    ctx->fcw = x86_x87_initial(x86_of(ctx));
    ctx->ftag = 0xff;
    ctx->fop = 0;
    ctx->fcs = 0;
    ctx->fds = 0;
    ctx->fip = 0;
    ctx->fdp = 0;
}

void x87_check_mode(struct context *ctx)
{
    if (ctx->leave == LEAVE_NONE && x86_x87_slow(ctx) != ((ctx->mode & MODE_FPU_SLOW) != 0)) {
        context_leave_after(ctx, LEAVE_LOOKUP);
    }
}

/* Instructions */

static void record_pointers(struct x87 *f, bool memory)
{
    struct context *ctx = f->ctx;
    ctx->fop = f->fop;
    ctx->fip = ctx->rip;
    ctx->fcs = ctx->seg[SEG_CS].selector;
    if (memory) {
        ctx->fdp = f->offset;
        ctx->fds = ctx->seg[f->seg].selector;
    }
}

static void run(struct x87 *f, enum x87_op op, bool memory)
{
    const struct x87_soft_row *row = &soft_rows[op];
    struct context *ctx = f->ctx;
    f->env.control = ctx->fcw;
    f->env.projective =
        x86_x87_generation(x86_of_const(ctx)) < X87_GENERATION_387 && !(ctx->fcw & FCW_AFFINE);
    f->codes = row->codes;
    row->run(f, row);
    if (f->faulted) {
        return;
    }
    if (!(row->flags & X87_CONTROL)) {
        uint16_t raised = (uint16_t)(f->env.flags & (f->codes | FSW_EXCEPTIONS | FSW_SF));
        ctx->fsw = (uint16_t)((ctx->fsw & ~f->codes) | raised);
        record_pointers(f, memory);
        x87_update_summary(ctx);
    }
    x87_check_mode(ctx);
}

/* Memory forms: loads find their operand in slow_value, stores leave it there.  Only registers and
 * flags are changed here, so a store that can fault is done by callout_x87_memory. */
uint64_t callout_x87(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    context_fpu_sync(ctx);
    struct x87 f = {.ctx = ctx, .sti = imm >> 16 & 7, .fop = (uint16_t)(imm >> X87_FOP_SHIFT)};
    run(&f, (enum x87_op)(imm & 0xffff), false);
    return 0;
}

uint64_t callout_x87_memory(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)b;
    context_fpu_sync(ctx);
    enum x87_op op = (enum x87_op)(imm & 0xffff);
    struct x87 f = {.ctx = ctx,
                    .to_memory = true,
                    .seg = (enum seg_index)(imm >> 16 & 7),
                    .offset = a,
                    .fop = (uint16_t)(imm >> X87_FOP_SHIFT)};
    if (!(soft_rows[op].flags & X87_STORES) &&
        !guest_load(ctx, f.seg, f.offset, operand_bytes[op])) {
        return 0;
    }
    run(&f, op, true);
    return 0;
}

/* An exception is pending and CR0.NE is clear: FERR# asks for an interrupt.  When that can be
 * taken now it comes before this instruction, which runs afterwards. */
static void external_error(struct context *ctx)
{
    struct x86_cpu *cpu = x86_of(ctx);
    if (!cpu->wires.ferr) {
        return;
    }
    cpu->wires.ferr(cpu->wires.machine, true);
    if (ctx->leave == LEAVE_AFTER) {
        ctx->leave = ctx->guest->interruptible(ctx) ? LEAVE_LOOKUP : LEAVE_NONE;
    }
}

uint64_t callout_fpu_check(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    context_fpu_sync(ctx);
    if (imm == 1 && (x86_of(ctx)->cr0 & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS)) {
        fault(ctx, VECTOR_NM);
        return 0;
    }
    if (!(ctx->fsw & FSW_ES) || is_8087(ctx)) {
        return 0;
    }
    if (x86_of(ctx)->cr0 & CR0_NE) {
        fault(ctx, VECTOR_MF);
    } else {
        external_error(ctx);
    }
    return 0;
}

uint64_t callout_fpu_interrupts(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    context_fpu_sync(ctx);
    ctx->fcw = (uint16_t)(imm ? ctx->fcw & ~FCW_IEM : ctx->fcw | FCW_IEM);
    x87_update_summary(ctx);
    return 0;
}
