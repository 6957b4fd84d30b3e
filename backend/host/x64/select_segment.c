/*
 * Loads of segment registers, SYSENTER and SYSEXIT without their callouts.
 *
 * A load is nothing where the register holds just that: it was loaded with the same selector, from
 * a descriptor that stands in the table as it did, and may be loaded at this level.  SYSENTER and
 * SYSEXIT do again what their callouts noted (struct passage).  Whatever is not plain is left to
 * the callout, with nothing changed.
 */
#include "backend/host/x64/select.h"

enum { PAGE = 0x1000, DPL = 3 << 5, NULL_SELECTORS = 3, LOCAL = 4, SEGMENT_WORDS = 4 };

struct refusals {
    uint32_t fields[8];
    unsigned count;
};

static void refuse(struct code_buffer *out, struct refusals *refusals, unsigned cc)
{
    refusals->fields[refusals->count++] = x64_jcc(out, cc);
}

static void refused_here(struct code_buffer *out, const struct refusals *refusals)
{
    for (unsigned i = 0; i < refusals->count; i++) {
        x64_here(out, refusals->fields[i]);
    }
}

/* and, test with an immediate */
static void and_imm(struct code_buffer *out, unsigned reg, uint32_t value)
{
    x64_op(out, 4, X64_DIGIT | 0x81, 4, x64_reg(reg));
    buffer_put(out, value, 4);
}

static void test_imm(struct code_buffer *out, struct x64_rm rm, uint32_t value)
{
    x64_op(out, 4, X64_DIGIT | 0xf7, 0, rm);
    buffer_put(out, value, 4);
}

/* r9 = what the table at r9 (or REG_TABLES) says of the page of r8, where size bytes at r8 lie in
 * one page and that is plain memory; destroys r12. */
static void emit_entry(struct code_buffer *out, unsigned tables, unsigned size,
                       struct refusals *refusals)
{
    x64_op(out, 4, 0x8b, REG_SCRATCH, x64_reg(X64_R8));
    and_imm(out, REG_SCRATCH, PAGE - 1);
    x64_alu_imm(out, 4, 7, x64_reg(REG_SCRATCH), (int32_t)(PAGE - size));
    refuse(out, refusals, X64_A);
    x64_op(out, 4, 0x8b, REG_SCRATCH, x64_reg(X64_R8));
    x64_op(out, 4, X64_DIGIT | 0xc1, 5, x64_reg(REG_SCRATCH)); /* shr */
    buffer_put8(out, 12);
    x64_load(out, 8, X64_R9, x64_index(tables, REG_SCRATCH, 3, 0));
    x64_op(out, 8, 0x85, X64_R9, x64_reg(X64_R9));
    refuse(out, refusals, X64_LE);
}

/* r8 selector, zero-extended; destroys r8, r9, r12; ZF: the segment holds it. */
static void emit_reload(struct code_buffer *out, enum seg_index seg)
{
    struct x64_rm source =
        CTX_AT(seg, sizeof(struct segment) * seg + offsetof(struct segment, source));
    struct x64_rm rights =
        CTX_AT(seg, sizeof(struct segment) * seg + offsetof(struct segment, rights));
    struct x64_rm selector =
        CTX_AT(seg, sizeof(struct segment) * seg + offsetof(struct segment, selector));
    struct refusals refusals = {.count = 0};
    x64_op(out, 2, 0x3b, X64_R8, selector);
    refuse(out, &refusals, X64_NE);
    x64_alu_imm(out, 4, 7, x64_reg(X64_R8), NULL_SELECTORS);
    uint32_t real = x64_jcc(out, X64_A);
    x64_alu_imm(out, 8, 7, source, SOURCE_NULL);
    buffer_put8(out, 0xc3);
    x64_here(out, real);
    test_imm(out, x64_reg(X64_R8), LOCAL);
    refuse(out, &refusals, X64_NE);
    x64_alu_imm(out, 4, 1, x64_reg(X64_R8), 7); /* or: its last byte */
    x64_op(out, 4, 0x3b, X64_R8, CTX(descriptors.limit));
    refuse(out, &refusals, X64_A);
    x64_alu_imm(out, 4, 6, x64_reg(X64_R8), 7); /* xor: its first */
    x64_op(out, 4, 0x03, X64_R8, CTX(descriptors.base));
    x64_load(out, 8, X64_R9, CTX(views[VIEW_SUPERVISOR]));
    emit_entry(out, X64_R9, 8, &refusals);
    x64_load(out, 8, X64_R9, x64_index(X64_R9, X64_R8, 0, 0));
    x64_op(out, 8, 0x3b, X64_R9, source);
    refuse(out, &refusals, X64_NE);
    test_imm(out, CTX(mode), MODE_USER);
    uint32_t user = x64_jcc(out, X64_NE);
    test_imm(out, CTX(seg[SEG_SS].rights), DPL); /* the level is 0 */
    buffer_put8(out, 0xc3);
    x64_here(out, user);
    x64_load(out, 4, X64_R9, rights);
    and_imm(out, X64_R9, DPL);
    x64_alu_imm(out, 4, 7, x64_reg(X64_R9), DPL);
    buffer_put8(out, 0xc3);
    refused_here(out, &refusals);
    x64_op(out, 8, 0x85, X64_RSP, x64_reg(X64_RSP)); /* no ZF */
    buffer_put8(out, 0xc3);
}

