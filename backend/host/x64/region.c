/*
 * Regions: several chains compiled as one piece.
 *
 * A chain is compiled like a block, with three differences.  Flags are not saved before a branch:
 * who leaves saves them on its way out, and who stays mostly need not, for they are replaced before
 * anything looks.  An exit to the head of a chain is a jump to it.  And a chain is compiled once
 * for each state of the flags it is entered with (struct version): in the record, as from outside,
 * or nowhere, when the operation that made them (the producer) can be done again from registers
 * that stand until the flags are replaced.  So a loop whose head begins with an access saves no
 * flags.
 *
 * Where another chain lies in another page than what jumps to it, the jump checks the code table,
 * as a link across pages does.
 */
#include "backend/host/x64/select.h"

#include <assert.h>
#include <stdlib.h>

enum { VERSIONS = 6 * REGION_CHAINS, LOST_MOST = 2, EDGES = 1024 };

enum exit_kind {
    EXIT_DIRECT,   /* to an EIP, maybe a chain of the region */
    EXIT_OUTSIDE,  /* to an EIP, leaving in any case */
    EXIT_INDIRECT, /* through the branch hash to an operand */
};

/* A chain as it is compiled for one state at its head. */
struct version {
    uint32_t chain;
    const struct ir_inst *producer; /* NULL: flags are in the record */
    bool ungrouped;                 /* without a stack group, though there could be one */
    uint32_t code;                  /* offset in code memory */
    uint32_t body;                  /* the same behind the prologue */
};

/* A displacement that is to reach a version. */
struct edge {
    uint32_t field, version;
    bool to_body;
};

struct region_emit {
    const struct ir_region *ir;
    struct version versions[VERSIONS];
    uint32_t version_count;
    struct edge edges[EDGES];
    uint32_t edge_count;
};

static void add_exit(struct emit *e, enum exit_kind kind, uint32_t field, uint32_t target)
{
    e->exits[e->exit_count++] = (struct exit_site){
        .field = field,
        .target = target,
        .refund = e->ir->insn_count - (e->index + 1),
        .kind = (uint8_t)kind,
        .flags_in_record = e->flags_in_record,
        .flags_in_host = e->flags_in_host,
        .producer = e->producer,
        .last = e->fpu_last,
        .rip = e->rip,
    };
}

void x64_region_branch(struct emit *e, const struct ir_inst *inst)
{
    uint32_t target = (uint32_t)inst->imm;
    if (inst->op == IR_brcc) {
        x64_flags_to_host(e);
        add_exit(e, EXIT_DIRECT, x64_jcc(e->out, inst->cc & 15), target);
        return;
    }
    x64_flags_before_access(e);
    struct x64_rm a = operand_rm(inst->a, x64_reg(0));
    if (a.memory) {
        x64_alu_imm(e->out, inst->width, 7, a, 0);
    } else {
        x64_opw(e->out, inst->width, 0x84, a.reg, a);
    }
    add_exit(e, EXIT_DIRECT, x64_jcc(e->out, inst->op == IR_brz ? X64_E : X64_NE), target);
}

void x64_region_jmp(struct emit *e, const struct ir_inst *inst)
{
    add_exit(e, EXIT_DIRECT, x64_jmp(e->out), (uint32_t)inst->imm);
    e->ended = true;
}

/* r8 = what the code table says of the page of that EIP; compares it. */
static void compare_page(struct emit *e, uint32_t rip, int64_t delta)
{
    x64_code_entry(e, rip);
    x64_mov_imm(e->out, X64_R9, (uint64_t)delta);
    x64_op(e->out, 8, 0x3b, X64_R8, x64_reg(X64_R9));
}

void select_guard(struct emit *e, const struct ir_inst *inst)
{
    x64_flags_before_access(e);
    if (inst->aux == GUARD_PAGE) {
        compare_page(e, (uint32_t)inst->disp, (int64_t)inst->imm);
        add_exit(e, EXIT_OUTSIDE, x64_jcc(e->out, X64_NE), (uint32_t)inst->disp);
        return;
    }
    x64_alu_imm(e->out, 4, 7, operand_rm(inst->a, x64_reg(0)), (int32_t)inst->imm);
    if (inst->aux == GUARD_CASE) {
        add_exit(e, EXIT_DIRECT, x64_jcc(e->out, X64_E), (uint32_t)inst->imm);
    } else {
        add_exit(e, EXIT_INDIRECT, x64_jcc(e->out, X64_NE), 0);
        e->exits[e->exit_count - 1].operand = inst->a;
    }
}

