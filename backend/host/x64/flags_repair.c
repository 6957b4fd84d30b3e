/*
 * Flags that the manual leaves undefined, made as docs/FLAGS.md says on hosts that make others.
 *
 * The host's flags are put on its stack behind the operation, changed there and taken back. Nothing
 * of this is emitted where the host agrees (flags_host.c) or nobody looks at those flags.
 */
#include "backend/host/x64/select.h"

enum { SHIFT_BITS = FLAG_AF | FLAG_OF, PRODUCT_BITS = FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF };
enum { BIT_BITS = FLAGS_ARITH & ~FLAG_CF };

enum kind { KIND_NONE, KIND_SHIFT, KIND_ROTATE, KIND_PRODUCT, KIND_BIT };

static enum kind kind_of(unsigned op)
{
    static const uint8_t kinds[IR_OPS] = {
        [IR_shl] = KIND_SHIFT,    [IR_shr] = KIND_SHIFT,    [IR_sar] = KIND_SHIFT,
        [IR_shld] = KIND_SHIFT,   [IR_shrd] = KIND_SHIFT,   [IR_rol] = KIND_ROTATE,
        [IR_ror] = KIND_ROTATE,   [IR_rcl] = KIND_ROTATE,   [IR_rcr] = KIND_ROTATE,
        [IR_imul] = KIND_PRODUCT, [IR_mul1] = KIND_PRODUCT, [IR_imul1] = KIND_PRODUCT,
        [IR_bt] = KIND_BIT,       [IR_bts] = KIND_BIT,      [IR_btr] = KIND_BIT,
        [IR_btc] = KIND_BIT,
    };
    return (enum kind)kinds[op];
}

static bool is_double(const struct ir_inst *inst)
{
    return inst->op == IR_shld || inst->op == IR_shrd;
}

/* The count stands in a register, and may be zero. */
static bool by_register(const struct ir_inst *inst)
{
    return is_double(inst) ? inst->aux == 1 : inst->b != IR_IMM;
}

/* Flags of that operation which this host may make otherwise. */
static unsigned foreign_bits(const struct engine *engine, const struct ir_inst *inst)
{
    unsigned shift = (engine->foreign_flags & FOREIGN_AF ? (unsigned)FLAG_AF : 0u) |
                     (engine->foreign_flags & FOREIGN_OF ? (unsigned)FLAG_OF : 0u);
    bool none = !by_register(inst) && (inst->imm & 31) == 0;
    switch (kind_of(inst->op)) {
    case KIND_SHIFT:
        return none ? 0 : shift;
    case KIND_ROTATE:
        return none ? 0 : shift & FLAG_OF;
    case KIND_PRODUCT:
        return engine->foreign_flags & FOREIGN_PRODUCT ? PRODUCT_BITS : 0;
    case KIND_BIT:
        return engine->foreign_flags & FOREIGN_BIT ? BIT_BITS : 0;
    case KIND_NONE:
    default:
        return 0;
    }
}

/* SHLD of a word by the constant 16. */
static bool by_word(const struct ir_inst *inst)
{
    return inst->op == IR_shld && inst->aux != 1 && inst->width == 2 && (inst->imm & 31) == 16;
}

static void push_flags(struct code_buffer *out)
{
    buffer_put8(out, 0x9c); /* pushfq */
}

static void pop_flags(struct code_buffer *out)
{
    buffer_put8(out, 0x9d); /* popfq */
}

/* The flags on the stack. */
static struct x64_rm saved(void)
{
    return x64_mem(X64_RSP, 0);
}

/* r12d: shifted by a constant; digit 4 left, 5 right. */
static void shift_scratch(struct code_buffer *out, unsigned digit, unsigned count)
{
    x64_op(out, 4, X64_DIGIT | 0xc1, digit, x64_reg(REG_SCRATCH));
    buffer_put8(out, (uint8_t)count);
}

/* saved = (saved without those bits) | r12d */
static void put_bits(struct code_buffer *out, unsigned bits)
{
    x64_alu_imm(out, 4, 4, saved(), (int32_t)~bits);
    x64_op(out, 4, 0x09, REG_SCRATCH, saved());
}

