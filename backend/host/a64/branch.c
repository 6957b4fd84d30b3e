/*
 * Ends of blocks: direct exits that can be chained, indirect branches through the hash, callouts.
 *
 * A direct exit is a branch that link() patches.  Out of line stand the page guard, a branch for
 * targets that a conditional one does not reach, and the code that leaves.  Exits in the middle of
 * a block give the instructions that do not run back to the budget first.
 */
#include "backend/host/a64/select.h"

static void add_exit(struct emit *e, uint32_t field, uint32_t target)
{
    e->exits[e->exit_count++] = (struct exit_site){
        .field = field, .target = target, .refund = e->ir->insn_count - (e->index + 1)};
}

void select_branch(struct emit *e, const struct ir_inst *inst)
{
    unsigned cc = inst->cc & 15;
    uint32_t target = (uint32_t)inst->imm;
    a64_flags_inverted(e);
    if (inst->op == IR_brcc && cc >> 1 != 5) {
        add_exit(e, a64_bcond(e->out, a64_condition(e, cc)), target);
    } else if (inst->op == IR_brcc) {
        a64_parity(e, REG_A);
        uint32_t skip = a64_tb(e->out, (cc & 1) == 0 ? A64_TBNZ : A64_TBZ, REG_A, 0);
        add_exit(e, a64_b(e->out), target);
        a64_here(e->out, skip);
    } else {
        unsigned a = operand_zero(e, inst, inst->a, inst->width, REG_X2);
        add_exit(e, a64_cb(e->out, inst->op == IR_brz ? A64_CBZ : A64_CBNZ, a), target);
    }
}

void select_jmp(struct emit *e, const struct ir_inst *inst)
{
    a64_flags_inverted(e);
    add_exit(e, a64_b(e->out), (uint32_t)inst->imm);
    e->ended = true;
}

/* x10 = what the code table says of the page of w8. */
static void code_entry(struct emit *e)
{
    struct code_buffer *out = e->out;
    unsigned from = REG_EA;
    if ((e->ir->mode & MODE_CS_FLAT) == 0) {
        a64_mem(out, A64_LDRW, REG_A, REG_CONTEXT,
                abi_segment(SEG_CS, offsetof(struct segment, base)));
        a64_rrr(out, A64_ADD, REG_A, REG_A, REG_EA);
        from = REG_A;
    }
    a64_lsr(out, REG_A, from, 12);
    a64_mem_reg(out, A64_LDRX, REG_A, REG_CODE, REG_A, true);
}

void a64_code_entry(struct emit *e, uint32_t target)
{
    if ((e->ir->mode & MODE_CS_FLAT) != 0) {
        a64_imm(e->out, REG_A, target >> 12);
        a64_mem_reg(e->out, A64_LDRX, REG_A, REG_CODE, REG_A, true);
    } else {
        a64_imm(e->out, REG_EA, target);
        code_entry(e);
    }
}

_Static_assert(sizeof(struct hash_slot) == 32, "the hash index is shifted by five");
_Static_assert(offsetof(struct hash_slot, tag) == 0 && offsetof(struct hash_slot, code) == 8,
               "read as a pair");

/* w8 = EIP: through the hash, or leave. */
static void emit_hash(struct emit *e)
{
    struct code_buffer *out = e->out;
    code_entry(e);
    a64_rrrs(out, A64_EOR, REG_DELTA, REG_EA, REG_EA, A64_LSR, 12);
    a64_logic_imm(out, A64_ANDI, REG_DELTA, REG_DELTA, HASH_ENTRIES - 1);
    a64_mem(out, A64_LDRX, REG_B, REG_CONTEXT, CTX(hash));
    a64_rrrs(out, A64_64(A64_ADD), REG_DELTA, REG_B, REG_DELTA, A64_LSL, 5);
    a64_mem(out, A64_LDRX, REG_C, REG_CONTEXT, CTX(tag));
    a64_pair(out, A64_LDP, REG_X0, REG_X1, REG_DELTA, 0);
    a64_mem(out, A64_LDRX, REG_B, REG_DELTA, offsetof(struct hash_slot, guard));
    a64_rrr(out, A64_64(A64_ORR), REG_C, REG_C, REG_EA);
    a64_rrr(out, A64_64(A64_EOR), REG_X0, REG_X0, REG_C);
    a64_rrr(out, A64_64(A64_EOR), REG_B, REG_B, REG_A);
    a64_rrr(out, A64_64(A64_ORR), REG_X0, REG_X0, REG_B);
    uint32_t miss = a64_cb(out, A64_64(A64_CBNZ), REG_X0);
    a64_put(out, (uint32_t)A64_BR | REG_X1 << 5);
    a64_here(out, miss);
    a64_b_to(out, e->engine->stubs.miss);
}

