/*
 * Both engines run the same random programs, in 16-bit real mode and in 32-bit protected mode:
 * flat, with segments that end early, with unmasked x87 and SSE exceptions.  They must agree in
 * every field of the state list, the outcome, the count of instructions and all of memory.  Blocks
 * of one, three and 32 instructions; each program runs several times, so also from the cache and
 * over its own changes.  Then the same with each optimisation of the translator off, and with all
 * of them: on one side, so that an engine is also compared with itself.
 *
 * Fixed seeds, then fresh ones.  VESTIGE_SEED=N (as a failure prints it) runs that one alone, in
 * all these ways.
 */
#include "base/endian.h"
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/cpu/segment.h"
#include "tests/support/budget.h"
#include "tests/support/cpu_fixture.h"
#include "tests/support/random_program.h"
#include "tests/support/score.h"

#include <check.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

enum { FIXED_SEEDS = 12, FRESH_SEEDS = 3, PROGRAMS = 80, PASSES_OVER = 3, LIMIT = 300 };
enum { CODE = 0x10000, HANDLER = 0x500, IDT = 0x2000, GDT = 0x3000, STACK = 0x7000 };

/* Where a program runs. */
enum setting { REAL, FLAT, LIMITED, UNMASKED, SETTINGS };

/* Data segments of LIMITED: base 20000h, the last 64 KiB of it out of reach. */
enum { LIMITED_BASE = 0x20000, LIMITED_LIMIT = 0xffff };

struct pair {
    struct cpu_fixture side[2];
    const struct couple *couple;
    struct program program;
    enum setting setting;
    uint64_t seed;
};

/* Two engines, and what the second one is to do without. */
struct couple {
    const char *name;
    const char *engine[2];
    struct pass_set passes;
};

static const struct couple all_passes = {"", {"portable", "native"}, {0}};

static bool pair_create(struct pair *pair, const struct couple *couple, uint32_t max_insns)
{
    pair->couple = couple;
    return cpu_fixture_create(&pair->side[0], "max", couple->engine[0], max_insns) &&
           cpu_fixture_create_with(&pair->side[1], x86_model_find("max"), couple->engine[1],
                                   max_insns, couple->passes);
}

static void pair_poke(struct pair *pair, uint32_t gpa, const void *bytes, size_t count)
{
    cpu_fixture_poke(&pair->side[0], gpa, bytes, count);
    cpu_fixture_poke(&pair->side[1], gpa, bytes, count);
}

/* All vectors lead to a HLT. */
static void poke_vectors(struct pair *pair, unsigned bits)
{
    static const uint8_t hlt = 0xf4;
    static const uint8_t gdt[] = {0,    0, 0,    0,    0, 0,    0,    0,    0xff, 0xff, 0,
                                  0,    0, 0x9b, 0xcf, 0, 0xff, 0xff, 0,    0,    0,    0x93,
                                  0xcf, 0, 0xff, 0xff, 0, 0,    2,    0x93, 0x40, 0};
    static const uint8_t gate32[] = {HANDLER & 0xff, HANDLER >> 8, 8, 0, 0, 0x8e, 0, 0};
    static const uint8_t gate16[] = {HANDLER & 0xff, HANDLER >> 8, 0, 0};
    pair_poke(pair, HANDLER, &hlt, 1);
    pair_poke(pair, GDT, gdt, sizeof(gdt));
    for (uint32_t i = 0; i < 256; i++) {
        if (bits == 32) {
            pair_poke(pair, IDT + 8 * i, gate32, sizeof(gate32));
        } else {
            pair_poke(pair, 4 * i, gate16, sizeof(gate16));
        }
    }
}

