/*
 * Code that all blocks share: enter, leave, slow access, callout.  Made once for an engine.
 *
 * Stack while translated code runs: rsp is 16-byte aligned; enter has pushed the callee-saved
 * registers and keeps the host's MXCSR at [rsp].  Stubs are called, so they begin 8 bytes off and
 * push three registers to be aligned again.
 */
#include "backend/host/x64/select.h"

enum { FRAME_BYTES = 24, MXCSR_OF_HOST = 0, MXCSR_SCRATCH = 4, LEAVE_STACK = 32 };
enum { MXCSR_DEFINED = 0xffff }; /* any other bit set faults in the host */

void x64_push(struct code_buffer *out, unsigned reg)
{
    if (reg >= 8) {
        buffer_put8(out, 0x41);
    }
    buffer_put8(out, (uint8_t)(0x50 | (reg & 7)));
}

void x64_pop(struct code_buffer *out, unsigned reg)
{
    if (reg >= 8) {
        buffer_put8(out, 0x41);
    }
    buffer_put8(out, (uint8_t)(0x58 | (reg & 7)));
}

static void ret(struct code_buffer *out)
{
    buffer_put8(out, 0xc3);
}

void x64_spill_gprs(struct code_buffer *out)
{
    for (unsigned i = 0; i < 8; i++) {
        x64_store(out, 8, CTX_AT(gpr, 8 * i), abi_gpr(i));
    }
}

/* Guest registers and tables from the record; no flags. */
static void reload_gprs(struct code_buffer *out)
{
    x64_load(out, 8, REG_TABLES, CTX(tables));
    for (unsigned i = 0; i < 8; i++) {
        x64_load(out, 8, abi_gpr(i), CTX_AT(gpr, 8 * i));
    }
}

static uint32_t skip_unless_mode(struct code_buffer *out, uint32_t without)
{
    x64_op(out, 4, X64_DIGIT | 0xf7, 0, CTX(mode));
    buffer_put(out, without, 4);
    return x64_jcc(out, X64_NE);
}

static void move_xmm(struct code_buffer *out, bool store)
{
    for (unsigned i = 0; i < 8; i++) {
        x64_op(out, 4, X64_MEDIA | X64_0F | (store ? 0x29u : 0x28u), i, CTX_AT(xmm, 16 * i));
    }
}

static void stmxcsr(struct code_buffer *out, struct x64_rm to)
{
    x64_op(out, 4, X64_DIGIT | X64_0F | 0xae, 3, to);
}

static void ldmxcsr(struct code_buffer *out, struct x64_rm from)
{
    x64_op(out, 4, X64_DIGIT | X64_0F | 0xae, 2, from);
}

/* Jumps where the vector registers are in the record alone. */
static uint32_t skip_unless_resident(struct code_buffer *out)
{
    x64_alu_imm(out, 4, 7, CTX(vec_resident), 0);
    return x64_jcc(out, X64_E);
}

/* Vector registers and MXCSR to the record. */
static void spill_vectors(struct code_buffer *out)
{
    uint32_t none = skip_unless_resident(out);
    move_xmm(out, true);
    uint32_t slow = skip_unless_mode(out, MODE_SSE_SLOW);
    stmxcsr(out, CTX(mxcsr));
    x64_here(out, slow);
    x64_here(out, none);
}

static void reload_vectors(struct code_buffer *out)
{
    uint32_t none = skip_unless_resident(out);
    move_xmm(out, false);
    x64_here(out, none);
}

/* void enter(ctx rdi, code rsi) */
static void emit_enter(struct code_buffer *out, struct x64_stubs *stubs)
{
    static const uint8_t saved[] = {X64_RBX, X64_RBP, X64_R12, X64_R13, X64_R14, X64_R15};
    stubs->enter = out->at;
    for (unsigned i = 0; i < sizeof saved; i++) {
        x64_push(out, saved[i]);
    }
    x64_alu_imm(out, 8, 5, x64_reg(X64_RSP), FRAME_BYTES);
    stmxcsr(out, x64_mem(X64_RSP, MXCSR_OF_HOST));
    x64_lea(out, 8, REG_CONTEXT, x64_mem(X64_RDI, CONTEXT_BIAS));
    x64_op(out, 8, 0x8b, REG_SCRATCH, x64_reg(X64_RSI));
    reload_gprs(out);
    x64_op(out, 4, X64_DIGIT | 0xff, 4, x64_reg(REG_SCRATCH));
}

