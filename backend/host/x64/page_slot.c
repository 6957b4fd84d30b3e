/*
 * Page slots: the pages that accesses of a region went to last.
 *
 *     mov r9d, r8d; sub r9, [slot.base]; cmp r9, 1000h - size; ja miss
 *     mov r9, [slot.delta]
 *     operation on [r8 + r9]
 *
 * stands for the table look-up: the address no longer waits for the table, and what lies in the
 * page as a whole need not be aligned.  A slot is in the record (struct page_slots), so whoever
 * drops table entries drops slots; views have slots of their own.  A miss looks in the table and
 * fills the slot.  Accesses with the same address registers, not loaded anew in between, share one.
 *
 * A site that misses often is better off with the table: x64_slot_cool() counts, by the guest's
 * instructions, and puts the look-up in the sequence's place; where the data is misaligned it jumps
 * to a look-up that does not mind.
 */
#include "backend/host/x64/select.h"

#include "base/endian.h"

#include <string.h>

/* Of a site's head: the look-up takes the sequence's place; else a jump to the site's own does. */
#define IN_PLACE (UINT32_C(1) << 31)

enum {
    CREDITS = 64,            /* misses between two looks at a slot */
    SPARSE = 160,            /* guest instructions a miss that are worth it */
    AFTER_DATA = 13,         /* a jump and the site's data */
    AT_LIMIT = 13,           /* in the sequence: the immediate of its compare */
    SEQUENCE = 30,           /* bytes; a NOP makes room where the look-up is longer */
    SHARED = PAGE_SLOTS - 1, /* the last one is the stack's (stack_group.c) */
};

static struct x64_rm slot_member(size_t array, uint32_t slot, size_t size)
{
    return abi_context(offsetof(struct context, pages) + array + slot * size);
}

static struct x64_rm slot_by_r9(size_t array, unsigned scale)
{
    return x64_index(REG_CONTEXT, X64_R9, scale,
                     (int32_t)(offsetof(struct context, pages) + array) - CONTEXT_BIAS);
}

void x64_slot_compare(struct code_buffer *out, uint32_t slot, uint32_t limit)
{
    x64_op(out, 8, 0x2b, REG_DELTA, slot_member(offsetof(struct page_slots, base), slot, 8));
    x64_op(out, 8, X64_DIGIT | 0x81, 7, x64_reg(REG_DELTA));
    buffer_put(out, limit, 4);
}

struct x64_rm x64_slot_delta(uint32_t slot)
{
    return slot_member(offsetof(struct page_slots, delta), slot, 8);
}

bool x64_slot_fits(const struct emit *e, const struct slow_site *site, bool wraps)
{
    return e->region != NULL && !site->strict && (!wraps || site->access.size == 1) &&
           pass_on(e->engine->passes, PASS_page_slots);
}

/* Values that an address register has had in this chain are numbered; 0: as at its head. */
static uint32_t value_of(struct slot_state *state, unsigned reg)
{
    if (reg == IR_NONE) {
        return 0;
    }
    return reg < 8 ? state->values[reg] : ++state->serial;
}

static bool same_key(const struct slot_key *a, const struct slot_key *b)
{
    return a->base == b->base && a->index == b->index && a->seg == b->seg && a->store == b->store &&
           a->value == b->value && a->page == b->page;
}

static uint32_t slot_for(struct emit *e, const struct memory_access *access)
{
    struct slot_state *state = &e->engine->slots;
    unsigned first = access->base != IR_NONE ? access->base : access->index;
    struct slot_key key = {.base = access->base,
                           .index = access->index,
                           .seg = access->seg,
                           .store = access->kind != ACCESS_LOAD,
                           .value = value_of(state, first),
                           .page = access->disp >> 12};
    uint32_t known = state->count < SHARED ? state->count : (uint32_t)SHARED;
    uint32_t at = 0;
    while (at < known && !same_key(&state->keys[at], &key)) {
        at++;
    }
    if (at == known) {
        at = state->count++ % SHARED;
        state->keys[at] = key;
    }
    return mode_view(e->ir->mode) * PAGE_SLOTS + (state->first + at) % SHARED;
}

void x64_slots_begin_region(struct engine *engine)
{
    struct slot_state *state = &engine->slots;
    state->first += state->count;
    state->count = 0;
    state->serial = 0;
}

void x64_slots_begin_chain(struct engine *engine)
{
    memset(engine->slots.values, 0, sizeof engine->slots.values);
}

/* The register moves on a little, and mostly stays in its page. */
static bool is_step(const struct ir_inst *inst)
{
    switch (inst->op) {
    case IR_inc:
    case IR_dec:
    case IR_advance:
        return true;
    case IR_add:
    case IR_sub:
        return inst->b == IR_IMM;
    case IR_lea:
        return inst->base == inst->dst && inst->index == IR_NONE;
    case IR_push:
        return true;
    default:
        return false;
    }
}

