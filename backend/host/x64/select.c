/* Compiles one IR block: dispatch of records, memory operands, prologue and out-of-line parts. */
#include "backend/host/x64/select.h"

void select_insn(struct emit *e, const struct ir_inst *inst)
{
    if (e->check_leave) {
        x64_fpu_flush(e);
        x64_flags_to_record(e);
        x64_alu_imm(e->out, 4, 7, CTX(leave), LEAVE_NONE);
        x64_jcc_to(e->out, X64_NE, e->engine->stubs.leave_live);
        e->flags_in_host = false;
        e->check_leave = false;
    }
    e->rip = (uint32_t)inst->imm;
    e->length = inst->aux;
    e->index = inst->b;
}

/* clang-format off */
/* What emits an operation: a record as a whole, or its body around a memory operand. */
static const struct {
    emit_record *record;
    emit_body *body;
} selectors[IR_OPS] = {
    [IR_insn] = {select_insn, NULL}, [IR_brcc] = {select_branch, NULL}, [IR_brz] = {select_branch, NULL},
    [IR_brnz] = {select_branch, NULL}, [IR_jmp] = {select_jmp, NULL}, [IR_jmp_ind] = {select_jmp_ind, NULL},
    [IR_callout] = {select_callout, NULL}, [IR_push] = {select_push, NULL}, [IR_pop] = {select_pop, NULL},
    [IR_advance] = {select_advance, NULL}, [IR_get] = {select_get, NULL}, [IR_put] = {select_put, NULL},
    [IR_x87] = {select_x87, NULL}, [IR_vec] = {select_vec, NULL}, [IR_clc] = {select_carry, NULL},
    [IR_stc] = {select_carry, NULL}, [IR_cmc] = {select_carry, NULL}, [IR_cdq] = {select_cdq, NULL},
    [IR_lea] = {select_lea, NULL}, [IR_guard] = {select_guard, NULL}, [IR_bit_ea] = {select_bit_ea, NULL},
    [IR_mov] = {NULL, body_mov}, [IR_movzx] = {NULL, body_extend}, [IR_movsx] = {NULL, body_extend},
    [IR_add] = {NULL, body_alu}, [IR_adc] = {NULL, body_alu}, [IR_sub] = {NULL, body_alu},
    [IR_sbb] = {NULL, body_alu}, [IR_and] = {NULL, body_alu}, [IR_or] = {NULL, body_alu},
    [IR_xor] = {NULL, body_alu}, [IR_cmp] = {NULL, body_alu}, [IR_test] = {NULL, body_alu},
    [IR_inc] = {NULL, body_incdec}, [IR_dec] = {NULL, body_incdec}, [IR_neg] = {NULL, body_not_neg},
    [IR_not] = {NULL, body_not_neg}, [IR_bswap] = {NULL, body_bswap}, [IR_shl] = {NULL, body_shift},
    [IR_shr] = {NULL, body_shift}, [IR_sar] = {NULL, body_shift}, [IR_rol] = {NULL, body_shift},
    [IR_ror] = {NULL, body_shift}, [IR_rcl] = {NULL, body_shift}, [IR_rcr] = {NULL, body_shift},
    [IR_shld] = {NULL, body_double_shift}, [IR_shrd] = {NULL, body_double_shift}, [IR_imul] = {NULL, body_imul},
    [IR_mul1] = {NULL, body_mul1}, [IR_imul1] = {NULL, body_mul1}, [IR_bt] = {NULL, body_bit},
    [IR_bts] = {NULL, body_bit}, [IR_btr] = {NULL, body_bit}, [IR_btc] = {NULL, body_bit},
    [IR_bsf] = {NULL, body_scan}, [IR_bsr] = {NULL, body_scan}, [IR_setcc] = {NULL, body_setcc},
    [IR_cmov] = {NULL, body_cmov}, [IR_xchg] = {NULL, body_xchg}, [IR_xadd] = {NULL, body_xadd},
    [IR_cmpxchg] = {NULL, body_cmpxchg}, [IR_lahf] = {NULL, body_lahf}, [IR_sahf] = {NULL, body_sahf},
    [IR_salc] = {NULL, body_salc},
};
/* clang-format on */