/* OF by any count: left, CF differs from the result's top bit (SHLD by all 16 bits: is CF); right,
 * its top two bits differ; clear for SAR. */
static void emit_overflow(struct emit *e, const struct ir_inst *inst, struct x64_rm mem, bool whole)
{
    enum { OF_BIT = 11 };
    struct code_buffer *out = e->out;
    struct x64_rm scratch = x64_reg(REG_SCRATCH);
    unsigned bits = inst->width * 8;
    if (inst->op == IR_sar) {
        x64_alu_imm(out, 4, 4, saved(), (int32_t)~FLAG_OF);
        return;
    }
    if (whole) {
        x64_mov_imm(out, REG_SCRATCH, 0);
    } else {
        operand_load(e, inst, inst->dst, inst->width, REG_SCRATCH, mem);
    }
    bool left =
        inst->op == IR_shl || inst->op == IR_rol || inst->op == IR_rcl || inst->op == IR_shld;
    if (left) {
        shift_scratch(out, 5, bits - 1);
        x64_op(out, 4, 0x33, REG_SCRATCH, saved());
        x64_alu_imm(out, 4, 4, scratch, FLAG_CF);
        shift_scratch(out, 4, OF_BIT);
    } else {
        shift_scratch(out, 5, bits - 2);
        x64_alu_imm(out, 4, 0, scratch, 1); /* of two bits, the upper one: 01 or 10 they were */
        x64_alu_imm(out, 4, 4, scratch, 2);
        shift_scratch(out, 4, OF_BIT - 1);
    }
    put_bits(out, FLAG_OF);
}

/* As a host that makes them otherwise: for tests, which then see that all are repaired. */
static void emit_spoiled(struct emit *e, const struct ir_inst *inst)
{
    bool one = by_register(inst) || (inst->imm & 31) == 1; /* OF is defined by a count of one */
    unsigned bits = kind_of(inst->op) == KIND_SHIFT ? (unsigned)FLAG_AF : 0u;
    bits |= one ? 0u : (unsigned)FLAG_OF;
    if (e->engine->foreign_flags & FOREIGN_SPOILED && bits != 0) {
        x64_alu_imm(e->out, 4, 6, saved(), (int32_t)bits);
    }
}

static void repair_shift(struct emit *e, const struct ir_inst *inst, emit_body *body,
                         struct x64_rm mem, unsigned bits)
{
    struct code_buffer *out = e->out;
    bool counted = by_register(inst);
    uint32_t none = 0;
    if (counted) { /* kept, for the operation may change it */
        operand_load(e, inst, is_double(inst) ? GUEST_RCX : inst->b, 1, REG_SCRATCH, mem);
        buffer_put(out, 0x5441, 2); /* push r12 */
    }
    body(e, inst, mem);
    push_flags(out);
    if (counted) {
        x64_op(out, 1, X64_DIGIT | 0xf6, 0, x64_mem(X64_RSP, 8)); /* test byte [rsp + 8], 31 */
        buffer_put8(out, 31);
        none = x64_jcc(out, X64_E);
    }
    emit_spoiled(e, inst);
    if (bits & FLAG_AF) {
        x64_alu_imm(out, 4, 1, saved(), FLAG_AF);
    }
    if (bits & FLAG_OF) {
        emit_overflow(e, inst, mem, by_word(inst));
    }
    if (counted) {
        x64_here(out, none);
    }
    pop_flags(out);
    if (counted) {
        x64_lea(out, 8, X64_RSP, x64_mem(X64_RSP, 8));
    }
}

/* A double shift of a word by more than 16: the source rotated by the rest; CF is clear. */
static void emit_rotated(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    struct code_buffer *out = e->out;
    struct x64_rm scratch = x64_reg(REG_SCRATCH);
    unsigned digit = inst->op == IR_shld ? 0 : 1;
    operand_load(e, inst, inst->b, 2, REG_SCRATCH, mem);
    if (inst->aux == 1) {
        x64_op(out, 2, X64_DIGIT | 0xd3, digit, scratch);
    } else {
        x64_op(out, 2, X64_DIGIT | 0xc1, digit, scratch);
        buffer_put8(out, inst->imm & 15);
    }
    operand_store(e, inst->dst, 2, REG_SCRATCH, mem);
    x64_op(out, 2, 0x85, REG_SCRATCH, scratch);
    push_flags(out);
    x64_alu_imm(out, 4, 1, saved(), FLAG_AF);
    if (inst->op == IR_shrd) {
        emit_overflow(e, inst, mem, false);
    }
}

