/*
 * x87 arithmetic and conversions against MPFR: every pair of special operands and random ones from
 * the whole range and from its ends, in all rounding and precision modes.  Values, exceptions, C1
 * and the quotient bits of the remainders are compared.
 */
#include "tests/support/score.h"
#include "tests/unit/frontend/x86/helper/x87_reference.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { RANDOM = 1500, SHOWN = 10, ROUNDINGS = 4, PRECISIONS = 3 };

static const mpfr_rnd_t roundings[ROUNDINGS] = {MPFR_RNDN, MPFR_RNDD, MPFR_RNDU, MPFR_RNDZ};
static const struct {
    unsigned control;
    mpfr_prec_t bits;
} precisions[PRECISIONS] = {{0, 24}, {2, 53}, {3, 64}};

/* ---- operands -------------------------------------------------------------------------------- */

static const struct float80 specials[] = {
    {0, 0},
    {1, 0},
    {UINT64_C(0x7fffffffffffffff), 0},
    {UINT64_C(0x0000010000000000), 0},
    {UINT64_C(0x8000000000000000), 0}, /* pseudo-denormal */
    {UINT64_C(0xc000000000000001), 0},
    {UINT64_C(0x8000000000000000), 1},
    {UINT64_C(0xffffffffffffffff), 1},
    {UINT64_C(0x8000000000000001), 64},
    {UINT64_C(0x8000000000000000), 16383 - 1074},
    {UINT64_C(0xc000000000000000), 16383 - 149},
    {UINT64_C(0xffffffffffffffff), 16383 - 127},
    {UINT64_C(0x8000000000000000), 16382},
    {UINT64_C(0x8000000000000001), 16382},
    {UINT64_C(0x8000000000000000), 16383},
    {UINT64_C(0x8000000000000001), 16383},
    {UINT64_C(0xc000000000000000), 16383},
    {UINT64_C(0xffffff8000000000), 16383},
    {UINT64_C(0xfffffffffffff800), 16383},
    {UINT64_C(0xffffffffffffffff), 16383},
    {UINT64_C(0xa000000000000000), 16385},
    {UINT64_C(0xffff800000000000), 16383 + 15},
    {UINT64_C(0xfffffffe00000000), 16383 + 30},
    {UINT64_C(0x8000000000000000), 16383 + 31},
    {UINT64_C(0xde0b6b3a763fffff), 16383 + 59}, /* about 10^18 */
    {UINT64_C(0xde0b6b3a76400000), 16383 + 59},
    {UINT64_C(0xffffffffffffffff), 16383 + 62},
    {UINT64_C(0x8000000000000000), 16383 + 63},
    {UINT64_C(0xfffffffffffffc00), 16383 + 1023},
    {UINT64_C(0x8000000000000000), 0x7ffe},
    {UINT64_C(0xffffffffffffffff), 0x7ffe},
    {UINT64_C(0x8000000000000000), 0x7fff}, /* infinity */
    {UINT64_C(0xc000000000000000), 0x7fff}, /* quiet */
    {UINT64_C(0xc000000000000003), 0x7fff},
    {UINT64_C(0x8000000000000001), 0x7fff}, /* signaling */
    {UINT64_C(0xa000000000000000), 0x7fff},
    {UINT64_C(0x7fffffffffffffff), 16383},  /* unnormal */
    {UINT64_C(0x0000000000000000), 1},      /* pseudo-zero */
    {UINT64_C(0x0000000000000000), 0x7fff}, /* pseudo-infinity */
    {UINT64_C(0x4000000000000001), 0x7fff}, /* pseudo-NaN */
};
enum { SPECIALS = 2 * sizeof(specials) / sizeof(*specials), PAIRS = SPECIALS * SPECIALS };

static struct float80 special(unsigned i)
{
    struct float80 value = specials[i / 2];
    value.exponent |= (uint16_t)(i << 15);
    return value;
}

/* From the whole range, or from where results leave it. */
static struct float80 random_operand(uint64_t *seed)
{
    static const struct {
        int from;
        unsigned span;
    } parts[] = {{-16382, 32766}, {-16382, 80}, {16300, 84},  {-8230, 80}, {8160, 80},
                 {-40, 80},       {-4, 8},      {-1100, 200}, {-160, 60},  {990, 60}};
    uint64_t r = next_random(seed);
    struct float80 value = random_normal(seed, parts[r % 10].from, parts[r % 10].span);
    if ((r >> 8) % 16 == 0) {
        value.exponent &= 0x8000;
        value.mantissa >>= (r >> 16) % 64;
    }
    return value;
}

