/* Self-modifying code under both engines: what it computes, and what it costs in translations. */
#include "frontend/x86/x86.h"
#include "tests/support/engine.h"
#include "translator/translator.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { RAM_BYTES = 1 << 20, CODE_AT = 0x1000, ROUNDS = 4000 };

struct bench {
    uint8_t *ram;
    struct x86_cpu *cpu;
    struct context *ctx;
    struct memory_ops memory;
    struct translator *translator;
};

/* again: mov eax, ebx; and eax, ebp; mov [func + 2], eax; call func; add esi, edx; inc ebx; dec
 * ecx; jnz again; hlt; func: mov edx, 11111111h; ret */
static const uint8_t patch_and_call[] = {
    0x66, 0x89, 0xd8, 0x66, 0x21, 0xe8, 0x66, 0xa3, 0x19, 0x10, 0xe8, 0x0a, 0x00, 0x66, 0x01,
    0xd6, 0x66, 0x43, 0x66, 0x49, 0x75, 0xea, 0xf4, 0x66, 0xba, 0x11, 0x11, 0x11, 0x11, 0xc3};
enum { PATCHED_AT = 0x1019 };

/* again: mov byte [next + 1], 5; next: mov al, 1; add dl, al; dec byte [next + 1];
 * dec ecx; jnz again; hlt */
static const uint8_t patch_ahead[] = {0xc6, 0x06, 0x06, 0x10, 0x05, 0xb0, 0x01, 0x00, 0xc2,
                                      0xfe, 0x0e, 0x06, 0x10, 0x66, 0x49, 0x75, 0xef, 0xf4};

static struct phys_page page(void *memory, uint64_t gpa)
{
    const struct bench *bench = memory;
    return (struct phys_page){.host = gpa < RAM_BYTES ? bench->ram + gpa : NULL, .writable = true};
}

static uint64_t mmio_read(void *memory, uint64_t gpa, unsigned size)
{
    (void)memory;
    (void)gpa;
    (void)size;
    return UINT64_MAX;
}

static void mmio_write(void *memory, uint64_t gpa, uint64_t value, unsigned size)
{
    (void)memory;
    (void)gpa;
    (void)value;
    (void)size;
}

/* A CPU in real mode about to run the program, ECX rounds of it. */
static void setup(struct bench *bench, unsigned engine, const uint8_t *code, size_t bytes)
{
    struct x86_wires wires = {.machine = bench};
    *bench = (struct bench){.ram = aligned_alloc(4096, RAM_BYTES),
                            .cpu = x86_create(x86_model_find("p2"), &wires)};
    bench->memory = (struct memory_ops){
        .page = page, .mmio_read = mmio_read, .mmio_write = mmio_write, .memory = bench};
    bench->ctx = x86_context(bench->cpu);
    struct translator_config config = {.ctx = bench->ctx,
                                       .guest = &x86_guest,
                                       .host = engine ? host_native() : &host_interp,
                                       .memory = &bench->memory,
                                       .callouts = x86_callouts,
                                       .code_bytes = 1 << 20};
    bench->translator = translator_create(&config);
    ck_assert_ptr_nonnull(bench->translator);
    memset(bench->ram, 0, RAM_BYTES);
    memcpy(bench->ram + CODE_AT, code, bytes);
    bench->ctx->seg[SEG_CS].base = 0;
    bench->ctx->seg[SEG_CS].selector = 0;
    bench->ctx->rip = CODE_AT;
    bench->ctx->gpr[GUEST_RSP] = 0x8000;
    bench->ctx->gpr[GUEST_RCX] = ROUNDS;
    bench->ctx->gpr[GUEST_RDX] = 0;
}

static const struct translator_stats *run(struct bench *bench)
{
    translator_set_deadline(bench->translator, 100 * ROUNDS);
    ck_assert_int_eq(translator_run(bench->translator), RUN_HALTED);
    return translator_stats(bench->translator);
}

static void teardown(struct bench *bench)
{
    translator_destroy(bench->translator);
    x86_destroy(bench->cpu);
    free(bench->ram);
}

START_TEST(code_that_comes_back_is_revived)
{
    struct bench bench;
    setup(&bench, (unsigned)_i, patch_and_call, sizeof(patch_and_call));
    bench.ctx->gpr[GUEST_RBP] = 3;
    const struct translator_stats *stats = run(&bench);
    ck_assert_uint_eq(bench.ctx->gpr[GUEST_RSI], ROUNDS / 4 * 6);
    ck_assert_uint_lt(stats->blocks_translated, 40);
    ck_assert_uint_gt(stats->blocks_revived, ROUNDS / 2);
    teardown(&bench);
}
END_TEST

START_TEST(code_that_never_settles_is_not_translated_for_ever)
{
    struct bench bench;
    setup(&bench, (unsigned)_i, patch_and_call, sizeof(patch_and_call));
    bench.ctx->gpr[GUEST_RBP] = UINT32_MAX;
    const struct translator_stats *stats = run(&bench);
    ck_assert_uint_eq(bench.ctx->gpr[GUEST_RSI], (uint64_t)ROUNDS * (ROUNDS - 1) / 2);
    ck_assert_uint_lt(stats->blocks_translated, ROUNDS / 8);
    teardown(&bench);
}
END_TEST

START_TEST(a_store_of_what_stands_there_costs_no_block)
{
    struct bench bench;
    setup(&bench, (unsigned)_i, patch_and_call, sizeof(patch_and_call));
    bench.ctx->gpr[GUEST_RBP] = 0;
    memset(bench.ram + PATCHED_AT, 0, 4);
    ck_assert_uint_eq(run(&bench)->blocks_invalidated, 0);
    ck_assert_uint_eq(bench.ctx->gpr[GUEST_RSI], 0);
    teardown(&bench);
}
END_TEST

START_TEST(a_store_into_its_own_block_counts_from_the_next_instruction)
{
    struct bench bench;
    setup(&bench, (unsigned)_i, patch_ahead, sizeof(patch_ahead));
    run(&bench);
    ck_assert_uint_eq(bench.ctx->gpr[GUEST_RDX], 5 * ROUNDS & 0xff);
    teardown(&bench);
}
END_TEST

START_TEST(bus_masters_overwrite_code)
{
    static const uint8_t other[] = {0xb4, 0x4a, 0xf4}; /* mov ah, 4Ah; hlt */
    struct bench bench;
    setup(&bench, (unsigned)_i, patch_and_call, sizeof(patch_and_call));
    bench.ctx->gpr[GUEST_RBP] = 3;
    run(&bench);
    bench.ctx->halted = 0;
    bench.ctx->rip = CODE_AT;
    translator_written(bench.translator, CODE_AT, sizeof(other));
    memcpy(bench.ram + CODE_AT, other, sizeof(other));
    run(&bench);
    ck_assert_uint_eq(bench.ctx->gpr[GUEST_RAX] >> 8 & 0xff, 0x4a);
    ck_assert_uint_eq(bench.ctx->rip, CODE_AT + 3);
    teardown(&bench);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("smc");
    TCase *tcase = tcase_create("smc");
    tcase_add_loop_test(tcase, code_that_comes_back_is_revived, 0, test_engines());
    tcase_add_loop_test(tcase, code_that_never_settles_is_not_translated_for_ever, 0,
                        test_engines());
    tcase_add_loop_test(tcase, a_store_of_what_stands_there_costs_no_block, 0, test_engines());
    tcase_add_loop_test(tcase, a_store_into_its_own_block_counts_from_the_next_instruction, 0,
                        test_engines());
    tcase_add_loop_test(tcase, bus_masters_overwrite_code, 0, test_engines());
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
