/*
 * Shifts and rotates by a constant or by a register.
 *
 * A left shift ends with an addition of the value to itself: C and V are then CF and OF as hardware
 * has them for every count.  Right shifts and rotates put CF and OF in from bits of their results.
 * What the manual leaves undefined: backend/host/interp/alu.c.
 */
#include "backend/host/a64/select.h"

/* Value of SHR, SAR: extended to 32 bits. */
static unsigned extended(struct emit *e, const struct ir_inst *inst, unsigned scratch)
{
    unsigned a = operand_use(e, inst, inst->a, inst->width, scratch);
    if (inst->width == 4) {
        return a;
    }
    if (inst->op == IR_sar) {
        a64_sbfx(e->out, scratch, a, 0, 8u * inst->width);
    } else {
        a64_ubfx(e->out, scratch, a, 0, 8u * inst->width);
    }
    return scratch;
}

/* PF, and AF = 1, of a result. */
static void shift_parity(struct emit *e, unsigned wanted, unsigned result)
{
    if ((wanted & (FLAG_PF | FLAG_AF)) != 0) {
        a64_mov(e->out, REG_PF, result);
    }
    if ((wanted & FLAG_AF) != 0) {
        a64_logic_imm(e->out, A64_EORI, REG_AF, REG_PF, 16);
    }
}

/* SF and ZF of the low width bytes of a register: N and Z; C and V are lost. */
static void sign_and_zero(struct emit *e, unsigned result, unsigned width)
{
    unsigned from = result;
    if (width < 4) {
        a64_lsl(e->out, REG_A, result, 32 - 8 * width);
        from = REG_A;
    }
    a64_rri(e->out, A64_SUBSI, A64_XZR, from, 0);
}

/* SHL by 1..31: x10 = the value at the top, shifted by count - 1; then doubled.  Flags direct. */
static void finish_left(struct emit *e, const struct ir_inst *inst, unsigned wanted)
{
    struct code_buffer *out = e->out;
    unsigned to = operand_target(inst->dst, inst->width, REG_X1);
    if (inst->width == 4) {
        a64_rrr(out, A64_ADDS, to, REG_A, REG_A);
    } else {
        a64_rrr(out, A64_ADDS, REG_A, REG_A, REG_A);
        a64_lsr(out, to, REG_A, 32 - 8u * inst->width);
    }
    shift_parity(e, wanted, to);
    a64_flags_made(e, true);
    operand_store(e, inst->dst, inst->width, to);
}

/* SHR and SAR: x3 the value shifted by count - 1.  CF comes direct. */
static void finish_right(struct emit *e, const struct ir_inst *inst, unsigned wanted, bool overflow)
{
    struct code_buffer *out = e->out;
    unsigned top = 8u * inst->width - 1;
    if (inst->op == IR_sar) {
        a64_asr(out, REG_X1, REG_X3, 1);
    } else {
        a64_lsr(out, REG_X1, REG_X3, 1);
    }
    shift_parity(e, wanted, REG_X1);
    sign_and_zero(e, REG_X1, inst->width);
    a64_flags_made(e, false);
    if ((wanted & FLAG_CF) != 0) {
        a64_flag_from_bit(e, FLAG_CF, REG_X3, 0);
    }
    if ((wanted & FLAG_OF) != 0 && overflow) { /* the top two bits of the result differ */
        a64_rrrs(out, A64_EOR, REG_X2, REG_X1, REG_X1, A64_LSL, 1);
        a64_flag_from_bit(e, FLAG_OF, REG_X2, top);
    }
    operand_store(e, inst->dst, inst->width, REG_X1);
}

/* The result alone. */
static void shift_plain(struct emit *e, const struct ir_inst *inst, unsigned count)
{
    struct code_buffer *out = e->out;
    unsigned to = operand_target(inst->dst, inst->width, REG_X1);
    if (inst->op == IR_shl) {
        unsigned a = operand_use(e, inst, inst->a, inst->width, REG_X2);
        a64_lsl(out, to, a, count);
    } else if (inst->op == IR_shr) {
        a64_lsr(out, to, extended(e, inst, REG_X2), count);
    } else {
        a64_asr(out, to, extended(e, inst, REG_X2), count);
    }
    operand_store(e, inst->dst, inst->width, to);
}

static void shift_by_constant(struct emit *e, const struct ir_inst *inst, unsigned count)
{
    struct code_buffer *out = e->out;
    unsigned wanted = a64_flags_wanted(e);
    if (wanted == 0) {
        shift_plain(e, inst, count);
        return;
    }
    if (inst->op == IR_shl) {
        unsigned up = 32 - 8u * inst->width + count - 1;
        unsigned a = operand_use(e, inst, inst->a, inst->width, REG_X2);
        if (up > 31) {
            a64_imm(out, REG_A, 0);
        } else {
            a64_lsl(out, REG_A, a, up);
        }
        finish_left(e, inst, wanted);
        return;
    }
    unsigned a = extended(e, inst, REG_X2);
    if (inst->op == IR_sar) {
        a64_asr(out, REG_X3, a, count - 1);
    } else {
        a64_lsr(out, REG_X3, a, count - 1);
    }
    finish_right(e, inst, wanted, inst->op == IR_shr && count == 1);
}

