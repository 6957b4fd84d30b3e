/*
 * The native engine for x86-64: links, budget, hash, callouts, x87 residency, vector operations.
 * Integer records are compared in test_native_random.c.
 */
#include "backend/host/x64/engine.h"
#include "tests/unit/backend/native_world.h"

#include <capstone/capstone.h>
#include <check.h>

enum { FLAT_MODE = MODE_CODE32 | MODE_STACK32 | MODE_PROTECTED | MODE_CS_FLAT | MODE_NO_SSE };

/* ---- control ---- */

struct bench {
    struct world *world;
    struct engine *engine;
    struct ir_block ir;
    callout_function *callouts[CALLOUT_COUNT];
};

static void bench_open(struct bench *bench, uint32_t mode)
{
    memset(bench, 0, sizeof *bench);
    bench->world = world_create();
    bench->engine = host_x64.create(1 << 20, (struct pass_set){0});
    bench->ir.insts = calloc(64, sizeof(struct ir_inst));
    bench->ir.mode = mode;
    bench->world->ctx.mode = mode;
    bench->world->ctx.callouts = bench->callouts;
    bench->world->ctx.budget = 100;
}

static void bench_close(struct bench *bench)
{
    free(bench->ir.insts);
    host_x64.destroy(bench->engine);
    world_destroy(bench->world);
}

static void begin(struct bench *bench, uint64_t rip)
{
    bench->ir.count = bench->ir.insn_count = 0;
    bench->ir.rip = rip;
}

static struct ir_inst *add(struct bench *bench, struct ir_inst inst)
{
    struct ir_inst *slot = &bench->ir.insts[bench->ir.count++];
    *slot = inst;
    return slot;
}

#define NOTHING .dst = IR_NONE, .a = IR_NONE, .b = IR_NONE, .base = IR_NONE, .index = IR_NONE

static void insn(struct bench *bench)
{
    uint32_t index = bench->ir.insn_count++;
    add(bench, (struct ir_inst){.op = IR_insn,
                                .imm = bench->ir.rip + index * 2,
                                .aux = 2,
                                .dst = IR_NONE,
                                .a = IR_NONE,
                                .b = (uint8_t)index});
}

static void compile(struct bench *bench, struct block *block)
{
    block->rip = bench->ir.rip;
    block->gpa = bench->ir.rip & 0xffff;
    block->gpa2 = UINT64_MAX;
    ck_assert(host_x64.emit(bench->engine, &bench->ir, block));
}

/* inc eax; jmp target */
static void counting_block(struct bench *bench, struct block *block, uint64_t rip, uint64_t target)
{
    begin(bench, rip);
    insn(bench);
    add(bench, (struct ir_inst){.op = IR_inc, .width = 4, .dst = 0, .a = 0, .b = IR_NONE});
    insn(bench);
    add(bench, (struct ir_inst){.op = IR_jmp, .imm = target, NOTHING});
    compile(bench, block);
}

START_TEST(linked_blocks_run_until_the_budget_is_used)
{
    struct bench bench;
    struct block one = {0}, two = {0};
    bench_open(&bench, FLAT_MODE);
    struct context *ctx = &bench.world->ctx;
    counting_block(&bench, &one, 0x5000, 0x5100);
    counting_block(&bench, &two, 0x5100, 0x5000);
    host_x64.enter(bench.engine, ctx, &one);
    ck_assert_uint_eq(ctx->rip, 0x5100);
    ck_assert_ptr_eq(ctx->exit_link, &one.exits[0]);
    ck_assert_int_eq(ctx->budget, 98);
    ck_assert_uint_eq(one.exits[0].target_rip, 0x5100);
    ck_assert_uint_eq(one.exits[0].cross_page, 0);
    host_x64.link(bench.engine, &one.exits[0], &two, 0);
    host_x64.link(bench.engine, &two.exits[0], &one, 0);
    host_x64.enter(bench.engine, ctx, &one);
    ck_assert_int_eq(ctx->budget, 0);
    ck_assert_uint_eq(ctx->gpr[0], 50);
    ck_assert_uint_eq(ctx->rip, 0x5100);
    ck_assert_ptr_null(ctx->exit_link);
    ck_assert_int_eq(ctx->pending, 0);
    ctx->budget = 10;
    host_x64.unlink(bench.engine, &one.exits[0]);
    host_x64.enter(bench.engine, ctx, &one);
    ck_assert_ptr_eq(ctx->exit_link, &one.exits[0]);
    ck_assert_int_eq(ctx->budget, 8);
    bench_close(&bench);
}
END_TEST