static uint64_t interesting(struct dice *dice)
{
    static const uint64_t values[] = {0,
                                      1,
                                      UINT64_MAX,
                                      0x8000000000000000,
                                      0x7fffffff80000000,
                                      0x3ff0000000000000,
                                      0xbff8000000000000,
                                      0x7ff0000000000000,
                                      0x7ff8000000000001,
                                      0x7ff0000000000001,
                                      0x000fffffffffffff,
                                      0x3f8000007f800000,
                                      0x0000000180000000,
                                      0x4059000040490fdb};
    if (dice_one_in(dice, 2)) {
        return values[dice_roll(dice) % (sizeof(values) / sizeof(values[0]))];
    }
    return (uint64_t)dice_roll(dice) << 32 | dice_roll(dice);
}

static void set_registers(struct context *ctx, struct dice *dice)
{
    for (unsigned i = 0; i < 8; i++) {
        ctx->gpr[i] = (uint32_t)interesting(dice);
        ctx->xmm[i].q[0] = interesting(dice);
        ctx->xmm[i].q[1] = interesting(dice);
        bool zero = dice_one_in(dice, 6);
        ctx->st[i].mantissa = zero ? 0 : interesting(dice) | UINT64_C(1) << 63;
        uint32_t exponent = dice_one_in(dice, 8) ? 0x7fff : 0x3fc0 + dice_roll(dice) % 0x80;
        ctx->st[i].exponent = (uint16_t)((zero ? 0 : exponent) | (dice_roll(dice) & 0x8000));
    }
    ctx->gpr[GUEST_RCX] &= 0xff; /* counts of repeats */
    ctx->gpr[GUEST_RSP] = STACK;
    ctx->ftag = (uint8_t)(dice_roll(dice) & dice_roll(dice));
    ctx->ftop = (uint8_t)(dice_roll(dice) & 7);
    ctx->fcw = (uint16_t)(0x037f | (dice_one_in(dice, 4) ? dice_roll(dice) & 0xc00 : 0));
    ctx->fcw = (uint16_t)(dice_one_in(dice, 6) ? ctx->fcw & ~(dice_roll(dice) & 0x100) : ctx->fcw);
    ctx->mxcsr = 0x1f80 | (dice_one_in(dice, 4) ? dice_roll(dice) & 0xe040 : 0);
    x86_set_eflags(ctx, dice_roll(dice), FLAGS_ARITH | FLAG_DF);
}

static void set_segments(struct context *ctx, enum setting setting)
{
    static const struct descriptor limited = {.low = LIMITED_LIMIT | (LIMITED_BASE & 0xffff) << 16,
                                              .high = LIMITED_BASE >> 16 | 0x409300};
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        struct segment *segment = &ctx->seg[i];
        if (setting == REAL) {
            segment_set_real(ctx, segment, (uint16_t)(i == SEG_CS ? CODE >> 4 : i << 9));
        } else if (i == SEG_CS) {
            segment_set_flat(ctx, segment, 8, 0xc09b);
        } else if (setting == LIMITED && i != SEG_SS) {
            segment_set(ctx, segment, 24, &limited);
        } else {
            segment_set_flat(ctx, segment, 16, 0xc093);
        }
    }
}

static void set_state(struct cpu_fixture *f, enum setting setting, struct dice dice)
{
    unsigned bits = setting == REAL ? 16 : 32;
    struct context *ctx = f->ctx;
    x86_reset(f->cpu, false);
    f->cpu->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE;
    f->cpu->xcr0 = 3;
    f->cpu->cr0 = CR0_ET | CR0_NE | (bits == 32 ? CR0_PE : 0);
    f->cpu->gdt_base = GDT;
    f->cpu->gdt_limit = 0x1f;
    f->cpu->idt_base = bits == 32 ? IDT : 0;
    f->cpu->idt_limit = bits == 32 ? 0x7ff : 0x3ff;
    set_segments(ctx, setting);
    set_registers(ctx, &dice);
    if (setting == UNMASKED) {
        ctx->fcw &= (uint16_t) ~(dice_roll(&dice) & 0x3f);
        ctx->mxcsr &= ~(dice_roll(&dice) & 0x1f80);
    }
    ctx->rip = bits == 32 ? CODE : 0;
    x86_loaded(f->cpu);
}

