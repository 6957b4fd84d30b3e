/* Moves, extensions, conditional moves, exchanges, the stack, members of the record. */
#include "backend/host/a64/select.h"

void body_mov(struct emit *e, const struct ir_inst *inst)
{
    unsigned width = inst->width;
    if (inst->a == IR_MEM) {
        unsigned to = operand_target(inst->dst, width, REG_X1);
        a64_load_datum(e, to, width);
        operand_store(e, inst->dst, width, to);
        return;
    }
    if (inst->a == IR_IMM && width >= 4 && inst->dst != IR_MEM) {
        unsigned to = operand_target(inst->dst, width, REG_X1);
        a64_imm(e->out, to, width == 4 ? (uint32_t)inst->imm : inst->imm);
        operand_store(e, inst->dst, width, to);
        return;
    }
    bool zero = inst->a == IR_IMM && inst->imm == 0 && inst->dst == IR_MEM;
    unsigned from = zero ? (unsigned)A64_XZR : operand_use(e, inst, inst->a, width, REG_X1);
    operand_store(e, inst->dst, width, from);
}

/* movzx and movsx: source width in aux. */
void body_extend(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    bool sign = inst->op == IR_movsx;
    unsigned to = operand_target(inst->dst, inst->width, REG_X1);
    if (inst->a == IR_MEM) {
        a64_load_datum(e, to, inst->aux);
        if (sign && inst->aux < 4) {
            a64_sbfx(out, to, to, 0, 8u * inst->aux);
        }
    } else {
        unsigned from = operand_use(e, inst, inst->a, inst->aux, REG_X2);
        if (inst->aux >= 4) {
            a64_mov(out, to, from);
        } else if (sign) {
            a64_sbfx(out, to, from, 0, 8u * inst->aux);
        } else {
            a64_ubfx(out, to, from, 0, 8u * inst->aux);
        }
    }
    operand_store(e, inst->dst, inst->width, to);
}

void select_lea(struct emit *e, const struct ir_inst *inst)
{
    struct memory_access access = access_of(inst, 1, ACCESS_LOAD);
    struct code_buffer *out = e->out;
    bool one = inst->base < 8 && inst->index == IR_NONE && inst->width == 4 && inst->asize == 4;
    bool two = inst->base < 8 && inst->index < 8 && inst->width == 4 && inst->asize == 4;
    unsigned to = operand_target(inst->dst, inst->width, REG_X1);
    uint32_t size = inst->disp < 0 ? 0u - (uint32_t)inst->disp : (uint32_t)inst->disp;
    enum a64_word word = inst->disp < 0 ? A64_SUBI : A64_ADDI;
    if (one && a64_add_imm(out, word, to, REG_GPR + inst->base, size)) {
        operand_store(e, inst->dst, 4, to);
        return;
    }
    if (two && size < 4096) {
        a64_rrrs(out, A64_ADD, to, REG_GPR + inst->base, REG_GPR + inst->index, A64_LSL,
                 inst->scale);
        if (size != 0) {
            a64_add_imm(out, word, to, to, size);
        }
        operand_store(e, inst->dst, 4, to);
        return;
    }
    a64_effective_address(e, &access);
    operand_store(e, inst->dst, inst->width, REG_EA);
}

/* Address of the operand that a register bit offset reaches. */
void select_bit_ea(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    struct memory_access access = access_of(inst, inst->width, ACCESS_LOAD);
    a64_effective_address(e, &access);
    unsigned b = operand_use(e, inst, inst->b, inst->width, REG_X2);
    a64_sbfx(out, REG_X2, b, 3, 8u * inst->width - 3u);
    a64_logic_imm(out, A64_ANDI, REG_X2, REG_X2, 0u - inst->width);
    a64_rrr(out, A64_ADD, REG_EA, REG_EA, REG_X2);
    operand_store(e, inst->dst, inst->asize, REG_EA);
}

/* x86 condition to the host's, by sense of C; parity conditions have none. */
enum a64_cond a64_condition(struct emit *e, unsigned cc)
{
    static const uint8_t plain[8] = {A64_VS, A64_CC, A64_EQ, A64_LS,
                                     A64_MI, A64_EQ, A64_LT, A64_LE};
    unsigned cond = plain[cc >> 1];
    a64_flags_host(e);
    if (cc >> 1 == 1 && e->flags.direct) {
        cond = A64_CS;
    } else if (cc >> 1 == 3) {
        a64_flags_inverted(e);
    }
    return (enum a64_cond)(cond ^ (cc & 1));
}

