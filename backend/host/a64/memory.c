/*
 * Guest memory on AArch64: address, segment, flat table look-up, slow path.
 *
 *     add  w8, base, #disp
 *     add  w8, w8, [seg.base]          unless flat; checked segments compare the end first
 *     lsr  w10, w8, #12
 *     ldr  x9, [x28 or x15, x10, lsl #3]    delta; 0 or negative: slow
 *     cbz  x9, slow;  tbnz x9, #63, slow
 *     and  w10, w8, #size-1;  cbnz w10, slow     the stub looks whether it leaves the page
 *     operation on [x8 + x9]
 *
 * None of it touches NZCV.  The slow path evaluates the whole record in C from the complete record
 * of the guest's state, and joins the code behind it.
 */
#include "backend/host/a64/select.h"

#include <assert.h>

static const enum a64_word loads[9] = {
    [1] = A64_LDRB, [2] = A64_LDRH, [4] = A64_LDRW, [8] = A64_LDRX};
static const enum a64_word stores[9] = {
    [1] = A64_STRB, [2] = A64_STRH, [4] = A64_STRW, [8] = A64_STRX};

void a64_load_datum(struct emit *e, unsigned reg, unsigned width)
{
    a64_mem_reg(e->out, loads[width], reg, REG_DELTA, REG_EA, false);
}

void a64_store_datum(struct emit *e, unsigned reg, unsigned width)
{
    a64_mem_reg(e->out, stores[width], reg, REG_DELTA, REG_EA, false);
}

/* x8 = from + disp. */
static void add_displacement(struct code_buffer *out, unsigned from, int32_t disp)
{
    uint32_t size = disp < 0 ? (uint32_t) - (int64_t)disp : (uint32_t)disp;
    if (disp == 0) {
        if (from != REG_EA) {
            a64_mov(out, REG_EA, from);
        }
    } else if (!a64_add_imm(out, disp < 0 ? A64_SUBI : A64_ADDI, REG_EA, from, size)) {
        a64_imm(out, REG_A, (uint32_t)disp);
        a64_rrr(out, A64_ADD, REG_EA, from, REG_A);
    }
}

void a64_effective_address(struct emit *e, const struct memory_access *access)
{
    struct code_buffer *out = e->out;
    bool based = access->base != IR_NONE;
    bool indexed = access->index != IR_NONE;
    if (!based && !indexed) {
        uint32_t offset = (uint32_t)access->disp;
        a64_imm(out, REG_EA, access->asize == 2 ? offset & 0xffff : offset);
        return;
    }
    unsigned from = 0;
    if (indexed) {
        unsigned index = operand_use(e, NULL, access->index, 8, REG_B);
        unsigned base = based ? operand_use(e, NULL, access->base, 8, REG_EA) : (unsigned)A64_XZR;
        if (!based && access->scale == 0) {
            from = index;
        } else {
            a64_rrrs(out, A64_ADD, REG_EA, base, index, A64_LSL, access->scale);
            from = REG_EA;
        }
    } else {
        from = operand_use(e, NULL, access->base, 8, REG_EA);
    }
    if (access->asize == 2) {
        if (access->disp != 0) {
            add_displacement(out, from, access->disp);
            from = REG_EA;
        }
        a64_ubfx(out, REG_EA, from, 0, 16);
        return;
    }
    add_displacement(out, from, access->disp);
}

static void add_slow(struct slow_site *site, uint32_t branch)
{
    assert(site->slow_count < sizeof(site->slow) / sizeof(site->slow[0]));
    site->slow[site->slow_count++] = branch;
}

void a64_to_record(struct emit *e, uint32_t branch)
{
    struct slow_site *site = &e->slow[e->slow_count - 1];
    assert(site->rare_count < sizeof(site->rare) / sizeof(site->rare[0]));
    site->rare[site->rare_count++] = branch;
}