/* Visitor of the portable side's state. */
static void show_difference(void *user, const char *path, const struct state_field *field,
                            void *elements)
{
    const struct pair *pair = user;
    unsigned size = state_kind_size(field->kind);
    const uint8_t *a = elements;
    const uint8_t *b = (const uint8_t *)pair->side[1].cpu + (a - (uint8_t *)pair->side[0].cpu);
    for (uint32_t i = 0; i < field->count; i++, a += size, b += size) {
        if (memcmp(a, b, size) != 0) {
            fprintf(stderr, "%s[%u]: %" PRIx64 " and %" PRIx64 "\n", path, i, load_le(a, size),
                    load_le(b, size));
        }
    }
}

static void pair_fail(struct pair *pair, const char *what)
{
    program_print(&pair->program, stderr);
    for (unsigned i = 0; i < 2; i++) {
        fprintf(stderr, "--- %s %s\n", pair->couple->engine[i], i ? pair->couple->name : "");
        x86_print(pair->side[i].cpu, stderr);
    }
    state_walk(x86_state(), pair->side[0].cpu, "", show_difference, pair);
    ck_abort_msg("the engines differ in %s; VESTIGE_SEED=%" PRIu64, what, pair->seed);
}

static void pair_run(struct pair *pair, const struct dice *dice)
{
    enum run_result result[2];
    const struct state_field *where = NULL;
    for (unsigned i = 0; i < 2; i++) {
        set_state(&pair->side[i], pair->setting, *dice);
        result[i] = cpu_fixture_run(&pair->side[i], LIMIT);
    }
    if (result[0] != result[1]) {
        pair_fail(pair, "how they end");
    }
    if (!state_equal(x86_state(), pair->side[0].cpu, pair->side[1].cpu, &where)) {
        pair_fail(pair, where->name);
    }
    if (memcmp(pair->side[0].ram, pair->side[1].ram, CPU_FIXTURE_RAM) != 0) {
        pair_fail(pair, "memory");
    }
}

static const uint32_t lengths[] = {1, 3, 32};