START_TEST(cross_page_link_is_guarded_by_the_code_table)
{
    static const uint32_t cs_modes[] = {MODE_CS_FLAT, 0};
    struct bench bench;
    struct block one = {0}, two = {0};
    bench_open(&bench, (FLAT_MODE & ~(uint32_t)MODE_CS_FLAT) | cs_modes[_i]);
    struct context *ctx = &bench.world->ctx;
    ctx->seg[SEG_CS].base = _i == 0 ? 0 : 0x1000;
    counting_block(&bench, &one, 0x5ff0, 0x6000);
    counting_block(&bench, &two, 0x6000, 0x9000);
    ck_assert_uint_eq(one.exits[0].cross_page, 1);
    host_x64.link(bench.engine, &one.exits[0], &two, 0x123456789000);
    host_x64.enter(bench.engine, ctx, &one);
    ck_assert_ptr_eq(ctx->exit_link, &one.exits[0]);
    ck_assert_uint_eq(ctx->gpr[0], 1);
    ctx->tables->code[_i == 0 ? 6 : 7] = 0x123456789000;
    host_x64.enter(bench.engine, ctx, &one);
    ck_assert_ptr_eq(ctx->exit_link, &two.exits[0]);
    ck_assert_uint_eq(ctx->gpr[0], 3);
    bench_close(&bench);
}
END_TEST

START_TEST(exit_in_the_middle_refunds_what_did_not_run)
{
    struct bench bench;
    struct block block = {0};
    bench_open(&bench, FLAT_MODE);
    struct context *ctx = &bench.world->ctx;
    begin(&bench, 0x5000);
    insn(&bench);
    add(&bench, (struct ir_inst){
                    .op = IR_brz, .width = 4, .a = 1, .imm = 0x5200, .b = IR_NONE, .dst = IR_NONE});
    insn(&bench);
    insn(&bench);
    add(&bench, (struct ir_inst){.op = IR_jmp, .imm = 0x5300, NOTHING});
    compile(&bench, &block);
    host_x64.enter(bench.engine, ctx, &block);
    ck_assert_uint_eq(ctx->rip, 0x5200);
    ck_assert_int_eq(ctx->budget, 99);
    ctx->gpr[1] = 1;
    host_x64.enter(bench.engine, ctx, &block);
    ck_assert_uint_eq(ctx->rip, 0x5300);
    ck_assert_int_eq(ctx->budget, 96);
    bench_close(&bench);
}
END_TEST

START_TEST(indirect_jump_hits_the_hash_by_eip_tag_and_page)
{
    struct bench bench;
    struct block block = {0}, target = {0};
    bench_open(&bench, FLAT_MODE);
    struct context *ctx = &bench.world->ctx;
    counting_block(&bench, &target, 0x7654321, 0x9000);
    begin(&bench, 0x5000);
    insn(&bench);
    add(&bench,
        (struct ir_inst){.op = IR_jmp_ind, .width = 4, .a = 1, .b = IR_NONE, .dst = IR_NONE});
    compile(&bench, &block);
    ctx->gpr[1] = 0x7654321;
    ctx->tag = UINT64_C(77) << 32;
    uint32_t index = (0x7654321 ^ 0x7654321 >> 12) & (HASH_ENTRIES - 1);
    ctx->hash[index] = (struct hash_slot){
        .tag = UINT64_C(78) << 32 | 0x7654321, .code = target.code, .guard = 0x3000};
    ctx->tables->code[0x7654] = 0x3000;
    host_x64.enter(bench.engine, ctx, &block);
    ck_assert_uint_eq(ctx->rip, 0x7654321);
    ck_assert_ptr_null(ctx->exit_link);
    ctx->tag = UINT64_C(78) << 32;
    host_x64.enter(bench.engine, ctx, &block);
    ck_assert_uint_eq(ctx->rip, 0x9000);
    ck_assert_uint_eq(ctx->gpr[0], 1);
    ctx->tables->code[0x7654] = 0; /* flushed */
    host_x64.enter(bench.engine, ctx, &block);
    ck_assert_uint_eq(ctx->rip, 0x7654321);
    bench_close(&bench);
}
END_TEST

