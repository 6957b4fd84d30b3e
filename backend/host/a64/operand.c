/* IR operands on AArch64: where they live, and moves between them. */
#include "backend/host/a64/select.h"

static uint32_t temp_at(unsigned operand)
{
    return CTX(temp) + 8 * (operand - IR_T0);
}

static bool in_register(unsigned operand)
{
    return operand < 8 || operand == IR_T0 || operand == IR_T1;
}

static unsigned own_register(unsigned operand)
{
    return operand < 8 ? REG_GPR + operand : REG_T0 + (operand - IR_T0);
}

static uint64_t immediate(const struct ir_inst *inst, unsigned operand, unsigned width)
{
    uint64_t value = operand == IR_IMM ? inst->imm : (uint64_t)(int64_t)inst->disp;
    return width < 8 ? value & ((UINT64_C(1) << width * 8) - 1) : value;
}

unsigned operand_use(struct emit *e, const struct ir_inst *inst, unsigned operand, unsigned width,
                     unsigned scratch)
{
    if (in_register(operand)) {
        return own_register(operand);
    }
    if (operand == IR_MEM) {
        return REG_X0;
    }
    if (operand >= IR_AH && operand <= IR_BH) {
        a64_ubfx(e->out, scratch, REG_GPR + (operand - IR_AH), 8, 8);
    } else if (operand_is_temp(operand)) {
        a64_mem(e->out, A64_LDRX, scratch, REG_CONTEXT, temp_at(operand));
    } else if (operand == IR_NONE) {
        a64_imm(e->out, scratch, 0);
    } else {
        a64_imm(e->out, scratch, immediate(inst, operand, width));
    }
    return scratch;
}

unsigned operand_zero(struct emit *e, const struct ir_inst *inst, unsigned operand, unsigned width,
                      unsigned scratch)
{
    unsigned reg = operand_use(e, inst, operand, width, scratch);
    bool whole = operand == IR_MEM || operand == IR_IMM || operand == IR_IMM32 ||
                 (operand >= IR_AH && operand <= IR_BH) || width >= 4;
    if (whole) {
        return reg;
    }
    a64_ubfx(e->out, scratch, reg, 0, 8 * width);
    return scratch;
}

unsigned operand_target(unsigned operand, unsigned width, unsigned scratch)
{
    return in_register(operand) && width >= 4 ? own_register(operand) : scratch;
}

void operand_store(struct emit *e, unsigned operand, unsigned width, unsigned reg)
{
    struct code_buffer *out = e->out;
    if (operand == IR_NONE) {
        return;
    }
    if (operand == IR_MEM) {
        a64_store_datum(e, reg, width);
    } else if (operand >= IR_AH && operand <= IR_BH) {
        a64_bfi(out, REG_GPR + (operand - IR_AH), reg, 8, 8);
    } else if (operand < 8) {
        unsigned to = REG_GPR + operand;
        if (width < 4) {
            a64_bfi(out, to, reg, 0, 8 * width);
        } else if (to != reg) {
            a64_mov(out, to, reg);
        }
    } else {
        bool own = in_register(operand);
        unsigned to = own ? own_register(operand) : (unsigned)REG_C;
        if (width < 4) {
            a64_ubfx(out, to, reg, 0, 8 * width);
        } else if (width == 4 && (to != reg || !own)) {
            a64_mov(out, to, reg);
        } else if (to != reg) {
            a64_movx(out, to, reg);
        }
        if (!own) {
            a64_mem(out, A64_STRX, to, REG_CONTEXT, temp_at(operand));
        }
    }
}
