/*
 * The native engine: random blocks of integer records against a plain evaluation, with
 * memory on the fast path, on the slow path, across pages and faulting.
 */
#include "tests/unit/backend/native_plain.h"

#include <check.h>

/* ---- random blocks ---- */

/* Flat 32-bit; real-mode style; 32-bit with based, and with checked segments. */
enum variant { FLAT32, REAL16, BASED32, CHECKED32, VARIANTS };

static const uint32_t modes[VARIANTS] = {
    [FLAT32] = MODE_CODE32 | MODE_STACK32 | MODE_PROTECTED | MODE_CS_FLAT | MODE_NO_SSE,
    [REAL16] = 0x3ffu << MODE_SEG_SHIFT & ~(0x155u << MODE_SEG_SHIFT),
    [BASED32] = MODE_CODE32 | MODE_STACK32 | MODE_PROTECTED | 0x155u << MODE_SEG_SHIFT,
    [CHECKED32] =
        MODE_CODE32 | MODE_STACK32 | MODE_PROTECTED | MODE_CS_CHECKED | 0x3ffu << MODE_SEG_SHIFT,
};

struct dice {
    uint64_t state;
    unsigned variant; /* enum variant */
};

static uint32_t roll(struct dice *dice, uint32_t below)
{
    dice->state = dice->state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)((dice->state >> 33) % below);
}

static unsigned random_reg(struct dice *dice, unsigned width, bool high)
{
    if (roll(dice, 6) == 0) {
        return IR_T0 + roll(dice, 4);
    }
    if (width == 1) {
        return high && roll(dice, 2) ? IR_AH + roll(dice, 4) : roll(dice, 4);
    }
    static const uint8_t regs[] = {0, 1, 2, 3, 5, 6, 7};
    return regs[roll(dice, 7)];
}

static uint64_t random_imm(struct dice *dice, unsigned width)
{
    static const uint32_t edges[] = {0,      1,      0x7f,       0x80,       0xff,
                                     0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff};
    uint64_t value = roll(dice, 2) ? edges[roll(dice, 10)] : roll(dice, 0x7fffffff);
    return value & mask_of(width);
}

/* An address in the window: absolute, or relative to EBX or ESI which hold window addresses. */
static void random_address(struct dice *dice, struct ir_inst *inst)
{
    uint32_t spread = roll(dice, 40) == 0 ? RAM_BYTES : roll(dice, 8) == 0 ? MAPPED_BYTES : 0x3000;
    inst->seg = SEG_DS;
    inst->asize = 4;
    inst->base = inst->index = IR_NONE;
    inst->disp = RAM + (int32_t)roll(dice, spread - 16);
    if (roll(dice, 4) == 0) {
        inst->disp = RAM + 0x1000 * (1 + (int32_t)roll(dice, 3)) - (int32_t)roll(dice, 5);
    }
    inst->disp -= dice->variant == FLAT32 ? 0 : RAM;
    inst->asize = dice->variant == REAL16 ? 2 : 4;
    if (dice->variant == REAL16 && roll(dice, 20) == 0) {
        inst->disp = 0xffff - (int32_t)roll(dice, 4);
    }
    if (roll(dice, 8) == 0) {
        inst->base = (uint8_t)random_reg(dice, 4, false);
        inst->index = roll(dice, 2) ? IR_NONE : (uint8_t)random_reg(dice, 4, false);
        inst->scale = (uint8_t)roll(dice, 4);
    } else if (roll(dice, 3) == 0) {
        inst->base = GUEST_RSP; /* a small offset */
        inst->disp = (int32_t)roll(dice, 64) - 32;
    }
}

static void random_operands(struct dice *dice, struct ir_inst *inst, bool two, bool dst)
{
    unsigned w = inst->width;
    unsigned form = roll(dice, 6);
    inst->b = IR_NONE;
    inst->dst = IR_NONE;
    if (form == 0) { /* memory destination */
        random_address(dice, inst);
        inst->a = IR_MEM;
    } else {
        inst->a = (uint8_t)random_reg(dice, w, true);
    }
    if (two) {
        inst->b = (uint8_t)random_reg(dice, w, true);
        if (form == 1) {
            inst->b = IR_IMM;
            inst->imm = random_imm(dice, w);
        } else if (form == 2) {
            random_address(dice, inst);
            inst->b = IR_MEM;
        }
    }
    if (dst) {
        inst->dst = inst->a;
        if (form == 3) {
            inst->dst = (uint8_t)random_reg(dice, w, true);
        }
    }
}

