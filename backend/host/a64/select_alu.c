/*
 * Two-operand arithmetic, logic, multiplication, bit tests and scans.
 *
 * 8- and 16-bit sums are made at the top of a 32-bit register, where N Z C V come out right.  Logic
 * compares its result with 0, which leaves C as an inverted CF of 0.
 */
#include "backend/host/a64/select.h"

enum { NZCV = FLAG_SF | FLAG_ZF | FLAG_CF | FLAG_OF };

/* Immediate of a record, or not. */
static bool immediate_of(const struct ir_inst *inst, uint32_t *value)
{
    if (inst->b != IR_IMM) {
        return false;
    }
    *value = inst->width == 4 ? (uint32_t)inst->imm
                              : (uint32_t)inst->imm & ((UINT32_C(1) << 8u * inst->width) - 1);
    return true;
}

/* x17 with bit 4 of a ^ b. */
static void make_adjust(struct emit *e, unsigned a, unsigned b, bool constant, uint32_t value)
{
    if (!constant) {
        a64_rrr(e->out, A64_EOR, REG_AF, a, b);
    } else if ((value & 16) != 0) {
        a64_logic_imm(e->out, A64_EORI, REG_AF, a, 16);
    } else {
        a64_mov(e->out, REG_AF, a);
    }
}

/* PF, and AF = 0, of a result. */
static void make_parity(struct emit *e, unsigned wanted, unsigned result, bool no_adjust)
{
    if ((wanted & (FLAG_PF | FLAG_AF)) != 0 && result != REG_PF) {
        a64_mov(e->out, REG_PF, result);
    }
    if (no_adjust && (wanted & FLAG_AF) != 0) {
        a64_mov(e->out, REG_AF, REG_PF);
    }
}

/* NZCV of a logical result: C as CF = 0. */
static void compare_with_zero(struct emit *e, unsigned result, unsigned width)
{
    unsigned from = result;
    if (width < 4) {
        a64_lsl(e->out, REG_A, result, 32 - 8 * width);
        from = REG_A;
    }
    a64_rri(e->out, A64_SUBSI, A64_XZR, from, 0);
    a64_flags_made(e, false);
}

static void emit_logic(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    unsigned wanted = a64_flags_wanted(e);
    bool test = inst->op == IR_test;
    uint32_t value;
    bool constant = immediate_of(inst, &value);
    unsigned a = operand_use(e, inst, inst->a, inst->width, REG_X2);
    unsigned to = test ? (unsigned)REG_PF : operand_target(inst->dst, inst->width, REG_X1);
    enum a64_word plain = inst->op == IR_or ? A64_ORR : inst->op == IR_xor ? A64_EOR : A64_AND;
    enum a64_word with = inst->op == IR_or ? A64_ORRI : inst->op == IR_xor ? A64_EORI : A64_ANDI;
    if (test && wanted == 0) {
        return;
    }
    if (test && !constant && inst->a == inst->b) {
        to = a; /* the value itself */
    } else if (!constant) {
        a64_rrr(out, plain, to, a, operand_use(e, inst, inst->b, inst->width, REG_X3));
    } else if (!a64_logic_imm(out, with, to, a, value)) {
        a64_imm(out, REG_X3, value);
        a64_rrr(out, plain, to, a, REG_X3);
    }
    if (!test) {
        operand_store(e, inst->dst, inst->width, to);
    }
    if (wanted != 0) {
        make_parity(e, wanted, to, true);
        compare_with_zero(e, to, inst->width);
    }
}

static enum a64_word sum_word(unsigned op, bool flags)
{
    switch (op) {
    case IR_add:
    case IR_xadd:
        return flags ? A64_ADDS : A64_ADD;
    case IR_adc:
        return flags ? A64_ADCS : A64_ADC;
    case IR_sbb:
        return flags ? A64_SBCS : A64_SBC;
    default:
        return flags ? A64_SUBS : A64_SUB;
    }
}

static bool is_direct(unsigned op)
{
    return op == IR_add || op == IR_adc || op == IR_xadd;
}

/* 32-bit to = a op b. */
static void emit_sum32(struct emit *e, unsigned op, unsigned to, unsigned a, unsigned b,
                       bool constant, uint32_t value, bool flags)
{
    struct code_buffer *out = e->out;
    bool carried = op == IR_adc || op == IR_sbb;
    if (constant && !carried) {
        bool sum = is_direct(op);
        enum a64_word word = sum ? A64_ADDI : A64_SUBI;
        enum a64_word other = sum ? A64_SUBI : A64_ADDI;
        uint32_t set = flags ? UINT32_C(1) << 29 : 0;
        if (a64_add_imm(out, (enum a64_word)((uint32_t)word | set), to, a, value)) {
            return;
        }
        /* The same sum: carry and overflow are those of adding the complement. */
        if (a64_add_imm(out, (enum a64_word)((uint32_t)other | set), to, a, 0 - value)) {
            return;
        }
    }
    if (constant) {
        a64_imm(out, REG_X3, value);
        b = REG_X3;
    }
    a64_rrr(out, sum_word(op, flags), to, a, b);
}