static uint64_t fake_callout(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    ck_assert_uint_eq(a, 0x11223344);
    ck_assert_uint_eq(b, UINT64_MAX - 4);
    ck_assert_uint_eq(imm, 0x123456789abcdef0);
    ck_assert_uint_eq(ctx->rip, 0xc0005002);
    ck_assert_uint_eq(ctx->next_rip, 0xc0005004);
    ck_assert_int_eq(ctx->pending, 2);
    ck_assert_int_eq(ctx->budget, 97);
    ck_assert_uint_eq(ctx->gpr[3], 7);
    ck_assert_uint_eq(context_flags(ctx), FLAG_CF | FLAG_PF | FLAG_AF | FLAG_SF);
    ctx->gpr[3] = 8;
    ctx->gpr[4] = 0x1000;
    if (ctx->gpr[2] != 0) {
        context_leave_after(ctx, LEAVE_HALT);
    }
    return UINT64_C(0xfeedfacecafef00d);
}

START_TEST(callout_sees_the_record_and_changes_it)
{
    struct bench bench;
    struct block block = {0};
    bench_open(&bench, FLAT_MODE);
    struct context *ctx = &bench.world->ctx;
    bench.callouts[CALLOUT_port_in] = fake_callout;
    begin(&bench, 0xc0005000);
    insn(&bench);
    add(&bench, (struct ir_inst){
                    .op = IR_mov, .width = 4, .dst = IR_T3, .a = IR_IMM, .imm = 99, .b = IR_NONE});
    add(&bench, (struct ir_inst){.op = IR_cmp, .width = 4, .dst = IR_NONE, .a = 5, .b = 6});
    insn(&bench);
    add(&bench,
        (struct ir_inst){
            .op = IR_mov, .width = 4, .dst = IR_T0, .a = IR_IMM, .imm = 0x11223344, .b = IR_NONE});
    add(&bench, (struct ir_inst){
                    .op = IR_mov, .width = 4, .dst = IR_T1, .a = IR_IMM, .imm = 55, .b = IR_NONE});
    add(&bench, (struct ir_inst){.op = IR_callout,
                                 .width = 2,
                                 .cc = CALLOUT_port_in,
                                 .dst = 0,
                                 .a = IR_T0,
                                 .b = IR_IMM32,
                                 .disp = -5,
                                 .imm = 0x123456789abcdef0});
    add(&bench, (struct ir_inst){.op = IR_mov, .width = 4, .dst = 1, .a = IR_T1, .b = IR_NONE});
    insn(&bench);
    add(&bench, (struct ir_inst){.op = IR_add, .width = 4, .dst = 3, .a = 3, .b = IR_T3});
    add(&bench, (struct ir_inst){.op = IR_jmp, .imm = 0x5300, NOTHING});
    compile(&bench, &block);
    ctx->gpr[0] = 0x55555555;
    ctx->gpr[3] = 7;
    ctx->gpr[6] = 1;
    ctx->gpr[2] = _i == 1;
    host_x64.enter(bench.engine, ctx, &block);
    ck_assert_uint_eq(ctx->gpr[4], 0x1000);
    if (_i == 1) {
        ck_assert_uint_eq(ctx->leave, LEAVE_HALT);
        ck_assert_uint_eq(ctx->rip, 0xc0005004);
        ck_assert_int_eq(ctx->pending, 1);
        ck_assert_uint_eq(ctx->gpr[0], 0x55555555);
    } else {
        ck_assert_uint_eq(ctx->gpr[0], 0x5555f00d);
        ck_assert_uint_eq(ctx->gpr[1], 55);
        ck_assert_uint_eq(ctx->gpr[3], 8 + 99);
    }
    bench_close(&bench);
}
END_TEST

