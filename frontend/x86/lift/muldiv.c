/*
 * Multiplication, division and decimal adjustment.
 */
#include "frontend/x86/lift/build.h"

/* MUL, and the one-operand IMUL. */
void lift_multiply(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    struct ir_inst *inst =
        lift_op(l, (enum ir_op)arg, insn->ops[0].width, IR_NONE, IR_NONE, IR_NONE);
    inst->a = lift_operand(inst, &insn->ops[0], insn->address_size);
}

void lift_imul(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    if (insn->nops == 1) {
        lift_multiply(l, insn, IR_imul1);
        return;
    }
    unsigned first = insn->nops == 3 ? 1 : 0;
    struct ir_inst *inst = lift_op(l, IR_imul, insn->ops[0].width, IR_NONE, IR_NONE, IR_NONE);
    inst->dst = lift_operand(inst, &insn->ops[0], insn->address_size);
    inst->a = lift_operand(inst, &insn->ops[first], insn->address_size);
    inst->b = lift_operand(inst, &insn->ops[first + 1], insn->address_size);
}

/* DIV IDIV: arg is the callout. */
void lift_divide(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    lift_value(l, insn, IR_T0, &insn->ops[0], insn->ops[0].width);
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_T0, IR_NONE, insn->ops[0].width);
}

/* DAA DAS AAA AAS */
void lift_adjust(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)insn;
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_NONE, IR_NONE, 0);
}

/* AAM AAD */
void lift_adjust_base(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_NONE, IR_NONE,
                 (uint64_t)insn->ops[0].value & 255);
}
