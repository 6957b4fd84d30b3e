/* MONITOR, MWAIT, CLFLUSH, RDRAND: who may, what faults, where the numbers come from. */
#include "tests/support/flat_memory.h"

static void expect_fault(struct flat *flat, uint8_t vector)
{
    ck_assert_uint_eq(flat->ctx->leave, LEAVE_EVENT);
    ck_assert_uint_eq(flat->ctx->event.vector, vector);
    flat_begin(flat);
}

START_TEST(mwait_waits_once_for_each_monitor)
{
    struct flat *flat = flat_protected("max");
    struct context *ctx = flat->ctx;
    flat_begin(flat);
    callout_mwait(ctx, 0, 0, 0);
    ck_assert_uint_eq(ctx->leave, LEAVE_NONE);
    callout_monitor(ctx, 0x5000, 0, SEG_DS);
    ck_assert_uint_eq(ctx->leave, LEAVE_NONE);
    callout_mwait(ctx, 0, 0, 0);
    ck_assert_uint_eq(ctx->leave, LEAVE_HALT);
    ck_assert_uint_eq(ctx->halted, HALTED_MWAIT);
    flat_begin(flat);
    callout_mwait(ctx, 0, 0, 0);
    ck_assert_uint_eq(ctx->leave, LEAVE_NONE);
    flat_destroy(flat);
}
END_TEST

START_TEST(a_masked_interrupt_is_not_waited_for_when_asked_so)
{
    struct flat *flat = flat_protected("max");
    struct context *ctx = flat->ctx;
    flat_begin(flat);
    ctx->interrupt = 1;
    for (uint32_t extension = 0; extension < 2; extension++) {
        ctx->gpr[GUEST_RCX] = 0;
        callout_monitor(ctx, 0x5000, 0, SEG_DS);
        ctx->gpr[GUEST_RCX] = extension;
        callout_mwait(ctx, 0, 0, 0);
        ck_assert_uint_eq(ctx->leave, extension ? LEAVE_NONE : LEAVE_HALT);
        flat_begin(flat);
    }
    flat_destroy(flat);
}
END_TEST

START_TEST(monitor_and_mwait_belong_to_level_0_and_know_their_extensions)
{
    struct flat *flat = flat_protected("max");
    struct context *ctx = flat->ctx;
    flat_begin(flat);
    ctx->gpr[GUEST_RCX] = 1;
    callout_monitor(ctx, 0x5000, 0, SEG_DS);
    expect_fault(flat, VECTOR_GP);
    ctx->gpr[GUEST_RCX] = 2;
    callout_mwait(ctx, 0, 0, 0);
    expect_fault(flat, VECTOR_GP);
    ctx->seg[SEG_SS].rights |= 3 << 5;
    callout_monitor(ctx, 0x5000, 0, SEG_DS);
    expect_fault(flat, VECTOR_UD);
    callout_mwait(ctx, 0, 0, 0);
    expect_fault(flat, VECTOR_UD);
    ck_assert_uint_eq(flat->cpu->monitor, 0);
    flat_destroy(flat);
}
END_TEST

START_TEST(clflush_and_monitor_fault_as_a_read_would)
{
    struct flat *flat = flat_protected("max");
    struct context *ctx = flat->ctx;
    flat_begin(flat);
    ctx->seg[SEG_DS].limit = 0xfff;
    segment_update(ctx, &ctx->seg[SEG_DS]);
    callout_clflush(ctx, 0xfff, 0, SEG_DS);
    ck_assert_uint_eq(ctx->leave, LEAVE_NONE);
    callout_clflush(ctx, 0x1000, 0, SEG_DS);
    expect_fault(flat, VECTOR_GP);
    callout_monitor(ctx, 0x1000, 0, SEG_DS);
    expect_fault(flat, VECTOR_GP);
    ctx->seg[SEG_CS].rights &= ~(uint32_t)RIGHTS_WRITE; /* execute-only */
    segment_update(ctx, &ctx->seg[SEG_CS]);
    callout_clflush(ctx, 0x5000, 0, SEG_CS);
    ck_assert_uint_eq(ctx->leave, LEAVE_NONE);
    callout_monitor(ctx, 0x5000, 0, SEG_CS);
    expect_fault(flat, VECTOR_GP);
    flat_destroy(flat);
}
END_TEST

START_TEST(random_numbers_repeat_after_reset_and_differ_before)
{
    enum { NUMBERS = 64 };
    uint64_t first[NUMBERS];
    struct flat *flat = flat_protected("max");
    flat_begin(flat);
    for (unsigned i = 0; i < NUMBERS; i++) {
        context_set_flags(flat->ctx, FLAGS_ARITH);
        first[i] = callout_rdrand(flat->ctx, 0, 0, 0);
        ck_assert_uint_eq(context_flags(flat->ctx), FLAG_CF);
        ck_assert_uint_le(first[i], UINT32_MAX);
        for (unsigned k = 0; k < i; k++) {
            ck_assert_uint_ne(first[i], first[k]);
        }
    }
    x86_reset(flat->cpu, false);
    for (unsigned i = 0; i < NUMBERS; i++) {
        ck_assert_uint_eq(callout_rdrand(flat->ctx, 0, 0, 0), first[i]);
    }
    flat_destroy(flat);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("monitor");
    TCase *tests = tcase_create("monitor");
    tcase_add_test(tests, mwait_waits_once_for_each_monitor);
    tcase_add_test(tests, a_masked_interrupt_is_not_waited_for_when_asked_so);
    tcase_add_test(tests, monitor_and_mwait_belong_to_level_0_and_know_their_extensions);
    tcase_add_test(tests, clflush_and_monitor_fault_as_a_read_would);
    tcase_add_test(tests, random_numbers_repeat_after_reset_and_differ_before);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
