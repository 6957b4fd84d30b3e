/* IR operands on x86-64: where they live, and moves that keep temporaries zero-extended. */
#include "backend/host/x64/select.h"

#include <assert.h>

bool operand_is_temp(unsigned operand)
{
    return operand >= IR_T0 && operand < IR_T0 + 16;
}

struct x64_rm operand_rm(unsigned operand, struct x64_rm mem)
{
    if (operand < 8) {
        return x64_reg(abi_gpr(operand));
    }
    if (operand >= IR_AH && operand <= IR_BH) {
        return x64_reg(X64_AH + operand - IR_AH);
    }
    if (operand == IR_T0 || operand == IR_T1) {
        return x64_reg(operand == IR_T0 ? REG_T0 : REG_T1);
    }
    if (operand_is_temp(operand)) {
        return CTX_AT(temp, 8 * (operand - IR_T0));
    }
    assert(operand == IR_MEM);
    return mem;
}

void operand_load(struct emit *e, const struct ir_inst *inst, unsigned operand, unsigned width,
                  unsigned reg, struct x64_rm mem)
{
    if (operand == IR_IMM || operand == IR_IMM32) {
        uint64_t value = operand == IR_IMM ? inst->imm : (uint64_t)(int64_t)inst->disp;
        x64_mov_imm(e->out, reg, width < 8 ? value & ((UINT64_C(1) << width * 8) - 1) : value);
    } else if (operand == IR_NONE) {
        x64_mov_imm(e->out, reg, 0);
    } else {
        struct x64_rm from = operand_rm(operand, mem);
        if (width < 4 || from.memory) {
            x64_load(e->out, width, reg, from);
        } else {
            x64_op(e->out, width, 0x8b, reg, from);
        }
    }
}

void operand_store(struct emit *e, unsigned operand, unsigned width, unsigned reg,
                   struct x64_rm mem)
{
    if (operand == IR_NONE) {
        return;
    }
    struct x64_rm to = operand_rm(operand, mem);
    if (!operand_is_temp(operand)) {
        x64_store(e->out, width, to, reg);
    } else if (!to.memory) {
        x64_load(e->out, width, to.reg, x64_reg(reg));
    } else {
        x64_load(e->out, width, REG_SCRATCH, x64_reg(reg));
        x64_store(e->out, 8, to, REG_SCRATCH);
    }
}

void operand_settle(struct emit *e, unsigned operand, unsigned width)
{
    if (operand_is_temp(operand) && width < 4) {
        struct x64_rm to = operand_rm(operand, x64_reg(0));
        if (!to.memory) {
            x64_load(e->out, width, to.reg, to);
        } else {
            x64_load(e->out, width, REG_SCRATCH, to);
            x64_store(e->out, 8, to, REG_SCRATCH);
        }
    }
}

unsigned operand_borrow(struct emit *e, struct x64_rm where)
{
    if (!where.memory) {
        return where.reg;
    }
    x64_op(e->out, 8, 0x87, REG_T1, where);
    return REG_T1;
}

void operand_give_back(struct emit *e, struct x64_rm where)
{
    if (where.memory) {
        x64_op(e->out, 8, 0x87, REG_T1, where);
    }
}