/* ---- x87 and vectors ---- */

enum { FPU_MODE = MODE_CODE32 | MODE_STACK32 | MODE_PROTECTED | MODE_CS_FLAT };

static void map_ram(struct bench *bench)
{
    world_map(bench->world);
    bench->world->ctx.budget = 100;
    bench->world->ctx.fcw = 0x37f;
    bench->world->ctx.fsw = 0;
    bench->world->ctx.ftop = 0;
    bench->world->ctx.ftag = 0xff;
}

static void x87_record(struct bench *bench, enum x87_op op, unsigned width, uint32_t address,
                       unsigned sti)
{
    insn(bench);
    add(bench, (struct ir_inst){.op = IR_x87,
                                .imm = op | (uint64_t)(op * 3) << X87_FOP_SHIFT,
                                .width = (uint8_t)width,
                                .aux = (uint8_t)sti,
                                .a = width != 0 ? IR_MEM : IR_NONE,
                                .b = IR_NONE,
                                .dst = IR_NONE,
                                .seg = SEG_DS,
                                .base = IR_NONE,
                                .index = IR_NONE,
                                .asize = 4,
                                .disp = (int32_t)address});
}

static void finish(struct bench *bench, struct block *block)
{
    insn(bench);
    add(bench, (struct ir_inst){.op = IR_jmp, .imm = 0x5300, NOTHING});
    compile(bench, block);
    host_x64.enter(bench->engine, &bench->world->ctx, block);
}

static double ram_double(struct bench *bench, uint32_t address)
{
    double value;
    memcpy(&value, bench->world->ram + address - RAM, sizeof value);
    return value;
}

/* _i: page of the operands, on the fast path and on the slow one. */
START_TEST(x87_arithmetic_runs_in_the_host_and_returns_to_the_record)
{
    struct bench bench;
    struct block block = {0};
    bench_open(&bench, FPU_MODE);
    map_ram(&bench);
    struct context *ctx = &bench.world->ctx;
    uint32_t at = RAM + (_i == 0 ? 0x100 : 0x4100);
    double a = 3.25, b = -1.125;
    memcpy(bench.world->ram + at - RAM, &a, 8);
    memcpy(bench.world->ram + at - RAM + 8, &b, 8);
    ctx->seg[SEG_CS].selector = 0x1b;
    ctx->seg[SEG_DS].selector = 0x23;
    begin(&bench, 0xc0005000);
    x87_record(&bench, X87_fld_m64, 8, at, 0);
    x87_record(&bench, X87_fld_m64, 8, at + 8, 0);
    x87_record(&bench, X87_fmul_m64, 8, at, 0);
    x87_record(&bench, X87_fst_m64, 8, at + 16, 0);
    x87_record(&bench, X87_faddp, 0, 0, 1);
    x87_record(&bench, X87_fld1, 0, 0, 0);
    x87_record(&bench, X87_fstp_m80, 10, at + 32, 0);
    x87_record(&bench, X87_fnstsw, 2, at + 48, 0);
    finish(&bench, &block);
    ck_assert_uint_eq(ctx->leave, LEAVE_LOOKUP);
    ck_assert(ram_double(&bench, at + 16) == a * b);
    ck_assert_uint_eq(ctx->fpu_resident, 0);
    ck_assert_uint_eq(ctx->ftop, 7);
    ck_assert_uint_eq(ctx->ftag, 0x7f);
    long double sum = (long double)a + (long double)(a * b);
    ck_assert_mem_eq(&ctx->st[7].mantissa, &sum, 8);
    ck_assert_uint_eq(load_le64(bench.world->ram + at - RAM + 32), UINT64_C(1) << 63);
    ck_assert_uint_eq(load_le16(bench.world->ram + at - RAM + 40), 0x3fff);
    ck_assert_uint_eq(load_le16(bench.world->ram + at - RAM + 48) & 0x3800, 7 << 11);
    ck_assert_uint_eq(ctx->fip, 0xc0005000 + 6 * 2);
    ck_assert_uint_eq(ctx->fop, X87_fstp_m80 * 3);
    ck_assert_uint_eq(ctx->fdp, at + 32);
    ck_assert_uint_eq(ctx->fcs, 0x1b);
    ck_assert_uint_eq(ctx->fds, 0x23);
    bench_close(&bench);
}
END_TEST

