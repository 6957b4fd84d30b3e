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
static emit_record *const records[IR_OPS] = {
    [IR_insn] = select_insn,       [IR_brcc] = select_branch,   [IR_brz] = select_branch,
    [IR_brnz] = select_branch,     [IR_jmp] = select_jmp,       [IR_jmp_ind] = select_jmp_ind,
    [IR_callout] = select_callout, [IR_push] = select_push,     [IR_pop] = select_pop,
    [IR_advance] = select_advance, [IR_get] = select_get,       [IR_put] = select_put,
    [IR_x87] = select_x87,         [IR_vec] = select_vec,       [IR_clc] = select_carry,
    [IR_stc] = select_carry,       [IR_cmc] = select_carry,     [IR_cdq] = select_cdq,
    [IR_lea] = select_lea,         [IR_bit_ea] = select_bit_ea,
};
static emit_body *const bodies[IR_OPS] = {
    [IR_mov] = body_mov,     [IR_movzx] = body_extend, [IR_movsx] = body_extend,
    [IR_add] = body_alu,     [IR_adc] = body_alu,      [IR_sub] = body_alu,
    [IR_sbb] = body_alu,     [IR_and] = body_alu,      [IR_or] = body_alu,
    [IR_xor] = body_alu,     [IR_cmp] = body_alu,      [IR_test] = body_alu,
    [IR_inc] = body_incdec,  [IR_dec] = body_incdec,   [IR_neg] = body_not_neg,
    [IR_not] = body_not_neg, [IR_bswap] = body_bswap,  [IR_shl] = body_shift,
    [IR_shr] = body_shift,   [IR_sar] = body_shift,    [IR_rol] = body_shift,
    [IR_ror] = body_shift,   [IR_rcl] = body_shift,    [IR_rcr] = body_shift,
    [IR_shld] = body_double_shift, [IR_shrd] = body_double_shift,
    [IR_imul] = body_imul,   [IR_mul1] = body_mul1,    [IR_imul1] = body_mul1,
    [IR_bt] = body_bit,      [IR_bts] = body_bit,      [IR_btr] = body_bit,
    [IR_btc] = body_bit,     [IR_bsf] = body_scan,     [IR_bsr] = body_scan,
    [IR_setcc] = body_setcc, [IR_cmov] = body_cmov,    [IR_xchg] = body_xchg,
    [IR_xadd] = body_xadd,   [IR_cmpxchg] = body_cmpxchg,
    [IR_lahf] = body_lahf,   [IR_sahf] = body_sahf,    [IR_salc] = body_salc,
};
/* clang-format on */

/* What a record does with its memory operand. */
static enum access_kind kind_of(const struct ir_inst *inst)
{
    if (inst->op == IR_xchg || inst->op == IR_xadd || inst->op == IR_cmpxchg) {
        return ACCESS_MODIFY;
    }
    if (inst->dst != IR_MEM) {
        return ACCESS_LOAD;
    }
    return inst->a == IR_MEM ? ACCESS_MODIFY : ACCESS_STORE;
}

static unsigned size_of(const struct ir_inst *inst)
{
    return inst->op == IR_movzx || inst->op == IR_movsx ? inst->aux : inst->width;
}

static void select_integer(struct emit *e, const struct ir_inst *inst)
{
    struct flag_use use = e->uses[e->at];
    emit_body *body = bodies[inst->op];
    if (body == NULL) {
        return;
    }
    if (ir_has_memory(inst)) {
        struct memory_access access = x64_access_of(inst, size_of(inst), kind_of(inst));
        x64_with_memory(e, inst, &access, body, NULL, &use);
        return;
    }
    x64_flags_prepare(e, &use);
    body(e, inst, x64_reg(0));
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
static uint32_t emit_prologue(struct emit *e)
{
    /* sub qword [budget], count; js rel32 */
    buffer_put(e->out, 0x6e8349 | CTX_DISP8(budget) << 24 | (uint64_t)e->ir->insn_count << 32, 5);
    return x64_jcc(e->out, X64_S);
}

static void emit_poll(struct emit *e, uint32_t field)
{
    x64_here(e->out, field);
    x64_call_to(e->out, e->engine->stubs.poll);
    buffer_put(e->out, (uint32_t)e->ir->rip | (uint64_t)e->ir->insn_count << 32, 5);
}

void x64_select_record(struct emit *e)
{
    const struct ir_inst *inst = &e->ir->insts[e->at];
    if (records[inst->op] != NULL) {
        records[inst->op](e, inst);
    } else {
        select_integer(e, inst);
    }
    if (e->producer != NULL) {
        x64_replay_after(e, inst);
    }
}

bool x64_select_block(struct emit *e)
{
    e->flags_in_record = true;
    e->flags_lost = false;
    e->producer = NULL;
    e->check_leave = false;
    e->fpu_ready = false;
    e->fpu_last = (struct fpu_last){0};
    x64_flag_liveness(e);
    uint32_t tail = emit_tail_guard(e);
    uint32_t poll = emit_prologue(e);
    for (e->at = 0; e->at < e->ir->count && !e->ended; e->at++) {
        x64_select_record(e);
    }
    if (!e->ended) {
        /* The last callout did not leave: go on after the block. */
        struct ir_inst next = {.op = IR_jmp, .imm = e->rip + e->length};
        select_jmp(e, &next);
    }
    emit_poll(e, poll);
    emit_tail_miss(e, tail);
    x64_emit_slow_sites(e);
    x64_emit_exit_sites(e);
    x64_emit_callout_data(e);
    buffer_align(e->out, 16, 0xcc);
    return !e->out->full;
}
