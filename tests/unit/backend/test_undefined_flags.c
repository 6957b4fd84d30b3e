/*
 * Flags that the manual leaves undefined have one value (docs/FLAGS.md): the portable engine, the
 * native one as this host lets it be, and the native one as on a host that makes all of them
 * otherwise (without the pass host-flags) leave the same registers, flags and memory.  Every
 * operation that has such flags, by all counts, in registers and memory, with the flags before it
 * clear and set.
 */
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/cpu/segment.h"
#include "tests/support/cpu_fixture.h"
#include "tests/support/dice.h"
#include "translator/api/passes.h"

#include <check.h>

enum { CODE = 0x1000, DATA = 0x2000, HLT = 0xf4, SIDES = 3, COUNTS = 32, ROUNDS = 6 };

static struct cpu_fixture sides[SIDES];
static bool native;

static void begin(void)
{
    static const struct {
        const char *engine;
        uint32_t off;
    } kinds[SIDES] = {{"portable", 0}, {"native", 0}, {"native", UINT32_C(1) << PASS_host_flags}};
    native = cpu_fixture_engine("native") != NULL;
    for (unsigned i = 0; i < (native ? SIDES : 1u); i++) {
        ck_assert(cpu_fixture_create_with(&sides[i], x86_model_find("max"), kinds[i].engine, 0,
                                          (struct pass_set){.off = kinds[i].off}));
        segment_set_real(sides[i].ctx, &sides[i].ctx->seg[SEG_CS], 0);
        segment_set_real(sides[i].ctx, &sides[i].ctx->seg[SEG_DS], 0);
    }
}

static void end(void)
{
    for (unsigned i = 0; i < (native ? SIDES : 1u); i++) {
        cpu_fixture_destroy(&sides[i]);
    }
}

static uint32_t value_of(struct dice *dice)
{
    static const uint32_t edges[] = {0, 1, 0x80, 0x7fff, 0x8000, 0x80000000, UINT32_MAX};
    uint32_t random = dice_roll(dice);
    return random & 1 ? random : edges[(random >> 1) % (sizeof(edges) / sizeof(edges[0]))];
}

/* EAX, EDX and memory are operands, CL is a count. */
static void run_side(struct cpu_fixture *f, uint64_t seed, unsigned count, uint32_t flags)
{
    struct dice dice = {(seed + 1) * UINT64_C(0x9e3779b97f4a7c15)};
    for (unsigned i = 0; i < 8; i++) {
        f->ctx->gpr[i] = value_of(&dice);
    }
    uint32_t datum = value_of(&dice);
    f->ctx->gpr[GUEST_RCX] = (f->ctx->gpr[GUEST_RCX] & 0xffffff00) | count;
    f->ctx->gpr[GUEST_RBX] = DATA;
    memcpy(f->ram + DATA, &datum, sizeof(datum));
    f->ctx->rip = CODE;
    f->ctx->halted = 0;
    x86_set_eflags(f->ctx, flags, FLAGS_ARITH);
    ck_assert_int_eq(cpu_fixture_run(f, 100), RUN_HALTED);
}

static void text_of(char text[64], const uint8_t *code, unsigned length)
{
    for (unsigned i = 0; i < length; i++) {
        snprintf(text + 3 * (size_t)i, 4, "%02x ", code[i]);
    }
}

static void compare(const uint8_t *code, unsigned length, unsigned count)
{
    char text[64] = "";
    uint8_t padded[16];
    memset(padded, HLT, sizeof(padded));
    memcpy(padded, code, length);
    text_of(text, code, length);
    for (unsigned i = 0; i < SIDES; i++) {
        cpu_fixture_poke(&sides[i], CODE, padded, sizeof(padded));
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t flags = round & 1 ? (uint32_t)FLAGS_ARITH : 0u;
        run_side(&sides[0], round, count, flags);
        for (unsigned i = 1; i < SIDES; i++) {
            run_side(&sides[i], round, count, flags);
            ck_assert_msg(x86_eflags(sides[i].ctx) == x86_eflags(sides[0].ctx),
                          "%s, count %u, round %u, side %u: flags %x, portable %x", text, count,
                          round, i, x86_eflags(sides[i].ctx), x86_eflags(sides[0].ctx));
            for (unsigned reg = 0; reg < 8; reg++) {
                ck_assert_msg(sides[i].ctx->gpr[reg] == sides[0].ctx->gpr[reg],
                              "%s, count %u, round %u, side %u: register %u is %lx, portable %lx",
                              text, count, round, i, reg, (unsigned long)sides[i].ctx->gpr[reg],
                              (unsigned long)sides[0].ctx->gpr[reg]);
            }
            ck_assert_mem_eq(sides[i].ram + DATA, sides[0].ram + DATA, 4);
        }
    }
}