static uint64_t sync_callout(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a;
    (void)b;
    (void)imm;
    context_fpu_sync(ctx);
    ck_assert_uint_eq(ctx->ftop, 7);
    ck_assert_uint_eq(ctx->st[7].exponent, 0x3fff);
    ck_assert_uint_eq(ctx->fop, X87_fld1 * 3);
    ctx->st[7].exponent = 0x4000;
    return 0;
}

START_TEST(x87_state_is_loaded_again_after_a_callout_took_it)
{
    struct bench bench;
    struct block block = {0};
    bench_open(&bench, FPU_MODE);
    map_ram(&bench);
    bench.callouts[CALLOUT_x87] = sync_callout;
    begin(&bench, 0x5000);
    x87_record(&bench, X87_fld1, 0, 0, 0);
    x87_record(&bench, X87_fsin, 0, 0, 0);
    x87_record(&bench, X87_fstp_m64, 8, RAM + 0x3ffc, 0);
    finish(&bench, &block);
    ck_assert(ram_double(&bench, RAM + 0x3ffc) == 2.0);
    ck_assert_uint_eq(bench.world->ctx.ftag, 0xff);
    bench_close(&bench);
}
END_TEST

START_TEST(fldcw_is_inline_while_everything_is_masked)
{
    struct bench bench;
    struct block block = {0};
    bench_open(&bench, FPU_MODE);
    map_ram(&bench);
    store_le16(bench.world->ram, 0x0f7f); /* truncate */
    double value = 1.75;
    memcpy(bench.world->ram + 8, &value, 8);
    begin(&bench, 0x5000);
    x87_record(&bench, X87_fldcw, 2, RAM, 0);
    x87_record(&bench, X87_fld_m64, 8, RAM + 8, 0);
    x87_record(&bench, X87_fistp_m32, 4, RAM + 16, 0);
    finish(&bench, &block);
    ck_assert_uint_eq(load_le32(bench.world->ram + 16), 1);
    ck_assert_uint_eq(bench.world->ctx.fcw, 0x0f7f);
    bench_close(&bench);
}
END_TEST

START_TEST(fcomi_leaves_flags_for_a_branch)
{
    struct bench bench;
    struct block block = {0};
    bench_open(&bench, FPU_MODE);
    map_ram(&bench);
    begin(&bench, 0x5000);
    x87_record(&bench, X87_fld1, 0, 0, 0);
    x87_record(&bench, X87_fldz, 0, 0, 0);
    x87_record(&bench, X87_fcomip, 0, 0, 1);
    insn(&bench);
    add(&bench, (struct ir_inst){.op = IR_brcc, .imm = 0x5200, .cc = X64_B, NOTHING});
    finish(&bench, &block);
    ck_assert_uint_eq(bench.world->ctx.rip, 0x5200);
    ck_assert_uint_eq(context_flags(&bench.world->ctx), FLAG_CF);
    bench_close(&bench);
}
END_TEST

static struct ir_inst *vec_record(struct bench *bench, enum vec_op op, unsigned dst, unsigned a,
                                  uint32_t address)
{
    insn(bench);
    return add(bench, (struct ir_inst){.op = IR_vec,
                                       .imm = op,
                                       .width = (uint8_t)vec_memory_bytes(op),
                                       .dst = (uint8_t)dst,
                                       .a = (uint8_t)a,
                                       .b = IR_NONE,
                                       .seg = SEG_DS,
                                       .base = IR_NONE,
                                       .index = IR_NONE,
                                       .asize = 4,
                                       .disp = (int32_t)address});
}

