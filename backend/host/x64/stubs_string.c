/*
 * Short repetitions of MOVS and STOS without a callout: shared code that does all elements at once,
 * one after the other as the processor does, when they are few, ascend, and lie in one plain page
 * each.  Everything else is left to the callout, with nothing changed.
 *
 * For flat 32-bit addresses only.  Called with flags in the record; returns with ZF set when the
 * instruction is complete, but for the one instruction of budget that its block has paid.
 */
#include "backend/host/x64/select.h"

enum { MOST_ELEMENTS = 64, PAGE = 0x1000 };

static const uint8_t sizes[X64_REP_SIZES] = {1, 2, 4};

/* What a stub is made for. */
struct repeat_shape {
    unsigned size, scale;
    bool movs;
};

struct refused {
    uint32_t fields[8];
    unsigned count;
};

static void refuse(struct code_buffer *out, struct refused *refused, unsigned cc)
{
    refused->fields[refused->count++] = x64_jcc(out, cc);
}

/* delta = the entry of the page at the address register; refuses what leaves it or is no delta. */
static void emit_page(struct code_buffer *out, const struct repeat_shape *shape, unsigned address,
                      unsigned delta, int32_t table, struct refused *refused)
{
    x64_op(out, 4, 0x8b, delta, x64_reg(address));
    x64_op(out, 4, X64_DIGIT | 0x81, 4, x64_reg(delta)); /* and */
    buffer_put(out, PAGE - 1, 4);
    x64_lea(out, 4, delta, x64_index(delta, X64_RCX, shape->scale, 0));
    x64_alu_imm(out, 4, 7, x64_reg(delta), PAGE);
    refuse(out, refused, X64_A);
    x64_op(out, 4, 0x8b, delta, x64_reg(address));
    x64_op(out, 4, X64_DIGIT | 0xc1, 5, x64_reg(delta)); /* shr */
    buffer_put8(out, 12);
    x64_load(out, 8, delta, x64_index(REG_TABLES, delta, 3, table));
    x64_op(out, 8, 0x85, delta, x64_reg(delta));
    refuse(out, refused, X64_LE);
}

static void emit_elements(struct code_buffer *out, const struct repeat_shape *shape)
{
    uint32_t top = out->at;
    unsigned datum = shape->movs ? (unsigned)REG_SCRATCH : (unsigned)X64_RAX;
    if (shape->movs) {
        x64_opw(out, shape->size, 0x8a, datum, x64_index(X64_RSI, REG_T0, 0, 0));
    }
    x64_opw(out, shape->size, 0x88, datum, x64_index(X64_RDI, REG_DELTA, 0, 0));
    if (shape->movs) {
        x64_alu_imm(out, 8, 0, x64_reg(X64_RSI), (int32_t)shape->size);
    }
    x64_alu_imm(out, 8, 0, x64_reg(X64_RDI), (int32_t)shape->size);
    x64_op(out, 4, X64_DIGIT | 0xff, 1, x64_reg(X64_RCX)); /* dec */
    uint32_t back = x64_jcc(out, X64_NE);
    buffer_patch_rel32(out, back, top);
}

static void emit_repeat(struct code_buffer *out, const struct repeat_shape *shape)
{
    struct refused refused = {.count = 0};
    x64_alu_imm(out, 4, 7, CTX(df), 1);
    refuse(out, &refused, X64_NE);
    x64_lea(out, 8, REG_EA, x64_mem(X64_RCX, -1));
    x64_alu_imm(out, 8, 7, x64_reg(REG_EA), MOST_ELEMENTS - 1);
    refuse(out, &refused, X64_A); /* none, too */
    emit_page(out, shape, X64_RDI, REG_DELTA, TABLE_WRITE, &refused);
    if (shape->movs) {
        emit_page(out, shape, X64_RSI, REG_T0, 0, &refused);
    }
    x64_load(out, 8, REG_T1, CTX(budget));
    x64_op(out, 8, 0x2b, REG_T1, x64_reg(REG_EA));
    refuse(out, &refused, X64_S);
    x64_store(out, 8, CTX(budget), REG_T1);
    emit_elements(out, shape);
    x64_op(out, 4, 0x8b, X64_RDI, x64_reg(X64_RDI)); /* wraps at 4 GiB */
    if (shape->movs) {
        x64_op(out, 4, 0x8b, X64_RSI, x64_reg(X64_RSI));
    }
    x64_op(out, 4, 0x3b, X64_RCX, x64_reg(X64_RCX)); /* ZF */
    buffer_put8(out, 0xc3);
    for (unsigned i = 0; i < refused.count; i++) {
        x64_here(out, refused.fields[i]);
    }
    x64_op(out, 8, 0x85, X64_RSP, x64_reg(X64_RSP)); /* no ZF */
    buffer_put8(out, 0xc3);
}

void x64_emit_string_stubs(struct code_buffer *out, struct x64_stubs *stubs)
{
    for (unsigned i = 0; i < X64_REP_SIZES; i++) {
        for (unsigned movs = 0; movs < 2; movs++) {
            struct repeat_shape shape = {.size = sizes[i], .scale = i, .movs = movs != 0};
            buffer_align(out, 16, 0xcc);
            stubs->repeat[movs][i] = out->at;
            emit_repeat(out, &shape);
        }
    }
}

/* The stub for a string callout, or 0. */
static uint32_t stub_for(const struct emit *e, enum callout_id id, uint64_t imm)
{
    bool movs = id == CALLOUT_string_movs;
    unsigned size = imm & 15;
    bool fits = (movs || id == CALLOUT_string_stos) && (imm >> 4 & 15) == 4 && (imm >> 12) != 0 &&
                pass_on(e->engine->passes, PASS_short_repeats) &&
                (e->ir->mode & (MODE_ALIGN_CHECK | MODE_STEP)) == 0 &&
                mode_seg_class(e->ir->mode, SEG_ES) == SEG_FLAT &&
                (!movs || mode_seg_class(e->ir->mode, (enum seg_index)(imm >> 8 & 7)) == SEG_FLAT);
    return fits ? e->engine->stubs.repeat[movs][size >> 1] : 0;
}

uint32_t x64_short_repeat(struct emit *e, enum callout_id id, uint64_t imm)
{
    uint32_t stub = stub_for(e, id, imm);
    if (stub == 0) {
        return 0;
    }
    x64_call_to(e->out, stub);
    return x64_jcc(e->out, X64_E);
}
