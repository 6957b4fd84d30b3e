/*
 * Multiplication, division and decimal adjustment.
 */
#include "frontend/x86/lift/build.h"

/* Bits of the callouts' immediates. */
enum { RULES_8086 = 1, OLD_FLAGS = 2 };
enum { SIGNED = 0x10, NEGATED_PRODUCT = 0x20, FLAGS_80286 = 0x40 };
enum {
    ERROR_TRAPS = 0x100,
    NEGATED = 0x200,
    RULES_80286 = 0x200,
    DIVIDES_AS_8086 = 0x400,
    AAD_OLD = 0x400
};

static bool is_8086(const struct lift *l)
{
    return !lift_has(l, X86_FEATURE_186);
}

/* Divide errors return behind the instruction up to the 80186. */
static uint64_t error_traps(const struct lift *l)
{
    return lift_has(l, X86_FEATURE_286) ? 0 : ERROR_TRAPS;
}

/* A repeat prefix on the 8086 shares its flag with the sign of a product or quotient. */
static bool negated(const struct lift *l, const struct x86_insn *insn)
{
    return insn->prefixes & (X86_PREFIX_REP | X86_PREFIX_REPNE) && is_8086(l);
}

/* Models whose flags after a product are known, and are not those of later ones. */
static bool own_flags(const struct lift *l)
{
    return is_8086(l) || lift_is_286(l);
}

/* MUL, and the one-operand IMUL. */
void lift_multiply(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    if (own_flags(l)) {
        uint64_t rules = (arg == IR_imul1 ? SIGNED : 0u) |
                         (negated(l, insn) ? NEGATED_PRODUCT : 0u) |
                         (lift_is_286(l) ? FLAGS_80286 : 0u);
        lift_value(l, insn, IR_T0, &insn->ops[0], insn->ops[0].width);
        lift_callout(l, CALLOUT_mul_old, IR_NONE, IR_T0, IR_NONE, insn->ops[0].width | rules);
        return;
    }
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
    if (own_flags(l)) {
        lift_value(l, insn, IR_T0, &insn->ops[first], 2);
        lift_callout_const(l, CALLOUT_imul_old, insn->ops[0].reg, IR_T0,
                           (int16_t)insn->ops[first + 1].value, 0);
        l->block->insts[l->block->count - 1].width = 2;
        return;
    }
    struct ir_inst *inst = lift_op(l, IR_imul, insn->ops[0].width, IR_NONE, IR_NONE, IR_NONE);
    inst->dst = lift_operand(inst, &insn->ops[0], insn->address_size);
    inst->a = lift_operand(inst, &insn->ops[first], insn->address_size);
    inst->b = lift_operand(inst, &insn->ops[first + 1], insn->address_size);
}

/* DIV IDIV: arg is the callout. */
void lift_divide(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    uint64_t rules =
        error_traps(l) | (is_8086(l) ? DIVIDES_AS_8086 : 0u) | (lift_is_286(l) ? FLAGS_80286 : 0u);
    lift_value(l, insn, IR_T0, &insn->ops[0], insn->ops[0].width);
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_T0, IR_NONE,
                 insn->ops[0].width | rules | (negated(l, insn) ? NEGATED : 0u));
}

/* DAA DAS AAA AAS */
void lift_adjust(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    (void)insn;
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_NONE, IR_NONE,
                 (is_8086(l) ? RULES_8086 : 0u) | (lift_has(l, X86_FEATURE_386) ? 0u : OLD_FLAGS));
}

/* AAM AAD */
void lift_adjust_base(struct lift *l, const struct x86_insn *insn, unsigned arg)
{
    uint64_t rules = error_traps(l) | (lift_is_286(l) ? RULES_80286 : 0u) |
                     (lift_has(l, X86_FEATURE_386) ? 0u : AAD_OLD);
    lift_callout(l, (enum callout_id)arg, IR_NONE, IR_NONE, IR_NONE,
                 ((uint64_t)insn->ops[0].value & 255) | rules);
}
