/* MMX and SSE operations. */
#include "backend/host/x64/select.h"

static const struct flag_use no_flags;

/* Memory to or from ctx->slow_value through xmm8 or r12. */
static void copy_value(struct emit *e, unsigned size, struct x64_rm to, struct x64_rm from)
{
    if (x64_same(to, from)) {
        return;
    }
    if (size == 16) {
        x64_op(e->out, 4, X64_MEDIA | X64_0F | 0x10, 8, from);
        x64_op(e->out, 4, X64_MEDIA | X64_0F | 0x11, 8, to);
    } else {
        x64_load(e->out, size, REG_SCRATCH, from);
        x64_store(e->out, size, to, REG_SCRATCH);
    }
}

static unsigned memory_size(const struct ir_inst *inst)
{
    return vec_memory_bytes((enum vec_op)(inst->imm & 0xffff));
}

static void body_fetch(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    copy_value(e, memory_size(inst), x64_slow_operand(), mem);
}

static void body_deposit(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    copy_value(e, memory_size(inst), mem, x64_slow_operand());
}

static struct memory_access vec_access(const struct ir_inst *inst, enum access_kind kind)
{
    const struct vec_row *row = &vec_rows[inst->imm & 0xffff];
    struct memory_access access = x64_access_of(inst, memory_size(inst), kind);
    access.aligned = (row->flags & VEC_ALIGNED) != 0 && access.size == 16;
    return access;
}

static void call_software(struct emit *e, const struct ir_inst *inst)
{
    if (inst->a == IR_MEM) {
        struct memory_access access = vec_access(inst, ACCESS_LOAD);
        x64_with_memory(e, inst, &access, body_fetch, NULL, &no_flags);
    }
    uint64_t imm = (inst->imm & 0xffff) | (uint64_t)inst->dst << 16 | (uint64_t)inst->a << 24 |
                   (inst->imm >> 16 & 0xff) << 32;
    x64_call_callout(e, CALLOUT_vec, imm);
    if (inst->dst == IR_MEM) {
        struct memory_access access = vec_access(inst, ACCESS_STORE);
        x64_with_memory(e, inst, &access, body_deposit, NULL, &no_flags);
    }
}

void select_vec(struct emit *e, const struct ir_inst *inst)
{
    call_software(e, inst);
}
