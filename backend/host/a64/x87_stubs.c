/* Shared code of x87 operations: the stack, moves, and the frame around arithmetic (x87.h). */
#include "backend/host/a64/x87.h"

#include <assert.h>

enum { FSW_C1_BIT = 9 };

#define CODE(name, shape, what, source, pops, memory) \
    [X87_##name] = {X87_##shape, X87_##what, X87_##source, pops, memory},
const struct x87_code a64_x87_rows[X87_OPS] = {
#include "backend/host/a64/x87_rows.def"
};

void x87_fail(struct x87_stub *s, uint32_t branch)
{
    assert(s->fails < sizeof s->fail / sizeof s->fail[0]);
    s->fail[s->fails++] = branch;
}

void x87_lsl(struct x87_stub *s, unsigned rd, unsigned rn, unsigned n)
{
    a64_bits(s->out, (enum a64_word)((uint32_t)A64_64(A64_UBFM) | 1 << 22), rd, rn, 64 - n, 63 - n);
}

void x87_lsr(struct x87_stub *s, unsigned rd, unsigned rn, unsigned n)
{
    a64_bits(s->out, (enum a64_word)((uint32_t)A64_64(A64_UBFM) | 1 << 22), rd, rn, n, 63);
}

void x87_set_top_bit(struct x87_stub *s, unsigned rd)
{
    /* orr x, x, #1 << 63: one bit, turned by one */
    a64_bits(s->out, (enum a64_word)((uint32_t)A64_64(A64_ORRI) | 1 << 22), rd, rd, 1, 0);
}

static void load_byte(struct x87_stub *s, unsigned reg, uint32_t member)
{
    a64_mem(s->out, A64_LDRB, reg, REG_CONTEXT, member);
}

static void store_byte(struct x87_stub *s, unsigned reg, uint32_t member)
{
    a64_mem(s->out, A64_STRB, reg, REG_CONTEXT, member);
}

/* Physical register number `reg` to [scratch]. */
static void locate(struct x87_stub *s, unsigned scratch, unsigned reg)
{
    a64_rrrs(s->out, A64_64(A64_ADD), scratch, REG_CONTEXT, reg, A64_LSL, 4);
}

static void load_register(struct x87_stub *s, unsigned value, unsigned exponent, unsigned reg)
{
    _Static_assert(sizeof(struct x87_reg) == 16, "numbers are shifted");
    locate(s, exponent, reg);
    a64_mem(s->out, A64_LDRX, value, exponent, CTX(st) + offsetof(struct x87_reg, mantissa));
    a64_mem(s->out, A64_LDRH, exponent, exponent, CTX(st) + offsetof(struct x87_reg, exponent));
}

/* Uses x7. */
static void store_register(struct x87_stub *s, unsigned value, unsigned exponent, unsigned reg)
{
    locate(s, F_Y, reg);
    a64_mem(s->out, A64_STRX, value, F_Y, CTX(st) + offsetof(struct x87_reg, mantissa));
    a64_mem(s->out, A64_STRH, exponent, F_Y, CTX(st) + offsetof(struct x87_reg, exponent));
}

/* Fails when the register is (or is not) empty; tags in x11, uses x7. */
static void need(struct x87_stub *s, unsigned reg, bool empty)
{
    a64_rrr(s->out, A64_LSRV, F_Y, F_DST, reg);
    x87_fail(s, a64_tb(s->out, empty ? A64_TBZ : A64_TBNZ, F_Y, 0));
}

/* x10 = TOP, x11 = tags. */
static void begin_stack(struct x87_stub *s)
{
    load_byte(s, F_TOP, CTX(ftop));
    load_byte(s, F_DST, CTX(ftag));
}

/* x6 = the physical number of ST(x6), which is not empty. */
static void find_sti(struct x87_stub *s)
{
    a64_rrr(s->out, A64_ADD, F_X, F_X, F_TOP);
    a64_logic_imm(s->out, A64_ANDI, F_X, F_X, 7);
    need(s, F_X, false);
}

/* The status word: C1 as x6 has it, its exceptions added.  raised false: C1 = 0.  Comparisons
 * replace all conditions.  Uses x7, x11. */
static void note_status(struct x87_stub *s, bool raised)
{
    bool compared = s->row->shape == X87_COMPARE;
    uint32_t replaced = compared ? UINT32_C(0x4700) : UINT32_C(1) << FSW_C1_BIT;
    a64_mem(s->out, A64_LDRH, F_Y, REG_CONTEXT, CTX(fsw));
    a64_imm(s->out, F_DST, replaced);
    a64_rrr(s->out, A64_BIC, F_Y, F_Y, F_DST);
    if (raised) {
        a64_rrr(s->out, A64_ORR, F_Y, F_Y, F_X);
    }
    a64_mem(s->out, A64_STRH, F_Y, REG_CONTEXT, CTX(fsw));
}

/* x10 TOP.  Uses x7, x11. */
static void pop(struct x87_stub *s)
{
    for (unsigned i = 0; i < s->row->pops; i++) {
        load_byte(s, F_DST, CTX(ftag));
        a64_imm(s->out, F_Y, 1);
        a64_rrr(s->out, A64_LSLV, F_Y, F_Y, F_TOP);
        a64_rrr(s->out, A64_ORR, F_DST, F_DST, F_Y);
        store_byte(s, F_DST, CTX(ftag));
        a64_rri(s->out, A64_ADDI, F_TOP, F_TOP, 1);
        a64_logic_imm(s->out, A64_ANDI, F_TOP, F_TOP, 7);
        store_byte(s, F_TOP, CTX(ftop));
    }
}

/* ---- shapes ---- */

/* x2, x3 is the operand. */
static void push_operand(struct x87_stub *s)
{
    switch ((enum x87_operand)s->row->source) {
    case X87_STI:
    case X87_NEXT:
        begin_stack(s);
        find_sti(s);
        load_register(s, F_B, F_B_EXP, F_X);
        break;
    case X87_ONE:
        a64_imm(s->out, F_B, UINT64_C(1) << 63);
        a64_imm(s->out, F_B_EXP, 0x3fff);
        break;
    case X87_ZERO:
        a64_imm(s->out, F_B, 0);
        a64_imm(s->out, F_B_EXP, 0);
        break;
    case X87_TO_STI:
    case X87_F32:
    case X87_F64:
    case X87_INT:
    default:
        x87_widen(s);
        break;
    }
}

static void emit_push(struct x87_stub *s)
{
    struct code_buffer *out = s->out;
    push_operand(s);
    begin_stack(s);
    a64_rri(out, A64_SUBI, F_TOP, F_TOP, 1);
    a64_logic_imm(out, A64_ANDI, F_TOP, F_TOP, 7);
    need(s, F_TOP, true);
    a64_imm(out, F_X, 1);
    a64_rrr(out, A64_LSLV, F_X, F_X, F_TOP);
    a64_rrr(out, A64_BIC, F_DST, F_DST, F_X);
    store_byte(s, F_DST, CTX(ftag));
    store_byte(s, F_TOP, CTX(ftop));
    store_register(s, F_B, F_B_EXP, F_TOP);
    note_status(s, false);
}

static void emit_store(struct x87_stub *s)
{
    begin_stack(s);
    need(s, F_TOP, false);
    load_register(s, F_A, F_A_EXP, F_TOP);
    x87_narrow(s);
    note_status(s, true);
    pop(s);
}

/* FST, FSTP: the destination becomes valid. */
static void emit_move(struct x87_stub *s)
{
    struct code_buffer *out = s->out;
    begin_stack(s);
    need(s, F_TOP, false);
    a64_rrr(out, A64_ADD, F_X, F_X, F_TOP);
    a64_logic_imm(out, A64_ANDI, F_X, F_X, 7);
    load_register(s, F_A, F_A_EXP, F_TOP);
    store_register(s, F_A, F_A_EXP, F_X);
    a64_imm(out, F_Y, 1);
    a64_rrr(out, A64_LSLV, F_Y, F_Y, F_X);
    a64_rrr(out, A64_BIC, F_DST, F_DST, F_Y);
    store_byte(s, F_DST, CTX(ftag));
    note_status(s, false);
    pop(s);
}

static void emit_swap(struct x87_stub *s)
{
    begin_stack(s);
    need(s, F_TOP, false);
    find_sti(s);
    load_register(s, F_A, F_A_EXP, F_TOP);
    load_register(s, F_B, F_B_EXP, F_X);
    store_register(s, F_A, F_A_EXP, F_X);
    store_register(s, F_B, F_B_EXP, F_TOP);
    note_status(s, false);
}

static void emit_sign(struct x87_stub *s)
{
    struct code_buffer *out = s->out;
    bool change = s->row->what == X87_CHANGE;
    uint32_t mask = change ? UINT32_C(0x8000) : UINT32_C(0x7fff);
    begin_stack(s);
    need(s, F_TOP, false);
    load_register(s, F_A, F_A_EXP, F_TOP);
    a64_logic_imm(out, change ? A64_EORI : A64_ANDI, F_A_EXP, F_A_EXP, mask);
    store_register(s, F_A, F_A_EXP, F_TOP);
    note_status(s, false);
}

/* ST(0) to F_A, the other operand to F_B, NZCV out of the way. */
static void load_operands(struct x87_stub *s)
{
    enum x87_operand source = (enum x87_operand)s->row->source;
    bool registers = source == X87_STI || source == X87_NEXT || source == X87_TO_STI;
    a64_put(s->out, (uint32_t)A64_MRS_NZCV | F_NZCV);
    s->flags_saved = true;
    if (!registers) {
        x87_widen(s);
    }
    begin_stack(s);
    need(s, F_TOP, false);
    if (registers) {
        find_sti(s);
        load_register(s, F_B, F_B_EXP, F_X);
    }
    load_register(s, F_A, F_A_EXP, F_TOP);
}

static void emit_arith(struct x87_stub *s)
{
    load_operands(s);
    a64_mov(s->out, F_DST, s->row->source == X87_TO_STI ? F_X : F_TOP);
    x87_arithmetic(s);
    store_register(s, F_B, F_B_EXP, F_DST);
    note_status(s, true);
    load_byte(s, F_TOP, CTX(ftop));
    pop(s);
}

/* x12 = the conditions in x6 as NZCV, C inverted; PF = AF = 0. */
static void compared_flags(struct x87_stub *s)
{
    struct code_buffer *out = s->out;
    a64_logic_imm(out, A64_EORI, F_X, F_X, 1 << 8); /* C0 */
    a64_lsr(out, F_Y, F_X, 8);
    a64_imm(out, F_NZCV, 0);
    a64_bfi(out, F_NZCV, F_Y, NZCV_C, 1);
    a64_lsr(out, F_Y, F_X, 14); /* C3 */
    a64_bfi(out, F_NZCV, F_Y, NZCV_Z, 1);
    a64_imm(out, REG_PF, 1);
    a64_mov(out, REG_AF, REG_PF);
}

static void emit_compare(struct x87_stub *s)
{
    load_operands(s);
    x87_compare(s);
    if (s->row->what == X87_FLAGS) {
        compared_flags(s);
    } else {
        note_status(s, true);
    }
    pop(s);
}

/* ---- all of them ---- */

static void leave(struct x87_stub *s, bool done)
{
    if (s->flags_saved) {
        a64_put(s->out, (uint32_t)A64_MSR_NZCV | F_NZCV);
    }
    if (done) {
        a64_rri(s->out, A64_64(A64_ADDI), A64_LR, A64_LR, 4);
    }
    a64_put(s->out, (uint32_t)A64_RET | A64_LR << 5);
}

static void emit_operation(struct x87_stub *s)
{
    switch ((enum x87_shape)s->row->shape) {
    case X87_PUSH:
        emit_push(s);
        break;
    case X87_STORE:
        emit_store(s);
        break;
    case X87_MOVE:
        emit_move(s);
        break;
    case X87_SWAP:
        emit_swap(s);
        break;
    case X87_SIGN:
        emit_sign(s);
        break;
    case X87_COMPARE:
        emit_compare(s);
        break;
    case X87_ARITH:
    case X87_NO_CODE:
    default:
        emit_arith(s);
        break;
    }
}

void a64_emit_x87_stubs(struct engine *engine)
{
    for (unsigned op = 0; op < X87_OPS; op++) {
        struct x87_stub s = {.out = &engine->out, .row = &a64_x87_rows[op]};
        if (s.row->shape == X87_NO_CODE) {
            continue;
        }
        engine->stubs.x87[op] = engine->out.at;
        emit_operation(&s);
        leave(&s, true);
        for (unsigned i = 0; i < s.fails; i++) {
            a64_here(s.out, s.fail[i]);
        }
        leave(&s, false);
    }
}