void x64_slots_after(struct emit *e, const struct ir_inst *inst)
{
    if (is_step(inst)) {
        return;
    }
    struct slot_state *state = &e->engine->slots;
    uint32_t changed = x64_changed_registers(inst);
    if (inst->op == IR_pop && inst->dst != GUEST_RSP) {
        changed &= ~(1u << GUEST_RSP);
    }
    for (unsigned i = 0; i < 8; i++) {
        if (changed >> i & 1) {
            state->values[i] = ++state->serial;
        }
    }
}

static uint32_t lookup_bytes(bool store, unsigned size)
{
    return (store ? 24u : 21u) + (size > 1 ? 10u : 0u);
}

void x64_slot_lookup(struct emit *e, struct slow_site *site)
{
    struct code_buffer *out = e->out;
    site->slot = (int16_t)slot_for(e, &site->access);
    site->slot_head = out->at;
    x64_op(out, 4, 0x8b, REG_DELTA, x64_reg(REG_EA));
    x64_slot_compare(out, (uint32_t)site->slot, 0x1000 - (uint32_t)site->access.size);
    site->slot_miss = x64_jcc(out, X64_A);
    x64_load(out, 8, REG_DELTA, x64_slot_delta((uint32_t)site->slot));
    uint32_t needed =
        site->slot_head + lookup_bytes(site->access.kind != ACCESS_LOAD, site->access.size);
    x64_nop(out, needed > out->at ? needed - out->at : 0);
}

/* Fills the slot with the page of r8; the access is made at `resume`, once that is known, or goes
 * on behind this code when the table has no delta for it. */
static uint32_t emit_fill_call(struct code_buffer *out, uint32_t stub, uint32_t slot, uint32_t head,
                               uint32_t plain)
{
    x64_mov_imm(out, REG_DELTA, slot);
    x64_call_to(out, stub);
    uint32_t resume = x64_jmp(out);
    buffer_put(out, (uint64_t)plain << 32 | head, 8);
    return resume;
}

uint32_t x64_slot_fill(struct emit *e, uint32_t slot, uint32_t head, uint32_t plain)
{
    return emit_fill_call(e->out, e->engine->stubs.fill[1][0], slot, head, plain);
}

/* reg = the table's entry of the page of r8. */
static void load_entry(struct code_buffer *out, unsigned reg, bool store)
{
    x64_op(out, 4, 0x8b, reg, x64_reg(REG_EA));
    x64_op(out, 4, X64_DIGIT | 0xc1, 5, x64_reg(reg)); /* shr */
    buffer_put8(out, 12);
    x64_load(out, 8, reg, x64_index(REG_TABLES, reg, 3, store ? (int32_t)TABLE_WRITE : 0));
}

/* The look-up of a site that gave up its slot for misaligned data. */
static void emit_plain(struct emit *e, struct slow_site *site)
{
    struct code_buffer *out = e->out;
    bool store = site->access.kind != ACCESS_LOAD;
    int32_t size = site->access.size;
    uint32_t over = 0;
    if (size > 1) {
        x64_lea(out, 4, REG_DELTA, x64_mem(REG_EA, size - 1));
        x64_op(out, 4, 0x33, REG_DELTA, x64_reg(REG_EA));
        x64_alu_imm(out, 4, 7, x64_reg(REG_DELTA), 0xfff);
        over = x64_jcc(out, X64_A);
    }
    load_entry(out, REG_DELTA, store);
    x64_op(out, 8, 0x85, REG_DELTA, x64_reg(REG_DELTA));
    x64_jcc_to(out, X64_G, site->resume);
    site->slow[site->slow_count++] = x64_jmp(out);
    if (size > 1) {
        x64_here(out, over);
        load_entry(out, REG_DELTA, store);
        site->slow[site->slow_count++] = x64_jmp(out);
    }
}

/* Goes on at the site's slow path when the access cannot be made through the table. */
void x64_slot_miss(struct emit *e, struct slow_site *site)
{
    struct code_buffer *out = e->out;
    const struct x64_stubs *stubs = &e->engine->stubs;
    bool store = site->access.kind != ACCESS_LOAD;
    uint32_t plain = out->at;
    emit_plain(e, site);
    x64_here(out, site->slot_miss);
    uint32_t stub = stubs->fill[store][x64_size_index(site->access.size)];
    uint32_t filled =
        emit_fill_call(out, stub, (uint32_t)site->slot, site->slot_head | IN_PLACE, plain);
    buffer_patch_rel32(out, filled, site->resume);
}

/* The size of the access whose sequence is there. */
static unsigned size_at(const struct code_buffer *out, uint32_t head)
{
    return 0x1000 - load_le32(out->start + head + AT_LIMIT);
}

/* The table look-up, as blocks have it (memory.c), over the sequence at `head`. */
static void put_lookup(struct code_buffer *out, uint32_t head, uint32_t slow, bool store)
{
    unsigned size = size_at(out, head);
    uint32_t bytes = lookup_bytes(store, size);
    uint8_t *behind = out->start + head + (bytes > SEQUENCE ? bytes : SEQUENCE);
    uint64_t kept = load_le64(behind); /* buffer_put() stores whole words */
    uint32_t end = out->at;
    out->at = head;
    load_entry(out, REG_DELTA, store);
    x64_op(out, 8, 0x85, REG_DELTA, x64_reg(REG_DELTA));
    x64_jcc_to(out, X64_LE, slow);
    if (size > 1) {
        buffer_put(out, 0xc0f641 | (uint64_t)(size > 8 ? 15 : size - 1) << 24, 4); /* test r8b */
        x64_jcc_to(out, X64_NE, slow);
    }
    x64_nop(out, bytes < SEQUENCE ? SEQUENCE - bytes : 0);
    store_le64(behind, kept);
    out->at = end;
}