void select_jmp_ind(struct emit *e, const struct ir_inst *inst)
{
    a64_flags_inverted(e);
    unsigned width = inst->width == 2 ? 2 : 4;
    unsigned from = operand_zero(e, inst, inst->a, width, REG_EA);
    if (from != REG_EA) {
        a64_mov(e->out, REG_EA, from);
    }
    emit_hash(e);
    e->ended = true;
}

/* The guard falls through where the page differs.  Its delta is a literal before it. */
static void emit_guard(struct emit *e, const struct exit_site *site)
{
    struct code_buffer *out = e->out;
    uint32_t literal = out->at;
    buffer_put(out, 0, A64_GUARD_LITERAL);
    a64_code_entry(e, site->target);
    uint32_t load = a64_cb(out, A64_LDRLIT, REG_B);
    a64_patch(out, load, literal);
    a64_rrr(out, A64_64(A64_EOR), REG_A, REG_A, REG_B);
    uint32_t differs = a64_cb(out, A64_64(A64_CBNZ), REG_A);
    a64_b(out); /* onward */
    a64_here(out, differs);
}

static void emit_refund(struct emit *e, const struct exit_site *site)
{
    if (site->refund != 0) {
        a64_rri(e->out, A64_64(A64_ADDI), REG_BUDGET, REG_BUDGET, site->refund);
    }
}

static void emit_direct_exit(struct emit *e, const struct exit_site *site)
{
    struct code_buffer *out = e->out;
    unsigned index = e->block->exit_count++;
    struct block_exit *exit = &e->block->exits[index];
    *exit = (struct block_exit){
        .target_rip = site->target, .branch = site->field, .index = (uint8_t)index};
    if (site->refund != 0) {
        a64_here(out, site->field);
        emit_refund(e, site);
        exit->branch = a64_b(out);
    }
    exit->cross_page =
        block_leaves_page(e->block, e->ir->rip, site->target) || e->block->gpa2 != UINT64_MAX;
    if (exit->cross_page) {
        uint32_t guard = out->at + A64_GUARD_LITERAL;
        emit_guard(e, site);
        a64_put(out, UINT32_C(0x14000002)); /* over the far branch */
        exit->guard_bytes = (uint8_t)(out->at + 4 - guard);
    }
    a64_b(out); /* the far branch */
    exit->unlinked = out->at;
    a64_here(out, exit->branch);
    uint32_t load = a64_cb(out, A64_LDRLIT, REG_DELTA);
    a64_b_to(out, e->engine->stubs.exit);
    a64_here(out, load);
    buffer_put(out, (uintptr_t)exit, 8);
}

/* Exits that are never chained: checked CS, or more than a block can hold. */
static void emit_looked_up_exit(struct emit *e, const struct exit_site *site)
{
    a64_here(e->out, site->field);
    emit_refund(e, site);
    a64_imm(e->out, REG_EA, site->target);
    emit_hash(e);
}

void a64_emit_exit_sites(struct emit *e)
{
    bool chain = (e->ir->mode & MODE_CS_CHECKED) == 0;
    for (uint32_t i = 0; i < e->exit_count; i++) {
        if (chain && e->block->exit_count < BLOCK_MAX_EXITS) {
            emit_direct_exit(e, &e->exits[i]);
        } else {
            emit_looked_up_exit(e, &e->exits[i]);
        }
    }
}

void select_callout(struct emit *e, const struct ir_inst *inst)
{
    a64_call_record(e);
    e->ended = (callout_rows[ir_callout_id(inst)].effects & CALLOUT_ENDS) != 0;
}