/* The same flags from the same registers. */
static bool same_producer(const struct ir_inst *a, const struct ir_inst *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return a->op == b->op && a->width == b->width && a->dst == b->dst && a->a == b->a &&
           a->b == b->b && (a->b != IR_IMM || a->imm == b->imm);
}

/* The version of a chain for that producer, made known if need be; -1: there are enough. */
static int version_for(struct region_emit *region, uint32_t chain, const struct ir_inst *producer,
                       bool ungrouped)
{
    uint32_t lost = 0;
    for (uint32_t i = 0; i < region->version_count; i++) {
        const struct version *version = &region->versions[i];
        if (version->chain != chain || version->ungrouped != ungrouped) {
            continue;
        }
        if (same_producer(version->producer, producer)) {
            return (int)i;
        }
        lost += version->producer != NULL;
    }
    if (producer != NULL && lost == LOST_MOST) {
        return -1;
    }
    assert(region->version_count < VERSIONS);
    region->versions[region->version_count] =
        (struct version){.chain = chain, .producer = producer, .ungrouped = ungrouped};
    return (int)region->version_count++;
}

/* The version that a site leads to. */
static uint32_t version_at(struct emit *e, const struct exit_site *site, uint32_t chain)
{
    const struct ir_block *ir = &e->region->ir->chains[chain].ir;
    bool stays = !site->flags_in_record && site->producer != NULL &&
                 pass_on(e->engine->passes, PASS_flag_replay) &&
                 x64_flags_may_stay_lost(ir, site->producer);
    int version = stays ? version_for(e->region, chain, site->producer, false) : -1;
    return (uint32_t)(version >= 0 ? version : version_for(e->region, chain, NULL, false));
}

static void add_edge_to(struct emit *e, uint32_t field, uint32_t version, bool to_body)
{
    struct region_emit *region = e->region;
    if (region->edge_count < EDGES) {
        region->edges[region->edge_count++] = (struct edge){field, version, to_body};
    } else {
        e->out->full = true;
    }
}

static void add_edge(struct emit *e, uint32_t field, uint32_t version)
{
    add_edge_to(e, field, version, false);
}

/* The flags as they were at the site, in the record. */
static void save_flags(struct emit *e, const struct exit_site *site)
{
    if (!site->flags_in_host) {
        x64_emit_replay(e, site->producer);
    }
    x64_save_flags(e->out);
}

/* What has to be done on the way out of a chain; the flags as told. */
static void emit_way_out(struct emit *e, const struct exit_site *site, bool saves)
{
    if (saves) {
        save_flags(e, site);
    }
    if (site->last.valid) {
        x64_fpu_flush_last(e, &site->last);
    }
    if (site->refund != 0) {
        x64_emit_refund(e, site->refund);
    }
}

static void emit_outside(struct emit *e, const struct exit_site *site, uint32_t field)
{
    if (!x64_emit_chained(e, field, site->target)) {
        x64_here(e->out, field);
        x64_mov_imm(e->out, X64_R8, site->target);
        x64_emit_hash(e);
    }
}

/* To another chain, or the same one again. */
static void emit_inside(struct emit *e, const struct exit_site *site, uint32_t chain)
{
    struct code_buffer *out = e->out;
    const struct ir_region *ir = e->region->ir;
    uint32_t version = version_at(e, site, chain);
    bool saves = !site->flags_in_record && e->region->versions[version].producer == NULL;
    bool crosses = region_page(ir, site->rip) != region_page(ir, site->target);
    if (!saves && !crosses && !site->last.valid && site->refund == 0) {
        add_edge(e, site->field, version);
        return;
    }
    x64_here(out, site->field);
    emit_way_out(e, site, saves);
    if (!crosses) {
        add_edge(e, x64_jmp(out), version);
        return;
    }
    struct exit_site left = *site;
    left.flags_in_host = false; /* the comparison destroys them */
    compare_page(e, site->target, ir->chains[chain].page_delta);
    add_edge(e, x64_jcc(out, X64_E), version);
    if (!site->flags_in_record && !saves) {
        save_flags(e, &left);
    }
    emit_outside(e, site, x64_jmp(out));
}

