/* Instructions that straddle two pages, the second of which is mapped elsewhere meanwhile. */
#include "frontend/x86/cpu/segment.h"
#include "tests/support/cpu_fixture.h"
#include "tests/support/engine.h"

#include <check.h>

enum { CODE_AT = 0x1000, DIRECTORY = 0x2000, TABLE = 0x3000, FUNC_AT = 0x10ffd, ROUNDS = 3000 };

/*
 *        cli; lgdt [gdtr]; cr3 = DIRECTORY; cr0 |= PG | PE; jmp 8:flat; ds = ss = 16; esp = 8000h
 *        xor edi, edi
 * again: xor [3044h], ebx        ; the page-table entry of 11000h
 *        invlpg [11000h]
 *        mov esi, 4
 * inner: call FUNC_AT            ; mov eax, imm32 whose upper half is in the next page; ret
 *        add edi, eax; dec esi; jnz inner; dec ecx; jnz again; hlt
 */
static const uint8_t code[] = {
    0xfa, 0x2e, 0x0f, 0x01, 0x16, 0x70, 0x10, 0x66, 0xb8, 0x00, 0x20, 0x00, 0x00, 0x0f, 0x22,
    0xd8, 0x0f, 0x20, 0xc0, 0x66, 0x0d, 0x01, 0x00, 0x00, 0x80, 0x0f, 0x22, 0xc0, 0x66, 0xea,
    0x24, 0x10, 0x00, 0x00, 0x08, 0x00, 0x66, 0xb8, 0x10, 0x00, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc,
    0x00, 0x80, 0x00, 0x00, 0x31, 0xff, 0x31, 0x1d, 0x44, 0x30, 0x00, 0x00, 0x0f, 0x01, 0x3d,
    0x00, 0x10, 0x01, 0x00, 0xbe, 0x04, 0x00, 0x00, 0x00, 0xe8, 0xb3, 0xff, 0x00, 0x00, 0x01,
    0xc7, 0x4e, 0x75, 0xf6, 0x49, 0x75, 0xe1, 0xf4, 0x90, 0x90, 0x90, 0x90, 0x90, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0x00, 0x00, 0x00, 0x9a, 0xcf, 0x00, 0xff,
    0xff, 0x00, 0x00, 0x00, 0x92, 0xcf, 0x00, 0x17, 0x00, 0x58, 0x10, 0x00, 0x00};
static const uint8_t head[] = {0xb8, 0x34, 0x12};
static const uint8_t tail_one[] = {0x01, 0x00, 0xc3};
static const uint8_t tail_two[] = {0x02, 0x00, 0xc3};

/* Runs ROUNDS rounds, each of which changes the entry by `change`; returns the sum. */
static uint32_t run(struct cpu_fixture *f, const char *engine, uint32_t change)
{
    ck_assert(cpu_fixture_create(f, "p2", engine, 0));
    uint8_t entry[4];
    store_le32(entry, TABLE | 3);
    cpu_fixture_poke(f, DIRECTORY, entry, 4);
    for (uint32_t page = 0; page < 1024; page++) {
        store_le32(entry, (page * 4096 % CPU_FIXTURE_RAM) | 3);
        cpu_fixture_poke(f, TABLE + 4 * page, entry, 4);
    }
    cpu_fixture_poke(f, CODE_AT, code, sizeof code);
    cpu_fixture_poke(f, FUNC_AT, head, sizeof head);
    cpu_fixture_poke(f, 0x11000, tail_one, sizeof tail_one);
    cpu_fixture_poke(f, 0x12000, tail_two, sizeof tail_two);
    f->ctx->seg[SEG_CS].base = 0;
    f->ctx->seg[SEG_CS].selector = 0;
    f->ctx->rip = CODE_AT;
    f->ctx->gpr[GUEST_RBX] = change;
    f->ctx->gpr[GUEST_RCX] = ROUNDS;
    ck_assert_int_eq(cpu_fixture_run(f, 1000000), RUN_HALTED);
    return (uint32_t)f->ctx->gpr[GUEST_RDI];
}

START_TEST(the_tail_that_is_mapped_now_is_executed)
{
    struct cpu_fixture f;
    uint32_t sum = run(&f, test_engine(_i), 0x11000 ^ 0x12000);
    ck_assert_uint_eq(
        sum, (uint32_t)(ROUNDS / 2 * 4 * UINT64_C(0x21234) + ROUNDS / 2 * 4 * UINT64_C(0x11234)));
    ck_assert_uint_lt(translator_stats(f.tr)->blocks_translated, 100);
    cpu_fixture_destroy(&f);
}
END_TEST

START_TEST(straddling_code_is_chained)
{
    struct cpu_fixture f;
    ck_assert_uint_eq(run(&f, test_engine(_i), 0), (uint32_t)(ROUNDS * 4 * UINT64_C(0x11234)));
    /* One look-up a round, after INVLPG; none for the other three calls. */
    ck_assert_uint_lt(translator_stats(f.tr)->lookups, 4 * ROUNDS);
    cpu_fixture_destroy(&f);
}
END_TEST

/* Code memory that is soon full, and nothing but straddling jumps in it: from the last byte of each
 * page to that of the next, by many values of CS, so that each time there are new blocks. */
enum { FIRST_PAGE = 2, JUMPS = 12, SEGMENTS = 200, LITTLE_CODE = 96 << 10 };

START_TEST(straddling_blocks_run_when_code_memory_is_full)
{
    struct cpu_fixture f;
    ck_assert(cpu_fixture_create(&f, "486", test_engine(_i), 0));
    translator_destroy(f.tr);
    struct translator_config config = {.ctx = f.ctx,
                                       .guest = &x86_guest,
                                       .host = cpu_fixture_engine(test_engine(_i)),
                                       .memory = &f.memory,
                                       .callouts = x86_callouts,
                                       .code_bytes = LITTLE_CODE};
    f.tr = translator_create(&config);
    ck_assert_ptr_nonnull(f.tr);
    static const uint8_t jump[] = {0xe9, 0xfd, 0x0f}; /* jmp near $ + 1000h */
    for (uint32_t i = 0; i < JUMPS; i++) {
        cpu_fixture_poke(&f, (FIRST_PAGE + i) * 0x1000 - 1, jump, sizeof jump);
    }
    for (uint32_t n = 0; n < 2 * SEGMENTS; n++) {
        uint32_t i = n / 2; /* each twice: made, and met again */
        segment_set_real(f.ctx, &f.ctx->seg[SEG_CS], (uint16_t)i);
        f.ctx->rip = FIRST_PAGE * 0x1000 - 1 - 16 * i;
        ck_assert_int_eq(cpu_fixture_run(&f, JUMPS), RUN_DEADLINE);
        ck_assert_uint_eq(f.ctx->rip, (FIRST_PAGE + JUMPS) * 0x1000 - 1 - 16 * i);
    }
    ck_assert(test_engine(_i)[0] == 'p' || translator_stats(f.tr)->full_resets > 1);
    cpu_fixture_destroy(&f);
}
END_TEST

int main(void)
{
    int count = test_engines();
    Suite *suite = suite_create("straddle");
    TCase *tests = tcase_create("straddle");
    tcase_add_loop_test(tests, the_tail_that_is_mapped_now_is_executed, 0, count);
    tcase_add_loop_test(tests, straddling_code_is_chained, 0, count);
    tcase_add_loop_test(tests, straddling_blocks_run_when_code_memory_is_full, 0, count);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
