/* IR operands on x86-64: where they live, and moves that keep temporaries zero-extended. */
#include "backend/host/x64/select.h"

#include <assert.h>

/* Where operands stand that have a register of their own. */
#define HOST(number, host) \
    [number] = {.bytes = 0xc0 | ((host)&7), .count = 1, .rex = (host) >= 8, .reg = (host)}
#define HIGH(number, name) \
    [number] = {.bytes = 0xc0 | ((name)-X64_AH + 4), .count = 1, .reg = (name)}
const struct x64_rm operand_registers[OPERAND_REGISTERS] = {
    HOST(GUEST_RAX, X64_RAX), HOST(GUEST_RCX, X64_RCX), HOST(GUEST_RDX, X64_RDX),
    HOST(GUEST_RBX, X64_RBX), HOST(GUEST_RSP, REG_ESP), HOST(GUEST_RBP, X64_RBP),
    HOST(GUEST_RSI, X64_RSI), HOST(GUEST_RDI, X64_RDI), HIGH(IR_AH, X64_AH),
    HIGH(IR_CH, X64_CH),      HIGH(IR_DH, X64_DH),      HIGH(IR_BH, X64_BH),
    HOST(IR_T0, REG_T0),      HOST(IR_T1, REG_T1),
};
#undef HOST
#undef HIGH
_Static_assert(X64_REX_B == 1, "rex of the rows");

struct x64_rm operand_elsewhere(unsigned operand, struct x64_rm mem)
{
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
