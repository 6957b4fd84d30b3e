/* Transcendental functions against MPFR, with the processors' 66-bit pi: nearly always the nearest
 * value, never an ulp away. */
#include "tests/unit/frontend/x86/helper/float80_mpfr.h"

#include <check.h>
#include <stdlib.h>

enum { CASES = 2000, BITS = 320 };

/* Exact results into r from a (ST0) and b (ST1). */
/* a becomes what is left of it after multiples of half the processors' pi; the quadrant. */
static unsigned reduce(mpfr_t a)
{
    long quotient;
    mpfr_t half_pi;
    mpfr_init2(half_pi, BITS);
    mpfr_set_str(half_pi, "c90fdaa22168c234c", 16, MPFR_RNDN);
    mpfr_div_2ui(half_pi, half_pi, 67, MPFR_RNDN);
    mpfr_remquo(a, &quotient, a, half_pi, MPFR_RNDN);
    mpfr_clear(half_pi);
    return (unsigned)quotient & 3;
}

static void quadrant_sin(mpfr_t r, mpfr_t a, unsigned quadrant)
{
    if (quadrant & 1) {
        mpfr_cos(r, a, MPFR_RNDN);
    } else {
        mpfr_sin(r, a, MPFR_RNDN);
    }
    if (quadrant & 2) {
        mpfr_neg(r, r, MPFR_RNDN);
    }
}

static void exact_sin(mpfr_t r, mpfr_t a, mpfr_t b)
{
    (void)b;
    unsigned quadrant = reduce(a);
    quadrant_sin(r, a, quadrant);
}
static void exact_cos(mpfr_t r, mpfr_t a, mpfr_t b)
{
    (void)b;
    unsigned quadrant = reduce(a);
    quadrant_sin(r, a, quadrant + 1);
}
static void exact_tan(mpfr_t r, mpfr_t a, mpfr_t b)
{
    unsigned quadrant = reduce(a);
    quadrant_sin(r, a, quadrant);
    quadrant_sin(b, a, quadrant + 1);
    mpfr_div(r, r, b, MPFR_RNDN);
}
static void exact_atan(mpfr_t r, mpfr_t a, mpfr_t b)
{
    mpfr_atan2(r, b, a, MPFR_RNDN);
}
static void exact_2xm1(mpfr_t r, mpfr_t a, mpfr_t b)
{
    mpfr_const_log2(b, MPFR_RNDN);
    mpfr_mul(b, b, a, MPFR_RNDN);
    mpfr_expm1(r, b, MPFR_RNDN);
}
static void exact_yl2x(mpfr_t r, mpfr_t a, mpfr_t b)
{
    mpfr_log2(r, a, MPFR_RNDN);
    mpfr_mul(r, r, b, MPFR_RNDN);
}
static void exact_yl2xp1(mpfr_t r, mpfr_t a, mpfr_t b)
{
    mpfr_log1p(r, a, MPFR_RNDN);
    mpfr_mul(r, r, b, MPFR_RNDN);
    mpfr_const_log2(b, MPFR_RNDN);
    mpfr_div(r, r, b, MPFR_RNDN);
}

static struct float80 soft_sin(struct float80_env *env, struct float80 a, struct float80 b)
{
    (void)b;
    return float80_sin(env, a);
}
static struct float80 soft_cos(struct float80_env *env, struct float80 a, struct float80 b)
{
    (void)b;
    return float80_cos(env, a);
}
static struct float80 soft_tan(struct float80_env *env, struct float80 a, struct float80 b)
{
    (void)b;
    return float80_tan(env, a);
}
static struct float80 soft_2xm1(struct float80_env *env, struct float80 a, struct float80 b)
{
    (void)b;
    return float80_f2xm1(env, a);
}

/* Exponents of the first operand: from, span; sign allowed. */
static const struct {
    float80_binary *soft;
    void (*exact)(mpfr_t r, mpfr_t a, mpfr_t b);
    int from;
    unsigned span;
    bool negative;
} rows[] = {
    {soft_sin, exact_sin, -3, 8, true},          {soft_sin, exact_sin, -100, 163, true},
    {soft_cos, exact_cos, -3, 8, true},          {soft_cos, exact_cos, -100, 163, true},
    {soft_tan, exact_tan, -3, 8, true},          {soft_tan, exact_tan, -100, 163, true},
    {float80_patan, exact_atan, -3, 6, true},    {float80_patan, exact_atan, -80, 160, true},
    {soft_2xm1, exact_2xm1, -4, 4, true},        {soft_2xm1, exact_2xm1, -100, 100, true},
    {float80_yl2x, exact_yl2x, -2, 3, false},    {float80_yl2x, exact_yl2x, -9000, 18000, false},
    {float80_yl2xp1, exact_yl2xp1, -4, 2, true}, {float80_yl2xp1, exact_yl2xp1, -200, 198, true},
};

