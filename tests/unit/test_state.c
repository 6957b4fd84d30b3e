/* State lists: reset, compare, copy, walk. */
#include "base/state.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define PART_STATE(S, VAL, ARR, SUB)             \
    VAL(S, u16, reload, 0x1234, "a plain value") \
    ARR(S, u8, fifo, 3, 7, "an array")
#define WHOLE_STATE(S, VAL, ARR, SUB)     \
    VAL(S, bool, enabled, true, "a flag") \
    SUB(S, part, part, 2, "parts")

struct part {
    STATE_MEMBERS(PART_STATE)
};
struct whole {
    int wire;
    STATE_MEMBERS(WHOLE_STATE)
};
STATE_DESC(part, PART_STATE);
STATE_DESC(whole, WHOLE_STATE);

START_TEST(reset_gives_every_member_its_row_value)
{
    struct whole whole = {.wire = 5};
    state_reset(&whole_state, &whole);
    ck_assert_int_eq(whole.wire, 5);
    ck_assert(whole.enabled);
    ck_assert_uint_eq(whole.part[1].reload, 0x1234);
    ck_assert_uint_eq(whole.part[1].fifo[2], 7);
}
END_TEST

START_TEST(a_changed_member_is_named)
{
    struct whole a = {0};
    struct whole b = {0};
    const struct state_field *where = NULL;
    state_reset(&whole_state, &a);
    state_reset(&whole_state, &b);
    ck_assert(state_equal(&whole_state, &a, &b, &where));
    b.part[1].fifo[1] = 0;
    ck_assert(!state_equal(&whole_state, &a, &b, &where));
    ck_assert_str_eq(where->name, "fifo");
    ck_assert(state_hash(&whole_state, &a, 0) != state_hash(&whole_state, &b, 0));
    state_copy(&whole_state, &a, &b);
    ck_assert(state_equal(&whole_state, &a, &b, &where));
}
END_TEST

static void count_paths(void *user, const char *path, const struct state_field *field,
                        void *elements)
{
    (void)field;
    (void)elements;
    *(int *)user += strcmp(path, "part[1].fifo") == 0;
}

START_TEST(walk_gives_full_paths)
{
    struct whole whole = {0};
    int seen = 0;
    state_walk(&whole_state, &whole, "", count_paths, &seen);
    ck_assert_int_eq(seen, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("state");
    TCase *tcase = tcase_create("state");
    tcase_add_test(tcase, reset_gives_every_member_its_row_value);
    tcase_add_test(tcase, a_changed_member_is_named);
    tcase_add_test(tcase, walk_gives_full_paths);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
