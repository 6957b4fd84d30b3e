/*
 * Two-operand arithmetic and logic, one-operand forms, carry and direction of flags.
 */
#include "frontend/x86/lift/build.h"

/* ADD OR ADC SBB AND SUB XOR: arg is the IR operation. */
void lift_binary(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    struct ir_inst *inst =
        lift_op(l, (enum ir_op)arg, insn->ops[0].width, IR_NONE, IR_NONE, IR_NONE);
    inst->dst = inst->a = lift_operand(inst, &insn->ops[0], insn->address_size);
    inst->b = lift_operand(inst, &insn->ops[1], insn->address_size);
}

/* CMP TEST */
void lift_compare(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    struct ir_inst *inst =
        lift_op(l, (enum ir_op)arg, insn->ops[0].width, IR_NONE, IR_NONE, IR_NONE);
    inst->a = lift_operand(inst, &insn->ops[0], insn->address_size);
    inst->b = lift_operand(inst, &insn->ops[1], insn->address_size);
}

/* INC DEC NEG NOT */
void lift_unary(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    struct ir_inst *inst =
        lift_op(l, (enum ir_op)arg, insn->ops[0].width, IR_NONE, IR_NONE, IR_NONE);
    inst->dst = inst->a = lift_operand(inst, &insn->ops[0], insn->address_size);
}

/* CLC STC CMC LAHF SAHF SALC: operands are implied. */
void lift_flag(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)insn;
    lift_op(l, (enum ir_op)arg, 1, IR_NONE, IR_NONE, IR_NONE);
}
