/*
 * Shared code behind the slow paths of memory accesses.
 *
 * A site calls with r8 the linear address and r9 what the table said: a delta (then the access is
 * misaligned and may leave its page or its 64 KiB segment), nothing, or poison.  Constants of the
 * site stand behind the call.  Host flags are free; r10 and r11 are kept.
 */
#include "backend/host/x64/select.h"

#include <assert.h>

enum { AFTER_JUMP = 5, PACK_BYTES = 8, NO_SEG = SEG_COUNT };

static const uint8_t sizes[X64_ACCESS_SIZES] = {1, 2, 4, 8, 10, 16};

unsigned x64_size_index(unsigned size)
{
    unsigned i = 0;
    while (i + 1 < X64_ACCESS_SIZES && sizes[i] != size) {
        i++;
    }
    assert(sizes[i] == size);
    return i;
}

unsigned x64_size_at(unsigned index)
{
    return sizes[index];
}

/* What a stub is made for. */
struct variant {
    unsigned seg; /* that may wrap at FFFFh, or NO_SEG */
    int32_t size;
    bool store;
    bool moves; /* slow_value is stored where the access will do */
};

static void ret(struct code_buffer *out)
{
    buffer_put8(out, 0xc3);
}

static void shift_right(struct code_buffer *out, unsigned reg, uint8_t count)
{
    x64_op(out, 4, X64_DIGIT | 0xc1, 5, x64_reg(reg));
    buffer_put8(out, count);
}

/* Jumps when [r8, r8 + size) does not lie in one piece of 1 << bits bytes. */
static uint32_t jump_if_over(struct code_buffer *out, uint8_t bits, int32_t size)
{
    x64_op(out, 4, 0x8b, REG_SCRATCH, x64_reg(X64_R8));
    x64_alu_imm(out, 4, 4, x64_reg(REG_SCRATCH), (1 << bits) - 1);
    x64_alu_imm(out, 4, 7, x64_reg(REG_SCRATCH), (1 << bits) - size);
    return x64_jcc(out, X64_A);
}

/* Jumps when [r8, r8 + size) passes offset FFFFh of the segment. */
static uint32_t jump_if_wraps(struct code_buffer *out, const struct variant *v)
{
    x64_op(out, 4, 0x8b, REG_SCRATCH, x64_reg(X64_R8));
    x64_op(out, 4, 0x2b, REG_SCRATCH,
           CTX_AT(seg, v->seg * sizeof(struct segment) + offsetof(struct segment, base)));
    x64_alu_imm(out, 4, 7, x64_reg(REG_SCRATCH), 0x10000 - v->size);
    return x64_jcc(out, X64_A);
}

/* The access will do: back, for the operation or after it. */
static void emit_done(struct code_buffer *out, const struct variant *v)
{
    if (v->moves) {
        x64_load(out, (unsigned)v->size, REG_SCRATCH, CTX(slow_value));
        x64_store(out, (unsigned)v->size, x64_fast_operand(), REG_SCRATCH);
    }
    ret(out);
}

/* Jumps taken when the access is slow; pushed: with rcx on the stack. */
struct refusals {
    uint32_t plain[6], pushed;
    unsigned count;
};

static void emit_misaligned(struct code_buffer *out, const struct variant *v, struct refusals *no)
{
    no->plain[no->count++] = jump_if_over(out, 12, v->size);
    if (v->seg != NO_SEG) {
        no->plain[no->count++] = jump_if_wraps(out, v);
    }
    emit_done(out, v);
}