/* Sum or difference with all flags at the top of x10; the result to x1 or x16. */
static unsigned emit_narrow_sum(struct emit *e, const struct ir_inst *inst, unsigned a, unsigned b,
                                bool constant, uint32_t value)
{
    struct code_buffer *out = e->out;
    unsigned shift = 32 - 8u * inst->width;
    unsigned to = inst->op == IR_cmp ? (unsigned)REG_PF : (unsigned)REG_X1;
    a64_lsl(out, REG_A, a, shift);
    if (constant) {
        a64_imm(out, REG_B, value << shift);
        a64_rrr(out, sum_word(inst->op, true), REG_A, REG_A, REG_B);
    } else {
        a64_rrrs(out, sum_word(inst->op, true), REG_A, REG_A, b, A64_LSL, shift);
    }
    if (inst->op != IR_cmp || (a64_flags_wanted(e) & (FLAG_PF | FLAG_AF)) != 0) {
        a64_lsr(out, to, REG_A, shift);
    }
    return to;
}

static void emit_sum(struct emit *e, const struct ir_inst *inst)
{
    unsigned wanted = a64_flags_wanted(e);
    bool compare = inst->op == IR_cmp;
    uint32_t value = 0;
    bool constant = immediate_of(inst, &value);
    if (inst->op == IR_adc) {
        a64_flags_direct(e);
    } else if (inst->op == IR_sbb) {
        a64_flags_inverted(e);
    }
    unsigned a = operand_use(e, inst, inst->a, inst->width, REG_X2);
    unsigned b = constant ? (unsigned)A64_XZR : operand_use(e, inst, inst->b, inst->width, REG_X3);
    if ((wanted & FLAG_AF) != 0) {
        make_adjust(e, a, b, constant, value);
    }
    unsigned to = REG_X1;
    if (inst->width < 4 && wanted != 0) {
        to = emit_narrow_sum(e, inst, a, b, constant, value);
    } else {
        bool parity = (wanted & (FLAG_PF | FLAG_AF)) != 0;
        to = compare ? parity ? REG_PF : A64_XZR : operand_target(inst->dst, inst->width, REG_X1);
        if (!compare || wanted != 0) {
            emit_sum32(e, inst->op, to, a, b, constant, value, wanted != 0);
        }
    }
    if (wanted != 0) {
        if (to != A64_XZR) {
            make_parity(e, wanted, to, false);
        }
        a64_flags_made(e, is_direct(inst->op));
    }
    if (!compare) {
        operand_store(e, inst->dst, inst->width, to);
    }
}

void body_alu(struct emit *e, const struct ir_inst *inst)
{
    if (inst->op == IR_and || inst->op == IR_or || inst->op == IR_xor || inst->op == IR_test) {
        emit_logic(e, inst);
    } else {
        emit_sum(e, inst);
    }
}

/* inc and dec: a sum with 1; CF is put back where it matters. */
void body_incdec(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    unsigned wanted = a64_flags_wanted(e);
    bool keep = wanted != 0 && (a64_flags_kept(e) & FLAG_CF) != 0;
    bool direct = e->flags.direct;
    if (keep) {
        a64_cond(out, A64_CSINC, REG_X3, A64_XZR, A64_XZR, direct ? A64_CC : A64_CS); /* CF */
    }
    struct ir_inst sum = *inst;
    sum.op = inst->op == IR_inc ? IR_add : IR_sub;
    sum.b = IR_IMM;
    sum.imm = 1;
    emit_sum(e, &sum);
    if (keep) {
        a64_flag_from_bit(e, FLAG_CF, REG_X3, 0);
    }
}

void body_neg(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    unsigned wanted = a64_flags_wanted(e);
    unsigned a = operand_use(e, inst, inst->a, inst->width, REG_X2);
    unsigned to = operand_target(inst->dst, inst->width, REG_X1);
    if ((wanted & FLAG_AF) != 0) {
        a64_mov(out, REG_AF, a);
    }
    if (wanted == 0 || inst->width == 4) {
        a64_rrr(out, wanted != 0 ? A64_SUBS : A64_SUB, to, A64_XZR, a);
    } else {
        unsigned shift = 32 - 8u * inst->width;
        a64_rrrs(out, A64_SUBS, REG_A, A64_XZR, a, A64_LSL, shift);
        a64_lsr(out, to, REG_A, shift);
    }
    if (wanted != 0) {
        make_parity(e, wanted, to, false);
        a64_flags_made(e, false);
    }
    operand_store(e, inst->dst, inst->width, to);
}

