/*
 * Code that all blocks share: enter, leave, C for one record, checks of misaligned accesses.  Made
 * once for an engine.
 *
 * Stack while translated code runs: sp points to a struct a64_frame; above it stand the registers
 * that enter has saved.
 */
#include "backend/host/a64/x87.h"

#include <assert.h>

enum { SAVED_BYTES = 96, FRAME_BYTES = 32 };
enum { FRAME_NZCV = 0, FRAME_AF = 16 };
_Static_assert(sizeof(struct a64_frame) == FRAME_BYTES, "sp stays aligned");
_Static_assert(offsetof(struct a64_frame, af) == FRAME_AF, "as the stubs store them");

static const uint8_t sizes[A64_ACCESS_SIZES] = {1, 2, 4, 8, 16};

unsigned a64_size_index(unsigned size)
{
    unsigned i = 0;
    while (i + 1 < A64_ACCESS_SIZES && sizes[i] != size) {
        i++;
    }
    assert(sizes[i] == size);
    return i;
}

static void ret(struct code_buffer *out)
{
    a64_put(out, (uint32_t)A64_RET | A64_LR << 5);
}

static void mrs(struct code_buffer *out, unsigned reg)
{
    a64_put(out, (uint32_t)A64_MRS_NZCV | reg);
}

static void msr(struct code_buffer *out, unsigned reg)
{
    a64_put(out, (uint32_t)A64_MSR_NZCV | reg);
}

static void move_vectors(struct code_buffer *out, enum a64_word op)
{
    a64_add_imm(out, A64_64(A64_ADDI), REG_B, REG_CONTEXT, CTX(xmm));
    for (unsigned i = 0; i < 8; i += 2) {
        a64_pair(out, op, REG_XMM + i, REG_XMM + i + 1, REG_B, 16 * (int32_t)i);
    }
}

/* A jump taken when the XMM registers are not in the host's. */
static uint32_t jump_if_no_vectors(struct code_buffer *out)
{
    a64_mem(out, A64_LDRW, REG_A, REG_CONTEXT, CTX(vec_resident));
    return a64_cb(out, A64_CBZ, REG_A);
}

/* XMM registers and "inexact" to the record; the host's FPCR as C wants it. */
static void spill_vectors(struct code_buffer *out)
{
    uint32_t none = jump_if_no_vectors(out);
    move_vectors(out, A64_STPQ);
    a64_put(out, (uint32_t)A64_MRS_FPSR | REG_A);
    a64_mem(out, A64_LDRW, REG_B, REG_CONTEXT, CTX(mxcsr));
    a64_ubfx(out, REG_A, REG_A, FPSR_INEXACT, 1);
    a64_rrrs(out, A64_ORR, REG_B, REG_B, REG_A, A64_LSL, MXCSR_INEXACT);
    a64_mem(out, A64_STRW, REG_B, REG_CONTEXT, CTX(mxcsr));
    a64_put(out, (uint32_t)A64_MSR_FPCR | A64_XZR);
    a64_here(out, none);
}

/* The modes of MXCSR.RC are FPCR's with the bits the other way round. */
static void load_vectors(struct code_buffer *out)
{
    move_vectors(out, A64_LDPQ);
    a64_mem(out, A64_LDRW, REG_A, REG_CONTEXT, CTX(mxcsr));
    a64_rr(out, A64_RBIT, REG_A, REG_A);
    a64_ubfx(out, REG_A, REG_A, 31 - (MXCSR_MODE + 1), 2);
    a64_imm(out, REG_B, UINT32_C(1) << FPCR_FZ);
    a64_bfi(out, REG_B, REG_A, FPCR_MODE, 2);
    a64_put(out, (uint32_t)A64_MSR_FPCR | REG_B);
    a64_put(out, (uint32_t)A64_MSR_FPSR | A64_XZR);
    a64_imm(out, REG_FPSR, FPSR_RARE);
}

static void emit_vec_load(struct code_buffer *out, struct a64_stubs *stubs)
{
    stubs->vec_load = out->at;
    load_vectors(out);
    a64_imm(out, REG_A, 1);
    a64_mem(out, A64_STRW, REG_A, REG_CONTEXT, CTX(vec_resident));
    ret(out);
}