struct numbers {
    mpfr_t a, b, result, ours;
};

/* |ours - exact| in units of ours' last place. */
static double error_in_ulps(struct numbers *n, struct float80 ours)
{
    mpfr_from_float80(n->ours, ours);
    mpfr_sub(n->result, n->result, n->ours, MPFR_RNDN);
    mpfr_mul_2si(n->result, n->result, 16383 + 63 - (ours.exponent & 0x7fff), MPFR_RNDN);
    mpfr_abs(n->result, n->result, MPFR_RNDN);
    return mpfr_get_d(n->result, MPFR_RNDU);
}

static double check_one(struct numbers *n, unsigned row, struct float80 a, struct float80 b)
{
    struct float80_env env = {.control = FCW_DEFAULT};
    struct float80 ours = rows[row].soft(&env, a, b);
    ck_assert_int_eq(env.flags & ~(FSW_PE | FSW_C1), 0);
    mpfr_from_float80(n->a, a);
    mpfr_from_float80(n->b, b);
    rows[row].exact(n->result, n->a, n->b);
    return error_in_ulps(n, ours);
}

START_TEST(results_are_the_nearest_to_a_thousandth_of_an_ulp)
{
    struct numbers n;
    mpfr_inits2(BITS, n.a, n.b, n.result, n.ours, (mpfr_ptr)0);
    uint64_t seed = 362436069362436069u + (unsigned)_i;
    double worst = 0;
    for (unsigned i = 0; i < CASES; i++) {
        struct float80 a = random_normal(&seed, rows[_i].from, rows[_i].span);
        struct float80 b = random_normal(&seed, -3, 6);
        if (!rows[_i].negative) {
            a.exponent &= 0x7fff;
        }
        double error = check_one(&n, (unsigned)_i, a, b);
        worst = error > worst ? error : worst;
    }
    ck_assert_double_lt(worst, 0.501);
    mpfr_clears(n.a, n.b, n.result, n.ours, (mpfr_ptr)0);
    mpfr_free_cache();
}
END_TEST

START_TEST(arguments_beside_multiples_of_a_quarter_circle_keep_their_digits)
{
    struct numbers n;
    mpfr_inits2(BITS, n.a, n.b, n.result, n.ours, (mpfr_ptr)0);
    uint64_t seed = 521288629;
    double worst = 0;
    for (unsigned i = 0; i < CASES; i++) {
        mpfr_t angle;
        mpfr_init2(angle, BITS);
        mpfr_const_pi(angle, MPFR_RNDN);
        mpfr_mul_ui(angle, angle, 1 + (next_random(&seed) >> (3 + i % 60)), MPFR_RNDN);
        mpfr_div_ui(angle, angle, 4, MPFR_RNDN);
        mpfr_prec_round(angle, 64, MPFR_RNDN);
        struct float80 a = float80_from_mpfr(angle);
        mpfr_clear(angle);
        for (unsigned row = 0; row < 6; row += 2) {
            double error = check_one(&n, row, a, a);
            worst = error > worst ? error : worst;
        }
    }
    ck_assert_double_lt(worst, 0.501);
    mpfr_clears(n.a, n.b, n.result, n.ours, (mpfr_ptr)0);
    mpfr_free_cache();
}
END_TEST

START_TEST(arguments_out_of_range_are_left_alone)
{
    struct float80 big = {UINT64_C(1) << 63, 16383 + 63};
    struct float80_env env = {.control = FCW_DEFAULT};
    ck_assert_uint_eq(float80_sin(&env, big).exponent, big.exponent);
    ck_assert_uint_eq(env.flags, FSW_C2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transcendental80");
    TCase *tcase = tcase_create("against MPFR");
    tcase_add_loop_test(tcase, results_are_the_nearest_to_a_thousandth_of_an_ulp, 0,
                        sizeof(rows) / sizeof(*rows));
    tcase_add_test(tcase, arguments_beside_multiples_of_a_quarter_circle_keep_their_digits);
    tcase_add_test(tcase, arguments_out_of_range_are_left_alone);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