START_TEST(sse_runs_on_the_guest_registers)
{
    struct bench bench;
    struct block block = {0};
    bench_open(&bench, FPU_MODE);
    map_ram(&bench);
    struct context *ctx = &bench.world->ctx;
    uint32_t at = RAM + (_i == 0 ? 0x100 : 0x4100);
    double two[2] = {-7.75, 3.0};
    memcpy(bench.world->ram + at - RAM, two, 16);
    ctx->xmm[7].q[0] = 0x0000000100000002;
    begin(&bench, 0x5000);
    vec_record(&bench, VEC_movapd, IR_XMM0 + 1, IR_MEM, at);
    vec_record(&bench, VEC_addpd, IR_XMM0 + 1, IR_MEM, at);
    vec_record(&bench, VEC_movupd_store, IR_MEM, IR_XMM0 + 1, at + 21);
    vec_record(&bench, VEC_cvttsd2si, GUEST_RSP, IR_XMM0 + 1, 0);
    vec_record(&bench, VEC_paddd_x, IR_XMM0 + 7, IR_XMM0 + 7, 0);
    vec_record(&bench, VEC_psrlq_xi, IR_XMM0 + 7, IR_NONE, 0)->imm |= 32 << 16;
    vec_record(&bench, VEC_movd_x, IR_XMM0 + 2, GUEST_RSP, 0);
    vec_record(&bench, VEC_comisd, IR_XMM0 + 1, IR_MEM, at);
    finish(&bench, &block);
    ck_assert_uint_eq(ctx->leave, LEAVE_LOOKUP);
    ck_assert(ram_double(&bench, at + 21) == -15.5);
    ck_assert(ram_double(&bench, at + 29) == 6.0);
    ck_assert_uint_eq(ctx->gpr[GUEST_RSP], (uint32_t)-15);
    ck_assert_uint_eq(ctx->xmm[7].q[0], 2);
    ck_assert_uint_eq(ctx->xmm[2].q[0], (uint32_t)-15);
    ck_assert_uint_eq(context_flags(ctx), FLAG_CF);
    ck_assert_uint_eq(ctx->mxcsr, 0x1fa0); /* inexact */
    bench_close(&bench);
}
END_TEST

START_TEST(misaligned_vector_operand_faults)
{
    struct bench bench;
    struct block block = {0};
    bench_open(&bench, FPU_MODE);
    map_ram(&bench);
    begin(&bench, 0x5000);
    vec_record(&bench, VEC_movaps, IR_XMM0, IR_MEM, RAM + 8);
    finish(&bench, &block);
    ck_assert_uint_eq(bench.world->ctx.leave, LEAVE_EVENT);
    ck_assert_uint_eq(bench.world->ctx.event.vector, 13);
    ck_assert_int_eq(bench.world->ctx.pending, 2);
    bench_close(&bench);
}
END_TEST

START_TEST(mmx_registers_are_the_x87_registers)
{
    struct bench bench;
    struct block block = {0};
    bench_open(&bench, FPU_MODE);
    map_ram(&bench);
    struct context *ctx = &bench.world->ctx;
    ctx->st[3].mantissa = 0x0102030405060708;
    begin(&bench, 0x5000);
    vec_record(&bench, VEC_movq_p, IR_MM0 + 1, IR_MM0 + 3, 0);
    vec_record(&bench, VEC_paddb_p, IR_MM0 + 1, IR_MM0 + 3, 0);
    vec_record(&bench, VEC_movq_from_p, IR_MEM, IR_MM0 + 1, RAM + 0x4000);
    finish(&bench, &block);
    ck_assert_uint_eq(load_le64(bench.world->ram + 0x4000), 0x020406080a0c0e10);
    ck_assert_uint_eq(ctx->st[1].mantissa, 0x020406080a0c0e10);
    ck_assert_uint_eq(ctx->st[1].exponent, 0xffff);
    ck_assert_uint_eq(ctx->ftag, 0);
    bench_close(&bench);
}
END_TEST

