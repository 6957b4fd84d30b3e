/* Two-operand arithmetic, logic, multiplication, bit tests and scans. */
#include "backend/host/x64/select.h"

/* Numbers of the eight classic operations. */
static unsigned alu_digit(unsigned op)
{
    switch (op) {
    case IR_add:
        return 0;
    case IR_or:
        return 1;
    case IR_adc:
        return 2;
    case IR_sbb:
        return 3;
    case IR_and:
        return 4;
    case IR_sub:
        return 5;
    case IR_xor:
        return 6;
    case IR_cmp:
        return 7;
    default:
        return 8;
    }
}

static int32_t imm_of(const struct ir_inst *inst)
{
    return (int32_t)inst->imm;
}

static bool is_imm(unsigned operand)
{
    return operand == IR_IMM;
}

/* left = left op right; not both memory except through r12, which `left` then is not. */
static void emit_pair(struct emit *e, const struct ir_inst *inst, struct x64_rm left,
                      struct x64_rm mem)
{
    struct code_buffer *out = e->out;
    unsigned digit = alu_digit(inst->op);
    if (is_imm(inst->b)) {
        if (inst->op == IR_test) {
            x64_opw(out, inst->width, X64_DIGIT | 0xf6, 0, left);
            buffer_put(out, inst->imm, inst->width > 4 ? 4 : inst->width);
        } else {
            x64_alu_imm(out, inst->width, digit, left, imm_of(inst));
        }
        return;
    }
    struct x64_rm right = operand_rm(inst->b, mem);
    if (left.memory && right.memory) {
        x64_load(out, inst->width, REG_SCRATCH, right);
        right = x64_reg(REG_SCRATCH);
    }
    if (inst->op == IR_test) {
        if (right.memory) {
            x64_opw(out, inst->width, 0x84, left.reg, right);
        } else {
            x64_opw(out, inst->width, 0x84, right.reg, left);
        }
    } else if (right.memory) {
        x64_opw(out, inst->width, digit << 3 | 2, left.reg, right);
    } else {
        x64_opw(out, inst->width, digit << 3, right.reg, left);
    }
}

static bool overlaps(unsigned operand, struct x64_rm reg)
{
    if (operand >= IR_IMM) { /* IR_NONE, too */
        return false;
    }
    struct x64_rm other = operand_rm(operand, reg);
    return !other.memory && !reg.memory && x64_whole(other.reg) == x64_whole(reg.reg);
}

/* The place where dst = a op b can be computed: dst itself when it already is a or can become a
 * copy of it, else r12. */
static struct x64_rm begin_binary(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    if (inst->dst == inst->a && (!operand_is_temp(inst->dst) || inst->dst <= IR_T1)) {
        return operand_rm(inst->dst, mem);
    }
    if (inst->dst < 8 || inst->dst == IR_T0 || inst->dst == IR_T1) {
        struct x64_rm dst = operand_rm(inst->dst, mem);
        if (!overlaps(inst->b, dst) && inst->width >= 4) {
            operand_load(e, inst, inst->a, inst->width, dst.reg, mem);
            return dst;
        }
    }
    operand_load(e, inst, inst->a, inst->width, REG_SCRATCH, mem);
    return x64_reg(REG_SCRATCH);
}

static void end_binary(struct emit *e, const struct ir_inst *inst, struct x64_rm where,
                       struct x64_rm mem)
{
    if (!where.memory && where.reg == REG_SCRATCH) {
        operand_store(e, inst->dst, inst->width, REG_SCRATCH, mem);
    } else {
        operand_settle(e, inst->dst, inst->width);
    }
}

void body_alu(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    if (inst->op == IR_cmp || inst->op == IR_test) {
        struct x64_rm left;
        if (is_imm(inst->a)) {
            operand_load(e, inst, inst->a, inst->width, REG_SCRATCH, mem);
            left = x64_reg(REG_SCRATCH);
        } else {
            left = operand_rm(inst->a, mem);
        }
        emit_pair(e, inst, left, mem);
        return;
    }
    struct x64_rm where = begin_binary(e, inst, mem);
    emit_pair(e, inst, where, mem);
    end_binary(e, inst, where, mem);
}

static bool unary_in_place(const struct ir_inst *inst)
{
    return inst->dst == inst->a && (!operand_is_temp(inst->dst) || inst->dst <= IR_T1);
}

