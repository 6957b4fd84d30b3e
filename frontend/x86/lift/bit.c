/*
 * Bit tests and bit scans.  A register bit offset into memory reaches beyond the operand: bit_ea
 * makes the address of the unit that holds the bit.
 */
#include "frontend/x86/lift/build.h"

/* BT BTS BTR BTC: arg is the IR operation. */
void lift_bit_test(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    const struct x86_operand *base = &insn->ops[0];
    const struct x86_operand *bit = &insn->ops[1];
    bool far = base->kind == X86_OPERAND_MEM && bit->kind == X86_OPERAND_REG;
    if (far) {
        struct ir_inst *ea = lift_op(l, IR_bit_ea, base->width, IR_T0, IR_NONE, bit->reg);
        lift_address(ea, base, insn->address_size);
    }
    struct ir_inst *inst = lift_op(l, (enum ir_op)arg, base->width, IR_NONE, IR_NONE, IR_NONE);
    inst->a = lift_operand(inst, base, insn->address_size);
    inst->b = lift_operand(inst, bit, insn->address_size);
    if (bit->kind == X86_OPERAND_IMM) {
        inst->imm &= base->width * 8u - 1;
    }
    if (far) {
        inst->base = IR_T0;
        inst->index = IR_NONE;
        inst->scale = 0;
        inst->disp = 0;
    }
    if (arg != IR_bt) {
        inst->dst = inst->a;
    }
}

/* BSF BSR */
void lift_bit_scan(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    struct ir_inst *inst =
        lift_op(l, (enum ir_op)arg, insn->ops[0].width, IR_NONE, IR_NONE, IR_NONE);
    inst->dst = lift_operand(inst, &insn->ops[0], insn->address_size);
    inst->a = lift_operand(inst, &insn->ops[1], insn->address_size);
}