void x64_region_exit(struct emit *e, const struct exit_site *site)
{
    int chain = site->kind == EXIT_DIRECT ? region_chain_at(e->region->ir, site->target) : -1;
    if (chain >= 0) {
        emit_inside(e, site, (uint32_t)chain);
        return;
    }
    bool direct = site->kind != EXIT_INDIRECT;
    if (direct && site->flags_in_record && !site->last.valid && site->refund == 0) {
        emit_outside(e, site, site->field);
        return;
    }
    x64_here(e->out, site->field);
    emit_way_out(e, site, !site->flags_in_record);
    if (direct) {
        emit_outside(e, site, x64_jmp(e->out));
    } else {
        struct x64_rm to = operand_rm(site->operand, x64_reg(0));
        x64_load(e->out, 4, X64_R8, to);
        x64_emit_hash(e);
    }
}

static void emit_version(struct emit *e, struct version *version)
{
    struct code_buffer *out = e->out;
    const struct ir_inst jmp = {.op = IR_jmp};
    e->ir = &e->region->ir->chains[version->chain].ir;
    e->slow_count = e->callout_count = e->exit_count = 0;
    e->ended = false;
    e->flags_in_host = false;
    x64_begin_state(e);
    if (version->producer != NULL) {
        e->flags_in_record = false;
        e->flags_lost = true;
        e->producer = version->producer;
    }
    x64_flag_liveness(e);
    bool grouped = x64_group_find(e) && !version->ungrouped;
    e->group.on = grouped;
    x64_slots_begin_chain(e->engine);
    version->code = out->at;
    uint32_t poll = x64_emit_prologue(e);
    version->body = out->at;
    if (grouped) {
        x64_group_head(e);
    }
    for (e->at = 0; e->at < e->ir->count && !e->ended; e->at++) {
        x64_select_record(e);
    }
    if (!e->ended) {
        struct ir_inst next = jmp;
        next.imm = e->rip + e->length;
        x64_region_jmp(e, &next);
    }
    x64_here(out, poll);
    if (version->producer != NULL) {
        x64_emit_replay(e, version->producer);
        x64_save_flags(out);
    }
    x64_emit_poll(e);
    x64_emit_slow_sites(e);
    x64_emit_exit_sites(e);
    x64_emit_callout_data(e);
    if (grouped) {
        uint32_t field = x64_group_misses(e);
        int other = version_for(e->region, version->chain, version->producer, true);
        add_edge_to(e, field, (uint32_t)other, true);
    }
    buffer_align(out, 16, 0xcc);
}

bool x64_emit_region(struct engine *engine, const struct ir_region *ir,
                     struct block *const *entries)
{
    struct block *block = entries[0];
    struct emit *e = &engine->emit;
    struct code_buffer *out = &engine->out;
    uint32_t start = out->at;
    if (engine->region == NULL) {
        engine->region = calloc(1, sizeof *engine->region);
    }
    struct region_emit *region = engine->region;
    if (region == NULL) {
        return false;
    }
    x64_begin_unit(engine, block);
    e->region = region;
    region->ir = ir;
    region->edge_count = 0;
    x64_slots_begin_region(engine);
    region->version_count = ir->count; /* one of each as it is entered from outside */
    for (uint32_t i = 0; i < ir->count; i++) {
        region->versions[i] = (struct version){.chain = i};
    }
    for (uint32_t i = 0; i < region->version_count && !out->full; i++) {
        emit_version(e, &region->versions[i]);
    }
    for (uint32_t i = 0; i < region->edge_count; i++) {
        const struct edge *edge = &region->edges[i];
        const struct version *to = &region->versions[edge->version];
        buffer_patch_rel32(out, edge->field, edge->to_body ? to->body : to->code);
    }
    e->region = NULL;
    if (out->full) {
        out->at = start;
        out->full = false;
        block->exit_count = 0;
        return false;
    }
    for (uint32_t i = 0; i < ir->count; i++) {
        entries[i]->code = engine->memory.exec + region->versions[i].code;
    }
    block->code_bytes = out->at - start;
    return true;
}
