/*
 * String instructions: one element inline without a repeat prefix, callouts with one,
 * which leave with EIP still on the instruction when something is due before the count is used up.
 */
#include "frontend/x86/lift/build.h"

enum { REP_NONE, REP_E, REP_NE };

static unsigned repeat(const struct x86_insn *insn)
{
    if (insn->prefixes & X86_PREFIX_REP) {
        return REP_E;
    }
    return insn->prefixes & X86_PREFIX_REPNE ? REP_NE : REP_NONE;
}

/* True when the instruction repeats: it has become the callout.  On the 80286 all are callouts:
 * they move registers even when they fault. */
static bool repeated(struct lift *l, const struct x86_insn *insn, enum callout_id id,
                     const struct x86_operand *memory)
{
    if (repeat(insn) == REP_NONE && !lift_is_286(l)) {
        return false;
    }
    lift_callout(l, id, IR_NONE, IR_NONE, IR_NONE,
                 memory->width | (uint64_t)insn->address_size << 4 | (uint64_t)memory->seg << 8 |
                     (uint64_t)repeat(insn) << 12);
    return true;
}

static void advance(struct lift *l, const struct x86_insn *insn, unsigned reg, unsigned bytes)
{
    lift_op(l, IR_advance, insn->address_size, reg, IR_NONE, IR_NONE)->imm = bytes;
}

/* ops: ES:[rDI], seg:[rSI] */
void lift_movs(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    if (repeated(l, insn, CALLOUT_string_movs, &insn->ops[1])) {
        return;
    }
    unsigned width = insn->ops[0].width;
    lift_value(l, insn, IR_T0, &insn->ops[1], width);
    lift_store(l, insn, &insn->ops[0], IR_T0, width);
    advance(l, insn, GUEST_RSI, width);
    advance(l, insn, GUEST_RDI, width);
}

void lift_stos(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    if (repeated(l, insn, CALLOUT_string_stos, &insn->ops[0])) {
        return;
    }
    unsigned width = insn->ops[0].width;
    lift_store(l, insn, &insn->ops[0], GUEST_RAX, width);
    advance(l, insn, GUEST_RDI, width);
}

void lift_lods(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    if (repeated(l, insn, CALLOUT_string_lods, &insn->ops[1])) {
        return;
    }
    unsigned width = insn->ops[1].width;
    lift_value(l, insn, GUEST_RAX, &insn->ops[1], width);
    advance(l, insn, GUEST_RSI, width);
}

/* ops: rAX, ES:[rDI] */
void lift_scas(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    if (repeated(l, insn, CALLOUT_string_scas, &insn->ops[1])) {
        return;
    }
    unsigned width = insn->ops[1].width;
    struct ir_inst *inst = lift_op(l, IR_cmp, width, IR_NONE, GUEST_RAX, IR_MEM);
    lift_address(inst, &insn->ops[1], insn->address_size);
    advance(l, insn, GUEST_RDI, width);
}

/* ops: seg:[rSI], ES:[rDI] */
void lift_cmps(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)arg;
    if (repeated(l, insn, CALLOUT_string_cmps, &insn->ops[0])) {
        return;
    }
    unsigned width = insn->ops[0].width;
    lift_value(l, insn, IR_T0, &insn->ops[0], width);
    struct ir_inst *inst = lift_op(l, IR_cmp, width, IR_NONE, IR_T0, IR_MEM);
    lift_address(inst, &insn->ops[1], insn->address_size);
    advance(l, insn, GUEST_RSI, width);
    advance(l, insn, GUEST_RDI, width);
}

/* INS OUTS: arg is the callout; repeated or not. */
void lift_string_io(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    const struct x86_operand *memory = &insn->ops[arg == CALLOUT_string_ins ? 0 : 1];
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_NONE, IR_NONE,
                 memory->width | (uint64_t)insn->address_size << 4 | (uint64_t)memory->seg << 8 |
                     (uint64_t)repeat(insn) << 12);
}