/* ---- comparing ------------------------------------------------------------------------------- */

struct tally {
    unsigned long cases, wrong;
};

static void compare(struct tally *tally, const char *what, uint16_t control, struct float80 a,
                    struct float80 b, struct answer ours, struct answer exact)
{
    tally->cases++;
    if (ours.value.mantissa == exact.value.mantissa &&
        ours.value.exponent == exact.value.exponent && ours.flags == exact.flags) {
        return;
    }
    if (tally->wrong++ < SHOWN) {
        printf("%s, control %03x: %04x.%016" PRIx64 ", %04x.%016" PRIx64 ": %04x.%016" PRIx64
               " flags %04x, exact %04x.%016" PRIx64 " %04x\n",
               what, control, a.exponent, a.mantissa, b.exponent, b.mantissa, ours.value.exponent,
               ours.value.mantissa, ours.flags, exact.value.exponent, exact.value.mantissa,
               exact.flags);
    }
}

static void finish(const struct tally *tally, const char *row)
{
    score("x87-arithmetic", row, "-", tally->cases - tally->wrong, tally->cases);
    ck_assert_uint_eq(tally->wrong, 0);
    mpfr_free_cache();
}

static uint16_t control_word(unsigned rounding, unsigned precision, unsigned unmasked)
{
    return (uint16_t)((0x7f & ~unmasked) | precision << FCW_PRECISION_SHIFT |
                      rounding << FCW_ROUND_SHIFT);
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

static struct float80 soft_root(struct float80_env *env, struct float80 a, struct float80 b)
{
    (void)b;
    return float80_sqrt(env, a);
}

static int exact_root(mpfr_t r, const mpfr_t a, const mpfr_t b, mpfr_rnd_t rounding)
{
    (void)b;
    return mpfr_sqrt(r, a, rounding);
}

static const struct {
    const char *name;
    float80_binary *soft;
    reference_function *exact;
} operations[] = {
    {"FADD", float80_add, mpfr_add},  {"FSUB", float80_sub, mpfr_sub},
    {"FMUL", float80_mul, mpfr_mul},  {"FDIV", float80_div, mpfr_div},
    {"FSQRT", soft_root, exact_root},
};
enum { OPERATIONS = sizeof(operations) / sizeof(*operations) };

static void check_arithmetic(struct tally *tally, unsigned operation, unsigned mode,
                             unsigned unmasked, struct float80 a, struct float80 b)
{
    struct reference_mode reference = {precisions[mode / ROUNDINGS].bits,
                                       roundings[mode % ROUNDINGS], !unmasked};
    if (operations[operation].soft == soft_root) {
        b = a;
    }
    struct float80_env env = {
        .control = control_word(mode % ROUNDINGS, precisions[mode / ROUNDINGS].control, unmasked)};
    struct answer ours = {.value = operations[operation].soft(&env, a, b)};
    ours.flags = env.flags;
    compare(tally, operations[operation].name, env.control, a, b, ours,
            reference_arithmetic(operations[operation].exact, &reference, a, b));
}

START_TEST(arithmetic_is_exact_in_every_mode)
{
    struct tally tally = {0};
    uint64_t seed = 88172645463325252u + (unsigned)_i;
    for (unsigned mode = 0; mode < ROUNDINGS * PRECISIONS; mode++) {
        for (unsigned i = 0; i < PAIRS; i++) {
            check_arithmetic(&tally, (unsigned)_i, mode, 0, special(i / SPECIALS),
                             special(i % SPECIALS));
        }
        for (unsigned i = 0; i < RANDOM; i++) {
            struct float80 a = random_operand(&seed);
            check_arithmetic(&tally, (unsigned)_i, mode, 0, a, random_operand(&seed));
        }
    }
    finish(&tally, operations[_i].name);
}
END_TEST

START_TEST(unmasked_overflow_and_underflow_adjust_the_exponent)
{
    struct tally tally = {0};
    uint64_t seed = 362436069362436069u;
    for (unsigned mode = 0; mode < ROUNDINGS * PRECISIONS; mode++) {
        for (unsigned i = 0; i < RANDOM; i++) {
            struct float80 a = random_operand(&seed);
            check_arithmetic(&tally, i % OPERATIONS, mode, FSW_OE | FSW_UE, a,
                             random_operand(&seed));
        }
    }
    finish(&tally, "arithmetic,_overflow_and_underflow_unmasked");
}
END_TEST

/* ---- steps ----------------------------------------------------------------------------------- */

static void check_scale(struct tally *tally, unsigned rounding, struct float80 a, struct float80 b)
{
    struct float80_env env = {.control = control_word(rounding, 3, 0)};
    struct answer ours = {.value = float80_scale(&env, a, b)};
    ours.flags = env.flags;
    compare(tally, "FSCALE", env.control, a, b, ours, reference_scale(roundings[rounding], a, b));
}

static void check_integer(struct tally *tally, unsigned rounding, struct float80 a)
{
    struct float80_env env = {.control = control_word(rounding, 3, 0)};
    struct answer ours = {.value = float80_round_to_integer(&env, a)};
    ours.flags = env.flags;
    compare(tally, "FRNDINT", env.control, a, a, ours, reference_integer(roundings[rounding], a));
}

/* As a program does it: until C2 is clear. */
static void check_remainder(struct tally *tally, bool nearest, struct float80 a, struct float80 b)
{
    enum { STEPS = 32768 / 32 + 1 };
    struct float80_env env = {.control = FCW_DEFAULT, .flags = FSW_C2};
    struct answer ours = {.value = a};
    uint16_t raised = 0;
    unsigned steps = 0;
    for (; env.flags & FSW_C2 && steps < STEPS; steps++) {
        env.flags = 0;
        ours.value = (nearest ? float80_prem1 : float80_prem)(&env, ours.value, b);
        raised |= env.flags & FSW_EXCEPTIONS;
    }
    ours.flags = (uint16_t)(raised | (env.flags & FSW_CONDITIONS));
    compare(tally, nearest ? "FPREM1" : "FPREM", env.control, a, b, ours,
            reference_remainder(nearest, a, b));
}

static struct float80 random_count(uint64_t *seed)
{
    uint64_t r = next_random(seed);
    return random_normal(seed, r & 1 ? 0 : -3, r & 2 ? 17 : 6);
}

START_TEST(scaling_is_exact_in_every_mode)
{
    struct tally tally = {0};
    uint64_t seed = 521288629;
    for (unsigned rounding = 0; rounding < ROUNDINGS; rounding++) {
        for (unsigned i = 0; i < PAIRS; i++) {
            check_scale(&tally, rounding, special(i / SPECIALS), special(i % SPECIALS));
        }
        for (unsigned i = 0; i < 3 * RANDOM; i++) {
            struct float80 a = random_operand(&seed);
            check_scale(&tally, rounding, a, random_count(&seed));
        }
    }
    finish(&tally, "FSCALE");
}
END_TEST

START_TEST(rounding_to_integers_is_exact_in_every_mode)
{
    struct tally tally = {0};
    uint64_t seed = 88675123;
    for (unsigned rounding = 0; rounding < ROUNDINGS; rounding++) {
        for (unsigned i = 0; i < SPECIALS; i++) {
            check_integer(&tally, rounding, special(i));
        }
        for (unsigned i = 0; i < 3 * RANDOM; i++) {
            check_integer(&tally, rounding,
                          i & 1 ? random_operand(&seed) : random_normal(&seed, -3, 70));
        }
    }
    finish(&tally, "FRNDINT");
}
END_TEST

START_TEST(remainders_are_exact)
{
    struct tally tally = {0};
    uint64_t seed = 5783321;
    bool nearest = _i != 0;
    for (unsigned i = 0; i < PAIRS; i++) {
        check_remainder(&tally, nearest, special(i / SPECIALS), special(i % SPECIALS));
    }
    for (unsigned i = 0; i < 6 * RANDOM; i++) {
        struct float80 a = i & 1 ? random_operand(&seed) : random_normal(&seed, -3, 70);
        check_remainder(&tally, nearest, a,
                        i & 1 ? random_operand(&seed) : random_normal(&seed, -3, 6));
    }
    finish(&tally, nearest ? "FPREM1" : "FPREM");
}
END_TEST

/* ---- conversions ----------------------------------------------------------------------------- */

enum conversion { TO_INT16, TO_INT32, TO_INT64, TO_INT64_CHOPPED, TO_BCD, TO_DOUBLE, TO_SINGLE };
static const char *const conversion_names[] = {
    "to_16-bit_integers", "to_32-bit_integers",  "to_64-bit_integers", "FISTTP",
    "to_packed_decimals", "to_double_precision", "to_single_precision"};
enum { CONVERSIONS = sizeof(conversion_names) / sizeof(*conversion_names) };

static struct answer convert(struct float80_env *env, enum conversion to, struct float80 a)
{
    struct answer ours = {{0, 0}, 0};
    switch (to) {
    case TO_INT16:
    case TO_INT32:
    case TO_INT64:
        ours.value.mantissa = float80_to_int(env, a, 16U << to, false);
        ours.value.mantissa &= UINT64_MAX >> (64 - (16U << to));
        break;
    case TO_INT64_CHOPPED:
        ours.value.mantissa = float80_to_int(env, a, 64, true);
        break;
    case TO_BCD:
        ours.value.mantissa = float80_to_bcd(env, a, &ours.value.exponent);
        break;
    case TO_DOUBLE:
        ours.value.mantissa = float80_to_float64(env, a);
        break;
    case TO_SINGLE:
        ours.value.mantissa = float80_to_float32(env, a);
        break;
    }
    ours.flags = env->flags;
    return ours;
}

static struct answer convert_exactly(mpfr_rnd_t rounding, enum conversion to, struct float80 a)
{
    switch (to) {
    case TO_INT64_CHOPPED:
        return reference_to_int(MPFR_RNDZ, 64, a);
    case TO_BCD:
        return reference_to_bcd(rounding, a);
    case TO_DOUBLE:
        return reference_to_float(rounding, 52, a);
    case TO_SINGLE:
        return reference_to_float(rounding, 23, a);
    case TO_INT16:
    case TO_INT32:
    case TO_INT64:
    default:
        return reference_to_int(rounding, 16U << to, a);
    }
}

START_TEST(conversions_are_exact_in_every_mode)
{
    struct tally tally = {0};
    uint64_t seed = 123456789 + (unsigned)_i;
    enum conversion to = (enum conversion)_i;
    for (unsigned i = 0; i < ROUNDINGS * (SPECIALS + 3 * RANDOM); i++) {
        unsigned rounding = i % ROUNDINGS;
        unsigned n = i / ROUNDINGS;
        struct float80_env env = {.control = control_word(rounding, 3, 0)};
        struct float80 a = n < SPECIALS ? special(n)
                           : n & 1      ? random_operand(&seed)
                                        : random_normal(&seed, -3, 70);
        struct answer ours = convert(&env, to, a);
        compare(&tally, conversion_names[to], env.control, a, a, ours,
                convert_exactly(roundings[rounding], to, a));
    }
    finish(&tally, conversion_names[to]);
}
END_TEST

START_TEST(wider_is_exact)
{
    struct tally tally = {0};
    uint64_t seed = 987654321;
    mpfr_t x;
    mpfr_init2(x, 64);
    for (unsigned i = 0; i < 6 * RANDOM; i++) {
        uint64_t bits = next_random(&seed) >> (i & 1 ? 12 : 0);
        double d;
        memcpy(&d, &bits, sizeof(d));
        struct float80_env env = {.control = FCW_DEFAULT};
        struct answer ours = {.value = float80_from_float64(&env, bits)};
        struct answer exact = {{0, 0}, 0};
        if (d == d) {
            mpfr_set_d(x, d, MPFR_RNDN);
            bool denormal = (bits << 1 >> 53) == 0 && bits << 1;
            exact = (struct answer){reference_get(x), denormal ? FSW_DE : 0};
        } else {
            exact.value = (struct float80){REFERENCE_TOP | REFERENCE_TOP >> 1 | bits << 11,
                                           (uint16_t)(0x7fff | bits >> 63 << 15)};
            exact.flags = bits & UINT64_C(1) << 51 ? 0 : FSW_IE;
        }
        ours.flags = env.flags;
        compare(&tally, "from double", env.control, ours.value, ours.value, ours, exact);

        int64_t integer = (int64_t)next_random(&seed) >> (i % 64);
        mpfr_set_sj(x, integer, MPFR_RNDN);
        exact = (struct answer){reference_get(x), 0};
        ours = (struct answer){float80_from_int(integer), 0};
        compare(&tally, "from integer", 0, ours.value, ours.value, ours, exact);
    }
    mpfr_clear(x);
    finish(&tally, "from_double_precision_and_integers");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("x87 against MPFR");
    TCase *tcase = tcase_create("arithmetic");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, arithmetic_is_exact_in_every_mode, 0, OPERATIONS);
    tcase_add_test(tcase, unmasked_overflow_and_underflow_adjust_the_exponent);
    tcase_add_test(tcase, scaling_is_exact_in_every_mode);
    tcase_add_test(tcase, rounding_to_integers_is_exact_in_every_mode);
    tcase_add_loop_test(tcase, remainders_are_exact, 0, 2);
    tcase_add_loop_test(tcase, conversions_are_exact_in_every_mode, 0, CONVERSIONS);
    tcase_add_test(tcase, wider_is_exact);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
