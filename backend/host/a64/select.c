/* Compiles one IR block: dispatch of records, memory operands, prologue and out-of-line parts. */
#include "backend/host/a64/select.h"

static void select_insn(struct emit *e, const struct ir_inst *inst)
{
    e->rip = (uint32_t)inst->imm;
    e->length = inst->aux;
    e->index = inst->b;
}

/* clang-format off */
/* What emits an operation: a record as a whole, or its body around a memory operand. */
static const struct {
    emit_record *record;
    emit_record *body;
} selectors[IR_OPS] = {
    [IR_insn] = {select_insn, NULL}, [IR_brcc] = {select_branch, NULL}, [IR_brz] = {select_branch, NULL},
    [IR_brnz] = {select_branch, NULL}, [IR_jmp] = {select_jmp, NULL}, [IR_jmp_ind] = {select_jmp_ind, NULL},
    [IR_callout] = {select_callout, NULL}, [IR_push] = {select_push, NULL}, [IR_pop] = {select_pop, NULL},
    [IR_advance] = {select_advance, NULL}, [IR_get] = {select_get, NULL}, [IR_put] = {select_put, NULL},
    [IR_clc] = {select_carry, NULL}, [IR_stc] = {select_carry, NULL}, [IR_cmc] = {select_carry, NULL},
    [IR_cdq] = {select_cdq, NULL}, [IR_lea] = {select_lea, NULL}, [IR_bit_ea] = {select_bit_ea, NULL},
    [IR_lahf] = {select_lahf, NULL}, [IR_vec] = {select_vec, NULL}, [IR_x87] = {select_x87, NULL},
    [IR_mov] = {NULL, body_mov}, [IR_movzx] = {NULL, body_extend}, [IR_movsx] = {NULL, body_extend},
    [IR_add] = {NULL, body_alu}, [IR_adc] = {NULL, body_alu}, [IR_sub] = {NULL, body_alu},
    [IR_sbb] = {NULL, body_alu}, [IR_and] = {NULL, body_alu}, [IR_or] = {NULL, body_alu},
    [IR_xor] = {NULL, body_alu}, [IR_cmp] = {NULL, body_alu}, [IR_test] = {NULL, body_alu},
    [IR_inc] = {NULL, body_incdec}, [IR_dec] = {NULL, body_incdec}, [IR_neg] = {NULL, body_neg},
    [IR_not] = {NULL, body_not}, [IR_bswap] = {NULL, body_bswap}, [IR_shl] = {NULL, body_shift},
    [IR_shr] = {NULL, body_shift}, [IR_sar] = {NULL, body_shift}, [IR_rol] = {NULL, body_shift},
    [IR_ror] = {NULL, body_shift}, [IR_shld] = {NULL, body_double_shift},
    [IR_shrd] = {NULL, body_double_shift}, [IR_imul] = {NULL, body_imul}, [IR_mul1] = {NULL, body_mul1},
    [IR_imul1] = {NULL, body_mul1}, [IR_bt] = {NULL, body_bit}, [IR_bts] = {NULL, body_bit},
    [IR_btr] = {NULL, body_bit}, [IR_btc] = {NULL, body_bit}, [IR_bsf] = {NULL, body_scan},
    [IR_bsr] = {NULL, body_scan}, [IR_setcc] = {NULL, body_setcc}, [IR_cmov] = {NULL, body_cmov},
    [IR_xchg] = {NULL, body_xchg}, [IR_xadd] = {NULL, body_xadd}, [IR_cmpxchg] = {NULL, body_cmpxchg},
};
/* clang-format on */