void body_not(struct emit *e, const struct ir_inst *inst)
{
    unsigned a = operand_use(e, inst, inst->a, inst->width, REG_X2);
    unsigned to = operand_target(inst->dst, inst->width, REG_X1);
    a64_rrr(e->out, A64_ORN, to, A64_XZR, a);
    operand_store(e, inst->dst, inst->width, to);
}

void body_bswap(struct emit *e, const struct ir_inst *inst)
{
    unsigned a = operand_use(e, inst, inst->a, 4, REG_X2);
    unsigned to = operand_target(inst->dst, 4, REG_X1);
    a64_rr(e->out, A64_REV, to, a);
    operand_store(e, inst->dst, 4, to);
}

/* CF and OF from bit 0 of x3. */
static void carry_and_overflow(struct emit *e, unsigned wanted)
{
    if ((wanted & FLAG_CF) != 0) {
        a64_flag_from_bit(e, FLAG_CF, REG_X3, 0);
    }
    if ((wanted & FLAG_OF) != 0) {
        a64_flag_from_bit(e, FLAG_OF, REG_X3, 0);
    }
}

/* x3 = 1 when x is not zero. */
static void bit_if_not_zero(struct emit *e, unsigned x)
{
    a64_rrr(e->out, A64_64(A64_SUB), REG_X3, A64_XZR, x);
    a64_rrr(e->out, A64_64(A64_ORR), REG_X3, REG_X3, x);
    a64_put(e->out, 0xd37ffc00 | REG_X3 << 5 | REG_X3); /* lsr x3, x3, #63 */
}

/* dst = a * b, signed: 64-bit product in x10. */
void body_imul(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    unsigned wanted = a64_flags_wanted(e);
    unsigned a = operand_use(e, inst, inst->a, inst->width, REG_X2);
    unsigned b = operand_use(e, inst, inst->b, inst->width, REG_X3);
    unsigned to = operand_target(inst->dst, inst->width, REG_X1);
    if (wanted == 0) {
        a64_rrr(out, A64_MUL, to, a, b);
        operand_store(e, inst->dst, inst->width, to);
        return;
    }
    a64_flags_begin_partial(e);
    if (inst->width == 2) {
        a64_sbfx(out, REG_X2, a, 0, 16);
        a64_sbfx(out, REG_X3, b, 0, 16);
        a = REG_X2;
        b = REG_X3;
    }
    a64_rrr(out, A64_SMULL, REG_A, a, b);
    operand_store(e, inst->dst, inst->width, REG_A);
    /* It fits when the sign of the low half is all above it. */
    a64_rrrs(out, A64_64(A64_EOR), REG_B, REG_A, REG_A, A64_LSL, 1);
    a64_put(out, 0xd340fc00 | 8u * inst->width << 16 | REG_B << 5 | REG_B); /* lsr x11 */
    bit_if_not_zero(e, REG_B);
    carry_and_overflow(e, wanted);
    a64_flags_end_partial(e);
}

/* edx:eax = eax * a. */
void body_mul1(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    unsigned wanted = a64_flags_wanted(e);
    bool is_signed = inst->op == IR_imul1;
    unsigned a = operand_use(e, inst, inst->a, 4, REG_X2);
    if (wanted != 0) {
        a64_flags_begin_partial(e);
    }
    a64_rrr(out, is_signed ? A64_SMULL : A64_UMULL, REG_A, REG_GPR + GUEST_RAX, a);
    a64_mov(out, REG_GPR + GUEST_RAX, REG_A);
    a64_put(out, 0xd360fc00 | REG_A << 5 | (REG_GPR + GUEST_RDX)); /* lsr x, x10, #32 */
    if (wanted == 0) {
        return;
    }
    if (is_signed) {
        a64_rrrs(out, A64_EOR, REG_B, REG_GPR + GUEST_RDX, REG_GPR + GUEST_RAX, A64_ASR, 31);
    } else {
        a64_mov(out, REG_B, REG_GPR + GUEST_RDX);
    }
    bit_if_not_zero(e, REG_B);
    carry_and_overflow(e, wanted);
    a64_flags_end_partial(e);
}

static void change_bit(struct emit *e, unsigned op, unsigned to, unsigned a, unsigned mask)
{
    enum a64_word word = op == IR_bts ? A64_ORR : op == IR_btr ? A64_BIC : A64_EOR;
    a64_rrr(e->out, word, to, a, mask);
}

