/*
 * Where the guest's flags are while a block is compiled, and who looks at them.
 *
 * NZCV survives look-ups and branches here, so flags are saved only for C, and slow paths do that
 * themselves.  C has a sense: CF, or its inverse after subtractions; it is turned when somebody
 * needs the other one.
 */
#include "backend/host/a64/select.h"

enum {
    ALL = FLAGS_ARITH,
    CARRIES = FLAG_CF | FLAG_OF,
};

static struct flag_use shift_use(const struct ir_inst *inst)
{
    bool carry = inst->op == IR_rcl || inst->op == IR_rcr;
    bool rotate = carry || inst->op == IR_rol || inst->op == IR_ror;
    struct flag_use use = {.inputs = carry ? FLAG_CF : 0, .writes = rotate ? CARRIES : ALL};
    if (inst->b == IR_IMM) {
        if ((inst->imm & 31) == 0) {
            return (struct flag_use){0};
        }
        use.kills = rotate ? 0 : ALL;
    }
    return use;
}

static struct flag_use double_shift_use(const struct ir_inst *inst)
{
    if (inst->aux == 1) {
        return (struct flag_use){.writes = ALL};
    }
    return (inst->imm & 31) == 0 ? (struct flag_use){0}
                                 : (struct flag_use){.writes = ALL, .kills = ALL};
}

/* How the rest uses flags; what is not here leaves them alone. */
static const struct flag_use plain_uses[IR_OPS] = {
    [IR_add] = {0, ALL, ALL},
    [IR_sub] = {0, ALL, ALL},
    [IR_and] = {0, ALL, ALL},
    [IR_or] = {0, ALL, ALL},
    [IR_xor] = {0, ALL, ALL},
    [IR_cmp] = {0, ALL, ALL},
    [IR_test] = {0, ALL, ALL},
    [IR_neg] = {0, ALL, ALL},
    [IR_xadd] = {0, ALL, ALL},
    [IR_cmpxchg] = {0, ALL, ALL},
    [IR_adc] = {FLAG_CF, ALL, ALL},
    [IR_sbb] = {FLAG_CF, ALL, ALL},
    [IR_inc] = {0, ALL & ~FLAG_CF, ALL & ~FLAG_CF},
    [IR_dec] = {0, ALL & ~FLAG_CF, ALL & ~FLAG_CF},
    [IR_imul] = {0, CARRIES, CARRIES},
    [IR_mul1] = {0, CARRIES, CARRIES},
    [IR_imul1] = {0, CARRIES, CARRIES},
    [IR_bt] = {0, FLAG_CF, FLAG_CF},
    [IR_bts] = {0, FLAG_CF, FLAG_CF},
    [IR_btr] = {0, FLAG_CF, FLAG_CF},
    [IR_btc] = {0, FLAG_CF, FLAG_CF},
    [IR_bsf] = {0, ALL, ALL},
    [IR_bsr] = {0, ALL, ALL},
    [IR_clc] = {0, FLAG_CF, FLAG_CF},
    [IR_stc] = {0, FLAG_CF, FLAG_CF},
    [IR_cmc] = {FLAG_CF, FLAG_CF, FLAG_CF},
    [IR_lahf] = {ALL, 0, 0},
    [IR_sahf] = {ALL, 0, ALL},
    [IR_salc] = {ALL, 0, 0},
};

static struct flag_use use_of(const struct ir_inst *inst)
{
    switch (inst->op) {
    case IR_shld:
    case IR_shrd:
        return double_shift_use(inst);
    case IR_shl:
    case IR_shr:
    case IR_sar:
    case IR_rol:
    case IR_ror:
    case IR_rcl:
    case IR_rcr:
        return shift_use(inst);
    case IR_setcc:
    case IR_cmov:
    case IR_brcc:
        return (struct flag_use){.inputs = ir_cc_flags[inst->cc & 15]};
    case IR_x87:
        return a64_x87_makes_flags(inst) ? (struct flag_use){.writes = ALL, .kills = ALL}
                                         : (struct flag_use){0};
    case IR_vec:
        return (vec_rows[inst->imm & 0xffff].flags & VEC_EFLAGS) != 0
                   ? (struct flag_use){.writes = ALL, .kills = ALL}
                   : (struct flag_use){0};
    default:
        return plain_uses[inst->op];
    }
}

/* Records at which all flags may be looked at: exits, faults, C. */
static bool shows_all(const struct emit *e, const struct ir_inst *inst)
{
    if (inst->op == IR_insn || inst->op == IR_lea || inst->op == IR_bit_ea) {
        return false;
    }
    return (ir_rows[inst->op].effects & (IR_FAULTS | IR_EXITS)) != 0 || ir_has_memory(inst) ||
           inst->op == IR_get || inst->op == IR_put || !a64_has_code(e, inst);
}

