/*
 * Shifts and rotates.  The count is masked to 5 bits, but on the 8086.  A count of zero changes
 * nothing, but memory is written all the same, so a page that may not be written faults.
 */
#include "frontend/x86/lift/build.h"

/* A constant count of zero: nothing to do for a register. */
static bool moves_nothing(const struct x86_insn *insn, const struct x86_operand *count)
{
    return count->kind == X86_OPERAND_IMM && (count->value & 31) == 0 &&
           insn->ops[0].kind != X86_OPERAND_MEM;
}

/* The constant count of an operation, which leaves the flags alone when it is zero. */
static void constant_count(struct ir_inst *inst, const struct x86_operand *count)
{
    inst->imm = (uint64_t)count->value & 31;
    if (inst->imm == 0) {
        inst->flags_written = 0;
        inst->flags_read = 0;
    }
}

/* A count that may turn out to be zero lets the old flags through. */
static void variable_count(struct ir_inst *inst)
{
    inst->flags_read |= inst->flags_written;
}

/* By a callout whose flags are those of the last step.  The 8086 counts all of CL down.  On the
 * 80286 the operand is written back first, so that a fault comes before the flags change. */
static void shift_stepwise(struct lift *l, const struct x86_insn *insn)
{
    const struct x86_operand *op = &insn->ops[0];
    uint64_t imm = (insn->modrm >> 3 & 7u) == 6 && lift_is_286(l) ? 4 : insn->modrm >> 3 & 7u;
    imm |= (uint64_t)op->width << 8;
    lift_value(l, insn, IR_T0, op, op->width);
    if (lift_is_286(l) && op->kind == X86_OPERAND_MEM) {
        lift_store(l, insn, op, IR_T0, op->width);
    }
    if (insn->ops[1].kind == X86_OPERAND_IMM) {
        lift_callout_const(l, CALLOUT_shift, IR_T0, IR_T0, (int32_t)(insn->ops[1].value & 31), imm);
    } else {
        imm |= lift_is_286(l) ? 1u << 12 : 0;
        lift_callout(l, CALLOUT_shift, IR_T0, IR_T0, GUEST_RCX, imm);
    }
    lift_store(l, insn, op, IR_T0, op->width);
}

/* SETMO, and SETMOC that does so when CL is not zero: the operand becomes all ones. */
void lift_setmo(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    if (insn->ops[1].kind != X86_OPERAND_IMM) {
        shift_stepwise(l, insn);
        return;
    }
    struct ir_inst *inst = lift_op(l, IR_or, insn->ops[0].width, IR_NONE, IR_NONE, IR_IMM);
    inst->dst = inst->a = lift_operand(inst, &insn->ops[0], insn->address_size);
    inst->imm = UINT32_MAX;
}

void lift_shift(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    const struct x86_operand *count = &insn->ops[1];
    bool constant = count->kind == X86_OPERAND_IMM;
    if (moves_nothing(insn, count)) {
        return;
    }
    bool zero = constant && (count->value & 31) == 0;
    if (!zero && (!lift_has(l, X86_FEATURE_186) || (arg == IR_shl && lift_is_286(l)))) {
        shift_stepwise(l, insn);
        return;
    }
    struct ir_inst *inst =
        lift_op(l, (enum ir_op)arg, insn->ops[0].width, IR_NONE, IR_NONE, IR_NONE);
    inst->dst = inst->a = lift_operand(inst, &insn->ops[0], insn->address_size);
    inst->b = constant ? IR_IMM : GUEST_RCX;
    if (!constant || arg == IR_rcl || arg == IR_rcr) {
        variable_count(inst);
    }
    if (constant) {
        constant_count(inst, count);
    }
}

void lift_double_shift(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    const struct x86_operand *count = &insn->ops[2];
    bool constant = count->kind == X86_OPERAND_IMM;
    if (moves_nothing(insn, count)) {
        return;
    }
    struct ir_inst *inst =
        lift_op(l, (enum ir_op)arg, insn->ops[0].width, IR_NONE, IR_NONE, IR_NONE);
    inst->dst = inst->a = lift_operand(inst, &insn->ops[0], insn->address_size);
    inst->b = lift_operand(inst, &insn->ops[1], insn->address_size);
    inst->aux = !constant;
    if (constant) {
        constant_count(inst, count);
    } else {
        variable_count(inst);
    }
}
