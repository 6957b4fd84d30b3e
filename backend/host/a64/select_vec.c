/* MMX, SSE and related operations: operands in NEON registers around the bodies of vec_rows.def. */
#include "backend/host/a64/vec.h"

enum vec_kind { KIND_INTEGER, KIND_PACKED, KIND_SCALAR };

struct row {
    vec_body *body;
    uint32_t word;
    uint8_t bits; /* of a lane */
    uint8_t kind; /* enum vec_kind */
};

#define A_ROW(name, body, word, bits, kind) \
    [VEC_##name] = {vec_##body, (uint32_t)(word), bits, kind},
#define ROW(name, body, word, bits) A_ROW(name, body, word, bits, KIND_INTEGER)
#define BOTH(name, body, word, bits) \
    ROW(name##_p, body, word, bits)  \
    ROW(name##_x, body, word, bits)
#define IMMEDIATES(name, body, word, bits) \
    ROW(name##_pi, body, word, bits)       \
    ROW(name##_xi, body, word, bits)
#define PACKED(name, body, word, bits) A_ROW(name, body, word, bits, KIND_PACKED)
#define SCALAR(name, body, word, bits) A_ROW(name, body, word, bits, KIND_SCALAR)
#define FLOATS(name, body, packed, scalar) \
    PACKED(name##ps, body, packed, 32)     \
    PACKED(name##pd, body, packed, 64)     \
    SCALAR(name##ss, body, scalar, 32)     \
    SCALAR(name##sd, body, scalar, 64)
static const struct row rows[VEC_OPS] = {
#include "backend/host/a64/vec_rows.def"
};
#undef A_ROW

static enum vec_op op_of(const struct ir_inst *inst)
{
    return (enum vec_op)(inst->imm & 0xffff);
}

static bool is_xmm(unsigned operand)
{
    return operand >= IR_XMM0 && operand < IR_XMM0 + 8;
}

static bool is_mmx(unsigned operand)
{
    return operand >= IR_MM0 && operand < IR_MM0 + 8;
}

bool a64_vec_has_code(const struct emit *e, const struct ir_inst *inst)
{
    const struct row *row = &rows[op_of(inst)];
    struct pass_set passes = e->engine->passes;
    bool later = vec_set(&vec_rows[op_of(inst)]) != 0;
    if (row->body == NULL || !pass_on(passes, PASS_host_vec) ||
        (later && !pass_on(passes, PASS_host_sets))) {
        return false;
    }
    if (row->body == vec_float_round && (inst->imm >> 16 & 12) == 0) {
        return false; /* a mode of its own, and inexact */
    }
    return row->kind == KIND_INTEGER || (e->ir->mode & MODE_SSE_SLOW) == 0;
}

/* ---- operands ---- */

static enum a64_word memory_word(unsigned size, bool store)
{
    switch (size) {
    case 2:
        return store ? A64_STRHV : A64_LDRHV;
    case 4:
        return store ? A64_STRS : A64_LDRS;
    case 8:
        return store ? A64_STRD : A64_LDRD;
    default:
        return store ? A64_STRQ : A64_LDRQ;
    }
}

static void access_vector(struct emit *e, unsigned reg, unsigned size, bool store)
{
    a64_mem_reg(e->out, memory_word(size, store), reg, REG_DELTA, REG_EA, false);
}

static uint32_t mmx_at(unsigned operand)
{
    return CTX(st) + (uint32_t)sizeof(struct x87_reg) * (operand - IR_MM0) +
           (uint32_t)offsetof(struct x87_reg, mantissa);
}

/* The register that holds that operand, or to which it was loaded. */
static unsigned vector_use(struct emit *e, const struct ir_inst *inst, unsigned operand,
                           unsigned scratch)
{
    if (is_xmm(operand)) {
        return REG_XMM + (operand - IR_XMM0);
    }
    if (is_mmx(operand)) {
        a64_mem(e->out, A64_LDRD, scratch, REG_CONTEXT, mmx_at(operand));
    } else if (operand == IR_MEM) {
        access_vector(e, scratch, vec_memory_bytes(op_of(inst)), false);
    }
    return scratch;
}

static bool has_general_source(const struct ir_inst *inst)
{
    switch (vec_rows[op_of(inst)].form) {
    case VEC_FORM_X_RM4:
    case VEC_FORM_P_RM4:
    case VEC_FORM_X_RM2:
    case VEC_FORM_P_RM2:
    case VEC_FORM_X_RM1:
        return true;
    default:
        return false;
    }
}

static bool is_immediate_shift(const struct ir_inst *inst)
{
    unsigned form = vec_rows[op_of(inst)].form;
    return form == VEC_FORM_X_IMM || form == VEC_FORM_P_IMM;
}

static unsigned source(struct emit *e, const struct ir_inst *inst)
{
    if (!has_general_source(inst)) {
        return vector_use(e, inst, inst->a, VEC_S);
    }
    if (inst->a == IR_MEM) {
        a64_load_datum(e, REG_X0, vec_memory_bytes(op_of(inst)));
    }
    return operand_use(e, inst, inst->a, 4, REG_X0);
}

void vec_general_result(struct emit *e, const struct vec_use *use, unsigned reg)
{
    unsigned dst = use->inst->dst;
    operand_store(e, dst, dst == IR_MEM ? vec_memory_bytes(op_of(use->inst)) : 4, reg);
}

/* ---- MMX and the x87 state ---- */

void a64_mmx_forget(struct emit *e)
{
    e->mmx_entered = false;
    e->mmx_written = 0;
}

/* What every MMX instruction does: TOP 0, all registers valid. */
static void enter_mmx(struct emit *e)
{
    if (!e->mmx_entered) {
        a64_mem(e->out, A64_STRB, A64_XZR, REG_CONTEXT, CTX(ftop));
        a64_mem(e->out, A64_STRB, A64_XZR, REG_CONTEXT, CTX(ftag));
        e->mmx_entered = true;
    }
}

static void store_mmx(struct emit *e, unsigned operand, unsigned reg)
{
    uint32_t at = mmx_at(operand);
    unsigned bit = 1u << (operand - IR_MM0);
    a64_mem(e->out, A64_STRD, reg, REG_CONTEXT, at);
    if ((e->mmx_written & bit) == 0) {
        uint32_t exponent =
            (uint32_t)(offsetof(struct x87_reg, exponent) - offsetof(struct x87_reg, mantissa));
        a64_imm(e->out, REG_A, 0xffff);
        a64_mem(e->out, A64_STRH, REG_A, REG_CONTEXT, at + exponent);
        e->mmx_written |= (uint8_t)bit;
    }
}

/* ---- one record ---- */

static struct vec_use use_of(const struct ir_inst *inst)
{
    const struct row *row = &rows[op_of(inst)];
    struct vec_use use = {.inst = inst,
                          .word = (enum a64_word)row->word,
                          .lane = (unsigned)__builtin_ctz(row->bits / 8u),
                          .imm = inst->imm >> 16 & 0xff,
                          .memory = inst->a == IR_MEM};
    if (row->kind == KIND_INTEGER) {
        use.wide = !is_mmx(inst->dst) && !is_mmx(inst->a);
        bool sized = row->word != 0 && (row->word >> 24 & 15) == 14; /* not shifts by immediates */
        use.word = sized ? A64_LANE(use.word, use.lane) : use.word;
        if (use.lane == 3 && row->word != 0) {
            use.word = A64_Q(use.word); /* there is no form of one doubleword lane */
        }
    } else {
        use.wide = row->kind == KIND_PACKED;
        use.word = use.lane == 3 ? A64_DOUBLE(use.word) : use.word;
    }
    use.word = use.word != 0 ? vec_sized(&use, use.word) : use.word;
    return use;
}

/* Rows that a load from memory is all of. */
static bool is_plain_load(const struct ir_inst *inst, vec_body *body)
{
    return inst->a == IR_MEM && (body == vec_move_whole || body == vec_move_zero ||
                                 body == vec_move_scalar || body == vec_move_general);
}

static bool is_move(vec_body *body)
{
    return body == vec_move_whole || body == vec_move_zero || body == vec_move_scalar ||
           body == vec_move_low || body == vec_move_high;
}

static void emit_store(struct emit *e, const struct ir_inst *inst, vec_body *body)
{
    unsigned reg = vector_use(e, inst, inst->a, VEC_S);
    if (body == vec_move_high) {
        a64_lane(e->out, A64_DUPS, VEC_A, reg, 3, 1);
        reg = VEC_A;
    }
    access_vector(e, reg, vec_memory_bytes(op_of(inst)), true);
}

void body_vec(struct emit *e, const struct ir_inst *inst)
{
    vec_body *body = rows[op_of(inst)].body;
    struct vec_use use = use_of(inst);
    bool mmx = is_mmx(inst->dst);
    use.d = is_xmm(inst->dst) ? (unsigned)REG_XMM + (inst->dst - IR_XMM0) : (unsigned)VEC_D;
    if (inst->dst == IR_MEM && is_move(body)) {
        emit_store(e, inst, body);
    } else if (is_plain_load(inst, body)) {
        access_vector(e, use.d, vec_memory_bytes(op_of(inst)), false);
    } else {
        if (mmx && !is_move(body)) {
            vector_use(e, inst, inst->dst, VEC_D);
        }
        use.s = is_immediate_shift(inst) ? use.d : source(e, inst);
        body(e, &use);
    }
    if (mmx || is_mmx(inst->a)) {
        enter_mmx(e);
    }
    if (mmx) {
        store_mmx(e, inst->dst, VEC_D);
    }
}

/* Registers and FPCR are loaded at the first use, and stay while code runs. */
static void make_resident(struct emit *e)
{
    if (e->vec_ready) {
        return;
    }
    a64_mem(e->out, A64_LDRW, REG_A, REG_CONTEXT, CTX(vec_resident));
    uint32_t resident = a64_cb(e->out, A64_CBNZ, REG_A);
    a64_bl_to(e->out, e->engine->stubs.vec_load);
    a64_here(e->out, resident);
    e->vec_ready = true;
}

void select_vec(struct emit *e, const struct ir_inst *inst)
{
    const struct vec_row *row = &vec_rows[op_of(inst)];
    if (is_xmm(inst->dst) || is_xmm(inst->a) || rows[op_of(inst)].kind != KIND_INTEGER) {
        make_resident(e);
    }
    if (ir_has_memory(inst)) {
        struct memory_access access = access_of(inst, vec_memory_bytes(op_of(inst)),
                                                inst->dst == IR_MEM ? ACCESS_STORE : ACCESS_LOAD);
        access.aligned = (row->flags & VEC_ALIGNED) != 0 && access.size == 16;
        a64_with_memory(e, inst, &access, body_vec);
    } else {
        a64_with_record(e, inst, body_vec);
    }
}