static void shift_by_register(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    unsigned wanted = a64_flags_wanted(e);
    unsigned count = operand_use(e, inst, inst->b, 1, REG_X3);
    if (wanted == 0) {
        unsigned to = operand_target(inst->dst, inst->width, REG_X1);
        unsigned a = inst->op == IR_shl ? operand_use(e, inst, inst->a, inst->width, REG_X2)
                                        : extended(e, inst, REG_X2);
        a64_rrr(out,
                inst->op == IR_shl   ? A64_LSLV
                : inst->op == IR_shr ? A64_LSRV
                                     : A64_ASRV,
                to, a, count);
        operand_store(e, inst->dst, inst->width, to);
        return;
    }
    a64_flags_direct(e); /* what stays when the count is zero */
    struct flag_state before = e->flags;
    a64_logic_imm(out, A64_ANDI, REG_C, count, 31);
    uint32_t none = a64_cb(out, A64_CBZ, REG_C);
    a64_rri(out, A64_SUBI, REG_C, REG_C, 1);
    if (inst->op == IR_shl) {
        unsigned a = operand_use(e, inst, inst->a, inst->width, REG_X2);
        unsigned up = 32 - 8u * inst->width;
        if (up != 0) {
            a64_lsl(out, REG_A, a, up);
            a = REG_A;
        }
        a64_rrr(out, A64_LSLV, REG_A, a, REG_C);
        finish_left(e, inst, wanted);
    } else {
        unsigned a = extended(e, inst, REG_X2);
        a64_rrr(out, inst->op == IR_sar ? A64_ASRV : A64_LSRV, REG_X3, a, REG_C);
        finish_right(e, inst, wanted, inst->op == IR_shr);
    }
    a64_here(out, none);
    e->flags = before;
    e->flags.record = false;
}

/* The value repeated over 32 bits, so that its rotation is that of the register. */
static unsigned repeated(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    unsigned a = operand_use(e, inst, inst->a, inst->width, REG_X2);
    if (inst->width == 4) {
        return a;
    }
    a64_mov(out, REG_X2, a);
    if (inst->width == 1) {
        a64_bfi(out, REG_X2, REG_X2, 8, 8);
    }
    a64_bfi(out, REG_X2, REG_X2, 16, 16);
    return REG_X2;
}

/* CF and OF of a rotation's result in x1. */
static void rotate_flags(struct emit *e, const struct ir_inst *inst, unsigned wanted)
{
    struct code_buffer *out = e->out;
    unsigned top = 8u * inst->width - 1;
    bool left = inst->op == IR_rol;
    if ((wanted & FLAG_CF) != 0) {
        a64_flag_from_bit(e, FLAG_CF, REG_X1, left ? 0 : top);
    }
    if ((wanted & FLAG_OF) != 0) {
        if (left) {
            a64_rrrs(out, A64_EOR, REG_X2, REG_X1, REG_X1, A64_LSR, top);
        } else {
            a64_rrrs(out, A64_EOR, REG_X2, REG_X1, REG_X1, A64_LSL, 1);
        }
        a64_flag_from_bit(e, FLAG_OF, REG_X2, left ? 0 : top);
    }
}

static void rotate(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    unsigned wanted = a64_flags_wanted(e);
    bool left = inst->op == IR_rol;
    if (inst->b == IR_IMM) {
        unsigned count = (unsigned)inst->imm & 31;
        if (wanted != 0) {
            a64_flags_begin_partial(e);
        }
        unsigned a = repeated(e, inst);
        unsigned turn = left ? (32 - count) & 31 : count;
        a64_rrrs(out, A64_EXTR, REG_X1, a, a, A64_LSL, turn);
        if (wanted != 0) {
            rotate_flags(e, inst, wanted);
            a64_flags_end_partial(e);
        }
        operand_store(e, inst->dst, inst->width, REG_X1);
        return;
    }
    /* 32 bits by a register */
    uint32_t none = 0;
    struct flag_state before = e->flags;
    if (wanted != 0) {
        a64_flags_direct(e);
        before = e->flags;
    }
    unsigned count = operand_use(e, inst, inst->b, 1, REG_X3);
    unsigned a = operand_use(e, inst, inst->a, 4, REG_X2);
    a64_logic_imm(out, A64_ANDI, REG_X3, count, 31);
    if (wanted != 0) {
        none = a64_cb(out, A64_CBZ, REG_X3);
    }
    if (left) {
        a64_rrr(out, A64_SUB, REG_X3, A64_XZR, REG_X3);
    }
    a64_rrr(out, A64_RORV, REG_X1, a, REG_X3);
    if (wanted != 0) {
        rotate_flags(e, inst, wanted);
    }
    operand_store(e, inst->dst, 4, REG_X1);
    if (wanted != 0) {
        a64_here(out, none);
        e->flags = before;
        e->flags.record = false;
    }
}