static void random_inst(struct dice *dice, struct ir_inst *inst)
{
    static const uint8_t ops[] = {
        IR_mov,  IR_add,  IR_adc,   IR_sub,   IR_sbb,     IR_and,    IR_or,    IR_xor,   IR_cmp,
        IR_test, IR_inc,  IR_dec,   IR_neg,   IR_not,     IR_rol,    IR_ror,   IR_rcl,   IR_rcr,
        IR_shl,  IR_shr,  IR_sar,   IR_xchg,  IR_xadd,    IR_cmov,   IR_setcc, IR_bt,    IR_bts,
        IR_btr,  IR_btc,  IR_movzx, IR_movsx, IR_lea,     IR_push,   IR_pop,   IR_clc,   IR_stc,
        IR_cmc,  IR_lahf, IR_sahf,  IR_salc,  IR_cmpxchg, IR_imul,   IR_mul1,  IR_imul1, IR_shld,
        IR_shrd, IR_bsf,  IR_bsr,   IR_bswap, IR_cdq,     IR_advance};
    static const uint8_t widths[] = {1, 2, 4};
    *inst = (struct ir_inst){.op = ops[roll(dice, sizeof ops)],
                             .width = widths[roll(dice, 3)],
                             .dst = IR_NONE,
                             .a = IR_NONE,
                             .b = IR_NONE,
                             .base = IR_NONE,
                             .index = IR_NONE,
                             .asize = 4,
                             .cc = (uint8_t)roll(dice, 16)};
    unsigned op = inst->op;
    if (op == IR_imul) {
        inst->width = roll(dice, 2) ? 2 : 4;
        random_operands(dice, inst, true, true);
        if (inst->dst == IR_MEM || inst->a == IR_MEM) {
            inst->dst = 7;
            inst->b = IR_IMM;
            inst->imm = random_imm(dice, inst->width);
        }
    } else if (op == IR_mul1 || op == IR_imul1) {
        random_operands(dice, inst, false, false);
    } else if (op == IR_shld || op == IR_shrd) {
        inst->width = 4;
        random_operands(dice, inst, false, true);
        inst->b = (uint8_t)random_reg(dice, 4, false);
        inst->aux = (uint8_t)roll(dice, 2);
        inst->imm = roll(dice, 32);
    } else if (op == IR_bsf || op == IR_bsr) {
        inst->width = roll(dice, 2) ? 2 : 4;
        random_operands(dice, inst, false, false);
        inst->dst = (uint8_t)(5 + roll(dice, 3));
    } else if (op == IR_bswap) {
        inst->width = 4;
        inst->dst = inst->a = (uint8_t)random_reg(dice, 4, false);
    } else if (op == IR_cdq) {
        inst->width = roll(dice, 2) ? 2 : 4;
    } else if (op == IR_advance) {
        inst->width = inst->asize = roll(dice, 2) ? 2 : 4;
        inst->dst = roll(dice, 2) ? 6 : 7;
        inst->imm = 1u << roll(dice, 3);
    } else if (op >= IR_shl && op <= IR_rcr) {
        random_operands(dice, inst, false, true);
        inst->b = roll(dice, 2) ? IR_IMM : GUEST_RCX;
        inst->imm = roll(dice, 33);
    } else if (op == IR_mov) {
        random_operands(dice, inst, true, true);
        inst->a = inst->b;
        inst->b = IR_NONE;
        if (inst->a == IR_MEM && inst->dst == IR_MEM) {
            inst->dst = 0;
        }
    } else if (op == IR_cmp || op == IR_test) {
        random_operands(dice, inst, true, false);
    } else if (op >= IR_inc && op <= IR_not) {
        random_operands(dice, inst, false, true);
    } else if (op >= IR_bt && op <= IR_btc) {
        inst->width = roll(dice, 2) ? 2 : 4;
        random_operands(dice, inst, true, op != IR_bt);
        if (inst->b == IR_MEM) {
            inst->b = 2;
        }
    } else if (op == IR_xchg) {
        random_operands(dice, inst, true, true);
        inst->dst = inst->dst == IR_MEM ? IR_MEM : inst->dst;
        inst->a = (uint8_t)random_reg(dice, inst->width, true);
        inst->b = IR_NONE;
        if (inst->dst >= IR_T0 && inst->dst < IR_IMM && inst->a >= IR_T0 && inst->a < IR_IMM) {
            inst->a = 0;
        }
    } else if (op == IR_xadd || op == IR_cmpxchg) {
        random_operands(dice, inst, false, true);
        inst->a = inst->dst =
            inst->dst == IR_MEM
                ? IR_MEM
                : (uint8_t)(inst->width == 1 ? IR_AH + roll(dice, 4) : roll(dice, 4));
        inst->b = (uint8_t)(inst->width == 1 ? roll(dice, 4) : random_reg(dice, 4, false) & 7);
        if (op == IR_cmpxchg) {
            inst->a = IR_NONE;
        }
    } else if (op == IR_cmov) {
        inst->width = roll(dice, 2) ? 2 : 4;
        inst->dst = (uint8_t)(5 + roll(dice, 3));
        inst->a = (uint8_t)random_reg(dice, 4, false);
        if (roll(dice, 3) == 0) {
            random_address(dice, inst);
            inst->a = IR_MEM;
        }
    } else if (op == IR_setcc) {
        inst->width = 1;
        inst->dst = (uint8_t)random_reg(dice, 1, true);
        if (roll(dice, 3) == 0) {
            random_address(dice, inst);
            inst->dst = IR_MEM;
        }
    } else if (op == IR_movzx || op == IR_movsx) {
        inst->aux = roll(dice, 2) ? 1 : 2;
        inst->width = inst->aux == 1 && roll(dice, 2) ? 2 : 4;
        inst->dst = (uint8_t)random_reg(dice, 4, false);
        inst->a = (uint8_t)random_reg(dice, inst->aux, true);
        if (roll(dice, 3) == 0) {
            random_address(dice, inst);
            inst->a = IR_MEM;
        }
    } else if (op == IR_lea) {
        inst->width = roll(dice, 2) ? 2 : 4;
        inst->asize = roll(dice, 2) ? 2 : 4;
        inst->dst = (uint8_t)random_reg(dice, 4, false);
        inst->base = (uint8_t)random_reg(dice, 4, false);
        inst->index = roll(dice, 2) ? IR_NONE : (uint8_t)random_reg(dice, 4, false);
        inst->scale = (uint8_t)roll(dice, 4);
        inst->disp = (int32_t)roll(dice, 0x7fffffff);
    } else if (op == IR_push || op == IR_pop) {
        inst->width = roll(dice, 2) ? 2 : 4;
        uint8_t operand = (uint8_t)(roll(dice, 4) == 0 ? 5 : random_reg(dice, 4, false));
        inst->a = op == IR_push ? operand : IR_NONE;
        inst->dst = op == IR_pop ? operand : IR_NONE;
    } else if (op >= IR_clc) {
        inst->width = 1;
    } else {
        random_operands(dice, inst, true, true);
    }
}

