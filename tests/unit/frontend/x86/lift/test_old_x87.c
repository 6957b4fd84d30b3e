/*
 * What the 8087 and the 80287 do otherwise than later ones, as short programs on both engines
 * (docs/X87.md).
 */
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/cpu/segment.h"
#include "tests/support/cpu_fixture.h"
#include "tests/support/engine.h"

#include <check.h>

enum { CODE = 0x10000, DATA = 0x20000, C0 = 0x100, C2 = 0x400, C3 = 0x4000, IE = 1 };

static struct cpu_fixture f;
static unsigned rises, falls;

static void set_ferr(void *machine, bool level)
{
    (void)machine;
    rises += level;
    falls += !level;
}

static void begin(const char *model, int engine)
{
    struct x86_model configured;
    struct status status = {0};
    ck_assert_msg(x86_model_configure(&configured, model, &status), "%s", status.text);
    ck_assert(cpu_fixture_create_model(&f, &configured, test_engine(engine), 0));
    f.cpu->wires.ferr = set_ferr;
    rises = falls = 0;
    segment_set_real(f.ctx, &f.ctx->seg[SEG_CS], CODE >> 4);
    segment_set_real(f.ctx, &f.ctx->seg[SEG_DS], DATA >> 4);
    f.ctx->rip = 0;
    f.ctx->gpr[GUEST_RAX] = 0x5555;
}

static uint16_t word_at(uint32_t offset)
{
    return (uint16_t)(f.ram[DATA + offset] | f.ram[DATA + offset + 1] << 8);
}

/* One program on one model: the words it leaves at DS:0 under a mask, and AX. */
struct program {
    const char *model, *what, *code;
    unsigned length;
    uint16_t word, mask, ax;
};

#define CODE_OF(text)    text "\xf4", sizeof(text)
#define FNINIT           "\xdb\xe3"
#define FNSTCW           "\xd9\x3e\x00\x00"
#define FNSTSW           "\xdd\x3e\x00\x00"
#define INFINITY_ST      "\xd9\xe8\xd9\xee\xde\xf9" /* fld1; fldz; fdivp */
#define FCOMPP           "\xde\xd9"
#define FLDCW(low, high) "\xc7\x06\x10\x00" low high "\xd9\x2e\x10\x00"
/* +infinity against -infinity */
#define OPPOSITES FNINIT INFINITY_ST "\xd9\xc0\xd9\xe0" FCOMPP FNSTSW
static const struct program programs[] = {
    {"8086,+fpu", "control word", CODE_OF(FNINIT FNSTCW), 0x3ff, 0xffff, 0x5555},
    {"286", "control word", CODE_OF(FNINIT FNSTCW), 0x37f, 0xffff, 0x5555},
    {"386", "control word", CODE_OF(FNINIT FNSTCW), 0x37f, 0xffff, 0x5555},
    {"8086,+fpu", "control word of reset", CODE_OF(FNSTCW), 0x3ff, 0xffff, 0x5555},
    {"286", "control word of reset", CODE_OF(FNSTCW), 0x37f, 0xffff, 0x5555},
    {"186,+fpu", "FENI", CODE_OF(FNINIT "\xdb\xe0" FNSTCW), 0x37f, 0xffff, 0x5555},
    {"8086,+fpu", "FDISI", CODE_OF(FNINIT "\xdb\xe0\xdb\xe1" FNSTCW), 0x3ff, 0xffff, 0x5555},
    {"286", "FDISI does nothing", CODE_OF(FNINIT "\xdb\xe1" FNSTCW), 0x37f, 0xffff, 0x5555},
    {"8086,+fpu", "one infinity", CODE_OF(OPPOSITES), C3, C0 | C2 | C3 | IE, 0x5555},
    {"286", "one infinity", CODE_OF(OPPOSITES), C3, C0 | C2 | C3 | IE, 0x5555},
    {"386", "two infinities", CODE_OF(OPPOSITES), C0, C0 | C2 | C3 | IE, 0x5555},
    {"286", "two infinities when asked for",
     CODE_OF(FNINIT FLDCW("\x7f", "\x13") INFINITY_ST "\xd9\xc0\xd9\xe0" FCOMPP FNSTSW), C0,
     C0 | C2 | C3 | IE, 0x5555},
    {"286", "infinity against a number", CODE_OF(FNINIT INFINITY_ST "\xd9\xe8" FCOMPP FNSTSW),
     C0 | C2 | C3 | IE, C0 | C2 | C3 | IE, 0x5555},
    {"286", "FTST of infinity", CODE_OF(FNINIT INFINITY_ST "\xd9\xe4" FNSTSW), C0 | C2 | C3 | IE,
     C0 | C2 | C3 | IE, 0x5555},
    {"286", "infinity + infinity", CODE_OF(FNINIT INFINITY_ST "\xd8\xc0" FNSTSW), IE, IE, 0x5555},
    {"386", "infinity + infinity", CODE_OF(FNINIT INFINITY_ST "\xd8\xc0" FNSTSW), 0, IE, 0x5555},
    {"286", "root of infinity", CODE_OF(FNINIT INFINITY_ST "\xd9\xfa" FNSTSW), IE, IE, 0x5555},
    {"386", "root of infinity", CODE_OF(FNINIT INFINITY_ST "\xd9\xfa" FNSTSW), 0, IE, 0x5555},
    {"8086,+fpu", "no FSTSW AX", CODE_OF(FNINIT "\xdf\xe0" FNSTSW), 0, 0xffff, 0x5555},
    {"286", "FSTSW AX", CODE_OF(FNINIT "\xdf\xe0" FNSTSW), 0, 0xffff, 0},
    {"8086,+fpu", "no FSIN", CODE_OF(FNINIT "\xd9\xfe" FNSTSW), 0, 0xffff, 0x5555},
    {"286", "no FSIN", CODE_OF(FNINIT "\xd9\xfe" FNSTSW), 0, 0xffff, 0x5555},
    {"386", "FSIN of nothing", CODE_OF(FNINIT "\xd9\xfe" FNSTSW), IE, IE, 0x5555},
    {"286", "no FUCOM", CODE_OF(FNINIT "\xdd\xe1" FNSTSW), 0, 0xffff, 0x5555},
    {"286", "pi to nearest", CODE_OF(FNINIT FLDCW("\x7f", "\x0f") "\xd9\xeb\xdb\x3e\x00\x00"),
     0xc235, 0xffff, 0x5555},
    {"386", "pi as rounding says", CODE_OF(FNINIT FLDCW("\x7f", "\x0f") "\xd9\xeb\xdb\x3e\x00\x00"),
     0xc234, 0xffff, 0x5555},
    {"8086", "without an 8087 nothing is stored", CODE_OF("\xc7\x06\x00\x00\x34\x12" FNINIT FNSTCW),
     0x1234, 0xffff, 0x5555},
};
enum { PROGRAMS = sizeof(programs) / sizeof(programs[0]) };

