/*
 * The stack: PUSH, POP, PUSHA, ENTER, LEAVE.  Stores come before ESP changes, loads before writes.
 */
#include "frontend/x86/lift/build.h"

/* temp 0 = SP as it will be: what PUSH SP stores up to the 80186. */
static void moved_stack_pointer(struct lift *l)
{
    struct ir_inst *inst = lift_op(l, IR_lea, 2, IR_T0, IR_NONE, IR_NONE);
    inst->seg = SEG_SS;
    inst->base = GUEST_RSP;
    inst->disp = -2;
    inst->asize = 2;
}

void lift_push(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    const struct x86_operand *op = &insn->ops[0];
    if (op->kind == X86_OPERAND_SREG) {
        lift_push_segment(l, insn);
        return;
    }
    bool moved =
        op->kind == X86_OPERAND_REG && op->reg == GUEST_RSP && !lift_has(l, X86_FEATURE_286);
    if (moved) {
        moved_stack_pointer(l);
    } else if (op->kind == X86_OPERAND_MEM) {
        lift_value(l, insn, IR_T0, op, insn->operand_size);
    }
    struct ir_inst *inst = lift_op(l, IR_push, insn->operand_size, IR_NONE, IR_T0, IR_NONE);
    if (op->kind != X86_OPERAND_MEM && !moved) {
        inst->a = lift_operand(inst, op, insn->address_size);
    }
}

/* temp = [SS:base + disp], stack-sized address. */
static void load_stack(struct lift *l, unsigned temp, unsigned width, unsigned base)
{
    struct ir_inst *inst = lift_op(l, IR_mov, width, temp, IR_MEM, IR_NONE);
    inst->seg = SEG_SS;
    inst->base = (uint8_t)base;
    inst->asize = (uint8_t)lift_stack_size(l);
}

/* rSP = base + disp at stack size. */
static void set_stack(struct lift *l, unsigned base, int32_t disp)
{
    struct ir_inst *inst = lift_op(l, IR_lea, lift_stack_size(l), GUEST_RSP, IR_NONE, IR_NONE);
    inst->seg = SEG_SS;
    inst->base = (uint8_t)base;
    inst->disp = disp;
    inst->asize = (uint8_t)lift_stack_size(l);
}

void lift_push_word_as_dword(struct lift *l, unsigned operand)
{
    struct ir_inst *inst = lift_op(l, IR_mov, 2, IR_MEM, operand, IR_NONE);
    inst->seg = SEG_SS;
    inst->base = GUEST_RSP;
    inst->disp = -4;
    inst->asize = (uint8_t)lift_stack_size(l);
    set_stack(l, GUEST_RSP, -4);
}

/* POP to memory: an address based on ESP uses ESP after the pop.  On the 80286 the stack pointer
 * has moved even when the store faults. */
static void pop_memory(struct lift *l, const struct x86_insn *insn)
{
    unsigned width = insn->operand_size;
    load_stack(l, IR_T0, width, GUEST_RSP);
    if (lift_is_286(l)) {
        set_stack(l, GUEST_RSP, (int32_t)width);
        lift_store(l, insn, &insn->ops[0], IR_T0, width);
        return;
    }
    struct ir_inst *inst = lift_op(l, IR_mov, width, IR_MEM, IR_T0, IR_NONE);
    lift_address(inst, &insn->ops[0], insn->address_size);
    if (inst->base == GUEST_RSP) {
        inst->disp = (int32_t)((uint32_t)inst->disp + width);
    }
    set_stack(l, GUEST_RSP, (int32_t)width);
}

void lift_pop(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    const struct x86_operand *op = &insn->ops[0];
    if (op->kind == X86_OPERAND_SREG) {
        lift_pop_segment(l, insn);
    } else if (op->kind == X86_OPERAND_MEM) {
        pop_memory(l, insn);
    } else {
        lift_op(l, IR_pop, insn->operand_size, op->reg, IR_NONE, IR_NONE);
    }
}

/* PUSHA POPA: arg is the callout. */
void lift_pusha(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_NONE, IR_NONE, insn->operand_size);
}

void lift_enter(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    lift_constant(l, IR_T0, (uint64_t)insn->ops[0].value & 0xffff);
    lift_callout_const(l, CALLOUT_enter, IR_NONE, IR_T0, (int32_t)(insn->ops[1].value & 31),
                       insn->operand_size);
}

void lift_leave(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    load_stack(l, IR_T0, insn->operand_size, GUEST_RBP);
    set_stack(l, GUEST_RBP, insn->operand_size);
    lift_op(l, IR_mov, insn->operand_size, GUEST_RBP, IR_T0, IR_NONE);
}
