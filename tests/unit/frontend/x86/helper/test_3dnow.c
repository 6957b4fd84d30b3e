/*
 * 3DNow!: arithmetic against the host's single precision where both are defined, AMD's tables of
 * special operands, the accuracy of estimates and of the sequences that refine them; and programs
 * on both engines, with the models that have and lack the instructions.
 */
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/cpu/segment.h"
#include "frontend/x86/helper/vec.h"
#include "tests/support/cpu_fixture.h"
#include "tests/support/engine.h"
#include "tests/unit/frontend/x86/helper/vec_values.h"

#include <check.h>
#include <math.h>
#include <stdio.h>

enum { CASES = 20000 };
#define MAX    0x7f7fffffu
#define MINUS  0x80000000u
#define ONE    0x3f800000u
#define TWO    0x40000000u
#define DENORM 0x00000001u

static struct x86_cpu *cpu;

static void setup(void)
{
    struct x86_wires wires = {0};
    cpu = x86_create(x86_model_find("athlon"), &wires);
}

static void teardown(void)
{
    x86_destroy(cpu);
}

static uint64_t pair(uint32_t low, uint32_t high)
{
    return low | (uint64_t)high << 32;
}

/* The operation on mm0 and mm1. */
static uint64_t apply(unsigned op, uint64_t dst, uint64_t src)
{
    struct context *ctx = &cpu->ctx;
    ctx->st[0].mantissa = dst;
    ctx->st[1].mantissa = src;
    callout_vec(ctx, 0, 0, op | (uint64_t)IR_MM0 << 16 | (uint64_t)(IR_MM0 + 1) << 24);
    ck_assert_uint_eq(ctx->leave, LEAVE_NONE);
    ck_assert_uint_eq(ctx->mxcsr, 0x1f80);
    return ctx->st[0].mantissa;
}