/* length: index of lengths. */
static void agree_on(const struct couple *couple, unsigned length, uint64_t seed)
{
    struct pair pair = {.seed = seed};
    struct dice dice = {seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    ck_assert(pair_create(&pair, couple, lengths[length]));
    unsigned programs = test_budget(PROGRAMS);
    for (unsigned i = 0; i < programs; i++) {
        pair.setting = (enum setting)(i % SETTINGS);
        program_make(&pair.program, &dice, pair.setting == REAL ? 16 : 32);
        for (unsigned pass = 0; pass < PASSES_OVER; pass++) {
            poke_vectors(&pair, pair.program.bits);
            pair_poke(&pair, CODE, pair.program.code, pair.program.bytes);
            dice_roll(&dice);
            pair_run(&pair, &dice);
        }
    }
    cpu_fixture_destroy(&pair.side[0]);
    cpu_fixture_destroy(&pair.side[1]);
}

/* Programs that once ended differently. */
static const struct {
    enum setting setting;
    uint8_t bytes;
    uint8_t code[16];
} known[] = {
    {REAL,
     5,
     {0xdf, 0x0c, 0x1f, 0x90, 0xf4}}, /* fisttp word [si]; pop ds: the operand's old selector */
    {LIMITED,
     7,
     {0xdb, 0x1d, 0xff, 0xff, 0, 0, 0xf4}}, /* fistp dword [FFFFh] faults, has not popped */
};

START_TEST(known_programs_end_alike_on_both_engines)
{
    struct pair pair = {.setting = known[_i].setting};
    struct dice dice = {1};
    ck_assert(pair_create(&pair, &all_passes, 0));
    pair.program =
        (struct program){.bytes = known[_i].bytes, .bits = pair.setting == REAL ? 16 : 32};
    memcpy(pair.program.code, known[_i].code, known[_i].bytes);
    poke_vectors(&pair, pair.program.bits);
    pair_poke(&pair, CODE, pair.program.code, pair.program.bytes);
    pair_run(&pair, &dice);
    cpu_fixture_destroy(&pair.side[0]);
    cpu_fixture_destroy(&pair.side[1]);
}
END_TEST

static unsigned runs(void)
{
    return test_budget(PROGRAMS) * PASSES_OVER;
}

static void agree(unsigned length, uint64_t seed)
{
    static const char *const rows[] = {"blocks_of_one_instruction", "blocks_of_three",
                                       "blocks_of_32"};
    agree_on(&all_passes, length, seed);
    score("engines", rows[length], "native", runs(), runs());
}

START_TEST(fixed_programs_end_alike_on_both_engines)
{
    agree((unsigned)_i % 3, (uint64_t)_i + 1);
}
END_TEST

static uint64_t fresh_seed(int i)
{
    return ((uint64_t)time(NULL) << 20) + (uint64_t)getpid() * 16 + (uint64_t)i;
}

START_TEST(fresh_programs_end_alike_on_both_engines)
{
    agree((unsigned)_i, fresh_seed(_i));
}
END_TEST

enum { ALTERATIONS = PASSES + 1 }; /* each pass, and all of them */

/* The portable engine with everything, and one of the engines without that pass. */
static struct couple without(unsigned pass, const char *engine, char *name, size_t room)
{
    static const char *const names[ALTERATIONS] = {
#define PASS(name, text, what) text,
#include "translator/api/passes.def"
        "any_optimisation"};
    struct couple couple = {.name = name, .engine = {"portable", engine}};
    snprintf(name, room, "without_%s", names[pass]);
    couple.passes.off = pass == PASSES ? UINT32_MAX : UINT32_C(1) << pass;
    return couple;
}

START_TEST(programs_end_alike_without_an_optimisation)
{
    char name[64];
    if (_i % 2 && !cpu_fixture_engine("native")) {
        return;
    }
    struct couple couple =
        without((unsigned)_i / 2, _i % 2 ? "native" : "portable", name, sizeof(name));
    agree_on(&couple, (unsigned)_i / 2 % 3, (uint64_t)_i + 101);
    agree_on(&couple, 2, fresh_seed(_i));
    score("engines", name, couple.engine[1], 2 * runs(), 2 * runs());
}
END_TEST

START_TEST(the_given_seed_ends_alike_on_both_engines)
{
    uint64_t seed = strtoull(getenv("VESTIGE_SEED"), NULL, 10);
    char name[64];
    for (unsigned length = 0; length < 3; length++) {
        agree_on(&all_passes, length, seed);
        for (unsigned i = 0; i < 2 * ALTERATIONS; i++) {
            struct couple couple =
                without(i / 2, i % 2 ? "native" : "portable", name, sizeof(name));
            agree_on(&couple, length, seed);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engines_agree");
    TCase *tests = tcase_create("random programs");
    tcase_set_timeout(tests, 60);
    if (!cpu_fixture_engine("native")) {
        tcase_add_loop_test(tests, programs_end_alike_without_an_optimisation, 0, 2 * ALTERATIONS);
    } else if (getenv("VESTIGE_SEED")) {
        tcase_add_test(tests, the_given_seed_ends_alike_on_both_engines);
    } else {
        tcase_add_loop_test(tests, known_programs_end_alike_on_both_engines, 0,
                            (int)(sizeof(known) / sizeof(known[0])));
        tcase_add_loop_test(tests, fixed_programs_end_alike_on_both_engines, 0, FIXED_SEEDS);
        tcase_add_loop_test(tests, programs_end_alike_without_an_optimisation, 0, 2 * ALTERATIONS);
        tcase_add_loop_test(tests, fresh_programs_end_alike_on_both_engines, 0, FRESH_SEEDS);
    }
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