bool x64_integer_access(const struct emit *e, const struct ir_inst *inst,
                        struct memory_access *access)
{
    if (inst->op == IR_push || inst->op == IR_pop) {
        *access = x64_stack_access(e, inst, inst->op == IR_push ? ACCESS_STORE : ACCESS_LOAD);
        return true;
    }
    if (selectors[inst->op].body == NULL || !ir_has_memory(inst)) {
        return false;
    }
    *access = access_of_integer(inst);
    return true;
}

static void select_integer(struct emit *e, const struct ir_inst *inst)
{
    struct flag_use use = e->uses[e->at];
    emit_body *body = selectors[inst->op].body;
    if (body == NULL) {
        return;
    }
    if (ir_has_memory(inst)) {
        struct memory_access access = access_of_integer(inst);
        x64_with_memory(e, inst, &access, body, NULL, &use);
        return;
    }
    x64_flags_prepare(e, &use);
    x64_run_body(e, inst, body, x64_reg(0));
    x64_flags_done(e, inst, &use);
}

_Static_assert(IR_MAX_INSNS <= INT8_MAX, "the count is an immediate byte");

/* A straddling block leaves when the next page is not the one it was made from; where to, or 0. */
static uint32_t emit_tail_guard(struct emit *e)
{
    if (e->block->gpa2 == UINT64_MAX) {
        return 0;
    }
    x64_code_entry(e, (uint32_t)block_tail_rip(e->block));
    x64_mov_imm(e->out, X64_R9, (uint64_t)e->block->tail_delta);
    x64_op(e->out, 8, 0x3b, X64_R8, x64_reg(X64_R9));
    return x64_jcc(e->out, X64_NE);
}

static void emit_tail_miss(struct emit *e, uint32_t field)
{
    if (field != 0) {
        x64_here(e->out, field);
        x64_mov_imm(e->out, X64_R8, (uint32_t)e->ir->rip);
        x64_jmp_to(e->out, e->engine->stubs.miss);
    }
}

/* Budget: the whole block is paid on entry; when it does not fit, nothing has happened. */
uint32_t x64_emit_prologue(struct emit *e)
{
    /* sub qword [budget], count; js rel32 */
    buffer_put(e->out, 0x6e8349 | CTX_DISP8(budget) << 24 | (uint64_t)e->ir->insn_count << 32, 5);
    return x64_jcc(e->out, X64_S);
}

void x64_emit_poll(struct emit *e)
{
    x64_call_to(e->out, e->engine->stubs.poll);
    buffer_put(e->out, (uint32_t)e->ir->rip | (uint64_t)e->ir->insn_count << 32, 5);
}

void x64_select_record(struct emit *e)
{
    const struct ir_inst *inst = &e->ir->insts[e->at];
    emit_record *record = selectors[inst->op].record;
    if (record != NULL) {
        record(e, inst);
    } else {
        select_integer(e, inst);
    }
    if (e->producer != NULL) {
        x64_replay_after(e, inst);
    }
    if (e->region != NULL) {
        x64_slots_after(e, inst);
        x64_group_after(e, inst);
    }
}

void x64_begin_state(struct emit *e)
{
    e->flags_in_record = true;
    e->flags_lost = false;
    e->producer = NULL;
    e->check_leave = false;
    e->fpu_ready = false;
    e->vec_ready = false;
    e->fpu_last = (struct fpu_last){0};
}

bool x64_select_block(struct emit *e)
{
    x64_begin_state(e);
    x64_flag_liveness(e);
    uint32_t tail = emit_tail_guard(e);
    uint32_t poll = x64_emit_prologue(e);
    for (e->at = 0; e->at < e->ir->count && !e->ended; e->at++) {
        x64_select_record(e);
    }
    if (!e->ended) {
        /* The last callout did not leave: go on after the block. */
        struct ir_inst next = {.op = IR_jmp, .imm = e->rip + e->length};
        select_jmp(e, &next);
    }
    x64_here(e->out, poll);
    x64_emit_poll(e);
    emit_tail_miss(e, tail);
    x64_emit_slow_sites(e);
    x64_emit_exit_sites(e);
    x64_emit_callout_data(e);
    buffer_align(e->out, 16, 0xcc);
    return !e->out->full;
}