static float as_float(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint32_t as_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static bool is_normal(float value)
{
    return fpclassify(value) == FP_NORMAL;
}

START_TEST(sums_and_products_are_those_of_the_host)
{
    uint64_t seed = 88172645463325252u;
    unsigned compared = 0;
    for (unsigned i = 0; i < CASES; i++) {
        uint32_t a = vec_single(&seed);
        uint32_t b = vec_single(&seed);
        volatile float x = as_float(a);
        volatile float y = as_float(b);
        if (!is_normal(x) || !is_normal(y)) {
            continue;
        }
        const struct {
            unsigned op;
            float value;
        } rows[] = {
            {VEC_pfadd, x + y}, {VEC_pfsub, x - y}, {VEC_pfsubr, y - x}, {VEC_pfmul, x * y}};
        for (unsigned k = 0; k < COUNT_OF(rows); k++) {
            if (is_normal(rows[k].value) && fabsf(rows[k].value) > 0x1.000002p-126f) {
                uint64_t got = apply(rows[k].op, pair(a, b), pair(b, a));
                ck_assert_msg((uint32_t)got == as_bits(rows[k].value), "%s %x %x: %x, not %x",
                              vec_rows[rows[k].op].name, a, b, (uint32_t)got,
                              as_bits(rows[k].value));
                compared++;
            }
        }
    }
    ck_assert_uint_gt(compared, CASES / 2);
}
END_TEST

/* One lane; the other one is computed from ones. */
struct lane_case {
    unsigned op;
    uint32_t dst, src, result;
};

static const struct lane_case lane_cases[] = {
    {VEC_pfadd, MAX, MAX, MAX}, /* saturated */
    {VEC_pfsub, MAX | MINUS, MAX, MAX | MINUS},
    {VEC_pfmul, MAX, TWO, MAX},
    {VEC_pfmul, MAX | MINUS, TWO, MAX | MINUS},
    {VEC_pfmul, 0x00800000, 0x3f000000, 0}, /* too small */
    {VEC_pfmul, 0x80800000, 0x3f000000, MINUS},
    {VEC_pfadd, DENORM, ONE, ONE},
    {VEC_pfmul, 0x007fffff, MAX, 0},
    {VEC_pfcmpeq, 0, MINUS, UINT32_MAX},
    {VEC_pfcmpeq, DENORM, 0, UINT32_MAX},
    {VEC_pfcmpge, MINUS, 0, UINT32_MAX},
    {VEC_pfcmpgt, 0, MINUS, 0},
    {VEC_pfcmpgt, ONE, MINUS | ONE, UINT32_MAX},
    {VEC_pfcmpge, MINUS | ONE, ONE, 0},
    {VEC_pfmax, MINUS | ONE, MINUS, 0}, /* zeros come out positive */
    {VEC_pfmax, MINUS, MINUS, 0},
    {VEC_pfmin, ONE, MINUS, 0},
    {VEC_pfmin, ONE, TWO, ONE},
    {VEC_pfmax, ONE, TWO, TWO},
    {VEC_pf2id, 0, 0x4f000000, 0x7fffffff},
    {VEC_pf2id, 0, 0xcf000001, 0x80000000},
    {VEC_pf2id, 0, 0xbf7fffff, 0},
    {VEC_pf2id, 0, 0x402df854, 2},
    {VEC_pf2id, 0, 0xc02df854, 0xfffffffe},
    {VEC_pf2iw, 0, 0x47000000, 0x7fff},
    {VEC_pf2iw, 0, 0xc7000100, 0xffff8000},
    {VEC_pf2iw, 0, 0xc02df854, 0xfffffffe},
    {VEC_pi2fd, 0, 0x01ffffff, 0x4bffffff}, /* truncated */
    {VEC_pi2fd, 0, 0xfe000001, 0xcbffffff},
    {VEC_pi2fd, 0, 0x80000000, 0xcf000000},
    {VEC_pi2fw, 0, 0x1234ffff, 0xbf800000},
    {VEC_pi2fw, 0, 0xffff7fff, 0x46fffe00},
    {VEC_pavgusb, 0xff000100, 0xff010201, 0xff010201},
    {VEC_pmulhrw, 0x7fff8000, 0x00018000, 0x00004000},
    {VEC_pmulhrw, 0xffff0100, 0x80000080, 0x00010001},
};

START_TEST(special_operands_give_what_the_manual_says)
{
    const struct lane_case *c = &lane_cases[_i];
    uint64_t low = apply(c->op, pair(c->dst, ONE), pair(c->src, ONE));
    uint64_t high = apply(c->op, pair(ONE, c->dst), pair(ONE, c->src));
    ck_assert_msg((uint32_t)low == c->result, "%s %x %x: %x, not %x", vec_rows[c->op].name, c->dst,
                  c->src, (uint32_t)low, c->result);
    ck_assert_uint_eq(high >> 32, c->result);
}
END_TEST

START_TEST(horizontal_sums_take_both_operands)
{
    uint64_t d = pair(as_bits(5), as_bits(3));
    uint64_t s = pair(as_bits(20), as_bits(7));
    ck_assert_uint_eq(apply(VEC_pfacc, d, s), pair(as_bits(8), as_bits(27)));
    ck_assert_uint_eq(apply(VEC_pfnacc, d, s), pair(as_bits(2), as_bits(13)));
    ck_assert_uint_eq(apply(VEC_pfpnacc, d, s), pair(as_bits(2), as_bits(27)));
    ck_assert_uint_eq(apply(VEC_pswapd, d, s), pair(as_bits(7), as_bits(20)));
}
END_TEST

START_TEST(estimates_of_special_operands)
{
    ck_assert_uint_eq(apply(VEC_pfrcp, 0, pair(0, ONE)), pair(MAX, MAX));
    ck_assert_uint_eq(apply(VEC_pfrcp, 0, pair(MINUS | DENORM, ONE)),
                      pair(MAX | MINUS, MAX | MINUS));
    ck_assert_uint_eq(apply(VEC_pfrcp, 0, pair(MAX, ONE)), 0);
    ck_assert_uint_eq(apply(VEC_pfrcp, 0, pair(TWO, 0)), pair(0x3f000000, 0x3f000000));
    ck_assert_uint_eq(apply(VEC_pfrsqrt, 0, pair(0, ONE)), pair(MAX, MAX));
    ck_assert_uint_eq(apply(VEC_pfrsqrt, 0, pair(as_bits(-4), ONE)), pair(0xbf000000, 0xbf000000));
}
END_TEST

static double error_of(uint32_t bits, double exact)
{
    return fabs((double)as_float(bits) - exact) / fabs(exact);
}

/* The manual's sequences: reciprocal and root of a number, refined. */
static uint32_t refined_reciprocal(uint32_t w)
{
    uint64_t estimate = apply(VEC_pfrcp, 0, pair(w, w));
    uint64_t middle = apply(VEC_pfrcpit1, pair(w, w), estimate);
    return (uint32_t)apply(VEC_pfrcpit2, middle, estimate);
}

static uint32_t refined_root(uint32_t w)
{
    uint64_t estimate = apply(VEC_pfrsqrt, 0, pair(w, w));
    uint64_t squared = apply(VEC_pfmul, estimate, estimate);
    uint64_t middle = apply(VEC_pfrsqit1, squared, pair(w, w));
    return (uint32_t)apply(VEC_pfrcpit2, middle, estimate);
}

START_TEST(estimates_and_sequences_are_as_accurate_as_promised)
{
    uint64_t seed = 362436069;
    double worst[4] = {0};
    for (unsigned i = 0; i < CASES; i++) {
        uint32_t w = (uint32_t)(vec_random(&seed) & 0x7fffff) | (1u + (i % 250)) << 23;
        double x = (double)as_float(w);
        if (1 / x < 0x1p-125 || 1 / x > 0x1p127) {
            continue;
        }
        double errors[4] = {error_of((uint32_t)apply(VEC_pfrcp, 0, w), 1 / x),
                            error_of((uint32_t)apply(VEC_pfrsqrt, 0, w), 1 / sqrt(x)),
                            error_of(refined_reciprocal(w), 1 / x),
                            error_of(refined_root(w), 1 / sqrt(x))};
        for (unsigned k = 0; k < 4; k++) {
            worst[k] = fmax(worst[k], errors[k]);
        }
    }
    ck_assert_msg(worst[0] < 0x1p-14, "pfrcp %a", worst[0]);
    ck_assert_msg(worst[1] < 0x1p-15, "pfrsqrt %a", worst[1]);
    ck_assert_msg(worst[2] < 0x1p-23, "reciprocal %a", worst[2]);
    ck_assert_msg(worst[3] < 0x1.8p-23, "root %a", worst[3]);
}
END_TEST

START_TEST(powers_of_two_are_exact)
{
    for (int e = -100; e <= 100; e++) {
        ck_assert_uint_eq(refined_reciprocal(as_bits(ldexpf(1, e))), as_bits(ldexpf(1, -e)));
        ck_assert_uint_eq(refined_root(as_bits(ldexpf(1, 2 * (e / 2)))),
                          as_bits(ldexpf(1, -(e / 2))));
    }
}
END_TEST

/* ---- programs ---- */

enum { CODE = 0x1000, UNDEFINED = 0x600 };

/* Runs code in real mode with EAX = 1.5f until HLT; EAX afterwards, or 6 when there was a #UD. */
static uint32_t run(const char *model, int engine, const char *code, size_t length)
{
    static const char vector[4] = {0, 6, 0, 0};
    struct x86_model configured;
    struct status status = {0};
    struct cpu_fixture f;
    ck_assert(x86_model_configure(&configured, model, &status));
    ck_assert(cpu_fixture_create_model(&f, &configured, test_engine(engine), 0));
    segment_set_real(f.ctx, &f.ctx->seg[SEG_CS], 0);
    cpu_fixture_poke(&f, 6 * 4, vector, 4);
    cpu_fixture_poke(&f, UNDEFINED, "\x66\xb8\x06\x00\x00\x00\xf4", 7);
    cpu_fixture_poke(&f, CODE, code, length);
    f.ctx->rip = CODE;
    f.ctx->gpr[GUEST_RSP] = 0x8000;
    f.ctx->gpr[GUEST_RAX] = as_bits(1.5f);
    ck_assert_int_eq(cpu_fixture_run(&f, 100), RUN_HALTED);
    uint32_t eax = (uint32_t)f.ctx->gpr[GUEST_RAX];
    cpu_fixture_destroy(&f);
    return eax;
}

#define MOVD_MM0_EAX  "\x0f\x6e\xc0"
#define MOVD_EAX_MM0  "\x0f\x7e\xc0"
#define PROGRAM(text) text "\xf4", sizeof(text)
static const struct program {
    const char *model, *code;
    size_t length;
    uint32_t eax;
} programs[] = {
    {"k6-2", PROGRAM(MOVD_MM0_EAX "\x0f\x0f\xc0\x9e" MOVD_EAX_MM0), 0x40400000}, /* pfadd mm0,mm0 */
    {"athlon", PROGRAM(MOVD_MM0_EAX "\x0f\x0f\xc0\xb4" MOVD_EAX_MM0), 0x40100000}, /* pfmul */
    {"k6-2", /* pfsub mm0,[2000h] after a store there */
     PROGRAM("\x66\xa3\x00\x20" MOVD_MM0_EAX "\x0f\x0f\x06\x00\x20\x9a" MOVD_EAX_MM0), 0},
    {"k6-2", PROGRAM(MOVD_MM0_EAX "\x0f\x0f\xc0\xbb"), 6}, /* pswapd: only the Athlon's */
    {"athlon", PROGRAM(MOVD_MM0_EAX "\x0f\x0f\xc0\xbb" MOVD_EAX_MM0), 0},
    {"p4", PROGRAM(MOVD_MM0_EAX "\x0f\x0f\xc0\x9e"), 6},
    {"p4,+3dnow", PROGRAM(MOVD_MM0_EAX "\x0f\x0f\xc0\x9e" MOVD_EAX_MM0), 0x40400000},
    {"pmmx", PROGRAM("\x0f\x0e"), 6}, /* femms */
    {"k6-2", PROGRAM("\x0f\x0e"), 0x3fc00000},
    {"k6-2", PROGRAM("\x0f\x0d\x00\x0f\x0d\x08"), 0x3fc00000}, /* prefetch, prefetchw */
    {"pmmx", PROGRAM("\x0f\x0d\x00"), 6},
    {"k6-2", PROGRAM("\x0f\xe0\xc0"), 6}, /* pavgb mm0,mm0: an MMX extension */
    {"athlon", PROGRAM(MOVD_MM0_EAX "\x0f\xe0\xc0" MOVD_EAX_MM0), 0x3fc00000},
    {"athlon", PROGRAM("\x0f\x58\xc0"), 6},   /* addps */
    {"k6-2", PROGRAM("\x0f\x0f\xc0\x00"), 6}, /* no such suffix */
};

START_TEST(programs_run_where_the_model_has_the_instruction)
{
    const struct program *p = &programs[_i / test_engines()];
    uint32_t eax = run(p->model, _i % test_engines(), p->code, p->length);
    ck_assert_msg(eax == p->eax, "program %d on %s: %x, not %x", _i / test_engines(), p->model, eax,
                  p->eax);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("3DNow!");
    TCase *tcase = tcase_create("3DNow!");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, sums_and_products_are_those_of_the_host);
    tcase_add_loop_test(tcase, special_operands_give_what_the_manual_says, 0, COUNT_OF(lane_cases));
    tcase_add_test(tcase, horizontal_sums_take_both_operands);
    tcase_add_test(tcase, estimates_of_special_operands);
    tcase_add_test(tcase, estimates_and_sequences_are_as_accurate_as_promised);
    tcase_add_test(tcase, powers_of_two_are_exact);
    tcase_add_loop_test(tcase, programs_run_where_the_model_has_the_instruction, 0,
                        COUNT_OF(programs) * test_engines());
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
