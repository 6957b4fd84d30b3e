/* Which guests count as waiting. */
#include "machine/idle.h"

#include <check.h>

/* Polls n times, so many instructions apart; how often the processor was to stand still. */
static unsigned poll(struct idle *idle, unsigned n, uint64_t apart)
{
    static uint64_t now = 1000000;
    unsigned stood = 0;
    for (unsigned i = 0; i < n; i++) {
        now += apart;
        stood += idle_poll(idle, now);
    }
    return stood;
}

START_TEST(polls_in_a_row_stand_still)
{
    struct idle *idle = idle_create();
    ck_assert_uint_eq(poll(idle, 15, 100), 0);
    ck_assert_uint_eq(poll(idle, 1, 100), 1);
    ck_assert_uint_eq(poll(idle, 160, 100), 10);
    idle_device(idle).ops->destroy(idle);
}
END_TEST

START_TEST(work_between_polls_goes_on)
{
    struct idle *idle = idle_create();
    ck_assert_uint_eq(poll(idle, 1000, 5001), 0);
    ck_assert_uint_eq(poll(idle, 100, 5000), 6);
    idle_device(idle).ops->destroy(idle);
}
END_TEST

START_TEST(ports_touched_between_polls_go_on)
{
    struct idle *idle = idle_create();
    for (unsigned i = 0; i < 1000; i++) {
        ck_assert_uint_eq(poll(idle, 1, 20), 0);
        idle_busy(idle);
    }
    idle_device(idle).ops->destroy(idle);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("idle");
    TCase *tests = tcase_create("idle");
    tcase_add_test(tests, polls_in_a_row_stand_still);
    tcase_add_test(tests, work_between_polls_goes_on);
    tcase_add_test(tests, ports_touched_between_polls_go_on);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