/* All of the guest's registers to the record. */
static void spill(struct code_buffer *out)
{
    for (unsigned i = 0; i < 8; i += 2) {
        a64_pair(out, A64_STP, REG_GPR + i, REG_GPR + i + 1, REG_CONTEXT,
                 (int32_t)(CTX(gpr) + 8 * i));
    }
    spill_vectors(out);
    a64_mem(out, A64_STRX, REG_T0, REG_CONTEXT, CTX(temp));
    a64_mem(out, A64_STRX, REG_T1, REG_CONTEXT, CTX(temp) + 8);
    a64_mem(out, A64_STRX, REG_BUDGET, REG_CONTEXT, CTX(budget));
    mrs(out, REG_A);
    a64_pair(out, A64_STP, REG_A, REG_PF, A64_SP, FRAME_NZCV);
    a64_pair(out, A64_STP, REG_AF, A64_LR, A64_SP, FRAME_AF);
}

/* And back, with the tables that are in force now. */
static void reload(struct code_buffer *out)
{
    for (unsigned i = 0; i < 8; i += 2) {
        a64_pair(out, A64_LDP, REG_GPR + i, REG_GPR + i + 1, REG_CONTEXT,
                 (int32_t)(CTX(gpr) + 8 * i));
    }
    uint32_t none = jump_if_no_vectors(out);
    load_vectors(out);
    a64_here(out, none);
    a64_mem(out, A64_LDRX, REG_TABLES, REG_CONTEXT, CTX(tables));
    a64_mem(out, A64_LDRX, REG_T0, REG_CONTEXT, CTX(temp));
    a64_mem(out, A64_LDRX, REG_T1, REG_CONTEXT, CTX(temp) + 8);
    a64_mem(out, A64_LDRX, REG_BUDGET, REG_CONTEXT, CTX(budget));
    _Static_assert(TABLE_WRITE % 4096 == 0 && TABLE_CODE % 4096 == 0,
                   "added as shifted immediates");
    a64_add_imm(out, A64_64(A64_ADDI), REG_WRITE, REG_TABLES, TABLE_WRITE);
    a64_add_imm(out, A64_64(A64_ADDI), REG_CODE, REG_WRITE, TABLE_CODE - TABLE_WRITE);
    a64_pair(out, A64_LDP, REG_A, REG_PF, A64_SP, FRAME_NZCV);
    a64_mem(out, A64_LDRX, REG_AF, A64_SP, FRAME_AF);
    msr(out, REG_A);
}

/* void enter(ctx x0, code x1, const struct a64_frame *flags x2) */
static void emit_enter(struct code_buffer *out, struct a64_stubs *stubs)
{
    stubs->enter = out->at;
    a64_rri(out, A64_64(A64_SUBI), A64_SP, A64_SP, SAVED_BYTES + FRAME_BYTES);
    for (unsigned i = 0; i < 12; i += 2) {
        a64_pair(out, A64_STP, REG_GPR + i, REG_GPR + i + 1, A64_SP,
                 (int32_t)(FRAME_BYTES + 8 * i));
    }
    a64_pair(out, A64_LDP, REG_A, REG_B, REG_X2, FRAME_NZCV);
    a64_pair(out, A64_STP, REG_A, REG_B, A64_SP, FRAME_NZCV);
    a64_mem(out, A64_LDRX, REG_A, REG_X2, FRAME_AF);
    a64_mem(out, A64_STRX, REG_A, A64_SP, FRAME_AF);
    a64_movx(out, REG_CONTEXT, REG_X0);
    reload(out);
    a64_put(out, (uint32_t)A64_BR | REG_X1 << 5);
}

/* Calls a C function whose address is a literal. */
static void call_c(struct code_buffer *out, uintptr_t function)
{
    a64_imm(out, REG_DELTA, function);
    a64_put(out, (uint32_t)A64_BLR | REG_DELTA << 5);
}

static void flags_of_leave(struct context *ctx, const struct a64_frame *frame)
{
    a64_flags_from_host(ctx, frame, false);
}

