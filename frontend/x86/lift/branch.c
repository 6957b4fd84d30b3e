/*
 * Near control transfer.  Every function here ends the block.
 */
#include "frontend/x86/lift/build.h"

static uint64_t relative_target(const struct lift *l, const struct x86_insn *insn)
{
    uint64_t target = l->next + (uint64_t)insn->ops[0].value;
    return target & (insn->operand_size == 2 ? 0xffff : 0xffffffff);
}

/* Where the target of a branch may be over the limit of CS, the branch itself faults: code segments
 * with a limit, and 32-bit targets in 16-bit code.  Backwards into its own block it never is. */
static bool limited(const struct lift *l, const struct x86_insn *insn)
{
    return (l->mode & MODE_CS_CHECKED) || (!(l->mode & MODE_CODE32) && insn->operand_size == 4);
}

static bool may_pass_limit(const struct lift *l, const struct x86_insn *insn, uint64_t target)
{
    return limited(l, insn) && (target >= l->next || target > 0xffff);
}

/* temp = the target, checked. */
static void check_target(struct lift *l, unsigned temp, uint64_t target)
{
    lift_constant(l, temp, target);
    lift_callout(l, CALLOUT_near_target, temp, temp, IR_NONE, 0);
}

static void check_indirect(struct lift *l, const struct x86_insn *insn)
{
    if (limited(l, insn)) {
        lift_callout(l, CALLOUT_near_target, IR_T0, IR_T0, IR_NONE, 0);
    }
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
        uint64_t target = relative_target(l, insn);
        if (may_pass_limit(l, insn, target)) {
            check_target(l, IR_T0, target);
        }
        lift_jump(l, target);
    } else {
        lift_value(l, insn, IR_T0, &insn->ops[0], insn->operand_size);
        check_indirect(l, insn);
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
    uint64_t target = relative_target(l, insn);
    if (may_pass_limit(l, insn, target)) { /* the other way round, the check behind it */
        branch_on_condition(l, insn->opcode ^ 1u, lift_next(l));
        check_target(l, IR_T0, target);
        lift_jump(l, target);
        return;
    }
    branch_on_condition(l, insn->opcode, target);
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

/* The limit of CS, before the count changes; cc: of LOOPE and LOOPNE, or 0. */
static void check_loop(struct lift *l, const struct x86_insn *insn, unsigned cc)
{
    uint64_t target = relative_target(l, insn);
    if (may_pass_limit(l, insn, target)) {
        struct ir_inst *inst = lift_op(l, IR_lea, 4, IR_T0, IR_NONE, IR_NONE);
        inst->base = GUEST_RCX;
        inst->disp = -1;
        inst->asize = insn->address_size;
        inst->seg = SEG_DS;
        lift_constant(l, IR_T1, target);
        lift_callout(l, CALLOUT_loop_target, IR_NONE, IR_T1, IR_T0, cc);
    }
}

void lift_loop(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    check_loop(l, insn, 0);
    decrement_count(l, insn);
    branch_on_count(l, insn, IR_brnz, relative_target(l, insn));
    lift_end(l);
}

/* LOOPE LOOPNE: arg is the condition that goes on looping. */
void lift_loopcc(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    check_loop(l, insn, arg);
    decrement_count(l, insn);
    branch_on_count(l, insn, IR_brz, lift_next(l));
    branch_on_condition(l, arg, relative_target(l, insn));
    lift_end(l);
}

void lift_jcxz(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    uint64_t target = relative_target(l, insn);
    if (may_pass_limit(l, insn, target)) {
        branch_on_count(l, insn, IR_brnz, lift_next(l));
        check_target(l, IR_T0, target);
        lift_jump(l, target);
        return;
    }
    branch_on_count(l, insn, IR_brz, target);
    lift_end(l);
}

void lift_call(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    unsigned size = insn->operand_size;
    bool direct = insn->ops[0].kind == X86_OPERAND_REL;
    if (!direct) {
        lift_value(l, insn, IR_T0, &insn->ops[0], size);
        check_indirect(l, insn);
    } else if (may_pass_limit(l, insn, relative_target(l, insn))) {
        check_target(l, IR_T0, relative_target(l, insn));
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
    if (limited(l, insn)) {
        struct ir_inst *top = lift_op(l, IR_mov, insn->operand_size, IR_T0, IR_MEM, IR_NONE);
        top->seg = SEG_SS;
        top->base = GUEST_RSP;
        top->asize = (uint8_t)stack;
        check_indirect(l, insn);
    }
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
