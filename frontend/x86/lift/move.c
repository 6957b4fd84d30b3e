/*
 * Data movement: MOV and its relatives, exchanges, conditional moves, conversions.
 */
#include "frontend/x86/lift/build.h"

#include <stddef.h>

static bool is_kind(const struct x86_insn *insn, unsigned kind)
{
    return insn->ops[0].kind == kind || insn->ops[1].kind == kind;
}

void lift_mov(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    if (insn->ops[0].kind == X86_OPERAND_SREG) {
        lift_mov_to_segment(l, insn);
    } else if (insn->ops[1].kind == X86_OPERAND_SREG) {
        lift_mov_from_segment(l, insn);
    } else if (is_kind(insn, X86_OPERAND_CR) || is_kind(insn, X86_OPERAND_DR)) {
        lift_mov_control(l, insn);
    } else if (is_kind(insn, X86_OPERAND_TR)) {
        lift_mov_test(l, insn);
    } else {
        struct ir_inst *inst = lift_op(l, IR_mov, insn->ops[0].width, IR_NONE, IR_NONE, IR_NONE);
        inst->dst = lift_operand(inst, &insn->ops[0], insn->address_size);
        inst->a = lift_operand(inst, &insn->ops[1], insn->address_size);
    }
}

/* MOVZX MOVSX */
void lift_extend(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    struct ir_inst *inst =
        lift_op(l, (enum ir_op)arg, insn->ops[0].width, IR_NONE, IR_NONE, IR_NONE);
    inst->aux = (uint8_t)insn->ops[1].width;
    inst->dst = lift_operand(inst, &insn->ops[0], insn->address_size);
    inst->a = lift_operand(inst, &insn->ops[1], insn->address_size);
}

void lift_lea(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    struct ir_inst *inst =
        lift_op(l, IR_lea, insn->ops[0].width, insn->ops[0].reg, IR_NONE, IR_NONE);
    lift_address(inst, &insn->ops[1], insn->address_size);
}

void lift_xchg(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    struct ir_inst *inst = lift_op(l, IR_xchg, insn->ops[0].width, IR_NONE, IR_NONE, IR_NONE);
    inst->dst = lift_operand(inst, &insn->ops[0], insn->address_size);
    inst->a = lift_operand(inst, &insn->ops[1], insn->address_size);
}

static void lift_exchange(struct lift *l, const struct x86_insn *insn, enum ir_op op)
{
    struct ir_inst *inst = lift_op(l, op, insn->ops[0].width, IR_NONE, IR_NONE, IR_NONE);
    inst->dst = inst->a = lift_operand(inst, &insn->ops[0], insn->address_size);
    inst->b = lift_operand(inst, &insn->ops[1], insn->address_size);
}

void lift_cmpxchg(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    lift_exchange(l, insn, IR_cmpxchg);
}

void lift_xadd(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    lift_exchange(l, insn, IR_xadd);
}

void lift_cmpxchg8b(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    lift_ea(l, insn, IR_T0, &insn->ops[0]);
    lift_callout(l, CALLOUT_cmpxchg8b, IR_NONE, IR_T0, IR_NONE, insn->ops[0].seg);
}

void lift_setcc(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    struct ir_inst *inst = lift_op(l, IR_setcc, 1, IR_NONE, IR_NONE, IR_NONE);
    inst->dst = lift_operand(inst, &insn->ops[0], insn->address_size);
    lift_condition(inst, insn->opcode);
}

void lift_cmov(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    struct ir_inst *inst = lift_op(l, IR_cmov, insn->ops[0].width, IR_NONE, IR_NONE, IR_NONE);
    inst->dst = lift_operand(inst, &insn->ops[0], insn->address_size);
    inst->a = lift_operand(inst, &insn->ops[1], insn->address_size);
    lift_condition(inst, insn->opcode);
}

/* CBW CWDE */
void lift_cbw(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    lift_op(l, IR_movsx, insn->operand_size, GUEST_RAX, GUEST_RAX, IR_NONE)->aux =
        insn->operand_size / 2;
}

/* CWD CDQ */
void lift_cwd(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    lift_op(l, IR_cdq, insn->operand_size, GUEST_RDX, GUEST_RAX, IR_NONE);
}

void lift_bswap(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    unsigned reg = insn->ops[0].reg;
    if (insn->operand_size == 2) { /* undefined by the manual; hardware clears the register */
        lift_op(l, IR_mov, 2, reg, IR_IMM, IR_NONE)->imm = 0;
    } else {
        lift_op(l, IR_bswap, insn->operand_size, reg, reg, IR_NONE);
    }
}

/* AL = [rBX + AL]: the index is AL alone. */
void lift_xlat(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    lift_op(l, IR_movzx, 4, IR_T0, GUEST_RAX, IR_NONE)->aux = 1;
    struct ir_inst *inst = lift_op(l, IR_mov, 1, GUEST_RAX, IR_MEM, IR_NONE);
    lift_address(inst, &insn->ops[0], insn->address_size);
    inst->index = IR_T0;
}

/* CLD STD: arg is the step as 16 bits. */
void lift_direction(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)insn;
    lift_constant(l, IR_T0, (uint64_t)(int16_t)arg);
    lift_op(l, IR_put, 4, IR_NONE, IR_T0, IR_NONE)->imm = offsetof(struct context, df);
}