static void emit_unary(struct emit *e, const struct ir_inst *inst, struct x64_rm mem,
                       uint32_t opcode, unsigned digit)
{
    struct x64_rm where;
    if (unary_in_place(inst)) {
        where = operand_rm(inst->dst, mem);
    } else {
        operand_load(e, inst, inst->a, inst->width, REG_SCRATCH, mem);
        where = x64_reg(REG_SCRATCH);
    }
    x64_opw(e->out, inst->width, X64_DIGIT | opcode, digit, where);
    end_binary(e, inst, where, mem);
}

void body_incdec(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    emit_unary(e, inst, mem, 0xfe, inst->op == IR_inc ? 0 : 1);
}

void body_not_neg(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    emit_unary(e, inst, mem, 0xf6, inst->op == IR_not ? 2 : 3);
}

void body_bswap(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    operand_load(e, inst, inst->a, inst->width, REG_SCRATCH, mem);
    if (inst->width == 2) {
        x64_mov_imm(e->out, REG_SCRATCH, 0); /* what hardware gives for the undefined form */
    } else {
        buffer_put8(e->out, inst->width == 8 ? 0x49 : 0x41);
        buffer_put8(e->out, 0x0f);
        buffer_put8(e->out, 0xc8 | (REG_SCRATCH & 7));
    }
    operand_store(e, inst->dst, inst->width, REG_SCRATCH, mem);
}

void body_imul(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    struct code_buffer *out = e->out;
    if (is_imm(inst->b)) {
        struct x64_rm from = operand_rm(inst->a, mem);
        bool direct = inst->dst < 8;
        unsigned to = direct ? abi_gpr(inst->dst) : (unsigned)REG_SCRATCH;
        x64_op(out, inst->width, 0x69, to, from);
        buffer_put(out, inst->imm, inst->width == 2 ? 2 : 4);
        if (!direct) {
            operand_store(e, inst->dst, inst->width, REG_SCRATCH, mem);
        }
        return;
    }
    struct x64_rm where = begin_binary(e, inst, mem);
    if (where.memory) {
        x64_load(out, inst->width, REG_SCRATCH, where);
        where = x64_reg(REG_SCRATCH);
    }
    x64_op(out, inst->width, X64_0F | 0xaf, where.reg, operand_rm(inst->b, mem));
    end_binary(e, inst, where, mem);
}

void body_mul1(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    x64_opw(e->out, inst->width, X64_DIGIT | 0xf6, inst->op == IR_mul1 ? 4 : 5,
            operand_rm(inst->a, mem));
}

void body_bit(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    struct code_buffer *out = e->out;
    unsigned digit = inst->op == IR_bt ? 4 : inst->op == IR_bts ? 5 : inst->op == IR_btr ? 6 : 7;
    bool test = inst->op == IR_bt;
    if (is_imm(inst->b)) {
        bool in_place = test ? !operand_is_temp(inst->a) : unary_in_place(inst);
        struct x64_rm where = operand_rm(inst->a, mem);
        if (!in_place) {
            operand_load(e, inst, inst->a, inst->width, REG_SCRATCH, mem);
            where = x64_reg(REG_SCRATCH);
        }
        x64_op(out, inst->width, X64_0F | X64_DIGIT | 0xba, digit, where);
        buffer_put8(out, (uint8_t)inst->imm & (uint8_t)(inst->width * 8 - 1));
        if (!test) {
            end_binary(e, inst, where, mem);
        }
        return;
    }
    struct x64_rm bit = operand_rm(inst->b, mem);
    operand_load(e, inst, inst->a, inst->width, REG_SCRATCH, mem);
    unsigned reg = operand_borrow(e, bit);
    x64_op(out, inst->width, X64_0F | 0x83u | digit << 3, reg, x64_reg(REG_SCRATCH));
    operand_give_back(e, bit);
    if (!test) {
        operand_store(e, inst->dst, inst->width, REG_SCRATCH, mem);
    }
}

/* What else than ZF a scan leaves in the flags is another thing on each host, so they are tested
 * for once more. */
void body_scan(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    uint32_t opcode = X64_0F | (inst->op == IR_bsf ? 0xbcu : 0xbdu);
    struct x64_rm source = x64_reg(REG_SCRATCH), to = operand_rm(inst->dst, mem);
    operand_load(e, inst, inst->a, inst->width, REG_SCRATCH, mem);
    unsigned reg = operand_borrow(e, to);
    x64_op(e->out, inst->width, opcode, reg, source);
    operand_give_back(e, to);
    x64_op(e->out, inst->width, 0x85, REG_SCRATCH, source);
    operand_settle(e, inst->dst, inst->width);
}