/* Double shifts of words by CL: by more than 16 apart, for hosts differ in the result as well. */
static void repair_words(struct emit *e, const struct ir_inst *inst, emit_body *body,
                         struct x64_rm mem)
{
    struct code_buffer *out = e->out;
    if (inst->aux != 1) {
        emit_rotated(e, inst, mem);
        pop_flags(out);
        return;
    }
    push_flags(out);
    x64_op(out, 1, X64_DIGIT | 0xf6, 0, x64_reg(X64_RCX)); /* test cl, 16 */
    buffer_put8(out, 16);
    uint32_t small = x64_jcc(out, X64_E);
    x64_op(out, 1, X64_DIGIT | 0xf6, 0, x64_reg(X64_RCX)); /* test cl, 15 */
    buffer_put8(out, 15);
    uint32_t sixteen = x64_jcc(out, X64_E);
    x64_lea(out, 8, X64_RSP, x64_mem(X64_RSP, 8));
    emit_rotated(e, inst, mem);
    uint32_t rotated = x64_jmp(out);
    x64_here(out, sixteen);
    pop_flags(out);
    body(e, inst, mem);
    push_flags(out);
    x64_alu_imm(out, 4, 1, saved(), FLAG_AF);
    emit_overflow(e, inst, mem, inst->op == IR_shld);
    x64_here(out, rotated);
    pop_flags(out);
    uint32_t done = x64_jmp(out);
    x64_here(out, small);
    pop_flags(out);
    repair_shift(e, inst, body, mem, foreign_bits(e->engine, inst));
    x64_here(out, done);
}

/* The result depends on the host, too. */
static bool foreign_words(const struct engine *engine, const struct ir_inst *inst)
{
    return engine->foreign_flags & FOREIGN_WORDS && is_double(inst) && inst->width == 2 &&
           (inst->aux == 1 || (inst->imm & 31) > 16);
}

/* What the operation defines comes out of the host, everything else is as before. */
static void repair_kept(struct emit *e, const struct ir_inst *inst, emit_body *body,
                        struct x64_rm mem, unsigned defined, unsigned condition)
{
    struct code_buffer *out = e->out;
    push_flags(out);
    body(e, inst, mem);
    x64_op(out, 1, X64_0F | 0x90u | condition, 0, x64_reg(REG_SCRATCH)); /* setcc r12b */
    x64_load(out, 1, REG_SCRATCH, x64_reg(REG_SCRATCH));
    x64_op(out, 4, 0x69, REG_SCRATCH, x64_reg(REG_SCRATCH)); /* imul r12d, r12d, defined */
    buffer_put(out, defined, 4);
    put_bits(out, defined);
    pop_flags(out);
}

void x64_run_body(struct emit *e, const struct ir_inst *inst, emit_body *body, struct x64_rm mem)
{
    unsigned bits = e->engine->foreign_flags != 0 ? foreign_bits(e->engine, inst) : 0;
    if (foreign_words(e->engine, inst)) {
        repair_words(e, inst, body, mem);
        return;
    }
    if ((bits & e->live[e->at]) == 0) {
        body(e, inst, mem);
        return;
    }
    switch (kind_of(inst->op)) {
    case KIND_PRODUCT:
        repair_kept(e, inst, body, mem, FLAG_CF | FLAG_OF, X64_B);
        break;
    case KIND_BIT:
        repair_kept(e, inst, body, mem, FLAG_CF, X64_B);
        break;
    case KIND_SHIFT:
    case KIND_ROTATE:
    case KIND_NONE:
    default:
        repair_shift(e, inst, body, mem, bits);
        break;
    }
}
