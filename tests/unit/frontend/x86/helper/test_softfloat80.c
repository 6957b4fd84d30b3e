/* 80-bit values: round trips and edges.  Arithmetic against MPFR: test_x87_mpfr.c. */
#include "tests/unit/frontend/x86/helper/float80_mpfr.h"

#include <check.h>
#include <stdlib.h>

enum { CASES = 600 };

START_TEST(integers_come_back_from_a_round_trip)
{
    uint64_t seed = 7;
    for (unsigned i = 0; i < CASES; i++) {
        int64_t value = (int64_t)next_random(&seed) >> (next_random(&seed) >> 58);
        struct float80_env env = {.control = FCW_DEFAULT};
        ck_assert_int_eq((int64_t)float80_to_int(&env, float80_from_int(value), 64, false), value);
        ck_assert_uint_eq(env.flags, 0);
    }
}
END_TEST

START_TEST(doubles_and_floats_come_back_from_a_round_trip)
{
    uint64_t seed = 11;
    for (unsigned i = 0; i < CASES; i++) {
        uint64_t wide = next_random(&seed) >> (i & 1 ? 12 : 0);
        uint32_t single = (uint32_t)next_random(&seed) >> (i & 1 ? 9 : 0);
        struct float80_env env = {.control = FCW_DEFAULT};
        struct float80 value = float80_from_float64(&env, wide);
        bool nan = float80_classify(value) == FLOAT80_QNAN;
        ck_assert_uint_eq(float80_to_float64(&env, value),
                          nan ? wide | UINT64_C(0x0008000000000000) : wide);
        value = float80_from_float32(&env, single);
        nan = float80_classify(value) == FLOAT80_QNAN;
        ck_assert_uint_eq(float80_to_float32(&env, value), nan ? single | 0x400000 : single);
        ck_assert_uint_eq(env.flags & FSW_PE, 0);
    }
}
END_TEST

START_TEST(packed_decimals_come_back_from_a_round_trip)
{
    struct float80_env env = {.control = FCW_DEFAULT};
    struct float80 value = float80_from_bcd(UINT64_C(0x7890123456789012), 0x8034);
    uint16_t high;
    uint64_t low = float80_to_bcd(&env, value, &high);
    ck_assert_uint_eq(low, UINT64_C(0x7890123456789012));
    ck_assert_uint_eq(high, 0x8034);
    ck_assert_int_eq((int64_t)float80_to_int(&env, value, 64, false), -347890123456789012);
    ck_assert_uint_eq(env.flags, 0);
}
END_TEST

START_TEST(unmasked_overflow_adjusts_the_exponent)
{
    struct float80 big = {UINT64_C(1) << 63, 0x7ffe};
    struct float80_env env = {.control = FCW_DEFAULT & ~FSW_OE};
    struct float80 result = float80_mul(&env, big, big);
    ck_assert_uint_eq(env.flags, FSW_OE);
    ck_assert_uint_eq(result.exponent, 0x7ffe + 0x7ffe - 0x3fff - 24576);
    ck_assert_uint_eq(result.mantissa, UINT64_C(1) << 63);
}
END_TEST

START_TEST(long_remainders_are_reduced_in_steps)
{
    /* 2^200 mod 3 = 1 */
    struct float80 rest = {UINT64_C(1) << 63, 16383 + 200};
    struct float80 three = float80_from_int(3);
    struct float80_env env = {.control = FCW_DEFAULT};
    unsigned steps = 0;
    do {
        env.flags = 0;
        rest = float80_prem(&env, rest, three);
        ck_assert_uint_lt(++steps, 7);
    } while (env.flags & FSW_C2);
    ck_assert_uint_eq(rest.mantissa, UINT64_C(1) << 63);
    ck_assert_uint_eq(rest.exponent, 16383);
    ck_assert_uint_gt(steps, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("softfloat80");
    TCase *tcase = tcase_create("arithmetic");
    tcase_add_test(tcase, integers_come_back_from_a_round_trip);
    tcase_add_test(tcase, doubles_and_floats_come_back_from_a_round_trip);
    tcase_add_test(tcase, packed_decimals_come_back_from_a_round_trip);
    tcase_add_test(tcase, unmasked_overflow_adjusts_the_exponent);
    tcase_add_test(tcase, long_remainders_are_reduced_in_steps);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