void a64_parity(struct emit *e, unsigned reg)
{
    struct code_buffer *out = e->out;
    a64_flags_host(e);
    a64_rrrs(out, A64_EOR, reg, REG_PF, REG_PF, A64_LSR, 4);
    a64_rrrs(out, A64_EOR, reg, reg, reg, A64_LSR, 2);
    a64_rrrs(out, A64_EOR, reg, reg, reg, A64_LSR, 1);
}

void body_setcc(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    unsigned cc = inst->cc & 15;
    if (cc >> 1 == 5) {
        a64_parity(e, REG_X1); /* bit 0: odd */
        a64_ubfx(out, REG_X1, REG_X1, 0, 1);
        if ((cc & 1) == 0) {
            a64_logic_imm(out, A64_EORI, REG_X1, REG_X1, 1);
        }
    } else {
        enum a64_cond cond = a64_condition(e, cc);
        a64_cond(out, A64_CSINC, REG_X1, A64_XZR, A64_XZR, (enum a64_cond)(cond ^ 1));
    }
    operand_store(e, inst->dst, 1, REG_X1);
}

void body_cmov(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    unsigned cc = inst->cc & 15;
    unsigned width = inst->width;
    unsigned a = operand_use(e, inst, inst->a, width, REG_X2);
    unsigned old = operand_use(e, inst, inst->dst, width, REG_X3);
    unsigned to = operand_target(inst->dst, width, REG_X1);
    if (cc >> 1 == 5) {
        a64_parity(e, REG_A);
        a64_mov(out, REG_X1, old);
        uint32_t keep = a64_tb(out, (cc & 1) == 0 ? A64_TBNZ : A64_TBZ, REG_A, 0);
        a64_mov(out, REG_X1, a);
        a64_here(out, keep);
        to = REG_X1;
    } else {
        enum a64_cond cond = a64_condition(e, cc);
        a64_cond(out, A64_CSEL, to, a, old, cond);
    }
    operand_store(e, inst->dst, width, to);
}

void body_xchg(struct emit *e, const struct ir_inst *inst)
{
    unsigned width = inst->width;
    /* Without the bus lock of XCHG with memory: nobody else runs in this memory meanwhile. */
    unsigned left = operand_use(e, inst, inst->dst, width, REG_X2);
    a64_mov(e->out, REG_X3, left);
    operand_store(e, inst->dst, width, operand_use(e, inst, inst->a, width, REG_X1));
    operand_store(e, inst->a, width, REG_X3);
}

/* ---- flags ---- */

/* clc, stc, cmc. */
void select_carry(struct emit *e, const struct ir_inst *inst)
{
    a64_flags_host(e);
    if (inst->op == IR_cmc) {
        e->flags.direct = !e->flags.direct; /* the other sense of the same bit */
    } else {
        a64_imm(e->out, REG_X3, inst->op == IR_stc);
        a64_flag_from_bit(e, FLAG_CF, REG_X3, 0);
    }
    e->flags.record = false;
}

void select_lahf(struct emit *e, const struct ir_inst *inst)
{
    (void)inst;
    a64_flags_to_record(e);
    a64_mem(e->out, A64_LDRB, REG_X1, REG_CONTEXT, CTX(flags) + 1);
    operand_store(e, IR_AH, 1, REG_X1);
}

void select_cdq(struct emit *e, const struct ir_inst *inst)
{
    unsigned bits = 8u * inst->width;
    unsigned to = operand_target(GUEST_RDX, inst->width, REG_X1);
    a64_sbfx(e->out, to, REG_GPR + GUEST_RAX, bits - 1, 1);
    operand_store(e, GUEST_RDX, inst->width, to);
}

/* ---- stack ---- */

static unsigned stack_size(const struct emit *e)
{
    return (e->ir->mode & MODE_STACK32) != 0 ? 4 : 2;
}

