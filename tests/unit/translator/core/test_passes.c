/* Each optimisation that can be switched off is really off then: it leaves a trace in the counters
 * or in the code. */
#include "tests/support/cpu_fixture.h"

#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/cpu/segment.h"
#include "translator/core/core.h"

#include <check.h>

enum { CODE = 0x1000, STACK = 0x8000, STEPS = 10000, HOT_EVERY = 100 };

/* clang-format off */
/* add eax, ecx; mov edx, [2000h]; sub eax, ecx: flags that only a fault would show. */
#define REPLAYED 0x01, 0xc8, 0x8b, 0x15, 0x00, 0x20, 0, 0, 0x29, 0xc8
/* mov bl, [2000h]; inc eax; add eax, edx: a carry that nobody wants. */
#define UNWANTED 0x8a, 0x1d, 0x00, 0x20, 0, 0, 0x40, 0x01, 0xd0
#define FOUR(x) x, x, x, x

static const uint8_t program[] = {
    0x0f, 0x34,                                     /* sysenter, to the next instruction */
    0x31, 0xd2, 0x8e, 0xea, 0x8e, 0xea,             /* xor edx, edx; mov gs, edx; mov gs, edx */
    0xf3, 0xab, 0xf3, 0xab, 0xfa, 0x90,             /* rep stosd; rep stosd; cli; nop */
    0xb9, 0x64, 0, 0, 0,                            /* mov ecx, 100 */
    0xe8, 0x05, 0, 0, 0,                            /* again: call part */
    0x49, 0x75, 0xf8,                               /* dec ecx; jnz again */
    0xf4, 0x90,                                     /* hlt; nop */
    FOUR(REPLAYED), FOUR(REPLAYED),                 /* part: */
    FOUR(UNWANTED),
    0xc1, 0xe0, 0x03,                               /* shl eax, 3 */
    0xd9, 0xe8, 0xd8, 0xc0, 0xd8, 0xc8, 0xdd, 0xd8,  /* fld1; fadd st, st; fmul st, st; fstp st */
    0x66, 0x0f, 0x58, 0xc1, 0x66, 0x0f, 0x58, 0xc2, /* addpd xmm0, xmm1; xmm0, xmm2 */
    0x66, 0x0f, 0x38, 0x00, 0xd3,                   /* pshufb xmm2, xmm3; xmm3, xmm2 */
    0x66, 0x0f, 0x38, 0x00, 0xda,
    0xc3,
};
/* clang-format on */

struct trace {
    uint64_t code;     /* bytes */
    uint64_t saved_at; /* offsets of the first save of flags in each block */
    uint64_t links, lookups, revived, regions;
    uint64_t code_used; /* with regions */
    enum run_result result;
};

static void begin(struct cpu_fixture *f)
{
    x86_reset(f->cpu, false);
    f->cpu->cr0 = CR0_ET | CR0_NE | CR0_PE;
    f->cpu->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        segment_set_flat(f->ctx, &f->ctx->seg[i], i == SEG_CS ? 8 : 16,
                         i == SEG_CS ? 0xc09b : 0xc093);
    }
    f->ctx->gpr[GUEST_RSP] = STACK;
    f->ctx->fcw = 0x37f;
    f->ctx->rip = CODE;
    f->cpu->sysenter_cs = 8;
    f->cpu->sysenter_esp = STACK;
    f->cpu->sysenter_eip = CODE + 2;
    x86_loaded(f->cpu);
}

/* Where the block's code first saves the flags: lahf; seto al. */
static uint32_t first_save(const struct block *block)
{
    static const uint8_t save[] = {0x9f, 0x0f, 0x90, 0xc0};
    const uint8_t *code = block->code;
    uint32_t at = 0;
    while (at + sizeof(save) <= block->code_bytes && memcmp(code + at, save, sizeof(save)) != 0) {
        at++;
    }
    return at;
}

/* Runs it, writes over it, writes it again and runs it again. */
static struct trace run_without(uint32_t off)
{
    static const uint8_t other[sizeof(program)] = {0xf4};
    struct cpu_fixture f;
    struct trace trace = {0};
    struct pass_set passes = {.off = off, .hot_every = HOT_EVERY};
    ck_assert(cpu_fixture_create_with(&f, x86_model_find("max"), "native", 0, passes));
    for (unsigned i = 0; i < 3; i++) {
        cpu_fixture_poke(&f, CODE, i == 1 ? other : program, sizeof(program));
        begin(&f);
        trace.result = cpu_fixture_run(&f, STEPS);
    }
    const struct translator_stats *stats = translator_stats(f.tr);
    for (unsigned i = 0; i <= f.tr->blocks.mask; i++) {
        const struct block *block = f.tr->blocks.slots[i].block;
        if (block) {
            trace.code += block->code_bytes;
            trace.saved_at += first_save(block);
        }
    }
    trace.links = stats->links;
    trace.lookups = stats->lookups;
    trace.revived = stats->blocks_revived;
    trace.regions = stats->regions;
    trace.code_used = translator_code_used(f.tr);
    cpu_fixture_destroy(&f);
    return trace;
}

START_TEST(the_same_passes_make_the_same_code)
{
    ck_assert_uint_eq(run_without(0).code, run_without(0).code);
}
END_TEST

START_TEST(a_pass_that_is_off_leaves_no_trace)
{
    struct trace with = run_without(0);
    struct trace without = run_without(UINT32_C(1) << _i);
    ck_assert_int_eq(with.result, RUN_HALTED);
    ck_assert_int_eq(without.result, RUN_HALTED);
    if (host_native()->lacks >> _i & 1) {
        ck_assert_uint_eq(without.code, with.code);
        ck_assert_uint_eq(without.code_used, with.code_used);
        ck_assert_uint_eq(without.regions, with.regions);
        return;
    }
    switch ((enum pass)_i) {
    case PASS_flag_replay:
        ck_assert_uint_lt(without.saved_at, with.saved_at); /* not only on the slow path */
        break;
    case PASS_flag_liveness:
    case PASS_host_x87:
    case PASS_host_vec:
    case PASS_host_sets:
    case PASS_host_flags:
    case PASS_short_repeats:
    case PASS_sensitive:
    case PASS_segment_loads:
    case PASS_passages:
        ck_assert_uint_ne(without.code, with.code);
        break;
    case PASS_links:
        ck_assert_uint_gt(with.links, 0);
        ck_assert_uint_eq(without.links, 0);
        break;
    case PASS_branch_hash:
        ck_assert_uint_gt(without.lookups, with.lookups + 50);
        break;
    case PASS_revival:
        ck_assert_uint_gt(with.revived, 0);
        ck_assert_uint_eq(without.revived, 0);
        break;
    case PASS_regions:
        ck_assert_uint_gt(with.regions, 0);
        ck_assert_uint_eq(without.regions, 0);
        break;
    case PASS_page_slots:
    case PASS_stack_groups:
        ck_assert_uint_ne(without.code_used, with.code_used);
        break;
    case PASSES:
        break;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("passes");
    TCase *tests = tcase_create("off");
    if (!cpu_fixture_engine("native")) {
        return 0;
    }
    tcase_add_test(tests, the_same_passes_make_the_same_code);
    tcase_add_loop_test(tests, a_pass_that_is_off_leaves_no_trace, 0, PASSES);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
