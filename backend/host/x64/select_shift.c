/* Shifts and rotates.  Counts are immediate or in CL; any other register is exchanged with RCX. */
#include "backend/host/x64/select.h"

static unsigned shift_digit(unsigned op)
{
    switch (op) {
    case IR_rol:
        return 0;
    case IR_ror:
        return 1;
    case IR_rcl:
        return 2;
    case IR_rcr:
        return 3;
    case IR_shl:
        return 4;
    case IR_shr:
        return 5;
    default:
        return 7; /* sar */
    }
}

static void emit_shift(struct emit *e, const struct ir_inst *inst, struct x64_rm where)
{
    unsigned digit = shift_digit(inst->op);
    unsigned count = (unsigned)inst->imm & (inst->width == 8 ? 63 : 31);
    if (inst->b != IR_IMM) {
        x64_opw(e->out, inst->width, X64_DIGIT | 0xd2, digit, where);
    } else if (count == 1) {
        x64_opw(e->out, inst->width, X64_DIGIT | 0xd0, digit, where);
    } else if (count != 0) {
        x64_opw(e->out, inst->width, X64_DIGIT | 0xc0, digit, where);
        buffer_put8(e->out, (uint8_t)count);
    }
}

void body_shift(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    bool foreign = inst->b != IR_IMM && inst->b != GUEST_RCX;
    bool direct =
        inst->dst == inst->a && !foreign && (!operand_is_temp(inst->dst) || inst->dst <= IR_T1);
    if (direct) {
        emit_shift(e, inst, operand_rm(inst->dst, mem));
        operand_settle(e, inst->dst, inst->width);
        return;
    }
    operand_load(e, inst, inst->a, inst->width, REG_SCRATCH, mem);
    if (foreign) {
        struct x64_rm count = operand_rm(inst->b, mem);
        x64_op(e->out, 8, 0x87, X64_RCX, count); /* xchg */
        emit_shift(e, inst, x64_reg(REG_SCRATCH));
        x64_op(e->out, 8, 0x87, X64_RCX, count);
    } else {
        emit_shift(e, inst, x64_reg(REG_SCRATCH));
    }
    operand_store(e, inst->dst, inst->width, REG_SCRATCH, mem);
}

void body_double_shift(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    uint32_t opcode = X64_0F | (inst->op == IR_shld ? 0xa4u : 0xacu) | (inst->aux == 1);
    struct x64_rm from = operand_rm(inst->b, mem);
    bool direct = inst->dst == inst->a && !operand_is_temp(inst->dst);
    struct x64_rm where = x64_reg(REG_SCRATCH);
    if (direct) {
        where = operand_rm(inst->dst, mem);
    } else {
        operand_load(e, inst, inst->a, inst->width, REG_SCRATCH, mem);
    }
    unsigned reg = operand_borrow(e, from);
    x64_op(e->out, inst->width, opcode, reg, where);
    if (inst->aux != 1) {
        buffer_put8(e->out, (uint8_t)inst->imm);
    }
    operand_give_back(e, from);
    if (!direct) {
        operand_store(e, inst->dst, inst->width, REG_SCRATCH, mem);
    }
}
