/* x87 operations. */
#include "backend/host/x64/select.h"

static void call_software(struct emit *e, const struct ir_inst *inst)
{
    uint64_t imm = inst->imm & 0xffff;
    x64_flags_to_record(e);
    if (inst->a == IR_MEM) {
        struct memory_access access = x64_access_of(inst, inst->width, ACCESS_LOAD);
        x64_effective_address(e, &access);
        x64_call_callout(e, CALLOUT_x87_memory, imm | (uint64_t)inst->seg << 16);
    } else {
        x64_call_callout(e, CALLOUT_x87, imm | (uint64_t)inst->aux << 16);
    }
}

void select_x87(struct emit *e, const struct ir_inst *inst)
{
    call_software(e, inst);
}