static void emit_leave(struct code_buffer *out, struct a64_stubs *stubs)
{
    stubs->leave_live = out->at;
    spill(out);
    a64_movx(out, REG_X0, REG_CONTEXT);
    a64_rri(out, A64_64(A64_ADDI), REG_X1, A64_SP, 0);
    call_c(out, (uintptr_t)flags_of_leave);
    stubs->leave_synced = out->at;
    a64_mem(out, A64_STRW, A64_XZR, REG_CONTEXT, CTX(vec_resident));
    for (unsigned i = 0; i < 12; i += 2) {
        a64_pair(out, A64_LDP, REG_GPR + i, REG_GPR + i + 1, A64_SP,
                 (int32_t)(FRAME_BYTES + 8 * i));
    }
    a64_rri(out, A64_64(A64_ADDI), A64_SP, A64_SP, SAVED_BYTES + FRAME_BYTES);
    ret(out);
}

static void emit_exit(struct code_buffer *out, struct a64_stubs *stubs)
{
    stubs->miss = out->at;
    a64_imm(out, REG_DELTA, 0);
    uint32_t leave = a64_b(out);
    stubs->exit = out->at;
    a64_mem(out, A64_LDRW, REG_EA, REG_DELTA, offsetof(struct block_exit, target_rip));
    a64_here(out, leave);
    a64_mem(out, A64_STRX, REG_EA, REG_CONTEXT, CTX(rip));
    a64_mem(out, A64_STRX, REG_DELTA, REG_CONTEXT, CTX(exit_link));
    a64_mem(out, A64_STRX, A64_XZR, REG_CONTEXT, CTX(pending));
    a64_imm(out, REG_A, LEAVE_LOOKUP);
    a64_mem(out, A64_STRW, REG_A, REG_CONTEXT, CTX(leave));
    a64_b_to(out, stubs->leave_live);
}

/* x0 struct record_data. */
static void emit_record_call(struct code_buffer *out, struct a64_stubs *stubs)
{
    stubs->record = out->at;
    spill(out);
    a64_movx(out, REG_X2, REG_X0);
    a64_movx(out, REG_X0, REG_CONTEXT);
    a64_rri(out, A64_64(A64_ADDI), REG_X1, A64_SP, 0);
    call_c(out, (uintptr_t)a64_record);
    uint32_t goes_on = a64_cb(out, A64_64(A64_CBNZ), REG_X0);
    a64_b_to(out, stubs->leave_synced);
    a64_here(out, goes_on);
    reload(out);
    a64_put(out, (uint32_t)A64_BR | REG_X0 << 5);
}

static void emit_save_flags(struct code_buffer *out, struct a64_stubs *stubs, bool direct)
{
    stubs->save_flags[direct ? FLAGS_DIRECT : FLAGS_INVERTED] = out->at;
    mrs(out, REG_A);
    a64_ubfx(out, REG_B, REG_A, NZCV_Z, 2); /* SF ZF */
    a64_lsl(out, REG_B, REG_B, 14);
    a64_logic_imm(out, A64_ORRI, REG_B, REG_B, 1 << 9);
    a64_ubfx(out, REG_C, REG_A, NZCV_V, 1);
    a64_bfi(out, REG_B, REG_C, 0, 1);
    a64_ubfx(out, REG_C, REG_A, NZCV_C, 1);
    if (!direct) {
        a64_logic_imm(out, A64_EORI, REG_C, REG_C, 1);
    }
    a64_bfi(out, REG_B, REG_C, 8, 1);
    a64_rrrs(out, A64_EOR, REG_C, REG_PF, REG_AF, A64_LSL, 0);
    a64_lsr(out, REG_C, REG_C, 4);
    a64_bfi(out, REG_B, REG_C, 12, 1);
    a64_rrrs(out, A64_EOR, REG_C, REG_PF, REG_PF, A64_LSR, 4);
    a64_rrrs(out, A64_EOR, REG_C, REG_C, REG_C, A64_LSR, 2);
    a64_rrrs(out, A64_EOR, REG_C, REG_C, REG_C, A64_LSR, 1);
    a64_logic_imm(out, A64_EORI, REG_C, REG_C, 1);
    a64_bfi(out, REG_B, REG_C, 10, 1);
    a64_mem(out, A64_STRH, REG_B, REG_CONTEXT, CTX(flags));
    ret(out);
}