/* Called where a slot's credits are used up.  behind: what follows the call of the fill stub. */
static void slot_cool(struct context *ctx, const uint8_t *behind, uint32_t slot,
                      struct engine *engine, bool store, uint32_t linear)
{
    struct page_slots *pages = &ctx->pages;
    uint64_t now = ctx->icount_end - (uint64_t)ctx->budget;
    uint64_t since = pages->since[slot];
    pages->since[slot] = now;
    pages->credit[slot] = CREDITS;
    if (since == 0 || now - since >= (uint64_t)CREDITS * SPARSE) {
        return;
    }
    uint64_t data = load_le64(behind + 5);
    uint32_t head = (uint32_t)data;
    bool in_place = head & IN_PLACE;
    head &= ~IN_PLACE;
    if (in_place && linear % size_at(&engine->out, head) == 0) {
        uint32_t slow = (uint32_t)(behind - engine->memory.exec) + AFTER_DATA;
        put_lookup(&engine->out, head, slow, store);
        return;
    }
    uint8_t *at = engine->memory.write + head;
    uint32_t distance = (uint32_t)(data >> 32) - (head + 5);
    uint64_t rest = load_le64(at) & ~((UINT64_C(1) << 40) - 1);
    store_le64(at, rest | 0xe9 | (uint64_t)distance << 8);
}

/* r8 linear, r9 slot: fills it and returns with r9 the delta, or past the site's data with the
 * table's entry.  No other register changes. */
static void emit_fill(struct code_buffer *out, struct engine *engine, bool store, unsigned size)
{
    x64_push(out, X64_RCX);
    x64_push(out, X64_RDX);
    x64_op(out, 4, 0x8b, X64_RCX, x64_reg(REG_EA));
    load_entry(out, X64_RDX, store);
    x64_alu_imm(out, 4, 4, x64_reg(X64_RCX), 0xfff);
    x64_alu_imm(out, 4, 7, x64_reg(X64_RCX), 0x1000 - (int32_t)size);
    uint32_t over = x64_jcc(out, X64_A);
    x64_op(out, 8, 0x85, X64_RDX, x64_reg(X64_RDX));
    uint32_t special = x64_jcc(out, X64_LE);
    x64_op(out, 4, 0x8b, X64_RCX, x64_reg(REG_EA));
    x64_alu_imm(out, 4, 4, x64_reg(X64_RCX), ~0xfff);
    x64_op(out, 8, 0x89, X64_RCX, slot_by_r9(offsetof(struct page_slots, base), 3));
    x64_op(out, 8, 0x89, X64_RDX, slot_by_r9(offsetof(struct page_slots, delta), 3));
    x64_alu_imm(out, 4, 5, slot_by_r9(offsetof(struct page_slots, credit), 2), 1);
    uint32_t cool = x64_jcc(out, X64_S);
    uint32_t done = out->at;
    x64_op(out, 8, 0x8b, REG_DELTA, x64_reg(X64_RDX));
    x64_pop(out, X64_RDX);
    x64_pop(out, X64_RCX);
    buffer_put8(out, 0xc3);
    x64_here(out, over);
    x64_here(out, special);
    x64_op(out, 8, 0x8b, REG_DELTA, x64_reg(X64_RDX));
    x64_pop(out, X64_RDX);
    x64_pop(out, X64_RCX);
    x64_alu_imm(out, 8, 0, x64_mem(X64_RSP, 0), AFTER_DATA);
    buffer_put8(out, 0xc3);
    x64_here(out, cool);
    x64_begin_call(out); /* rcx and rdx in the record are not the guest's for a while */
    x64_load(out, 8, X64_RSI, x64_mem(X64_RSP, 40));
    x64_op(out, 4, 0x8b, X64_RDX, x64_reg(X64_R9));
    x64_mov_imm(out, X64_RCX, (uintptr_t)engine);
    x64_op(out, 4, 0x8b, X64_R9, x64_reg(REG_EA));
    x64_mov_imm(out, X64_R8, store);
    x64_mov_imm(out, X64_RAX, (uintptr_t)slot_cool);
    x64_op(out, 4, X64_DIGIT | 0xff, 2, x64_reg(X64_RAX));
    x64_reload_all(out);
    x64_end_call(out);
    x64_jmp_to(out, done);
}

void x64_emit_slot_stubs(struct engine *engine)
{
    for (unsigned store = 0; store < 2; store++) {
        for (unsigned i = 0; i < X64_ACCESS_SIZES; i++) {
            buffer_align(&engine->out, 16, 0xcc);
            engine->stubs.fill[store][i] = engine->out.at;
            emit_fill(&engine->out, engine, store != 0, x64_size_at(i));
        }
    }
}
