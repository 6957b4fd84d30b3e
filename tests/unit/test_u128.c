/* 128-bit integers: the functions in words against the compiler's type, where it has one, and
 * identities that hold on any host. */
#include "base/u128.h"

#include <check.h>

enum { ROUNDS = 20000 };

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Random ones of any size, with long runs of zeros and ones. */
static struct u128 random_value(uint64_t *state)
{
    uint64_t how = next(state);
    struct u128 a = u128_make(next(state), next(state));
    if (how & 1) {
        a.low = how & 2 ? 0 : UINT64_MAX;
    }
    if (how & 4) {
        a.high = how & 8 ? 0 : UINT64_MAX;
    }
    return u128_words_shr(a, how >> 8 & 127);
}

static void check_same(struct u128 a, struct u128 b)
{
    ck_assert_uint_eq(a.high, b.high);
    ck_assert_uint_eq(a.low, b.low);
}

START_TEST(known_values_come_out)
{
    check_same(u128_mul64(UINT64_MAX, UINT64_MAX), u128_make(UINT64_MAX - 1, 1));
    check_same(u128_add(u128_of(UINT64_MAX), u128_of(1)), u128_make(1, 0));
    check_same(u128_sub(u128_of(0), u128_of(1)), u128_make(UINT64_MAX, UINT64_MAX));
    check_same(u128_shl(u128_of(3), 127), u128_make(UINT64_C(1) << 63, 0));
    check_same(u128_shr(u128_make(5, 0), 66), u128_of(1));
    check_same(u128_divide(u128_make(1, 0), u128_of(10)).quotient,
               u128_of(UINT64_C(1844674407370955161)));
    check_same(u128_divide(u128_make(1, 0), u128_of(10)).rest, u128_of(6));
    ck_assert_uint_eq(u128_clz(u128_of(1)), 127);
    ck_assert_uint_eq(u128_clz(u128_make(UINT64_MAX, 0)), 0);
    ck_assert_int_eq(u128_compare(u128_make(1, 0), u128_of(UINT64_MAX)), 1);
    ck_assert_int_eq(u128_compare(u128_of(4), u128_of(5)), -1);
    ck_assert_int_eq(u128_compare(u128_make(7, 8), u128_make(7, 8)), 0);
}
END_TEST

START_TEST(words_and_operators_agree)
{
    uint64_t state = 88172645463325252;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct u128 a = random_value(&state), b = random_value(&state);
        unsigned count = next(&state) & 127;
        uint32_t small = (uint32_t)next(&state) >> (count & 31) | 1;
        b.low |= u128_is_zero(b);
        struct u128_quotient q = u128_divide(a, b), w = u128_words_divide(a, b);
        check_same(u128_add(a, b), u128_words_add(a, b));
        check_same(u128_sub(a, b), u128_words_sub(a, b));
        check_same(u128_shl(a, count), u128_words_shl(a, count));
        check_same(u128_shr(a, count), u128_words_shr(a, count));
        check_same(u128_mul64(a.low, b.low), u128_words_mul64(a.low, b.low));
        check_same(u128_divide_small(a, small), u128_words_divide_small(a, small));
        check_same(q.quotient, w.quotient);
        check_same(q.rest, w.rest);
        check_same(u128_add(u128_mul(q.quotient, b), q.rest), a);
        ck_assert(u128_less(q.rest, b));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("u128");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, known_values_come_out);
    tcase_add_test(tests, words_and_operators_agree);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