void x64_emit_segment_stubs(struct code_buffer *out, struct x64_stubs *stubs)
{
    static const uint8_t data[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};
    for (unsigned i = 0; i < sizeof(data); i++) {
        buffer_align(out, 16, 0xcc);
        stubs->reload[data[i]] = out->at;
        emit_reload(out, (enum seg_index)data[i]);
    }
}

static bool has_selectors(const struct emit *e)
{
    return (e->ir->mode & (MODE_PROTECTED | MODE_V86)) == MODE_PROTECTED;
}

static bool emit_seg_load(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    uint32_t stub = e->engine->stubs.reload[inst->imm & 7];
    if (stub == 0 || !has_selectors(e)) {
        return false;
    }
    operand_load(e, inst, inst->a, 8, X64_R8, x64_reg(0));
    x64_op(out, 4, X64_0F | 0xb7, X64_R8, x64_reg(X64_R8)); /* movzx */
    x64_call_to(out, stub);
    uint32_t same = x64_jcc(out, X64_E);
    operand_load(e, inst, inst->a, 8, X64_R8, x64_reg(0));
    x64_call_callout(e, CALLOUT_seg_load, inst->imm);
    x64_here(out, same);
    return true;
}

/* From a flat stack of 32 bits. */
static bool emit_seg_pop(struct emit *e, const struct ir_inst *inst)
{
    struct code_buffer *out = e->out;
    uint32_t stub = e->engine->stubs.reload[inst->imm & 7];
    unsigned size = inst->imm >> 8 & 15;
    struct refusals refusals = {.count = 0};
    if (stub == 0 || !has_selectors(e) || (e->ir->mode & MODE_STACK32) == 0 ||
        (e->ir->mode & MODE_ALIGN_CHECK) != 0 || mode_seg_class(e->ir->mode, SEG_SS) != SEG_FLAT) {
        return false;
    }
    x64_op(out, 4, 0x8b, X64_R8, x64_reg(REG_ESP));
    emit_entry(out, REG_TABLES, size, &refusals);
    x64_load(out, 2, X64_R8, x64_index(X64_R9, X64_R8, 0, 0));
    x64_call_to(out, stub);
    refuse(out, &refusals, X64_NE);
    x64_lea(out, 4, REG_ESP, x64_mem(REG_ESP, (int32_t)size));
    uint32_t done = x64_jmp(out);
    refused_here(out, &refusals);
    x64_call_callout(e, CALLOUT_seg_pop, inst->imm);
    x64_here(out, done);
    return true;
}

/* A segment of the record from a copy of it. */
static void copy_segment(struct code_buffer *out, size_t to, size_t from)
{
    _Static_assert(sizeof(struct segment) == 16 * SEGMENT_WORDS - 8, "three pairs and a quadword");
    for (unsigned i = 0; i < SEGMENT_WORDS; i++) {
        bool pair = i + 1 < SEGMENT_WORDS;
        unsigned reg = 8 + i;
        uint32_t load = pair ? X64_0F | 0x10u : X64_F3 | X64_0F | 0x7eu; /* movups, movq */
        uint32_t store = pair ? X64_0F | 0x11u : X64_66 | X64_0F | 0xd6u;
        size_t at = 16 * (size_t)i;
        x64_op(out, 4, X64_MEDIA | load, reg, abi_context(from + at));
        x64_op(out, 4, X64_MEDIA | store, reg, abi_context(to + at));
    }
}