/* Every row that is emitted verbatim disassembles to the instruction it is named for. */
START_TEST(vector_rows_encode_the_instruction_of_their_name)
{
    struct bench bench;
    csh capstone;
    ck_assert_int_eq(cs_open(CS_ARCH_X86, CS_MODE_64, &capstone), CS_ERR_OK);
    bench_open(&bench, FPU_MODE);
    bench.engine->host_sets = ~0u;
    for (unsigned op = 0; op < VEC_OPS; op++) {
        const struct vec_row *row = &vec_rows[op];
        bool first_map = vec_map(row) == VEC_MAP_0F;
        bool stream = first_map && (row->opcode == 0xe7 || row->opcode == 0x2b);
        bool memory_only = op == VEC_lddqu || op == VEC_movntdqa || op == VEC_movbe_w ||
                           op == VEC_movbe_d || op == VEC_movbe_store_w || op == VEC_movbe_store_d;
        if (row->flags & VEC_SOFTWARE || stream || memory_only) {
            continue;
        }
        struct block block = {0};
        begin(&bench, 0x5000);
        bool mmx = strstr(row->name, "_p") != NULL || row->form == VEC_FORM_P_PM8;
        bool general = op >= VEC_crc32_b;
        unsigned reg = general ? IR_GPR0 : mmx ? IR_MM0 : IR_XMM0;
        vec_record(&bench, op, reg + 1, reg + 2, 0);
        insn(&bench);
        add(&bench, (struct ir_inst){.op = IR_jmp, .imm = 0x5300, NOTHING});
        compile(&bench, &block);
        cs_insn *list;
        size_t count = cs_disasm(capstone, block.code, block.code_bytes, 0, 0, &list);
        bool found = false;
        for (size_t i = 0; i < count && !found; i++) {
            size_t length = strcspn(row->name, "_");
            size_t stem = row->flags & VEC_IMM8 && strncmp(row->name, "cmp", 3) == 0 ? 3 : length;
            found = strncmp(list[i].mnemonic, row->name, stem) == 0;
        }
        cs_free(list, count);
        bool half = strncmp(row->name, "movlps", 6) == 0 || strncmp(row->name, "movhps", 6) == 0 ||
                    strncmp(row->name, "movlpd", 6) == 0 || strncmp(row->name, "movhpd", 6) == 0;
        ck_assert_msg(found || half, "%s", row->name);
    }
    bench_close(&bench);
    cs_close(&capstone);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("x64");
    TCase *tcase = tcase_create("x64");
    tcase_add_test(tcase, linked_blocks_run_until_the_budget_is_used);
    tcase_add_loop_test(tcase, cross_page_link_is_guarded_by_the_code_table, 0, 2);
    tcase_add_test(tcase, exit_in_the_middle_refunds_what_did_not_run);
    tcase_add_test(tcase, indirect_jump_hits_the_hash_by_eip_tag_and_page);
    tcase_add_loop_test(tcase, callout_sees_the_record_and_changes_it, 0, 2);
    tcase_add_loop_test(tcase, x87_arithmetic_runs_in_the_host_and_returns_to_the_record, 0, 2);
    tcase_add_test(tcase, x87_state_is_loaded_again_after_a_callout_took_it);
    tcase_add_test(tcase, fldcw_is_inline_while_everything_is_masked);
    tcase_add_test(tcase, fcomi_leaves_flags_for_a_branch);
    tcase_add_loop_test(tcase, sse_runs_on_the_guest_registers, 0, 2);
    tcase_add_test(tcase, misaligned_vector_operand_faults);
    tcase_add_test(tcase, mmx_registers_are_the_x87_registers);
    tcase_add_test(tcase, vector_rows_encode_the_instruction_of_their_name);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