void a64_flag_liveness(struct emit *e)
{
    unsigned live = ALL;
    bool on = pass_on(e->engine->passes, PASS_flag_liveness);
    for (uint32_t i = e->ir->count; i-- > 0;) {
        const struct ir_inst *inst = &e->ir->insts[i];
        struct flag_use use = use_of(inst);
        e->uses[i] = use;
        e->live[i] = (uint16_t)live;
        live = (live & ~(unsigned)use.kills) | use.inputs;
        if (!on || shows_all(e, inst)) {
            live = ALL;
        }
    }
}

unsigned a64_flags_wanted(const struct emit *e)
{
    return e->uses[e->at].writes & e->live[e->at];
}

unsigned a64_flags_kept(const struct emit *e)
{
    return e->live[e->at] & ~(unsigned)e->uses[e->at].kills;
}

enum flag_place a64_flags_place(const struct emit *e)
{
    if (!e->flags.host) {
        return FLAGS_IN_RECORD;
    }
    return e->flags.direct ? FLAGS_DIRECT : FLAGS_INVERTED;
}

void a64_flags_to_record(struct emit *e)
{
    if (!e->flags.record) {
        a64_bl_to(e->out, e->engine->stubs.save_flags[a64_flags_place(e)]);
        e->flags.record = true;
    }
}

void a64_flags_host(struct emit *e)
{
    if (!e->flags.host) {
        a64_bl_to(e->out, e->engine->stubs.load_flags);
        e->flags.host = true;
        e->flags.direct = false;
    }
}

static void turn_carry(struct emit *e)
{
    struct code_buffer *out = e->out;
    if (e->engine->flag_m) {
        a64_put(out, (uint32_t)A64_CFINV);
    } else {
        a64_put(out, (uint32_t)A64_MRS_NZCV | REG_C);
        a64_logic_imm(out, A64_EORI, REG_C, REG_C, UINT32_C(1) << NZCV_C);
        a64_put(out, (uint32_t)A64_MSR_NZCV | REG_C);
    }
    e->flags.direct = !e->flags.direct;
}

void a64_flags_inverted(struct emit *e)
{
    a64_flags_host(e);
    if (e->flags.direct) {
        turn_carry(e);
    }
}

void a64_flags_direct(struct emit *e)
{
    a64_flags_host(e);
    if (!e->flags.direct) {
        turn_carry(e);
    }
}

void a64_flags_made(struct emit *e, bool direct)
{
    e->flags = (struct flag_state){.host = true, .direct = direct};
}

/* RMIF: NZCV bits in `mask` from x rotated right. */
static void rmif(struct code_buffer *out, unsigned reg, unsigned rotate, unsigned mask)
{
    a64_put(out, UINT32_C(0xba000400) | (rotate & 63) << 15 | reg << 5 | mask);
}

void a64_clear_n(struct emit *e)
{
    struct code_buffer *out = e->out;
    if (e->engine->flag_m) {
        rmif(out, A64_XZR, 0, 8);
    } else {
        a64_put(out, (uint32_t)A64_MRS_NZCV | REG_C);
        a64_logic_imm(out, A64_ANDI, REG_C, REG_C, ~(UINT32_C(1) << NZCV_N));
        a64_put(out, (uint32_t)A64_MSR_NZCV | REG_C);
    }
}

void a64_flag_from_bit(struct emit *e, unsigned flag, unsigned reg, unsigned bit)
{
    struct code_buffer *out = e->out;
    unsigned place = flag == FLAG_CF ? NZCV_C : flag == FLAG_OF ? NZCV_V : NZCV_Z;
    if (e->engine->flag_m) {
        rmif(out, reg, bit - (place - NZCV_V), 1u << (place - NZCV_V));
    } else {
        unsigned from = reg;
        if (bit != 0) {
            a64_lsr(out, REG_B, reg, bit);
            from = REG_B;
        }
        a64_put(out, (uint32_t)A64_MRS_NZCV | REG_C);
        a64_bfi(out, REG_C, from, place, 1);
        a64_put(out, (uint32_t)A64_MSR_NZCV | REG_C);
    }
    e->flags.record = false;
    e->flags.direct = flag == FLAG_CF ? true : e->flags.direct;
}

void a64_flags_begin_partial(struct emit *e)
{
    if (a64_flags_kept(e) != 0) {
        a64_flags_host(e);
    }
}

void a64_flags_end_partial(struct emit *e)
{
    e->flags.host = true;
    e->flags.record = false;
}
