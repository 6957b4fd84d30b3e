/*
 * Transcendental functions against MPFR, with the processors' 66-bit pi: nearly always the nearest
 * value, never an ulp away; with directed rounding never the wrong side by more than a thousandth
 * of an ulp.
 */
#include "tests/support/score.h"
#include "tests/unit/frontend/x86/helper/float80_mpfr.h"

#include <check.h>
#include <stdlib.h>

enum { CASES = 4000, BITS = 320 };

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

/* Exact results into r from a (ST0) and b (ST1). */
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
    const char *name;
    float80_binary *soft;
    void (*exact)(mpfr_t r, mpfr_t a, mpfr_t b);
    int from;
    unsigned span;
    bool negative;
} rows[] = {
    {"FSIN", soft_sin, exact_sin, -3, 8, true},
    {"FSIN,_all_magnitudes", soft_sin, exact_sin, -100, 163, true},
    {"FCOS", soft_cos, exact_cos, -3, 8, true},
    {"FCOS,_all_magnitudes", soft_cos, exact_cos, -100, 163, true},
    {"FPTAN", soft_tan, exact_tan, -3, 8, true},
    {"FPTAN,_all_magnitudes", soft_tan, exact_tan, -100, 163, true},
    {"FPATAN", float80_patan, exact_atan, -3, 6, true},
    {"FPATAN,_all_magnitudes", float80_patan, exact_atan, -80, 160, true},
    {"F2XM1", soft_2xm1, exact_2xm1, -4, 4, true},
    {"F2XM1,_all_magnitudes", soft_2xm1, exact_2xm1, -100, 100, true},
    {"FYL2X", float80_yl2x, exact_yl2x, -2, 3, false},
    {"FYL2X,_all_magnitudes", float80_yl2x, exact_yl2x, -9000, 18000, false},
    {"FYL2XP1", float80_yl2xp1, exact_yl2xp1, -4, 2, true},
    {"FYL2XP1,_all_magnitudes", float80_yl2xp1, exact_yl2xp1, -200, 198, true},
};

struct numbers {
    mpfr_t a, b, result, ours;
};

/* Errors beyond the half, or (directed rounding) the whole ulp that rounding itself makes. */
#define SLACK 0.001

struct tally {
    unsigned cases, wrong;
    double worst; /* when rounding to nearest, in ulps */
};

/* (ours - exact) in units of ours' last place. */
static double error_in_ulps(struct numbers *n, struct float80 ours)
{
    mpfr_from_float80(n->ours, ours);
    mpfr_sub(n->result, n->ours, n->result, MPFR_RNDN);
    mpfr_mul_2si(n->result, n->result, 16383 + 63 - (ours.exponent & 0x7fff), MPFR_RNDN);
    return mpfr_get_d(n->result, MPFR_RNDA);
}

static void check_one(struct numbers *n, struct tally *tally, unsigned row, unsigned rounding,
                      struct float80 a, struct float80 b)
{
    struct float80_env env = {.control =
                                  (uint16_t)((FCW_DEFAULT & ~0xc00) | rounding << FCW_ROUND_SHIFT)};
    struct float80 ours = rows[row].soft(&env, a, b);
    mpfr_from_float80(n->a, a);
    mpfr_from_float80(n->b, b);
    rows[row].exact(n->result, n->a, n->b);
    bool negative = mpfr_signbit(n->result) != 0;
    double error = error_in_ulps(n, ours);
    bool down = rounding == ROUND_DOWN || (rounding == ROUND_CHOP && !negative);
    double low = rounding == ROUND_NEAREST ? -0.5 : down ? -1 : 0;
    double high = rounding == ROUND_NEAREST ? 0.5 : down ? 0 : 1;
    double far = error < 0 ? -error : error;
    tally->cases++;
    tally->wrong += env.flags & ~(FSW_PE | FSW_C1) || error < low - SLACK || error > high + SLACK;
    if (rounding == ROUND_NEAREST && far > tally->worst) {
        tally->worst = far;
    }
}

static void finish(const struct tally *tally, const char *row)
{
    score_noted("x87-transcendental", row, "-", tally->cases - tally->wrong, tally->cases,
                "to nearest at most %.4f ulp", tally->worst);
    ck_assert_uint_eq(tally->wrong, 0);
    mpfr_free_cache();
}

START_TEST(results_are_the_nearest_to_a_thousandth_of_an_ulp)
{
    struct numbers n;
    struct tally tally = {0};
    mpfr_inits2(BITS, n.a, n.b, n.result, n.ours, (mpfr_ptr)0);
    uint64_t seed = 362436069362436069u + (unsigned)_i;
    for (unsigned i = 0; i < CASES; i++) {
        struct float80 a = random_normal(&seed, rows[_i].from, rows[_i].span);
        struct float80 b = random_normal(&seed, -3, 6);
        if (!rows[_i].negative) {
            a.exponent &= 0x7fff;
        }
        check_one(&n, &tally, (unsigned)_i, i % 4, a, b);
    }
    mpfr_clears(n.a, n.b, n.result, n.ours, (mpfr_ptr)0);
    finish(&tally, rows[_i].name);
}
END_TEST

START_TEST(arguments_beside_multiples_of_a_quarter_circle_keep_their_digits)
{
    struct numbers n;
    struct tally tally = {0};
    mpfr_inits2(BITS, n.a, n.b, n.result, n.ours, (mpfr_ptr)0);
    uint64_t seed = 521288629;
    for (unsigned i = 0; i < CASES / 2; i++) {
        mpfr_t angle;
        mpfr_init2(angle, BITS);
        mpfr_const_pi(angle, MPFR_RNDN);
        mpfr_mul_ui(angle, angle, 1 + (next_random(&seed) >> (3 + i % 60)), MPFR_RNDN);
        mpfr_div_ui(angle, angle, 4, MPFR_RNDN);
        mpfr_prec_round(angle, 64, MPFR_RNDN);
        struct float80 a = float80_from_mpfr(angle);
        mpfr_clear(angle);
        for (unsigned row = 0; row < 6; row += 2) {
            check_one(&n, &tally, row, i % 4, a, a);
        }
    }
    mpfr_clears(n.a, n.b, n.result, n.ours, (mpfr_ptr)0);
    finish(&tally, "beside_multiples_of_a_quarter_circle");
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