/* A store whose entry is no delta: to a page with code, beside that code? */
static void emit_beside_code(struct code_buffer *out, const struct variant *v, struct refusals *no)
{
    x64_lea(out, 4, REG_SCRATCH, x64_mem(REG_DELTA, -POISON_CODE));
    x64_op(out, 4, X64_DIGIT | 0xf7, 0, x64_reg(REG_SCRATCH)); /* test r12d, FFFh */
    buffer_put(out, 0xfff, 4);
    no->plain[no->count++] = x64_jcc(out, X64_NE);
    no->plain[no->count++] = jump_if_over(out, 6, v->size);
    if (v->seg != NO_SEG) {
        no->plain[no->count++] = jump_if_wraps(out, v);
    }
    x64_push(out, X64_RCX);
    x64_op(out, 4, 0x8b, REG_SCRATCH, x64_reg(X64_R8));
    shift_right(out, REG_SCRATCH, 12);
    x64_load(out, 8, REG_SCRATCH, x64_index(REG_TABLES, REG_SCRATCH, 3, TABLE_COVER));
    x64_op(out, 4, 0x8b, X64_RCX, x64_reg(X64_R8));
    shift_right(out, X64_RCX, 6);
    x64_alu_imm(out, 4, 4, x64_reg(X64_RCX), 63);
    x64_load(out, 8, REG_SCRATCH, x64_index(REG_SCRATCH, X64_RCX, 3, 0));
    x64_op(out, 4, 0x8b, X64_RCX, x64_reg(X64_R8));
    x64_op(out, 8, X64_DIGIT | 0xd3, 5, x64_reg(REG_SCRATCH)); /* shr r12, cl */
    x64_op(out, 4, X64_DIGIT | 0xf7, 0, x64_reg(REG_SCRATCH)); /* test r12d, the bytes */
    buffer_put(out, (UINT32_C(1) << v->size) - 1, 4);
    no->pushed = x64_jcc(out, X64_NE);
    x64_op(out, 8, X64_DIGIT | X64_0F | 0xba, 6, x64_reg(REG_DELTA)); /* btr r9, 63 */
    buffer_put8(out, 63);
    x64_lea(out, 8, REG_DELTA, x64_mem(REG_DELTA, -POISON_CODE));
    x64_pop(out, X64_RCX);
    emit_done(out, v);
}

static void emit_tests(struct code_buffer *out, const struct variant *v)
{
    struct refusals no = {0};
    x64_op(out, 8, 0x85, REG_DELTA, x64_reg(REG_DELTA));
    uint32_t special = x64_jcc(out, X64_LE);
    emit_misaligned(out, v, &no);
    if (v->store) {
        x64_here(out, special);
        emit_beside_code(out, v, &no);
        x64_here(out, no.pushed);
        x64_pop(out, X64_RCX);
    } else {
        no.plain[no.count++] = special;
    }
    for (unsigned i = 0; i < no.count; i++) {
        x64_here(out, no.plain[i]);
    }
}

static void emit_check(struct code_buffer *out, const struct variant *v)
{
    emit_tests(out, v);
    x64_alu_imm(out, 8, 0, x64_mem(X64_RSP, 0), AFTER_JUMP);
    ret(out);
}

/* Calls x64_slow_access(); the pack is in r9, or behind the call.  Goes on with the result in r12d
 * and the saved registers popped. */
static void call_slow(struct code_buffer *out, struct x64_stubs *stubs, bool pack_behind)
{
    x64_begin_call(out);
    x64_op(out, 8, 0x8b, X64_RSI, x64_reg(X64_R8));
    if (pack_behind) {
        x64_load(out, 8, X64_RDX, x64_mem(X64_RSP, 24));
        x64_load(out, 8, X64_RDX, x64_mem(X64_RDX, AFTER_JUMP));
    } else {
        x64_op(out, 8, 0x8b, X64_RDX, x64_reg(X64_R9));
    }
    x64_mov_imm(out, X64_RAX, (uintptr_t)x64_slow_access);
    x64_op(out, 4, X64_DIGIT | 0xff, 2, x64_reg(X64_RAX));
    x64_op(out, 4, 0x8b, REG_SCRATCH, x64_reg(X64_RAX));
    x64_alu_imm(out, 4, 7, x64_reg(REG_SCRATCH), SLOW_FAULT);
    uint32_t fault = x64_jcc(out, X64_E);
    x64_alu_imm(out, 4, 7, x64_reg(REG_SCRATCH), SLOW_LEAVE);
    uint32_t leave = x64_jcc(out, X64_E);
    uint32_t made = x64_jmp(out);
    x64_here(out, fault);
    x64_emit_abandon(out, stubs, leave);
    x64_here(out, made);
    x64_reload_all(out);
    x64_end_call(out);
}

static void return_past_pack_for_tail(struct code_buffer *out)
{
    x64_alu_imm(out, 4, 7, x64_reg(REG_SCRATCH), SLOW_TAIL);
    uint32_t tail = x64_jcc(out, X64_E);
    ret(out);
    x64_here(out, tail);
    x64_alu_imm(out, 8, 0, x64_mem(X64_RSP, 0), AFTER_JUMP + PACK_BYTES);
    ret(out);
}