/* ESP += bytes at the stack's width. */
static void move_esp(struct emit *e, int32_t bytes)
{
    unsigned esp = REG_GPR + GUEST_RSP;
    unsigned to = stack_size(e) == 4 ? esp : (unsigned)REG_A;
    uint32_t size = bytes < 0 ? 0u - (uint32_t)bytes : (uint32_t)bytes;
    a64_rri(e->out, bytes < 0 ? A64_SUBI : A64_ADDI, to, esp, size);
    operand_store(e, GUEST_RSP, stack_size(e), to);
}

static void body_push(struct emit *e, const struct ir_inst *inst)
{
    bool zero = inst->a == IR_IMM && (uint32_t)inst->imm == 0;
    unsigned from = zero ? (unsigned)A64_XZR : operand_use(e, inst, inst->a, inst->width, REG_X1);
    a64_store_datum(e, from, inst->width);
    if (stack_size(e) == 4 && mode_seg_class(e->ir->mode, SEG_SS) == SEG_FLAT) {
        a64_mov(e->out, REG_GPR + GUEST_RSP, REG_EA); /* the address is the new ESP */
        return;
    }
    move_esp(e, -(int32_t)inst->width);
}

static struct memory_access stack_access(const struct emit *e, const struct ir_inst *inst,
                                         enum access_kind kind)
{
    return (struct memory_access){.seg = SEG_SS,
                                  .base = GUEST_RSP,
                                  .index = IR_NONE,
                                  .asize = (uint8_t)stack_size(e),
                                  .size = inst->width,
                                  .kind = (uint8_t)kind,
                                  .disp = kind == ACCESS_STORE ? -(int32_t)inst->width : 0};
}

void select_push(struct emit *e, const struct ir_inst *inst)
{
    struct memory_access access = stack_access(e, inst, ACCESS_STORE);
    a64_with_memory(e, inst, &access, body_push);
}

/* The register is written after ESP moved, so that POP ESP keeps the popped value. */
void body_pop(struct emit *e, const struct ir_inst *inst)
{
    unsigned to =
        inst->dst == GUEST_RSP ? (unsigned)REG_X1 : operand_target(inst->dst, inst->width, REG_X1);
    a64_load_datum(e, to, inst->width);
    move_esp(e, inst->width);
    operand_store(e, inst->dst, inst->width, to);
}

void select_pop(struct emit *e, const struct ir_inst *inst)
{
    struct memory_access access = stack_access(e, inst, ACCESS_LOAD);
    a64_with_memory(e, inst, &access, body_pop);
}

void select_advance(struct emit *e, const struct ir_inst *inst)
{
    static const uint8_t scale[9] = {[1] = 0, [2] = 1, [4] = 2, [8] = 3};
    unsigned from = operand_use(e, inst, inst->dst, inst->width, REG_X2);
    unsigned to = operand_target(inst->dst, inst->width, REG_X1);
    a64_mem(e->out, A64_LDRW, REG_A, REG_CONTEXT, CTX(df));
    a64_rrrs(e->out, A64_ADD, to, from, REG_A, A64_LSL, scale[inst->imm & 15]);
    operand_store(e, inst->dst, inst->width, to);
}

/* ---- members of the record ---- */

static enum a64_word load_word(unsigned width)
{
    return width == 1 ? A64_LDRB : width == 2 ? A64_LDRH : width == 4 ? A64_LDRW : A64_LDRX;
}

static enum a64_word store_word(unsigned width)
{
    return width == 1 ? A64_STRB : width == 2 ? A64_STRH : width == 4 ? A64_STRW : A64_STRX;
}

void select_get(struct emit *e, const struct ir_inst *inst)
{
    if (inst->imm == offsetof(struct context, flags)) {
        a64_flags_to_record(e);
    }
    a64_mem(e->out, load_word(inst->aux), REG_X1, REG_CONTEXT, (uint32_t)inst->imm);
    operand_store(e, inst->dst, inst->width, REG_X1);
}

void select_put(struct emit *e, const struct ir_inst *inst)
{
    if (inst->imm == offsetof(struct context, flags)) {
        e->flags = (struct flag_state){.record = true};
    }
    unsigned from = operand_use(e, inst, inst->a, inst->width, REG_X1);
    a64_mem(e->out, store_word(inst->width), from, REG_CONTEXT, (uint32_t)inst->imm);
}
