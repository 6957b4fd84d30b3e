/*
 * Near control transfer.  Every function here ends the block.
 */
#include "frontend/x86/lift/build.h"

static uint64_t relative_target(const struct lift *l, const struct x86_insn *insn)
{
    uint64_t target = l->next + (uint64_t)insn->ops[0].value;
    return target & (insn->operand_size == 2 ? 0xffff : 0xffffffff);
}

static void jump_indirect(struct lift *l, unsigned target, enum ir_branch_hint hint)
{
    lift_op(l, IR_jmp_ind, 4, IR_NONE, target, IR_NONE)->aux = (uint8_t)hint;
    l->ended = true;
}

void lift_jmp(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    if (insn->ops[0].kind == X86_OPERAND_REL) {
        lift_jump(l, relative_target(l, insn));
    } else {
        lift_value(l, insn, IR_T0, &insn->ops[0], insn->operand_size);
        jump_indirect(l, IR_T0, IR_BRANCH_JUMP);
    }
}

static void branch_on_condition(struct lift *l, unsigned cc, uint64_t target)
{
    struct ir_inst *inst = lift_op(l, IR_brcc, 4, IR_NONE, IR_NONE, IR_NONE);
    lift_condition(inst, cc);
    inst->imm = target;
}

void lift_jcc(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    branch_on_condition(l, insn->opcode, relative_target(l, insn));
    lift_end(l);
}

/* rCX -= 1 at address size, without flags. */
static void decrement_count(struct lift *l, const struct x86_insn *insn)
{
    struct ir_inst *inst = lift_op(l, IR_lea, insn->address_size, GUEST_RCX, IR_NONE, IR_NONE);
    inst->base = GUEST_RCX;
    inst->disp = -1;
    inst->asize = insn->address_size;
    inst->seg = SEG_DS;
}

static void branch_on_count(struct lift *l, const struct x86_insn *insn, enum ir_op op,
                            uint64_t target)
{
    lift_op(l, op, insn->address_size, IR_NONE, GUEST_RCX, IR_NONE)->imm = target;
}

void lift_loop(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    decrement_count(l, insn);
    branch_on_count(l, insn, IR_brnz, relative_target(l, insn));
    lift_end(l);
}

/* LOOPE LOOPNE: arg is the condition that goes on looping. */
void lift_loopcc(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    decrement_count(l, insn);
    branch_on_count(l, insn, IR_brz, lift_next(l));
    branch_on_condition(l, arg, relative_target(l, insn));
    lift_end(l);
}

void lift_jcxz(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    branch_on_count(l, insn, IR_brz, relative_target(l, insn));
    lift_end(l);
}

void lift_call(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    unsigned size = insn->operand_size;
    bool direct = insn->ops[0].kind == X86_OPERAND_REL;
    if (!direct) {
        lift_value(l, insn, IR_T0, &insn->ops[0], size);
    }
    lift_op(l, IR_push, size, IR_NONE, IR_IMM, IR_NONE)->imm =
        l->next & (size == 2 ? 0xffff : 0xffffffff);
    if (direct) {
        lift_jump(l, relative_target(l, insn));
    } else {
        jump_indirect(l, IR_T0, IR_BRANCH_CALL);
    }
}

void lift_ret(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    unsigned stack = lift_stack_size(l);
    lift_op(l, IR_pop, insn->operand_size, IR_T0, IR_NONE, IR_NONE);
    if (insn->nops == 1) {
        struct ir_inst *inst = lift_op(l, IR_lea, stack, GUEST_RSP, IR_NONE, IR_NONE);
        inst->base = GUEST_RSP;
        inst->disp = (int32_t)(insn->ops[0].value & 0xffff);
        inst->asize = (uint8_t)stack;
        inst->seg = SEG_SS;
    }
    jump_indirect(l, IR_T0, IR_BRANCH_RETURN);
}