/* Limit check and base: x8 offset to linear. */
static void emit_segment(struct emit *e, struct slow_site *site)
{
    const struct memory_access *access = &site->access;
    struct code_buffer *out = e->out;
    enum seg_class class = mode_seg_class(e->ir->mode, access->seg);
    if (class == SEG_FLAT) {
        return;
    }
    if (class == SEG_CHECKED || (class == SEG_BASED64K && access->asize != 2)) {
        size_t end = access->kind == ACCESS_LOAD ? offsetof(struct segment, read_end)
                                                 : offsetof(struct segment, write_end);
        unsigned from = REG_EA;
        if (class == SEG_CHECKED) {
            a64_mem(out, A64_LDRW, REG_A, REG_CONTEXT,
                    abi_segment(access->seg, offsetof(struct segment, start)));
            a64_rrr(out, A64_SUB, REG_A, REG_EA, REG_A);
            from = REG_A;
        }
        a64_mem(out, A64_LDRX, REG_B, REG_CONTEXT, abi_segment(access->seg, end));
        a64_rri(out, A64_64(A64_ADDI), REG_A, from, access->size);
        a64_rrr(out, A64_64(A64_SUB), REG_A, REG_B, REG_A);
        a64_to_record(e, a64_tb(out, A64_TBNZ, REG_A, 63));
    }
    a64_mem(out, A64_LDRW, REG_A, REG_CONTEXT,
            abi_segment(access->seg, offsetof(struct segment, base)));
    a64_rrr(out, A64_ADD, REG_EA, REG_EA, REG_A);
}

static void emit_lookup(struct emit *e, struct slow_site *site)
{
    const struct memory_access *access = &site->access;
    struct code_buffer *out = e->out;
    unsigned table = access->kind == ACCESS_LOAD ? REG_TABLES : REG_WRITE;
    a64_lsr(out, REG_A, REG_EA, 12);
    a64_mem_reg(out, A64_LDRX, REG_DELTA, table, REG_A, true);
    add_slow(site, a64_cb(out, A64_64(A64_CBZ), REG_DELTA));
    add_slow(site, a64_tb(out, A64_TBNZ, REG_DELTA, 63));
    if (access->size > 1) {
        unsigned mask = access->size > 8 ? 15 : access->size - 1u;
        a64_logic_imm(out, A64_ANDI, REG_A, REG_EA, mask);
        add_slow(site, a64_cb(out, A64_CBNZ, REG_A));
    }
}

static struct record_site record_here(struct emit *e)
{
    return (struct record_site){.at = e->at,
                                .index = e->index,
                                .rip = e->rip,
                                .length = e->length,
                                .before = (uint8_t)a64_flags_place(e)};
}

void a64_call_record(struct emit *e)
{
    struct record_site *record = &e->records[e->record_count++];
    *record = record_here(e);
    record->before = e->flags.record ? FLAGS_IN_RECORD : record->before;
    record->after = FLAGS_INVERTED;
    record->field = a64_adr(e->out, REG_X0);
    a64_bl_to(e->out, e->engine->stubs.record);
    a64_flags_made(e, false);
    e->flags.record = true;
    if (e->ir->insts[e->at].op != IR_vec) {
        a64_mmx_forget(e);
    }
}

/* Bodies that bring the datum where they want it; for the others it is in x0. */
static bool loads_itself(emit_record *body)
{
    return body == body_mov || body == body_extend || body == body_pop || body == body_vec ||
           body == body_x87;
}

static struct slow_site *begin_site(struct emit *e)
{
    struct slow_site *site = &e->slow[e->slow_count++];
    site->rare_count = site->slow_count = 0;
    site->strict = true;
    site->record = record_here(e);
    if (e->flags.record) {
        site->record.before = FLAGS_IN_RECORD;
    }
    return site;
}

static void end_site(struct emit *e, struct slow_site *site)
{
    site->back = e->out->at;
    site->record.after = (uint8_t)a64_flags_place(e);
    if (site->rare_count == 0 && site->slow_count == 0) {
        e->slow_count--;
    }
}

void a64_with_record(struct emit *e, const struct ir_inst *inst, emit_record *body)
{
    struct slow_site *site = begin_site(e);
    body(e, inst);
    end_site(e, site);
}