void body_shift(struct emit *e, const struct ir_inst *inst)
{
    if (inst->b == IR_IMM && (inst->imm & 31) == 0) {
        unsigned a = operand_use(e, inst, inst->a, inst->width, REG_X2);
        operand_store(e, inst->dst, inst->width, a);
    } else if (inst->op == IR_rol || inst->op == IR_ror) {
        rotate(e, inst);
    } else if (inst->b == IR_IMM) {
        shift_by_constant(e, inst, (unsigned)inst->imm & 31);
    } else {
        shift_by_register(e, inst);
    }
}

/* 32 bits by CL: x1 is a until the count turns out not to be zero. */
static void double_shift_by_register(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    unsigned wanted = a64_flags_wanted(e);
    bool left = inst->op == IR_shld;
    if (wanted != 0) {
        a64_flags_direct(e);
    }
    struct flag_state before = e->flags;
    unsigned a = operand_use(e, inst, inst->a, 4, REG_X2);
    unsigned b = operand_use(e, inst, inst->b, 4, REG_X3);
    a64_mov(out, REG_X2, a);
    a64_mov(out, REG_X1, a);
    a64_logic_imm(out, A64_ANDI, REG_A, REG_GPR + GUEST_RCX, 31);
    uint32_t none = a64_cb(out, A64_CBZ, REG_A);
    a64_rrr(out, A64_SUB, REG_B, A64_XZR, REG_A); /* 32 - count, modulo 32 */
    a64_rrr(out, left ? A64_LSLV : A64_LSRV, REG_X1, REG_X2, REG_A);
    a64_rrr(out, left ? A64_LSRV : A64_LSLV, REG_X3, b, REG_B);
    a64_rrr(out, A64_ORR, REG_X1, REG_X1, REG_X3);
    if (wanted != 0) {
        unsigned value = left ? REG_X2 : REG_X1;
        a64_rrrs(out, A64_EOR, REG_X3, value, value, A64_LSL, 1); /* OF, at its place */
        if (left) {
            a64_rrr(out, A64_LSRV, REG_X2, REG_X2, REG_B);
            a64_rrr(out, A64_LSRV, REG_X3, REG_X3, REG_B);
        } else {
            a64_rri(out, A64_SUBI, REG_A, REG_A, 1);
            a64_rrr(out, A64_LSRV, REG_X2, REG_X2, REG_A);
            a64_lsr(out, REG_X3, REG_X3, 31);
        }
        shift_parity(e, wanted, REG_X1);
        sign_and_zero(e, REG_X1, 4);
        a64_flags_made(e, false);
        a64_flag_from_bit(e, FLAG_CF, REG_X2, 0);
        a64_flag_from_bit(e, FLAG_OF, REG_X3, 0);
    }
    a64_here(out, none);
    operand_store(e, inst->dst, 4, REG_X1);
    if (wanted != 0) {
        e->flags = before;
        e->flags.record = false;
    }
}

/* 32 bits. */
void body_double_shift(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    if (inst->aux == 1) {
        double_shift_by_register(e, inst);
        return;
    }
    unsigned wanted = a64_flags_wanted(e);
    unsigned count = (unsigned)inst->imm & 31;
    bool left = inst->op == IR_shld;
    unsigned a = operand_use(e, inst, inst->a, 4, REG_X2);
    unsigned b = operand_use(e, inst, inst->b, 4, REG_X3);
    if (count == 0) {
        operand_store(e, inst->dst, 4, a);
        return;
    }
    if (left) {
        a64_rrrs(out, A64_EXTR, REG_X1, a, b, A64_LSL, 32 - count);
    } else {
        a64_rrrs(out, A64_EXTR, REG_X1, b, a, A64_LSL, count);
    }
    if (wanted != 0) {
        a64_mov(out, REG_X2, a);
        shift_parity(e, wanted, REG_X1);
        sign_and_zero(e, REG_X1, 4);
        a64_flags_made(e, false);
        a64_flag_from_bit(e, FLAG_CF, REG_X2, left ? 32 - count : count - 1);
        if ((wanted & FLAG_OF) != 0) {
            /* left: CF against the top of the result, which is the bit below it */
            unsigned value = left ? REG_X2 : REG_X1;
            a64_rrrs(out, A64_EOR, REG_X3, value, value, A64_LSL, 1);
            a64_flag_from_bit(e, FLAG_OF, REG_X3, left ? 32 - count : 31);
        }
    }
    operand_store(e, inst->dst, 4, REG_X1);
}