/* Prefix, opcode bytes, ModRM with the digit, for [bx], AX (AL), CX (CL), and an immediate of so
 * many bytes, which is the count. */
static void forms(bool wide, const uint8_t *opcode, unsigned bytes, unsigned digit, bool immediate)
{
    static const uint8_t places[] = {0x07, 0xc0, 0xc1, 0xc4 /* AH or SP */};
    for (unsigned place = 0; place < sizeof(places); place++) {
        for (unsigned count = 0; count < COUNTS; count++) {
            uint8_t code[8];
            unsigned length = 0;
            if (wide) {
                code[length++] = 0x66;
            }
            memcpy(code + length, opcode, bytes);
            length += bytes;
            code[length++] = (uint8_t)(places[place] | digit << 3);
            if (immediate) {
                code[length++] = (uint8_t)count;
            }
            compare(code, length, immediate ? 0x55 : count);
        }
    }
}

START_TEST(shifts_and_rotations)
{
    begin();
    for (unsigned digit = 0; digit < 8 && native; digit++) {
        forms(false, (const uint8_t[]){0xc0}, 1, digit, true);
        forms(false, (const uint8_t[]){0xc1}, 1, digit, true);
        forms(true, (const uint8_t[]){0xc1}, 1, digit, true);
        forms(false, (const uint8_t[]){0xd2}, 1, digit, false);
        forms(false, (const uint8_t[]){0xd3}, 1, digit, false);
        forms(true, (const uint8_t[]){0xd3}, 1, digit, false);
        forms(false, (const uint8_t[]){0xd0}, 1, digit, false);
        forms(true, (const uint8_t[]){0xd1}, 1, digit, false);
    }
    end();
}
END_TEST

/* The digit is the source: DX and CX, the count's. */
START_TEST(double_shifts)
{
    begin();
    for (unsigned opcode = 0xa4; opcode <= 0xac && native; opcode += 8) {
        for (unsigned wide = 0; wide < 2; wide++) {
            for (unsigned source = GUEST_RCX; source <= GUEST_RDX; source++) {
                forms(wide, (const uint8_t[]){0x0f, (uint8_t)opcode}, 2, source, true);
                forms(wide, (const uint8_t[]){0x0f, (uint8_t)(opcode + 1)}, 2, source, false);
            }
        }
    }
    end();
}
END_TEST

START_TEST(products_and_bit_tests)
{
    begin();
    for (unsigned wide = 0; wide < 2 && native; wide++) {
        for (unsigned digit = 4; digit < 6; digit++) {
            forms(wide, (const uint8_t[]){0xf6}, 1, digit, false);
            forms(wide, (const uint8_t[]){0xf7}, 1, digit, false);
        }
        for (unsigned digit = 4; digit < 8; digit++) {
            forms(wide, (const uint8_t[]){0x0f, 0xba}, 2, digit, true);
            forms(wide, (const uint8_t[]){0x0f, (uint8_t)(0x83 | digit << 3)}, 2, GUEST_RCX, false);
        }
        forms(wide, (const uint8_t[]){0x0f, 0xaf}, 2, GUEST_RDX, false);
        forms(wide, (const uint8_t[]){0x6b}, 1, GUEST_RDX, true);
    }
    end();
}
END_TEST

/* Logic, scans, divisions that fit, decimal adjustment. */
START_TEST(the_rest)
{
    static const uint8_t logic[] = {0x09, 0x21, 0x31, 0x85};
    static const uint8_t decimal[] = {0x27, 0x2f, 0x37, 0x3f};
    begin();
    for (unsigned i = 0; i < sizeof(logic) && native; i++) {
        forms(false, &logic[i], 1, GUEST_RDX, false);
        forms(true, &logic[i], 1, GUEST_RDX, false);
    }
    for (unsigned i = 0; i < sizeof(decimal) && native; i++) {
        compare(&decimal[i], 1, 0);
    }
    for (unsigned i = 0; i < 2 && native; i++) {
        forms(i, (const uint8_t[]){0x0f, 0xbc}, 2, GUEST_RDX, false);
        forms(i, (const uint8_t[]){0x0f, 0xbd}, 2, GUEST_RDX, false);
    }
    for (unsigned base = 1; base < 256 && native; base++) {
        compare((const uint8_t[]){0xd4, (uint8_t)base}, 2, 0);
        compare((const uint8_t[]){0xd5, (uint8_t)base}, 2, 0);
    }
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("undefined_flags");
    TCase *tests = tcase_create("both engines");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, shifts_and_rotations);
    tcase_add_test(tests, double_shifts);
    tcase_add_test(tests, products_and_bit_tests);
    tcase_add_test(tests, the_rest);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
