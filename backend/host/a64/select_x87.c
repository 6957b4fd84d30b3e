/* x87 operations: calls of their shared code (x87.h), and what the last one is recorded as. */
#include "backend/host/a64/x87.h"

static enum x87_op op_of(const struct ir_inst *inst)
{
    return (enum x87_op)(inst->imm & 0xffff);
}

bool a64_x87_has_code(const struct emit *e, const struct ir_inst *inst)
{
    bool any = a64_x87_rows[op_of(inst)].shape != X87_NO_CODE || op_of(inst) == X87_fnstsw_ax;
    return any && (e->ir->mode & (MODE_FPU_SLOW | MODE_NO_FPU)) == 0 &&
           pass_on(e->engine->passes, PASS_host_x87);
}

bool a64_x87_makes_flags(const struct ir_inst *inst)
{
    return a64_x87_rows[op_of(inst)].what == X87_FLAGS;
}

/* x2 = the operand in memory; integers with their sign. */
static void load_operand(struct emit *e, const struct x87_code *row)
{
    a64_load_datum(e, REG_X2, row->memory);
    if (row->source == X87_INT && row->memory < 8) {
        a64_bits(e->out, (enum a64_word)((uint32_t)A64_64(A64_SBFM) | 1 << 22), REG_X2, REG_X2, 0,
                 8u * row->memory - 1);
    }
}

static void copy_selector(struct emit *e, unsigned seg, uint32_t member)
{
    a64_mem(e->out, A64_LDRH, REG_A, REG_CONTEXT,
            abi_segment(seg, offsetof(struct segment, selector)));
    a64_mem(e->out, A64_STRH, REG_A, REG_CONTEXT, member);
}

/* Where the instruction is, and its operand: x8 is linear. */
static void note_last(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    a64_imm(out, REG_A, e->rip);
    a64_mem(out, A64_STRX, REG_A, REG_CONTEXT, CTX(fip));
    a64_imm(out, REG_A, inst->imm >> X87_FOP_SHIFT);
    a64_mem(out, A64_STRH, REG_A, REG_CONTEXT, CTX(fop));
    copy_selector(e, SEG_CS, CTX(fcs));
    if (inst->a != IR_MEM) {
        return;
    }
    unsigned offset = REG_EA;
    if (mode_seg_class(e->ir->mode, inst->seg) != SEG_FLAT) {
        a64_mem(out, A64_LDRW, REG_A, REG_CONTEXT,
                abi_segment(inst->seg, offsetof(struct segment, base)));
        a64_rrr(out, A64_SUB, REG_A, REG_EA, REG_A);
        offset = REG_A;
    }
    a64_mem(out, A64_STRX, offset, REG_CONTEXT, CTX(fdp));
    copy_selector(e, inst->seg, CTX(fds));
}

void body_x87(struct emit *e, const struct ir_inst *inst)
{
    const struct x87_code *row = &a64_x87_rows[op_of(inst)];
    bool store = row->shape == X87_STORE;
    if (row->memory == 0) {
        a64_imm(e->out, REG_X87, row->source == X87_NEXT ? 1 : inst->aux);
    } else if (!store) {
        load_operand(e, row);
    }
    a64_bl_to(e->out, e->engine->stubs.x87[op_of(inst)]);
    a64_to_record(e, a64_b(e->out));
    if (store) {
        a64_store_datum(e, REG_X2, row->memory);
    }
    note_last(e, inst);
    if (row->what == X87_FLAGS) {
        a64_flags_made(e, false);
    }
}

/* AX = the status word. */
static void emit_fnstsw_ax(struct emit *e)
{
    a64_mem(e->out, A64_LDRH, REG_A, REG_CONTEXT, CTX(fsw));
    a64_mem(e->out, A64_LDRB, REG_B, REG_CONTEXT, CTX(ftop));
    a64_bfi(e->out, REG_A, REG_B, 11, 3);
    operand_store(e, GUEST_RAX, 2, REG_A);
}

void select_x87(struct emit *e, const struct ir_inst *inst)
{
    const struct x87_code *row = &a64_x87_rows[op_of(inst)];
    if (op_of(inst) == X87_fnstsw_ax) {
        emit_fnstsw_ax(e);
        return;
    }
    a64_mmx_forget(e);
    if (row->memory != 0) {
        struct memory_access access =
            access_of(inst, row->memory, row->shape == X87_STORE ? ACCESS_STORE : ACCESS_LOAD);
        a64_with_memory(e, inst, &access, body_x87);
    } else {
        a64_with_record(e, inst, body_x87);
    }
}