static void random_block(struct dice *dice, struct ir_block *block)
{
    uint32_t insns = 1 + roll(dice, 10);
    block->count = 0;
    block->insn_count = insns;
    block->rip = 0x5000;
    for (uint32_t i = 0; i < insns; i++) {
        block->insts[block->count++] = (struct ir_inst){.op = IR_insn,
                                                        .imm = 0x5000 + i * 4,
                                                        .aux = 4,
                                                        .b = (uint8_t)i,
                                                        .a = IR_NONE,
                                                        .dst = IR_NONE};
        for (unsigned t = 0; i == 0 && t < 4; t++) {
            block->insts[block->count++] = (struct ir_inst){.op = IR_mov,
                                                            .width = 4,
                                                            .dst = (uint8_t)(IR_T0 + t),
                                                            .a = IR_IMM,
                                                            .b = IR_NONE,
                                                            .base = IR_NONE,
                                                            .index = IR_NONE,
                                                            .asize = 4,
                                                            .imm = random_imm(dice, 4)};
        }
        random_inst(dice, &block->insts[block->count++]);
    }
    static const uint8_t ends[] = {IR_brcc, IR_brz, IR_brnz};
    struct ir_inst *inst = &block->insts[block->count++];
    *inst = (struct ir_inst){.op = ends[roll(dice, 3)],
                             .imm = 0x5100,
                             .width = 4,
                             .cc = (uint8_t)roll(dice, 16),
                             .a = (uint8_t)random_reg(dice, 4, false),
                             .b = IR_NONE,
                             .dst = IR_NONE};
    block->insts[block->count++] =
        (struct ir_inst){.op = IR_jmp, .imm = 0x5200, .a = IR_NONE, .b = IR_NONE, .dst = IR_NONE};
}