static void load_mxcsr(struct code_buffer *out)
{
    x64_alu_imm(out, 4, 4, CTX(mxcsr), MXCSR_DEFINED);
    ldmxcsr(out, CTX(mxcsr));
}

static void emit_vec_load(struct code_buffer *out, struct x64_stubs *stubs)
{
    stubs->vec_load = out->at;
    move_xmm(out, false);
    uint32_t slow = skip_unless_mode(out, MODE_SSE_SLOW);
    load_mxcsr(out);
    x64_here(out, slow);
    x64_mov_mem_imm(out, 4, CTX(vec_resident), 1);
    ret(out);
}

static void emit_leave(struct code_buffer *out, struct x64_stubs *stubs)
{
    static const uint8_t saved[] = {X64_R15, X64_R14, X64_R13, X64_R12, X64_RBP, X64_RBX};
    stubs->leave_live = out->at;
    x64_spill_gprs(out);
    spill_vectors(out);
    stubs->leave_synced = out->at;
    ldmxcsr(out, x64_mem(X64_RSP, MXCSR_OF_HOST));
    x64_alu_imm(out, 8, 0, x64_reg(X64_RSP), FRAME_BYTES);
    for (unsigned i = 0; i < sizeof saved; i++) {
        x64_pop(out, saved[i]);
    }
    ret(out);
}

static void emit_exit(struct code_buffer *out, struct x64_stubs *stubs)
{
    stubs->poll = out->at;
    x64_pop(out, REG_SCRATCH);
    x64_load(out, 4, X64_R8, x64_mem(REG_SCRATCH, 0));
    x64_load(out, 1, X64_R9, x64_mem(REG_SCRATCH, 4));
    x64_op(out, 8, 0x01, X64_R9, CTX(budget));
    stubs->miss = out->at;
    x64_mov_imm(out, X64_R9, 0);
    uint32_t leave = x64_jmp(out);
    stubs->exit = out->at;
    x64_pop(out, X64_R9);
    x64_load(out, 8, X64_R9, x64_mem(X64_R9, 0));
    x64_load(out, 4, X64_R8, x64_mem(X64_R9, offsetof(struct block_exit, target_rip)));
    x64_here(out, leave);
    x64_store(out, 8, CTX(rip), X64_R8);
    x64_store(out, 8, CTX(exit_link), X64_R9);
    x64_mov_mem_imm(out, 8, CTX(pending), 0);
    x64_mov_mem_imm(out, 4, CTX(leave), LEAVE_LOOKUP); /* the instruction of LEAVE_AFTER is over */
    x64_jmp_to(out, stubs->leave_live);
}

void x64_begin_call(struct code_buffer *out)
{
    x64_push(out, X64_R8);
    x64_push(out, REG_T0);
    x64_push(out, REG_T1);
    x64_spill_gprs(out);
    spill_vectors(out);
    x64_lea(out, 8, X64_RDI, abi_context(0));
}

void x64_end_call(struct code_buffer *out)
{
    x64_pop(out, REG_T1);
    x64_pop(out, REG_T0);
    x64_pop(out, X64_R8);
}

void x64_reload_all(struct code_buffer *out)
{
    reload_vectors(out);
    reload_gprs(out);
}

void x64_emit_abandon(struct code_buffer *out, struct x64_stubs *stubs, uint32_t from)
{
    x64_here(out, from);
    x64_alu_imm(out, 8, 0, x64_reg(X64_RSP), LEAVE_STACK);
    x64_jmp_to(out, stubs->leave_synced);
}

static void emit_fpu_load(struct code_buffer *out, struct x64_stubs *stubs)
{
    stubs->fpu_load = out->at;
    x64_begin_call(out);
    x64_mov_imm(out, X64_RAX, (uintptr_t)x64_fpu_load);
    x64_op(out, 4, X64_DIGIT | 0xff, 2, x64_reg(X64_RAX));
    reload_vectors(out);
    reload_gprs(out);
    x64_end_call(out);
    ret(out);
}

/* MXCSR changed by the callout (or by C code) is loaded again. */
static void reload_mxcsr(struct code_buffer *out)
{
    uint32_t none = skip_unless_resident(out);
    uint32_t slow = skip_unless_mode(out, MODE_SSE_SLOW);
    stmxcsr(out, x64_mem(X64_RSP, -8));
    x64_load(out, 4, X64_RDX, CTX(mxcsr));
    x64_op(out, 4, 0x3b, X64_RDX, x64_mem(X64_RSP, -8));
    uint32_t same = x64_jcc(out, X64_E);
    load_mxcsr(out);
    x64_here(out, same);
    x64_here(out, slow);
    x64_here(out, none);
}

