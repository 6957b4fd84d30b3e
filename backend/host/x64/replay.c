/*
 * Flags that only a fault would look at.
 *
 * A table look-up destroys host flags.  When they are replaced before anything reads them, and the
 * operation that made them can be done again from registers that still stand, nothing is saved on
 * the fast path: the slow path repeats the operation (the *producer*) and saves its flags there.
 */
#include "backend/host/x64/select.h"

enum { LOOK_AHEAD = 16, ALL = FLAGS_ARITH };

static bool is_gpr(unsigned operand)
{
    return operand < 8 || (operand >= IR_AH && operand <= IR_BH);
}

static unsigned whole_of(unsigned operand)
{
    return operand >= IR_AH ? operand - IR_AH : operand;
}

bool x64_can_replay(const struct ir_inst *inst)
{
    bool right = inst->b == IR_IMM || is_gpr(inst->b);
    switch (inst->op) {
    case IR_cmp:
    case IR_test:
        return is_gpr(inst->a) && right;
    case IR_add:
    case IR_sub:
        return is_gpr(inst->dst) && right &&
               (inst->b == IR_IMM || whole_of(inst->b) != whole_of(inst->dst));
    case IR_and:
    case IR_or:
    case IR_xor:
    case IR_neg:
        return is_gpr(inst->dst);
    default:
        return false;
    }
}

/* Registers that the replay reads, as a set. */
static uint32_t replay_inputs(const struct ir_inst *inst)
{
    bool compare = inst->op == IR_cmp || inst->op == IR_test;
    uint32_t set = 1u << whole_of(compare ? inst->a : inst->dst);
    bool right = compare || inst->op == IR_add || inst->op == IR_sub;
    return right && is_gpr(inst->b) ? set | 1u << whole_of(inst->b) : set;
}

uint32_t x64_changed_registers(const struct ir_inst *inst)
{
    uint32_t set = is_gpr(inst->dst) ? 1u << whole_of(inst->dst) : 0;
    switch (inst->op) {
    case IR_xchg:
        return is_gpr(inst->a) ? set | 1u << whole_of(inst->a) : set;
    case IR_xadd:
        return is_gpr(inst->b) ? set | 1u << whole_of(inst->b) : set;
    case IR_push:
    case IR_pop:
        return set | 1u << GUEST_RSP;
    case IR_cmpxchg:
    case IR_lahf:
    case IR_salc:
        return set | 1u << GUEST_RAX;
    case IR_mul1:
    case IR_imul1:
    case IR_cdq:
        return set | 1u << GUEST_RAX | 1u << GUEST_RDX;
    default:
        return set;
    }
}

/* Records that look at the flags as a whole or that destroy them without an access. */
static bool looks_at_flags(const struct ir_inst *inst)
{
    if (inst->op == IR_push || inst->op == IR_pop) {
        return false;
    }
    return ir_rows[inst->op].effects != 0 || inst->op == IR_get || inst->op == IR_put ||
           inst->op == IR_bit_ea;
}

/* Branches of a region: what leaves there makes flags again for itself. */
static bool is_region_exit(const struct ir_inst *inst)
{
    return inst->op == IR_brcc || inst->op == IR_brz || inst->op == IR_brnz ||
           inst->op == IR_guard || inst->op == IR_jmp;
}

/* From record `at` on: are the flags replaced before anything needs them, while the producer's
 * registers stand? */
static bool are_only_for_faults(const struct ir_block *ir, uint32_t at, bool in_region,
                                const struct ir_inst *producer)
{
    uint32_t inputs = replay_inputs(producer);
    bool stands = true;
    for (uint32_t i = at; i < ir->count && i < at + LOOK_AHEAD; i++) {
        const struct ir_inst *inst = &ir->insts[i];
        if (inst->op == IR_insn) {
            continue;
        }
        struct flag_use use = x64_flag_use(inst);
        bool exit = in_region && is_region_exit(inst);
        bool access = exit || inst->op == IR_push || inst->op == IR_pop ||
                      (ir_has_memory(inst) && inst->op != IR_lea);
        if ((looks_at_flags(inst) && !exit) || use.inputs != 0 || (access && !stands)) {
            return false;
        }
        if (exit && inst->op == IR_jmp) {
            return true;
        }
        if (use.writes) {
            return use.kills == ALL;
        }
        stands = stands && (x64_changed_registers(inst) & inputs) == 0;
    }
    return false;
}

bool x64_flags_only_for_faults(const struct emit *e)
{
    return e->producer != NULL && !e->check_leave && pass_on(e->engine->passes, PASS_flag_replay) &&
           are_only_for_faults(e->ir, e->at, e->region != NULL, e->producer);
}

bool x64_flags_may_stay_lost(const struct ir_block *ir, const struct ir_inst *producer)
{
    return are_only_for_faults(ir, 0, true, producer);
}

void x64_replay_after(struct emit *e, const struct ir_inst *inst)
{
    if (e->producer != inst && !e->flags_lost &&
        (x64_changed_registers(inst) & replay_inputs(e->producer)) != 0) {
        e->producer = NULL;
    }
}

/* Host flags as the producer left them; uses r12. */
void x64_emit_replay(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    unsigned width = inst->width;
    struct ir_inst again = *inst;
    switch (inst->op) {
    case IR_cmp:
    case IR_test:
        body_alu(e, inst, x64_reg(0));
        break;
    case IR_add:
    case IR_sub:
        x64_load(out, width, REG_SCRATCH, operand_rm(inst->dst, x64_reg(0)));
        for (unsigned i = 0; i < 2; i++) {
            bool addition = (inst->op == IR_add) == (i == 1);
            if (inst->b == IR_IMM) {
                x64_alu_imm(out, width, addition ? 0 : 5, x64_reg(REG_SCRATCH), (int32_t)inst->imm);
            } else {
                x64_opw(out, width, addition ? 0x00 : 0x28, operand_rm(inst->b, x64_reg(0)).reg,
                        x64_reg(REG_SCRATCH));
            }
        }
        break;
    case IR_neg:
        x64_load(out, width, REG_SCRATCH, operand_rm(inst->dst, x64_reg(0)));
        x64_opw(out, width, X64_DIGIT | 0xf6, 3, x64_reg(REG_SCRATCH));
        x64_opw(out, width, X64_DIGIT | 0xf6, 3, x64_reg(REG_SCRATCH));
        break;
    default: /* and, or, xor */
        again.op = IR_test;
        again.a = again.b = inst->dst;
        body_alu(e, &again, x64_reg(0));
        break;
    }
}