static void random_state(struct dice *dice, struct plain *p)
{
    for (unsigned i = 0; i < 8; i++) {
        p->gpr[i] = (uint32_t)random_imm(dice, 4);
    }
    p->base = dice->variant == FLAT32 ? 0 : RAM;
    p->asize = dice->variant == REAL16 ? 2 : 4;
    p->gpr[4] = RAM - p->base + roll(dice, 8) * 0x1000 + 0x800;
    p->gpr[4] |= dice->variant == REAL16 ? 0xabcd0000 : 0;
    p->gpr[4] += roll(dice, 3) == 0 ? 0x7fc + roll(dice, 8) : 0;
    p->flags = roll(dice, 0x1000) & FLAGS_ARITH;
    for (unsigned i = 0; i < RAM_BYTES; i += 4) {
        store_le32(p->ram + i, (uint32_t)random_imm(dice, 4));
    }
}

static void prepare(struct world *world, const struct plain *p)
{
    struct context *ctx = &world->ctx;
    for (unsigned i = 0; i < 8; i++) {
        ctx->gpr[i] = p->gpr[i];
    }
    memcpy(world->ram, p->ram, RAM_BYTES);
    context_set_flags(ctx, p->flags);
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        ctx->seg[i] = (struct segment){.base = p->base, .read_end = 0x3000, .write_end = 0x2804};
    }
    ctx->budget = 1000;
    ctx->rip = 0x5000;
    world_map(world);
}

static void compare(const struct world *world, const struct plain *p, const struct ir_block *block,
                    uint64_t seed)
{
    const struct context *ctx = &world->ctx;
    bool equal = ((context_flags(ctx) ^ p->flags) & FLAGS_ARITH & ~p->undefined) == 0 &&
                 ctx->rip == p->rip && memcmp(world->ram, p->ram, RAM_BYTES) == 0;
    for (unsigned i = 0; i < 8; i++) {
        equal = equal && ctx->gpr[i] == p->gpr[i];
    }
    if (equal) {
        return;
    }
    for (unsigned i = 0; i < block->count; i++) {
        const struct ir_inst *inst = &block->insts[i];
        fprintf(stderr, "%2u %-8s w%u aux%u dst%u a%u b%u cc%u disp %x imm %lx base %u\n", i,
                ir_rows[inst->op].name, inst->width, inst->aux, inst->dst, inst->a, inst->b,
                inst->cc, (unsigned)inst->disp, (unsigned long)inst->imm, inst->base);
    }
    for (unsigned i = 0; i < 8; i++) {
        fprintf(stderr, "r%u native %08lx plain %08x\n", i, (unsigned long)ctx->gpr[i], p->gpr[i]);
    }
    fprintf(stderr, "flags native %03x plain %03x undefined %03x rip %lx %x leave %u\n",
            context_flags(ctx), p->flags, p->undefined, (unsigned long)ctx->rip, p->rip,
            ctx->leave);
    ck_abort_msg("seed %lu differs", (unsigned long)seed);
}

static void run_seeds(unsigned variant, uint64_t first, uint64_t count)
{
    struct world *world = world_create();
    struct engine *engine = host_native()->create(1 << 20, (struct pass_set){0});
    static struct plain plain;
    struct ir_block block = {.insts = calloc(IR_MAX_RECORDS, sizeof(struct ir_inst)),
                             .mode = modes[variant]};
    unsigned compared = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        struct dice dice = {seed * UINT64_C(0x9e3779b97f4a7c15), variant};
        memset(&plain, 0, sizeof plain);
        random_state(&dice, &plain);
        random_block(&dice, &block);
        prepare(world, &plain);
        world->ctx.mode = block.mode;
        plain_run(&plain, &block);
        if (plain.looked) {
            continue;
        }
        compared++;
        struct block compiled = {.rip = block.rip, .mode = block.mode};
        if (!host_native()->emit(engine, &block, &compiled)) {
            host_native()->reset(engine);
            ck_assert(host_native()->emit(engine, &block, &compiled));
        }
        host_native()->enter(engine, &world->ctx, &compiled);
        compare(world, &plain, &block, seed);
        ck_assert_uint_eq(world->ctx.leave, plain.faulted ? LEAVE_EVENT : LEAVE_LOOKUP);
    }
    ck_assert_uint_gt(compared, count / 4);
    free(block.insts);
    host_native()->destroy(engine);
    world_destroy(world);
}

START_TEST(random_blocks_agree_with_plain_evaluation)
{
    run_seeds((unsigned)_i % VARIANTS, (uint64_t)_i * 1500 + 1, 1500);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("native_random");
    TCase *tcase = tcase_create("native_random");
    tcase_add_loop_test(tcase, random_blocks_agree_with_plain_evaluation, 0, 2 * VARIANTS);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
