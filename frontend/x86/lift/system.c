/*
 * System instructions that trap by level: tables, control and debug registers, HLT, CLI, STI,
 * model-specific registers.
 */
#include "frontend/x86/lift/build.h"

/* Callouts without operands that decide about levels themselves (CLI, RDTSC, CPUID...). */
void lift_level(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)insn;
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_NONE, IR_NONE, 0);
}

/* Privileged callouts without operands (HLT, CLTS, WBINVD, RDMSR...). */
void lift_system(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)insn;
    if (!lift_privileged(l)) {
        lift_callout(l, (enum callout_id)arg, IR_NONE, IR_NONE, IR_NONE, 0);
    }
}

/* Privileged callouts of a 16-bit value (LLDT LTR LMSW). */
void lift_system_value(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    if (!lift_privileged(l)) {
        lift_value(l, insn, IR_T0, &insn->ops[0], 2);
        lift_callout(l, (enum callout_id)arg, IR_NONE, IR_T0, IR_NONE, 0);
    }
}

/* SGDT SIDT LGDT LIDT */
void lift_table(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    if ((arg == CALLOUT_lgdt || arg == CALLOUT_lidt) && lift_privileged(l)) {
        return;
    }
    lift_ea(l, insn, IR_T0, &insn->ops[0]);
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_T0, IR_NONE,
                 insn->ops[0].seg | (uint64_t)insn->operand_size << 8);
}

void lift_invlpg(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    if (!lift_privileged(l)) {
        lift_ea(l, insn, IR_T0, &insn->ops[0]);
        lift_callout(l, CALLOUT_invlpg, IR_NONE, IR_T0, IR_NONE, insn->ops[0].seg);
    }
}

void lift_clflush(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    lift_ea(l, insn, IR_T0, &insn->ops[0]);
    lift_callout(l, CALLOUT_clflush, IR_NONE, IR_T0, IR_NONE, insn->ops[0].seg);
}

void lift_rdrand(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    lift_callout(l, CALLOUT_rdrand, IR_T0, IR_NONE, IR_NONE, 0);
    lift_store(l, insn, &insn->ops[0], IR_T0, insn->operand_size);
}

/* The line of DS:rAX, another segment if there is an override. */
void lift_monitor(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    lift_op(l, IR_mov, insn->address_size, IR_T0, GUEST_RAX, IR_NONE);
    lift_callout(l, CALLOUT_monitor, IR_NONE, IR_T0, IR_NONE, lift_implied_segment(l, insn));
}

/* MOV to and from CRn, DRn. */
void lift_mov_control(struct lift *l, const struct x86_insn *insn)
{
    if (lift_privileged(l)) {
        return;
    }
    bool writes = insn->ops[0].kind != X86_OPERAND_REG;
    const struct x86_operand *special = &insn->ops[writes ? 0 : 1];
    const struct x86_operand *general = &insn->ops[writes ? 1 : 0];
    bool debug = special->kind == X86_OPERAND_DR;
    if (writes) {
        lift_value(l, insn, IR_T0, general, 4);
        lift_callout(l, debug ? CALLOUT_dr_write : CALLOUT_cr_write, IR_NONE, IR_T0, IR_NONE,
                     special->reg);
    } else {
        lift_callout(l, debug ? CALLOUT_dr_read : CALLOUT_cr_read, general->reg, IR_NONE, IR_NONE,
                     special->reg);
    }
}

/* MOV to and from the test registers of the 386 and 486. */
void lift_mov_test(struct lift *l, const struct x86_insn *insn)
{
    if (lift_privileged(l)) {
        return;
    }
    if (insn->ops[0].kind == X86_OPERAND_TR) {
        lift_value(l, insn, IR_T0, &insn->ops[1], 4);
        lift_callout(l, CALLOUT_test_write, IR_NONE, IR_T0, IR_NONE, insn->ops[0].reg);
    } else {
        lift_callout(l, CALLOUT_test_read, insn->ops[0].reg, IR_NONE, IR_NONE, insn->ops[1].reg);
    }
}
