/*
 * Liveness of the arithmetic flags, one backward pass over a block.
 *
 * The whole set is live at the end of the block and before every record that may leave it or show
 * the record to somebody: exits, callouts, x87 and vec records, memory accesses.  It is live, too,
 * at the end of an instruction that accesses memory: a device may ask to leave there.
 */
#include "translator/ir/ir.h"

static bool observes_all(const struct ir_inst *inst)
{
    if (inst->op == IR_lea || inst->op == IR_bit_ea) {
        return false; /* an address, not an access */
    }
    return ir_rows[inst->op].effects != 0 || ir_has_memory(inst);
}

/* A count in a register may be zero, and then every flag keeps its value. */
static bool may_keep(const struct ir_inst *inst)
{
    enum ir_shape shape = ir_rows[inst->op].shape;
    return (shape == IR_SHAPE_SH && inst->b != IR_IMM) || (shape == IR_SHAPE_DBL && inst->aux) ||
           inst->op == IR_rcl || inst->op == IR_rcr;
}

/* From record i to the end of its instruction. */
static void all_live_to_end(struct ir_block *block, uint32_t i)
{
    for (; i < block->count && block->insts[i].op != IR_insn; i++) {
        block->insts[i].flags_live = block->insts[i].flags_written;
    }
}

void ir_flag_liveness(struct ir_block *block)
{
    uint16_t live = FLAGS_ARITH;
    for (uint32_t i = block->count; i-- > 0;) {
        struct ir_inst *inst = &block->insts[i];
        inst->flags_live = inst->flags_written & live;
        if (!may_keep(inst)) {
            live = live & (uint16_t)~inst->flags_written;
        }
        live |= inst->flags_read;
        if (observes_all(inst)) {
            live = FLAGS_ARITH;
            all_live_to_end(block, i);
        }
    }
}
