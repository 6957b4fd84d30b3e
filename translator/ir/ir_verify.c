/*
 * The rules of ir.h, checked:
 *
 *   1 the block begins with an insn record and ends with a record that leaves
 *   2 nothing follows a record that always leaves, but the next instruction's insn may not either
 *   3 operands exist and suit the width; at most one memory operand, or dst and a alike
 *   4 insn indices count up from zero and insn_count is their number
 *   5 flags written are among those of the operation's row
 *   6 addresses have a size of 2, 4 or 8, a real segment and real registers
 *   7 temporaries are written before they are read in an instruction
 */
#include "translator/ir/ir.h"

static bool is_register(unsigned code)
{
    return code < GUEST_GPRS || (code >= IR_T0 && code < IR_T0 + 16);
}

static bool is_vector(unsigned code)
{
    return (code >= IR_XMM0 && code < IR_XMM0 + 16) || (code >= IR_MM0 && code < IR_MM0 + 8);
}

static bool operand_exists(const struct ir_inst *inst, unsigned code)
{
    bool high = code >= IR_AH && code <= IR_BH;
    bool narrow = inst->width == 1 || inst->op == IR_movzx || inst->op == IR_movsx;
    return is_register(code) || code == IR_IMM || code == IR_MEM || code == IR_IMM32 ||
           code == IR_NONE || (high && narrow) || (inst->op == IR_vec && is_vector(code));
}

static const char *check_operands(const struct ir_inst *inst)
{
    if (inst->op == IR_insn) {
        return NULL;
    }
    if (!operand_exists(inst, inst->dst) || !operand_exists(inst, inst->a) ||
        !operand_exists(inst, inst->b)) {
        return "operand does not exist or does not suit the width";
    }
    if (inst->dst == IR_IMM || inst->dst == IR_IMM32) {
        return "an immediate is the destination";
    }
    if (inst->b == IR_MEM && (inst->a == IR_MEM || inst->dst == IR_MEM)) {
        return "two memory operands";
    }
    return NULL;
}

static const char *check_address(const struct ir_inst *inst)
{
    if (!ir_has_memory(inst) && inst->op != IR_lea && inst->op != IR_bit_ea) {
        return NULL;
    }
    if (inst->asize != 2 && inst->asize != 4 && inst->asize != 8) {
        return "address size";
    }
    if (inst->seg >= SEG_COUNT) {
        return "address segment";
    }
    if ((inst->base != IR_NONE && !is_register(inst->base)) ||
        (inst->index != IR_NONE && !is_register(inst->index))) {
        return "address register";
    }
    return NULL;
}

static const char *check_flags(const struct ir_inst *inst)
{
    const struct ir_row *row = &ir_rows[inst->op];
    bool free_form = inst->op == IR_x87 || inst->op == IR_vec || inst->op == IR_callout;
    if (!free_form && inst->flags_written & ~row->writes) {
        return "writes flags that the operation does not write";
    }
    if (inst->flags_live & ~inst->flags_written) {
        return "live flags that are not written";
    }
    return NULL;
}

static bool always_leaves(const struct ir_inst *inst)
{
    if (inst->op == IR_callout) {
        return (callout_rows[ir_callout_id(inst)].effects & CALLOUT_ENDS) != 0;
    }
    return (ir_rows[inst->op].effects & IR_ENDS) != 0;
}

static uint32_t temp_bit(unsigned code)
{
    return code >= IR_T0 && code < IR_T0 + 16 ? 1u << (code - IR_T0) : 0;
}

/* Temporaries read by a record. */
static uint32_t temps_read(const struct ir_inst *inst)
{
    bool address = ir_has_memory(inst) || inst->op == IR_lea || inst->op == IR_bit_ea;
    return temp_bit(inst->a) | temp_bit(inst->b) |
           (address ? temp_bit(inst->base) | temp_bit(inst->index) : 0);
}

static const char *check_record(const struct ir_inst *inst, uint32_t *temps, uint32_t *insns)
{
    if (inst->op >= IR_OPS) {
        return "no such operation";
    }
    if (inst->op == IR_insn) {
        *temps = 0;
        return inst->b == (*insns)++ ? NULL : "instruction index";
    }
    if (inst->op == IR_callout && ir_callout_id(inst) >= CALLOUT_COUNT) {
        return "no such callout";
    }
    const char *message = check_operands(inst);
    message = message ? message : check_address(inst);
    message = message ? message : check_flags(inst);
    if (message == NULL && temps_read(inst) & ~*temps) {
        message = "temporary read before it is written";
    }
    *temps |= temp_bit(inst->dst);
    return message;
}

const char *ir_verify(const struct ir_block *block, uint32_t *at)
{
    uint32_t temps = 0;
    uint32_t insns = 0;
    *at = 0;
    if (block->count == 0 || block->count > IR_MAX_RECORDS || block->insts[0].op != IR_insn) {
        return "block does not begin with an instruction";
    }
    for (uint32_t i = 0; i < block->count; i++) {
        *at = i;
        const char *message = check_record(&block->insts[i], &temps, &insns);
        if (message != NULL) {
            return message;
        }
        if (always_leaves(&block->insts[i]) != (i + 1 == block->count)) {
            return i + 1 == block->count ? "block does not end by leaving"
                                         : "record after one that always leaves";
        }
    }
    return insns == block->insn_count ? NULL : "instruction count";
}
