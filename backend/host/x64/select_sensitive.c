/*
 * The commonest sensitive instructions without their callouts: CLI, STI, CLAC, and the EFLAGS
 * images of PUSHFD and POPFD, where the mode says that no privilege is to be checked.  What is rare
 * about them (an interrupt is pending, bits change that the mode depends on) is left to the
 * callout.
 */
#include "backend/host/x64/select.h"

enum {
    BIT_1 = 2,
    /* Bits that may differ between EFLAGS and a new image without a look at what follows. */
    PLAIN_BITS = FLAGS_ARITH | FLAG_DF | FLAG_IF | BIT_1,
};

static void alu(struct code_buffer *out, unsigned digit, unsigned reg, uint32_t value)
{
    x64_op(out, 4, X64_DIGIT | 0x81, digit, x64_reg(reg));
    buffer_put(out, value, 4);
}

static void shift(struct code_buffer *out, unsigned digit, unsigned reg, uint8_t count)
{
    x64_op(out, 4, X64_DIGIT | 0xc1, digit, x64_reg(reg));
    buffer_put8(out, count);
}

enum { OR = 1, AND = 4, SHL = 4, SHR = 5 };

/* eflags = op eflags, value */
static void eflags_imm(struct code_buffer *out, unsigned digit, uint32_t value)
{
    x64_op(out, 4, X64_DIGIT | 0x81, digit, CTX(eflags));
    buffer_put(out, value, 4);
}

static uint32_t refuse_interrupt(struct code_buffer *out)
{
    x64_alu_imm(out, 4, 7, CTX(interrupt), 0);
    return x64_jcc(out, X64_NE);
}

static void emit_cli(struct emit *e, const struct ir_inst *inst)
{
    (void)inst;
    eflags_imm(e->out, AND, ~(uint32_t)FLAG_IF);
}

/* Nothing when IF is set already, else it, and the shadow after the instruction. */
static void emit_sti(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    x64_op(out, 4, X64_DIGIT | 0xf7, 0, CTX(eflags));
    buffer_put(out, FLAG_IF, 4);
    uint32_t set = x64_jcc(out, X64_NE);
    uint32_t pending = refuse_interrupt(out);
    eflags_imm(out, OR, FLAG_IF);
    x64_mov_mem_imm(out, 1, CTX(shadow), SHADOW_STI);
    x64_load(out, 8, X64_R8, CTX(icount_end));
    x64_op(out, 8, 0x2b, X64_R8, CTX(budget));
    x64_alu_imm(out, 8, 0, x64_reg(X64_R8), 1 - (int32_t)(e->ir->insn_count - e->index));
    x64_store(out, 8, CTX(shadow_icount), X64_R8);
    uint32_t done = x64_jmp(out);
    x64_here(out, pending);
    x64_call_callout(e, CALLOUT_sti, inst->imm);
    x64_here(out, done);
    x64_here(out, set);
}

static void emit_flags_image(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    x64_load(out, 2, X64_R8, CTX(flags));
    x64_op(out, 4, 0x8b, X64_R9, x64_reg(X64_R8));
    shift(out, SHR, X64_R8, 8);
    alu(out, AND, X64_R8, FLAGS_ARITH & 0xff);
    alu(out, AND, X64_R9, 1);
    shift(out, SHL, X64_R9, 11);
    x64_op(out, 4, 0x0b, X64_R8, x64_reg(X64_R9));
    x64_load(out, 4, X64_R9, CTX(eflags));
    alu(out, AND, X64_R9, ~(uint32_t)(FLAG_VM | FLAG_RF));
    x64_op(out, 4, 0x0b, X64_R8, x64_reg(X64_R9));
    x64_load(out, 4, X64_R9, CTX(df));
    alu(out, AND, X64_R9, FLAG_DF);
    x64_lea(out, 4, REG_SCRATCH, x64_index(X64_R8, X64_R9, 0, BIT_1));
    operand_store(e, inst->dst, inst->width, REG_SCRATCH, x64_reg(0));
}

/* Arithmetic flags and direction from the image in r8; destroys r8, r9, r12. */
static void set_plain_flags(struct code_buffer *out)
{
    x64_op(out, 4, 0x8b, X64_R9, x64_reg(X64_R8));
    alu(out, AND, X64_R9, FLAGS_ARITH & 0xff);
    shift(out, SHL, X64_R9, 8);
    x64_op(out, 4, 0x8b, REG_SCRATCH, x64_reg(X64_R8));
    shift(out, SHR, REG_SCRATCH, 11);
    alu(out, AND, REG_SCRATCH, 1);
    x64_lea(out, 4, X64_R9, x64_index(X64_R9, REG_SCRATCH, 0, BIT_1 << 8));
    x64_store(out, 2, CTX(flags), X64_R9);
    shift(out, SHR, X64_R8, 9);
    alu(out, AND, X64_R8, 2);
    x64_mov_imm(out, X64_R9, 1);
    x64_op(out, 4, 0x2b, X64_R9, x64_reg(X64_R8));
    x64_store(out, 4, CTX(df), X64_R9);
}

static void emit_flags_set(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    operand_load(e, inst, inst->a, 4, X64_R8, x64_reg(0));
    x64_load(out, 4, X64_R9, CTX(eflags));
    x64_op(out, 4, 0x33, X64_R9, x64_reg(X64_R8));
    x64_op(out, 4, X64_DIGIT | 0xf7, 0, x64_reg(X64_R9));
    buffer_put(out, ~(uint32_t)PLAIN_BITS, 4);
    uint32_t other = x64_jcc(out, X64_NE);
    alu(out, AND, X64_R9, FLAG_IF);
    uint32_t same = x64_jcc(out, X64_E);
    uint32_t pending = refuse_interrupt(out);
    x64_op(out, 4, 0x31, X64_R9, CTX(eflags));
    x64_here(out, same);
    set_plain_flags(out);
    uint32_t done = x64_jmp(out);
    x64_here(out, other);
    x64_here(out, pending);
    x64_call_callout(e, CALLOUT_flags_set, inst->imm);
    x64_here(out, done);
}

/* AC is clear already, as it mostly is. */
static void emit_clac(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    x64_op(out, 4, X64_DIGIT | 0xf7, 0, CTX(eflags));
    buffer_put(out, FLAG_AC | FLAG_IOPL, 4); /* IOPL 0: then it is the mode's level, too */
    uint32_t clear = x64_jcc(out, X64_E);
    x64_call_callout(e, CALLOUT_clac, inst->imm);
    x64_here(out, clear);
}

bool x64_without_callout(struct emit *e, const struct ir_inst *inst)
{
    static void (*const emitters[CALLOUT_COUNT])(struct emit *, const struct ir_inst *) = {
        [CALLOUT_cli] = emit_cli,
        [CALLOUT_sti] = emit_sti,
        [CALLOUT_clac] = emit_clac,
        [CALLOUT_flags_image] = emit_flags_image,
        [CALLOUT_flags_set] = emit_flags_set,
    };
    enum callout_id id = ir_callout_id(inst);
    if (!emitters[id] || (e->ir->mode & (MODE_IOPL_CHECK | MODE_STEP)) != 0 ||
        !pass_on(e->engine->passes, PASS_sensitive)) {
        return false;
    }
    x64_fpu_flush(e);
    x64_flags_to_record(e);
    emitters[id](e, inst);
    e->flags_in_host = false;
    return true;
}
