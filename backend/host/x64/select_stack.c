/* Push, pop, string pointers. */
#include "backend/host/x64/select.h"

static const struct flag_use no_flags;

/* ESP += bytes at the stack's width; no flags; r9 and r12 may be live, so r12 only for 16 bits. */
static void move_esp(struct emit *e, int32_t bytes)
{
    if ((e->ir->mode & MODE_STACK32) != 0) { /* lea r15d, [r15 + bytes] */
        buffer_put(e->out, 0x7f8d45 | (uint64_t)(uint8_t)bytes << 24, 4);
    } else {
        x64_op(e->out, 2, 0x8d, REG_ESP, x64_mem(REG_ESP, bytes)); /* lea r15w */
    }
}

void x64_post_push(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    (void)mem;
    move_esp(e, -(int32_t)inst->width);
}

static void body_push(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    if (inst->a < 8) {
        x64_opw(e->out, inst->width, 0x88, abi_gpr(inst->a), mem);
        return;
    }
    struct ir_inst store = *inst;
    store.op = IR_mov;
    store.dst = IR_MEM;
    body_mov(e, &store, mem);
}

struct memory_access x64_stack_access(const struct emit *e, const struct ir_inst *inst,
                                      enum access_kind kind)
{
    return (struct memory_access){.seg = SEG_SS,
                                  .base = GUEST_RSP,
                                  .index = IR_NONE,
                                  .asize = (e->ir->mode & MODE_STACK32) != 0 ? 4 : 2,
                                  .size = inst->width,
                                  .kind = (uint8_t)kind,
                                  .disp = kind == ACCESS_STORE ? -(int32_t)inst->width : 0};
}

void select_push(struct emit *e, const struct ir_inst *inst)
{
    struct memory_access access = x64_stack_access(e, inst, ACCESS_STORE);
    x64_with_memory(e, inst, &access, body_push, x64_post_push, &no_flags);
}

/* The register is written after ESP moved, so that POP ESP keeps the popped value. */
static void body_pop(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    if (inst->dst == GUEST_RSP) {
        x64_load(e->out, inst->width, REG_SCRATCH, mem);
        move_esp(e, inst->width);
        x64_store(e->out, inst->width, x64_reg(REG_ESP), REG_SCRATCH);
    } else if (inst->dst < 8) {
        x64_opw(e->out, inst->width, 0x8a, abi_gpr(inst->dst), mem);
        move_esp(e, inst->width);
    } else {
        struct ir_inst load = *inst;
        load.op = IR_mov;
        load.a = IR_MEM;
        body_mov(e, &load, mem);
        move_esp(e, inst->width);
    }
}

void select_pop(struct emit *e, const struct ir_inst *inst)
{
    struct memory_access access = x64_stack_access(e, inst, ACCESS_LOAD);
    x64_with_memory(e, inst, &access, body_pop, NULL, &no_flags);
}

void select_advance(struct emit *e, const struct ir_inst *inst)
{
    static const uint8_t scale[9] = {[1] = 0, [2] = 1, [4] = 2, [8] = 3};
    struct x64_rm to = operand_rm(inst->dst, x64_reg(0));
    x64_load(e->out, 4, REG_SCRATCH, CTX(df));
    unsigned width = inst->width == 2 ? 2 : 4;
    x64_lea(e->out, width, to.reg, x64_index(to.reg, REG_SCRATCH, scale[inst->imm & 15], 0));
}
