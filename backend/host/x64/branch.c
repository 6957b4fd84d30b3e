/*
 * Ends of blocks: direct exits that can be chained, indirect branches through the hash, callouts.
 *
 * A direct exit is a jump whose displacement link() patches.  Out of line stand the page guard and
 * the code that leaves.  Exits in the middle of a block give the
 * instructions that do not run back to the budget first.
 */
#include "backend/host/x64/select.h"

static uint32_t refund_here(const struct emit *e)
{
    return e->ir->insn_count - (e->index + 1);
}

static void add_exit(struct emit *e, uint32_t field, uint32_t target)
{
    e->exits[e->exit_count++] =
        (struct exit_site){.field = field, .target = target, .refund = refund_here(e)};
}

void select_branch(struct emit *e, const struct ir_inst *inst)
{
    if (e->region != NULL) {
        x64_region_branch(e, inst);
        return;
    }
    x64_fpu_flush(e);
    x64_flags_to_record(e);
    if (inst->op == IR_brcc) {
        x64_flags_to_host(e);
        add_exit(e, x64_jcc(e->out, inst->cc & 15), (uint32_t)inst->imm);
        return;
    }
    struct x64_rm a = operand_rm(inst->a, x64_reg(0));
    if (a.memory) {
        x64_alu_imm(e->out, inst->width, 7, a, 0);
    } else {
        x64_opw(e->out, inst->width, 0x84, a.reg, a);
    }
    e->flags_in_host = false;
    add_exit(e, x64_jcc(e->out, inst->op == IR_brz ? X64_E : X64_NE), (uint32_t)inst->imm);
}

void select_jmp(struct emit *e, const struct ir_inst *inst)
{
    if (e->region != NULL) {
        x64_region_jmp(e, inst);
        return;
    }
    x64_fpu_flush(e);
    x64_flags_to_record(e);
    add_exit(e, x64_jmp(e->out), (uint32_t)inst->imm);
    e->ended = true;
}

void x64_emit_hash(struct emit *e)
{
    x64_emit_hash_in(e, (e->ir->mode & MODE_CS_FLAT) != 0);
}

void x64_emit_hash_in(struct emit *e, bool flat)
{
    struct code_buffer *out = e->out;
    /* mov r9d, r8d; shr r9d, 12; mov r12d, r9d (the page of a flat target) */
    buffer_put(out, UINT64_C(0x0ce9c141c88b45), 7);
    buffer_put(out, 0xe18b45, flat ? 3 : 0);
    /* xor r9d, r8d; and r9d, HASH_ENTRIES - 1 */
    buffer_put(out, UINT64_C(0xe18141c83345), 6);
    buffer_put(out, HASH_ENTRIES - 1, 4);
    /* shl r9d, 5; add r9, [hash] */
    buffer_put(out, UINT64_C(0x4e034d05e1c141) | CTX_DISP8(hash) << 56, 8);
    if (!flat) {
        x64_op(out, 4, 0x8b, REG_SCRATCH, x64_reg(X64_R8));
        x64_op(out, 4, 0x03, REG_SCRATCH, CTX(seg[SEG_CS].base));
        x64_op(out, 4, X64_DIGIT | 0xc1, 5, x64_reg(REG_SCRATCH));
        buffer_put8(out, 12);
    }
    x64_load(out, 8, REG_SCRATCH, x64_index(REG_TABLES, REG_SCRATCH, 3, TABLE_CODE));
    x64_op(out, 8, 0x3b, REG_SCRATCH, x64_mem(X64_R9, offsetof(struct hash_slot, guard)));
    x64_jcc_to(out, X64_NE, e->engine->stubs.miss);
    /* mov r12, [tag]; or r12, r8 */
    buffer_put(out, UINT64_C(0xe00b4d00668b4d) | CTX_DISP8(tag) << 24, 7);
    x64_op(out, 8, 0x3b, REG_SCRATCH, x64_mem(X64_R9, offsetof(struct hash_slot, tag)));
    x64_jcc_to(out, X64_NE, e->engine->stubs.miss);
    x64_op(out, 4, X64_DIGIT | 0xff, 4, x64_mem(X64_R9, offsetof(struct hash_slot, code)));
}
_Static_assert(sizeof(struct hash_slot) == 32, "the hash index is shifted by five");

static void body_target(struct emit *e, const struct ir_inst *inst, struct x64_rm mem)
{
    operand_load(e, inst, inst->a, inst->width, REG_SCRATCH, mem);
}

void select_jmp_ind(struct emit *e, const struct ir_inst *inst)
{
    static const struct flag_use no_flags;
    x64_fpu_flush(e);
    x64_flags_to_record(e);
    if (inst->a == IR_MEM) {
        struct memory_access access = access_of(inst, inst->width, ACCESS_LOAD);
        x64_with_memory(e, inst, &access, body_target, NULL, &no_flags);
        x64_access_goes_on(e);
        x64_op(e->out, 4, 0x8b, X64_R8, x64_reg(REG_SCRATCH));
    } else {
        unsigned width = inst->width == 2 ? 2 : 4;
        operand_load(e, inst, inst->a, width, X64_R8, x64_reg(0));
    }
    x64_emit_hash(e);
    e->ended = true;
}