void a64_with_memory(struct emit *e, const struct ir_inst *inst, const struct memory_access *access,
                     emit_record *body)
{
    unsigned kept = a64_flags_kept(e);
    if (e->uses[e->at].inputs != 0 || (a64_flags_wanted(e) != 0 && kept != 0)) {
        a64_flags_host(e);
    }
    struct slow_site *site = begin_site(e);
    site->access = *access;
    site->strict = access->aligned || (e->ir->mode & MODE_ALIGN_CHECK) != 0;
    a64_effective_address(e, access);
    emit_segment(e, site);
    emit_lookup(e, site);
    site->resume = e->out->at;
    if (access->kind != ACCESS_STORE && !loads_itself(body)) {
        a64_load_datum(e, REG_X0, access->size);
    }
    body(e, inst);
    end_site(e, site);
}

/* Jumps when [x8, x8 + size) passes offset FFFFh of a segment whose accesses may. */
static bool emit_wrap_test(struct emit *e, const struct slow_site *site, uint32_t *branch)
{
    const struct memory_access *access = &site->access;
    struct code_buffer *out = e->out;
    if (mode_seg_class(e->ir->mode, access->seg) != SEG_BASED64K || access->asize != 2) {
        return false;
    }
    a64_mem(out, A64_LDRW, REG_A, REG_CONTEXT,
            abi_segment(access->seg, offsetof(struct segment, base)));
    a64_rrr(out, A64_SUB, REG_A, REG_EA, REG_A);
    a64_rri(out, A64_ADDI, REG_A, REG_A, access->size - 1u);
    *branch = a64_tb(out, A64_TBNZ, REG_A, 16);
    return true;
}

static void emit_slow(struct emit *e, struct slow_site *site)
{
    struct code_buffer *out = e->out;
    uint32_t wraps = 0;
    bool may_wrap = false;
    for (unsigned i = 0; i < site->slow_count; i++) {
        a64_here(out, site->slow[i]);
    }
    if (!site->strict) {
        bool store = site->access.kind != ACCESS_LOAD;
        may_wrap = emit_wrap_test(e, site, &wraps);
        a64_bl_to(out, e->engine->stubs.check[store][a64_size_index(site->access.size)]);
        a64_b_to(out, site->resume);
    }
    for (unsigned i = 0; i < site->rare_count; i++) {
        a64_here(out, site->rare[i]);
    }
    if (may_wrap) {
        a64_here(out, wraps);
    }
    site->record.field = a64_adr(out, REG_X0);
    a64_bl_to(out, e->engine->stubs.record);
    a64_b_to(out, site->back);
    e->records[e->record_count++] = site->record;
}

void a64_emit_slow_sites(struct emit *e)
{
    for (uint32_t i = 0; i < e->slow_count; i++) {
        emit_slow(e, &e->slow[i]);
    }
}

/* Records of one guest instruction from `at` on. */
static uint32_t rest_of(const struct emit *e, uint32_t at)
{
    uint32_t end = at + 1;
    while (end < e->ir->count && e->ir->insts[end].op != IR_insn) {
        end++;
    }
    return end - at;
}

void a64_emit_record_data(struct emit *e)
{
    struct code_buffer *out = e->out;
    for (uint32_t i = 0; i < e->record_count; i++) {
        const struct record_site *site = &e->records[i];
        uint32_t count = rest_of(e, site->at);
        uint64_t pending = e->ir->insn_count - site->index;
        buffer_align(out, 8, 0);
        a64_here(out, site->field);
        buffer_put(out, site->rip, 4);
        buffer_put(out, site->rip + site->length, 4);
        buffer_put(out,
                   pending | (uint64_t)count << 16 | (uint64_t)site->before << 32 |
                       (uint64_t)site->after << 40,
                   8);
        for (uint32_t k = 0; k < count; k++) {
            struct ir_inst inst = e->ir->insts[site->at + k];
            inst.flags_live = inst.flags_written = e->uses[site->at + k].writes;
            const uint8_t *bytes = (const uint8_t *)&inst;
            for (unsigned at = 0; at < sizeof inst; at += 8) {
                buffer_put(out, load_le64(bytes + at), 8);
            }
        }
    }
}