/* Shapes of an operation that have no code here. */
static bool is_rare(const struct ir_inst *inst)
{
    switch (inst->op) {
    case IR_adc:
    case IR_sbb:
    case IR_mul1:
    case IR_imul1:
        return inst->width != 4;
    case IR_shld:
    case IR_shrd:
        return inst->width != 4;
    case IR_bswap:
        return inst->width != 4;
    case IR_shl:
    case IR_shr:
    case IR_sar:
        return inst->b != IR_IMM && (inst->dst != inst->a || operand_is_temp(inst->dst));
    case IR_rol:
    case IR_ror:
        return inst->b != IR_IMM && (inst->width != 4 || inst->dst != inst->a);
    case IR_get: /* its flags may be in the host's */
        return inst->imm == offsetof(struct context, mxcsr);
    default:
        return inst->width == 8 && inst->op >= IR_add && inst->op <= IR_cmpxchg;
    }
}

bool a64_has_code(const struct emit *e, const struct ir_inst *inst)
{
    if (inst->op == IR_vec) {
        return a64_vec_has_code(e, inst);
    }
    if (inst->op == IR_x87) {
        return a64_x87_has_code(e, inst);
    }
    bool any = selectors[inst->op].record != NULL || selectors[inst->op].body != NULL;
    return any && !is_rare(inst);
}

static void select_integer(struct emit *e, const struct ir_inst *inst)
{
    emit_record *body = selectors[inst->op].body;
    if (ir_has_memory(inst)) {
        struct memory_access access = access_of_integer(inst);
        a64_with_memory(e, inst, &access, body);
        return;
    }
    if (e->uses[e->at].inputs != 0 || (a64_flags_wanted(e) != 0 && a64_flags_kept(e) != 0)) {
        a64_flags_host(e);
    }
    body(e, inst);
}

static void select_record(struct emit *e)
{
    const struct ir_inst *inst = &e->ir->insts[e->at];
    if (!a64_has_code(e, inst)) {
        a64_call_record(e);
    } else if (selectors[inst->op].record != NULL) {
        selectors[inst->op].record(e, inst);
    } else {
        select_integer(e, inst);
    }
}

_Static_assert(IR_MAX_INSNS < 4096, "the count is an immediate");

/* A straddling block leaves when the next page is not the one it was made from; where to, or 0. */
static uint32_t emit_tail_guard(struct emit *e)
{
    if (e->block->gpa2 == UINT64_MAX) {
        return 0;
    }
    a64_code_entry(e, (uint32_t)block_tail_rip(e->block));
    a64_imm(e->out, REG_B, (uint64_t)e->block->tail_delta);
    a64_rrr(e->out, A64_64(A64_SUB), REG_A, REG_A, REG_B);
    return a64_cb(e->out, A64_64(A64_CBNZ), REG_A);
}

static void emit_miss(struct emit *e)
{
    a64_imm(e->out, REG_EA, (uint32_t)e->ir->rip);
    a64_b_to(e->out, e->engine->stubs.miss);
}

bool a64_select_block(struct emit *e)
{
    struct code_buffer *out = e->out;
    e->flags = (struct flag_state){.host = true};
    e->vec_ready = false;
    a64_mmx_forget(e);
    a64_flag_liveness(e);
    uint32_t tail = emit_tail_guard(e);
    /* Budget: the whole block is paid on entry; when it does not fit, nothing has happened. */
    a64_rri(out, A64_64(A64_SUBI), REG_BUDGET, REG_BUDGET, e->ir->insn_count);
    uint32_t poll = a64_tb(out, A64_TBNZ, REG_BUDGET, 63);
    for (e->at = 0; e->at < e->ir->count && !e->ended; e->at++) {
        select_record(e);
    }
    if (!e->ended) {
        struct ir_inst next = {.op = IR_jmp, .imm = e->rip + e->length};
        select_jmp(e, &next);
    }
    e->straight_end = out->at;
    a64_emit_exit_sites(e);
    a64_here(out, poll);
    a64_rri(out, A64_64(A64_ADDI), REG_BUDGET, REG_BUDGET, e->ir->insn_count);
    emit_miss(e);
    if (tail != 0) {
        a64_here(out, tail);
        emit_miss(e);
    }
    a64_emit_slow_sites(e);
    a64_emit_record_data(e);
    buffer_align(out, 16, 0);
    return !out->full;
}