static void run(const char *code, unsigned length)
{
    cpu_fixture_poke(&f, CODE, code, length);
    ck_assert_int_eq(cpu_fixture_run(&f, 1000), RUN_HALTED);
}

START_TEST(a_program_does_what_its_coprocessor_does)
{
    const struct program *p = &programs[_i % PROGRAMS];
    begin(p->model, _i / PROGRAMS);
    run(p->code, p->length);
    ck_assert_msg((word_at(0) & p->mask) == p->word, "%s, %s: %04x, not %04x", p->model, p->what,
                  word_at(0) & p->mask, p->word);
    ck_assert_msg((uint16_t)f.ctx->gpr[GUEST_RAX] == p->ax, "%s, %s: ax %04x, not %04x", p->model,
                  p->what, (unsigned)f.ctx->gpr[GUEST_RAX] & 0xffff, p->ax);
    cpu_fixture_destroy(&f);
}
END_TEST

/* 1/0 with ZE unmasked */
#define DIVIDES(low) FNINIT FLDCW(low, "\x03") "\xd9\xe8\xd9\xee\xde\xf9"

START_TEST(the_8087_asks_for_an_interrupt_at_once)
{
    begin("8086,+fpu", _i);
    run(CODE_OF(DIVIDES("\x7b")));
    ck_assert_uint_eq(rises, 1);
    ck_assert_uint_eq(falls, 0);
    f.ctx->rip = 0;
    f.ctx->halted = 0;
    run(CODE_OF("\xdb\xe2\x9b\xd9\xe8")); /* fnclex; fwait; fld1 */
    ck_assert_uint_eq(rises, 1);
    ck_assert_uint_eq(falls, 1);
    cpu_fixture_destroy(&f);
}
END_TEST

START_TEST(its_mask_holds_the_interrupt_back)
{
    begin("8086,+fpu", _i);
    run(CODE_OF(DIVIDES("\xfb") "\x9b\xd9\xe8"));
    ck_assert_uint_eq(rises, 0);
    f.ctx->rip = 0;
    f.ctx->halted = 0;
    run(CODE_OF("\xdb\xe0\xdb\xe1")); /* feni; fdisi */
    ck_assert_uint_eq(rises, 1);
    ck_assert_uint_eq(falls, 1);
    cpu_fixture_destroy(&f);
}
END_TEST

START_TEST(the_287_asks_when_the_next_instruction_waits)
{
    begin("286", _i);
    run(CODE_OF(DIVIDES("\x7b")));
    ck_assert_uint_eq(rises, 0);
    f.ctx->rip = 0;
    f.ctx->halted = 0;
    run(CODE_OF("\x9b"));
    ck_assert_uint_eq(rises, 1);
    cpu_fixture_destroy(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("old x87");
    TCase *tests = tcase_create("old x87");
    int engines = test_engines();
    tcase_add_loop_test(tests, a_program_does_what_its_coprocessor_does, 0, PROGRAMS * engines);
    tcase_add_loop_test(tests, the_8087_asks_for_an_interrupt_at_once, 0, engines);
    tcase_add_loop_test(tests, its_mask_holds_the_interrupt_back, 0, engines);
    tcase_add_loop_test(tests, the_287_asks_when_the_next_instruction_waits, 0, engines);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