static uint32_t emit_load_slow(struct code_buffer *out, struct x64_stubs *stubs)
{
    uint32_t at = out->at;
    call_slow(out, stubs, true);
    x64_lea(out, 8, REG_DELTA, x64_slow_operand());
    x64_mov_imm(out, REG_EA, 0);
    ret(out);
    return at;
}

static void emit_variants(struct code_buffer *out, struct x64_stubs *stubs, unsigned seg)
{
    for (unsigned i = 0; i < X64_ACCESS_SIZES; i++) {
        struct variant v = {.seg = seg, .size = sizes[i]};
        buffer_align(out, 16, 0xcc);
        stubs->load[seg][i] = out->at;
        emit_tests(out, &v);
        x64_jmp_to(out, stubs->load_strict);
        for (unsigned store = 0; store < 2; store++) {
            v.store = store != 0;
            stubs->check[store][seg][i] = out->at;
            emit_check(out, &v);
        }
        if (v.size <= 8) {
            v.moves = true;
            stubs->store_checked[seg][i] = out->at;
            emit_tests(out, &v);
            x64_jmp_to(out, stubs->store);
        }
    }
}

void x64_emit_memory_stubs(struct code_buffer *out, struct x64_stubs *stubs)
{
    stubs->load_strict = emit_load_slow(out, stubs);
    stubs->store = out->at;
    call_slow(out, stubs, true);
    return_past_pack_for_tail(out);
    for (unsigned seg = 0; seg <= NO_SEG; seg++) {
        emit_variants(out, stubs, seg);
    }
    stubs->access = out->at;
    call_slow(out, stubs, false);
    ret(out);
    stubs->save_flags = out->at;
    x64_save_flags(out);
    ret(out);
    stubs->load_flags = out->at;
    x64_load_flags(out);
    ret(out);
}

static bool alignment_fault(struct context *ctx, uint64_t linear, uint64_t pack)
{
    if ((pack >> PACK_ALIGNED & 1) == 0 || (linear & 15) == 0) {
        return false;
    }
    context_fault(ctx, 13, true, 0);
    return true;
}

static bool slow_access(struct context *ctx, uint64_t linear, uint64_t pack)
{
    unsigned size = pack >> PACK_SIZE & 31;
    enum seg_index seg = (enum seg_index)(pack >> PACK_SEG & 7);
    uint64_t offset = (uint32_t)(linear - ctx->seg[seg].base);
    ctx->rip = (uint32_t)pack;
    ctx->next_rip = (uint32_t)(pack + (pack >> PACK_LENGTH & 15));
    ctx->pending = (int64_t)(pack >> PACK_PENDING & 127);
    if (alignment_fault(ctx, linear, pack)) {
        return false;
    }
    switch (pack >> PACK_KIND & 3) {
    case 0:
        return guest_load(ctx, seg, offset, size);
    case 1:
        return guest_store(ctx, seg, offset, size);
    case 2:
        return guest_load_for_write(ctx, seg, offset, size);
    default:
        return guest_probe_write(ctx, seg, offset, size);
    }
}

/* After a push of that many bytes. */
static void move_esp(struct context *ctx, int32_t bytes)
{
    uint64_t *esp = &ctx->gpr[GUEST_RSP];
    uint64_t moved = *esp - (uint64_t)bytes;
    *esp =
        ctx->mode & MODE_STACK32 ? (uint32_t)moved : (*esp & ~UINT64_C(0xffff)) | (moved & 0xffff);
}

enum slow_result x64_slow_access(struct context *ctx, uint64_t linear, uint64_t pack)
{
    bool resident = ctx->fpu_resident != 0;
    if (!slow_access(ctx, linear, pack)) {
        return SLOW_FAULT;
    }
    bool leaves = ctx->leave != LEAVE_NONE;
    if (leaves && (pack >> PACK_LEAVE & 1)) {
        if (pack >> PACK_PUSH & 1) {
            move_esp(ctx, (int32_t)(pack >> PACK_SIZE & 31));
        }
        return SLOW_LEAVE;
    }
    if (leaves && (pack >> PACK_AGAIN & 1)) {
        guest_run_again(ctx);
        return SLOW_LEAVE;
    }
    if (resident && !ctx->fpu_resident) {
        x64_fpu_load(ctx);
    }
    return leaves && (pack >> PACK_TAIL & 1) ? SLOW_TAIL : SLOW_MADE;
}