/* r8 = what the code table says of the page of that EIP. */
void x64_code_entry(struct emit *e, uint32_t target)
{
    struct code_buffer *out = e->out;
    if ((e->ir->mode & MODE_CS_FLAT) != 0) {
        x64_load(out, 8, X64_R8, x64_mem(REG_TABLES, TABLE_CODE + (int32_t)(target >> 12) * 8));
        return;
    }
    x64_mov_imm(out, X64_R8, target);
    x64_op(out, 4, 0x03, X64_R8, CTX(seg[SEG_CS].base));
    x64_op(out, 4, X64_DIGIT | 0xc1, 5, x64_reg(X64_R8));
    buffer_put8(out, 12);
    x64_load(out, 8, X64_R8, x64_index(REG_TABLES, X64_R8, 3, TABLE_CODE));
}

/* The guard falls through where the page differs. */
static void emit_guard(struct emit *e, struct block_exit *exit)
{
    struct code_buffer *out = e->out;
    uint32_t start = out->at;
    x64_code_entry(e, exit->target_rip);
    buffer_put(out, 0xb949, 2); /* mov r9, imm64; cmp r8, r9; je */
    buffer_put(out, 0, 8);
    buffer_put(out, 0xc13b4d, 3);
    x64_jcc(out, X64_E); /* patched when it is linked */
    exit->guard_bytes = (uint8_t)(out->at - start);
}

/* add qword [budget], refund */
void x64_emit_refund(struct emit *e, uint32_t count)
{
    buffer_put(e->out, 0x468349 | CTX_DISP8(budget) << 24 | (uint64_t)count << 32, 5);
}

static bool crosses_page(const struct emit *e, uint32_t target)
{
    return block_leaves_page(e->block, e->region != NULL ? e->block->rip : e->ir->rip, target);
}

bool x64_emit_chained(struct emit *e, uint32_t field, uint32_t target)
{
    struct code_buffer *out = e->out;
    uint32_t most = e->region != NULL ? (uint32_t)REGION_EXITS : (uint32_t)BLOCK_MAX_EXITS;
    if (e->block->exit_count == most || (e->ir->mode & MODE_CS_CHECKED) != 0) {
        return false;
    }
    uint8_t index = e->block->exit_count++;
    struct block_exit *exit = e->block->exits + index;
    *exit = (struct block_exit){.target_rip = target, .branch = field, .index = index};
    exit->cross_page = crosses_page(e, target) || block_spans_pages(e->block);
    if (exit->cross_page) {
        emit_guard(e, exit);
    }
    exit->unlinked = out->at;
    buffer_patch_rel32(out, exit->branch, exit->unlinked);
    x64_call_to(out, e->engine->stubs.exit);
    buffer_put(out, (uintptr_t)exit, 8);
    return true;
}

static void emit_exit_site(struct emit *e, const struct exit_site *site)
{
    uint32_t field = site->field;
    if (site->refund != 0) {
        x64_here(e->out, field);
        x64_emit_refund(e, site->refund);
        field = x64_jmp(e->out);
    }
    if (!x64_emit_chained(e, field, site->target)) {
        x64_here(e->out, field);
        x64_mov_imm(e->out, X64_R8, site->target);
        x64_emit_hash(e);
    }
}

void x64_emit_exit_sites(struct emit *e)
{
    for (uint32_t i = 0; i < e->exit_count; i++) {
        if (e->region != NULL) {
            x64_region_exit(e, &e->exits[i]);
        } else {
            emit_exit_site(e, &e->exits[i]);
        }
    }
}

void x64_call_callout(struct emit *e, enum callout_id id, uint64_t imm)
{
    struct code_buffer *out = e->out;
    x64_fpu_flush(e);
    x64_flags_to_record(e);
    /* lea r12, [rip + data] */
    buffer_put(out, 0x258d4c, 3);
    buffer_put(out, 0, 4);
    e->callouts[e->callout_count++] =
        (struct callout_site){.field = out->at - 4,
                              .data = {.imm = imm,
                                       .rip = e->rip,
                                       .next_rip = e->rip + e->length,
                                       .pending = e->ir->insn_count - e->index,
                                       .id = id}};
    x64_call_to(out, e->engine->stubs.callout);
    e->flags_in_record = true;
    e->flags_in_host = false;
    e->check_leave = true;
    e->fpu_ready = false;
}

void x64_emit_callout_data(struct emit *e)
{
    struct code_buffer *out = e->out;
    if (e->callout_count != 0) {
        buffer_align(out, 8, 0xcc);
    }
    for (uint32_t i = 0; i < e->callout_count; i++) {
        x64_here(out, e->callouts[i].field);
        const struct callout_data *data = &e->callouts[i].data;
        buffer_put(out, data->imm, 8);
        buffer_put(out, data->rip, 4);
        buffer_put(out, data->next_rip, 4);
        buffer_put(out, data->pending, 4);
        buffer_put(out, data->id, 4);
    }
}

void select_callout(struct emit *e, const struct ir_inst *inst)
{
    enum callout_id id = ir_callout_id(inst);
    if (x64_without_callout(e, inst) || x64_segment_without_callout(e, inst)) {
        return;
    }
    x64_fpu_flush(e);
    x64_flags_to_record(e);
    operand_load(e, inst, inst->a, 8, X64_R8, x64_reg(0));
    operand_load(e, inst, inst->b, 8, X64_R9, x64_reg(0));
    uint32_t done = x64_short_repeat(e, id, inst->imm);
    x64_call_callout(e, id, inst->imm);
    if (done != 0) {
        x64_here(e->out, done);
    }
    if ((callout_rows[id].effects & CALLOUT_ENDS) != 0) {
        x64_jmp_to(e->out, e->engine->stubs.leave_live); /* LEAVE_AFTER comes back */
        e->ended = true;
    } else {
        operand_store(e, inst->dst, inst->width, REG_SCRATCH, x64_reg(0));
    }
}
