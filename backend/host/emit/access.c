#include "backend/host/emit/access.h"

struct memory_access access_of(const struct ir_inst *inst, unsigned size, enum access_kind kind)
{
    return (struct memory_access){.seg = inst->seg,
                                  .base = inst->base,
                                  .index = inst->index,
                                  .scale = inst->scale,
                                  .asize = inst->asize,
                                  .disp = inst->disp,
                                  .size = (uint8_t)size,
                                  .kind = (uint8_t)kind};
}

static enum access_kind kind_of(const struct ir_inst *inst)
{
    if (inst->op == IR_xchg || inst->op == IR_xadd || inst->op == IR_cmpxchg) {
        return ACCESS_MODIFY;
    }
    if (inst->dst != IR_MEM) {
        return ACCESS_LOAD;
    }
    return inst->a == IR_MEM ? ACCESS_MODIFY : ACCESS_STORE;
}

struct memory_access access_of_integer(const struct ir_inst *inst)
{
    bool extends = inst->op == IR_movzx || inst->op == IR_movsx;
    return access_of(inst, extends ? inst->aux : inst->width, kind_of(inst));
}