/* The callout left the block: on with the next one when nothing else is to be done. */
static void emit_continue(struct code_buffer *out, struct x64_stubs *stubs, uint32_t from)
{
    x64_here(out, from);
    x64_lea(out, 8, X64_RDI, abi_context(0));
    x64_load(out, 8, X64_RAX, CTX(next_code));
    x64_op(out, 8, 0x85, X64_RAX, x64_reg(X64_RAX));
    uint32_t none = x64_jcc(out, X64_E);
    x64_op(out, 4, X64_DIGIT | 0xff, 2, x64_reg(X64_RAX));
    x64_op(out, 8, 0x85, X64_RAX, x64_reg(X64_RAX));
    uint32_t leaves = x64_jcc(out, X64_E);
    x64_op(out, 8, 0x8b, REG_SCRATCH, x64_reg(X64_RAX));
    x64_mov_mem_imm(out, 4, CTX(vec_resident), 0); /* they stand in the record: so they may stay */
    reload_gprs(out);
    x64_alu_imm(out, 8, 0, x64_reg(X64_RSP), LEAVE_STACK);
    x64_op(out, 4, X64_DIGIT | 0xff, 4, x64_reg(REG_SCRATCH));
    x64_here(out, none);
    x64_emit_abandon(out, stubs, leaves);
}

static void emit_callout(struct code_buffer *out, struct x64_stubs *stubs)
{
    stubs->callout = out->at;
    x64_begin_call(out);
    x64_op(out, 8, 0x8b, X64_RSI, x64_reg(X64_R8));
    x64_op(out, 8, 0x8b, X64_RDX, x64_reg(X64_R9));
    x64_load(out, 8, X64_RCX, x64_mem(REG_SCRATCH, offsetof(struct callout_data, imm)));
    x64_load(out, 4, X64_RAX, x64_mem(REG_SCRATCH, offsetof(struct callout_data, rip)));
    x64_store(out, 8, CTX(rip), X64_RAX);
    x64_load(out, 4, X64_RAX, x64_mem(REG_SCRATCH, offsetof(struct callout_data, next_rip)));
    x64_store(out, 8, CTX(next_rip), X64_RAX);
    x64_load(out, 4, X64_RAX, x64_mem(REG_SCRATCH, offsetof(struct callout_data, pending)));
    x64_store(out, 8, CTX(pending), X64_RAX);
    x64_load(out, 4, X64_RBX, CTX(leave));
    x64_mov_mem_imm(out, 4, CTX(leave), LEAVE_NONE);
    x64_load(out, 4, X64_RAX, x64_mem(REG_SCRATCH, offsetof(struct callout_data, id)));
    x64_load(out, 8, X64_R8, CTX(callouts));
    x64_op(out, 4, X64_DIGIT | 0xff, 2, x64_index(X64_R8, X64_RAX, 3, 0));
    x64_op(out, 8, 0x8b, REG_SCRATCH, x64_reg(X64_RAX));
    x64_alu_imm(out, 4, 7, CTX(leave), LEAVE_AFTER);
    uint32_t after = x64_jcc(out, X64_E);
    x64_alu_imm(out, 4, 7, CTX(leave), LEAVE_NONE);
    uint32_t leaves = x64_jcc(out, X64_NE);
    x64_store(out, 4, CTX(leave), X64_RBX); /* LEAVE_AFTER from an earlier record stays */
    x64_here(out, after);
    reload_mxcsr(out);
    reload_vectors(out);
    reload_gprs(out);
    x64_end_call(out);
    ret(out);
    emit_continue(out, stubs, leaves);
}

void x64_emit_stubs(struct engine *engine)
{
    struct code_buffer *out = &engine->out;
    struct x64_stubs *stubs = &engine->stubs;
    emit_enter(out, stubs);
    emit_leave(out, stubs);
    emit_exit(out, stubs);
    x64_emit_memory_stubs(out, stubs);
    emit_callout(out, stubs);
    emit_fpu_load(out, stubs);
    emit_vec_load(out, stubs);
    x64_emit_string_stubs(out, stubs);
    x64_emit_segment_stubs(out, stubs);
    x64_emit_slot_stubs(engine);
    buffer_align(out, 16, 0xcc);
}
