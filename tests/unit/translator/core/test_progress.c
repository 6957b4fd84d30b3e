/*
 * Whatever the guest does, translator_run() comes back at its deadline: time also passes where no
 * instruction retires.
 */
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/cpu/segment.h"
#include "tests/support/cpu_fixture.h"

#include <check.h>

enum { CODE_SEGMENT = 0x100, STACK_SEGMENT = 0x2000, DEADLINE = 1000 };

static const char *const engines[] = {"portable", "native"};

/* Runs real-mode code at 0100:0000 with an all-zero vector table. */
static void run_to_deadline(const char *engine, const uint8_t *code, size_t bytes)
{
    struct cpu_fixture f;
    if (!cpu_fixture_engine(engine)) {
        return;
    }
    ck_assert(cpu_fixture_create(&f, "486", engine, 0));
    segment_set_real(f.ctx, &f.ctx->seg[SEG_CS], CODE_SEGMENT);
    segment_set_real(f.ctx, &f.ctx->seg[SEG_SS], STACK_SEGMENT);
    f.ctx->rip = 0;
    f.ctx->gpr[GUEST_RSP] = 0x8000;
    x86_loaded(f.cpu);
    cpu_fixture_poke(&f, CODE_SEGMENT << 4, code, bytes);
    ck_assert_int_eq(cpu_fixture_run(&f, DEADLINE), RUN_DEADLINE);
    ck_assert_uint_eq(context_icount(f.ctx), DEADLINE);
    cpu_fixture_destroy(&f);
}

START_TEST(a_handler_that_faults_itself_does_not_stop_time)
{
    static const uint8_t ud2[] = {0x0f, 0x0b};
    static const uint8_t vector_to_itself[] = {
        0xc7, 0x06, 0x18, 0x00, 0x0b, 0x00, /* mov word [6*4], 11 */
        0x8c, 0x0e, 0x1a, 0x00,             /* mov [6*4+2], cs */
        0x90, 0x0f, 0x0b,                   /* nop; 11: ud2 */
    };
    run_to_deadline(engines[_i], ud2, sizeof(ud2));
    run_to_deadline(engines[_i], vector_to_itself, sizeof(vector_to_itself));
}
END_TEST

START_TEST(a_jump_to_itself_does_not_stop_time)
{
    static const uint8_t code[] = {0xeb, 0xfe};
    run_to_deadline(engines[_i], code, sizeof(code));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("progress");
    TCase *tests = tcase_create("progress");
    tcase_set_timeout(tests, 10);
    tcase_add_loop_test(tests, a_handler_that_faults_itself_does_not_stop_time, 0, 2);
    tcase_add_loop_test(tests, a_jump_to_itself_does_not_stop_time, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