void body_bit(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    unsigned wanted = a64_flags_wanted(e);
    unsigned bits = 8u * inst->width;
    uint32_t value;
    bool constant = immediate_of(inst, &value);
    unsigned a = operand_use(e, inst, inst->a, inst->width, REG_X2);
    unsigned bit = 0;
    if (wanted != 0) {
        a64_flags_begin_partial(e);
    }
    if (constant) {
        bit = value & (bits - 1);
        a64_mov(out, REG_X3, a);
        a64_imm(out, REG_A, UINT32_C(1) << bit);
    } else {
        unsigned b = operand_use(e, inst, inst->b, inst->width, REG_X3);
        a64_logic_imm(out, A64_ANDI, REG_B, b, bits - 1);
        a64_imm(out, REG_A, 1);
        a64_rrr(out, A64_LSLV, REG_A, REG_A, REG_B);
        a64_rrr(out, A64_LSRV, REG_X3, a, REG_B);
    }
    if (inst->op != IR_bt) {
        unsigned to = operand_target(inst->dst, inst->width, REG_X1);
        change_bit(e, inst->op, to, a, REG_A);
        operand_store(e, inst->dst, inst->width, to);
    }
    if (wanted != 0) {
        a64_flag_from_bit(e, FLAG_CF, REG_X3, bit);
        a64_flags_end_partial(e);
    }
}

/* Lowest or highest set bit; flags as of a TEST of the source. */
void body_scan(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    unsigned wanted = a64_flags_wanted(e);
    unsigned a = operand_zero(e, inst, inst->a, inst->width, REG_X2);
    a64_rr(out, A64_CLZ, REG_X3, a); /* 32: a is zero */
    if (inst->op == IR_bsf) {
        a64_rr(out, A64_RBIT, REG_X1, a);
        a64_rr(out, A64_CLZ, REG_X1, REG_X1);
    } else {
        a64_logic_imm(out, A64_EORI, REG_X1, REG_X3, 31);
    }
    if (wanted != 0) {
        make_parity(e, wanted, a, true);
        compare_with_zero(e, a, inst->width);
    }
    uint32_t none = a64_tb(out, A64_TBNZ, REG_X3, 5);
    operand_store(e, inst->dst, inst->width, REG_X1);
    a64_here(out, none);
}

/* dst = dst + b, b = old dst. */
void body_xadd(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    unsigned old = operand_use(e, inst, inst->dst, inst->width, REG_X2);
    a64_mov(out, REG_X2, old);
    struct ir_inst sum = *inst;
    sum.op = IR_add;
    sum.a = inst->dst;
    if (inst->dst == IR_MEM) {
        emit_sum(e, &sum);
        operand_store(e, inst->b, inst->width, REG_X2);
        return;
    }
    unsigned wanted = a64_flags_wanted(e);
    sum.dst = IR_MEM; /* the sum in x1 first: the destination is written last */
    unsigned b = operand_use(e, inst, inst->b, inst->width, REG_X3);
    unsigned to = REG_X1;
    if ((wanted & FLAG_AF) != 0) {
        make_adjust(e, REG_X2, b, false, 0);
    }
    if (inst->width < 4) {
        to = emit_narrow_sum(e, &sum, REG_X2, b, false, 0);
    } else {
        a64_rrr(out, A64_ADDS, REG_X1, REG_X2, b);
    }
    make_parity(e, wanted, to, false);
    a64_flags_made(e, true);
    operand_store(e, inst->b, inst->width, REG_X2);
    operand_store(e, inst->dst, inst->width, to);
}

/* Flags of eax - dst; equal: dst = b, else eax = dst; dst is written either way. */
void body_cmpxchg(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    unsigned width = inst->width;
    unsigned wanted = a64_flags_wanted(e);
    unsigned old = operand_use(e, inst, inst->dst, width, REG_X2);
    if (inst->dst != IR_MEM) {
        a64_mov(out, REG_X2, old);
        old = REG_X2;
    }
    unsigned value = operand_use(e, inst, inst->b, width, REG_X3);
    unsigned accumulator = REG_GPR + GUEST_RAX;
    if ((wanted & FLAG_AF) != 0) {
        make_adjust(e, accumulator, old, false, 0);
    }
    unsigned shift = 32 - 8 * width;
    a64_rrrs(out, A64_SUB, REG_PF, accumulator, old, A64_LSL, 0);
    if (width < 4) {
        a64_lsl(out, REG_A, accumulator, shift);
        a64_rrrs(out, A64_SUBS, REG_A, REG_A, old, A64_LSL, shift);
    } else {
        a64_rrr(out, A64_SUBS, A64_XZR, accumulator, old);
    }
    a64_flags_made(e, false);
    a64_cond(out, A64_CSEL, REG_X1, value, old, A64_EQ);
    if (width < 4) {
        operand_store(e, inst->dst, width, REG_X1);
        uint32_t equal = a64_bcond(out, A64_EQ);
        operand_store(e, GUEST_RAX, width, old);
        a64_here(out, equal);
        return;
    }
    operand_store(e, inst->dst, width, REG_X1);
    a64_cond(out, A64_CSEL, accumulator, accumulator, old, A64_EQ);
}