static void emit_load_flags(struct code_buffer *out, struct a64_stubs *stubs)
{
    stubs->load_flags = out->at;
    a64_mem(out, A64_LDRH, REG_A, REG_CONTEXT, CTX(flags));
    a64_lsr(out, REG_B, REG_A, 14);
    a64_lsl(out, REG_B, REG_B, NZCV_Z);
    a64_ubfx(out, REG_C, REG_A, 8, 1);
    a64_logic_imm(out, A64_EORI, REG_C, REG_C, 1);
    a64_bfi(out, REG_B, REG_C, NZCV_C, 1);
    a64_bfi(out, REG_B, REG_A, NZCV_V, 1);
    msr(out, REG_B);
    a64_ubfx(out, REG_PF, REG_A, 10, 1);
    a64_logic_imm(out, A64_EORI, REG_PF, REG_PF, 1);
    a64_ubfx(out, REG_AF, REG_A, 12, 1);
    a64_lsl(out, REG_AF, REG_AF, 4);
    ret(out);
}

/* Returns an instruction further on: no. */
static void refuse(struct code_buffer *out)
{
    a64_rri(out, A64_64(A64_ADDI), A64_LR, A64_LR, 4);
    ret(out);
}

/* Jumps when [x8, x8 + size) does not lie in one piece of 1 << bits bytes. */
static uint32_t jump_if_over(struct code_buffer *out, unsigned bits, unsigned size)
{
    a64_ubfx(out, REG_A, REG_EA, 0, bits);
    a64_rri(out, A64_ADDI, REG_A, REG_A, size - 1);
    return a64_tb(out, A64_TBNZ, REG_A, bits);
}

/* A store whose entry is no delta: to a page with code, beside that code? */
static void emit_beside_code(struct code_buffer *out, unsigned size)
{
    a64_ubfx(out, REG_A, REG_DELTA, 0, 12);
    a64_rri(out, A64_SUBI, REG_A, REG_A, POISON_CODE);
    uint32_t other = a64_cb(out, A64_CBNZ, REG_A);
    uint32_t over = jump_if_over(out, 6, size);
    a64_lsr(out, REG_A, REG_EA, 12);
    a64_imm(out, REG_B, offsetof(struct memory_tables, cover));
    a64_rrr(out, A64_64(A64_ADD), REG_B, REG_B, REG_TABLES);
    a64_mem_reg(out, A64_LDRX, REG_B, REG_B, REG_A, true);
    a64_ubfx(out, REG_A, REG_EA, 6, 6);
    a64_mem_reg(out, A64_LDRX, REG_A, REG_B, REG_A, true);
    a64_rrr(out, A64_64(A64_LSRV), REG_A, REG_A, REG_EA); /* by the address modulo 64 */
    a64_ubfx(out, REG_A, REG_A, 0, size);
    uint32_t covered = a64_cb(out, A64_CBNZ, REG_A);
    a64_put(out, 0x9240f800 | REG_DELTA << 5 | REG_DELTA); /* and x9, x9, #0x7fffffffffffffff */
    a64_rri(out, A64_64(A64_SUBI), REG_DELTA, REG_DELTA, POISON_CODE);
    ret(out);
    a64_here(out, other);
    a64_here(out, over);
    a64_here(out, covered);
    refuse(out);
}

static void emit_check(struct code_buffer *out, struct a64_stubs *stubs, unsigned i, bool store)
{
    stubs->check[store][i] = out->at;
    uint32_t empty = a64_cb(out, A64_64(A64_CBZ), REG_DELTA);
    uint32_t special = a64_tb(out, A64_TBNZ, REG_DELTA, 63);
    uint32_t over = jump_if_over(out, 12, sizes[i]);
    ret(out);
    a64_here(out, over);
    a64_here(out, empty);
    if (!store) {
        a64_here(out, special);
    }
    refuse(out);
    if (store) {
        a64_here(out, special);
        emit_beside_code(out, sizes[i]);
    }
}

void a64_emit_stubs(struct engine *engine)
{
    struct code_buffer *out = &engine->out;
    struct a64_stubs *stubs = &engine->stubs;
    emit_enter(out, stubs);
    emit_leave(out, stubs);
    emit_exit(out, stubs);
    emit_record_call(out, stubs);
    emit_save_flags(out, stubs, false);
    emit_save_flags(out, stubs, true);
    emit_load_flags(out, stubs);
    emit_vec_load(out, stubs);
    for (unsigned i = 0; i < A64_ACCESS_SIZES; i++) {
        emit_check(out, stubs, i, false);
        emit_check(out, stubs, i, true);
    }
    a64_emit_x87_stubs(engine);
    buffer_align(out, 16, 0);
}