static void copy_word(struct code_buffer *out, unsigned width, struct x64_rm to, struct x64_rm from)
{
    x64_load(out, width, X64_R8, from);
    x64_store(out, width, to, X64_R8);
}

#define PASSAGE(kind, member) \
    CTX_AT(passages, (kind) * sizeof(struct passage) + offsetof(struct passage, member))

/* The segments, the mode and what goes with it. */
static void emit_passage(struct code_buffer *out, enum passage_kind kind)
{
    size_t at = offsetof(struct context, passages) + kind * sizeof(struct passage);
    copy_segment(out, offsetof(struct context, seg[SEG_CS]), at + offsetof(struct passage, cs));
    copy_segment(out, offsetof(struct context, seg[SEG_SS]), at + offsetof(struct passage, ss));
    copy_word(out, 4, CTX(mode), PASSAGE(kind, to));
    copy_word(out, 8, CTX(tag), PASSAGE(kind, tag));
    copy_word(out, 4, CTX(view), PASSAGE(kind, view));
    x64_load(out, 8, REG_TABLES, PASSAGE(kind, tables));
    x64_store(out, 8, CTX(tables), REG_TABLES);
}

/* SYSENTER: EFLAGS, ESP and EIP. */
static void emit_entered(struct code_buffer *out)
{
    x64_op(out, 4, X64_DIGIT | 0x81, 4, CTX(eflags)); /* and */
    buffer_put(out, ~(uint32_t)FLAG_IF, 4);
    x64_load(out, 4, REG_ESP, PASSAGE(PASSAGE_ENTER, rsp));
    x64_load(out, 4, X64_R8, PASSAGE(PASSAGE_ENTER, rip));
}

static bool passage(struct emit *e, const struct ir_inst *inst, enum callout_id id,
                    enum passage_kind kind)
{
    struct code_buffer *out = e->out;
    struct refusals refusals = {.count = 0};
    bool exits = kind == PASSAGE_EXIT;
    /* IOPL is 0: so where the mode needs no check the level is, too */
    if (!has_selectors(e) || ((e->ir->mode & MODE_IOPL_CHECK) != 0 && exits)) {
        return false;
    }
    x64_alu_imm(out, 4, 7, PASSAGE(kind, from), (int32_t)e->ir->mode);
    refuse(out, &refusals, X64_NE);
    test_imm(out, CTX(eflags), PASSAGE_REFUSES);
    refuse(out, &refusals, X64_NE);
    x64_alu_imm(out, 4, 7, CTX(interrupt), 0);
    refuse(out, &refusals, X64_NE);
    uint32_t left = e->ir->insn_count - (e->index + 1);
    if (left != 0) {
        x64_emit_refund(e, left);
    }
    emit_passage(out, kind);
    if (exits) {
        x64_op(out, 4, 0x8b, REG_ESP, x64_reg(X64_RCX));
        x64_op(out, 4, 0x8b, X64_R8, x64_reg(X64_RDX));
    } else {
        emit_entered(out);
    }
    x64_emit_hash_in(e, true);
    refused_here(out, &refusals);
    x64_call_callout(e, id, inst->imm);
    x64_jmp_to(out, e->engine->stubs.leave_live);
    e->ended = true;
    return true;
}

bool x64_segment_without_callout(struct emit *e, const struct ir_inst *inst)
{
    enum callout_id id = ir_callout_id(inst);
    bool loads = id == CALLOUT_seg_load || id == CALLOUT_seg_pop;
    bool passes = id == CALLOUT_sysenter || id == CALLOUT_sysexit;
    if (!(loads || passes) || (e->ir->mode & MODE_STEP) != 0 ||
        !pass_on(e->engine->passes, loads ? PASS_segment_loads : PASS_passages)) {
        return false;
    }
    x64_fpu_flush(e);
    x64_flags_to_record(e);
    e->flags_in_host = false;
    if (passes) {
        return passage(e, inst, id, id == CALLOUT_sysexit ? PASSAGE_EXIT : PASSAGE_ENTER);
    }
    return id == CALLOUT_seg_pop ? emit_seg_pop(e, inst) : emit_seg_load(e, inst);
}
