/*
 * Every row of vec_ops.def, between registers and with memory, on both engines: the same state
 * after each, whatever its operands, MXCSR and immediate are.  Operands are special values more
 * often than not; memory operands lie across pages and on unaligned addresses, too.
 *
 * VESTIGE_ROW=NAME runs that row alone.
 */
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/cpu/segment.h"
#include "tests/support/cpu_fixture.h"
#include "tests/support/dice.h"
#include "translator/ir/ir.h"

#include <check.h>
#include <inttypes.h>

enum {
    CODE = 0x10000,
    HANDLER = 0x500,
    IDT = 0x2000,
    GDT = 0x3000,
    STACK = 0x7000,
    DATA = 0x40000,
    DATA_BYTES = 0x1100
};
enum { TRIES = 64, ROW_BYTES = 16, PARTS = 8 };

static struct cpu_fixture side[2];
static uint8_t code[ROW_BYTES];
static unsigned code_bytes;

/* ---- the instruction ---- */

static bool general_source(unsigned form)
{
    return form == VEC_FORM_X_RM4 || form == VEC_FORM_P_RM4 || form == VEC_FORM_X_RM2 ||
           form == VEC_FORM_P_RM2 || form == VEC_FORM_X_RM1;
}

/* That row, HLT.  A memory operand is [ebx]. */
static void assemble(const struct vec_row *row, unsigned reg, unsigned rm, bool memory,
                     uint8_t imm8)
{
    unsigned at = 0;
    unsigned map = vec_map(row);
    if (row->prefix >> 14 & 1) {
        code[at++] = 0x66;
    }
    if (row->prefix & 0xff) {
        code[at++] = (uint8_t)row->prefix;
    }
    code[at++] = 0x0f;
    if (map != VEC_MAP_0F) {
        code[at++] = map == VEC_MAP_0F38 ? 0x38 : map == VEC_MAP_0F3A ? 0x3a : 0x0f;
    }
    code[at++] = map == VEC_MAP_3DNOW ? 0 : row->opcode;
    bool shift = row->form == VEC_FORM_X_IMM || row->form == VEC_FORM_P_IMM;
    if (map == VEC_MAP_3DNOW) {
        at--;
    }
    reg = shift ? row->prefix >> 8 & 7 : reg;
    code[at++] = (uint8_t)(memory ? 0x03 | reg << 3 : 0xc0 | reg << 3 | rm);
    if (map == VEC_MAP_3DNOW) {
        code[at++] = row->opcode;
    }
    if (row->flags & VEC_IMM8) {
        code[at++] = imm8;
    }
    code[at++] = 0xf4;
    code_bytes = at;
}

/* ---- operands ---- */

static uint64_t special(struct dice *dice)
{
    static const uint32_t singles[] = {
        0,          0x80000000, 1,          0x80000001, 0x007fffff, 0x00800000, 0x3f800000,
        0xbf800000, 0x3f800001, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000,
        0xffc01234, 0x7f800001, 0xffa00000, 0x4effffff, 0x4f000000, 0xcf000000, 0xcf000001,
        0x3f000000, 0x40200000, 0x00ffffff, 0x34000000, 0x4b7fffff, 0x7fffffff, 0x80008000};
    static const uint64_t doubles[] = {
        0x0000000000000000, 0x8000000000000000, 0x0000000000000001, 0x800fffffffffffff,
        0x0010000000000000, 0x3ff0000000000000, 0xbff0000000000001, 0x7fefffffffffffff,
        0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 0xfff8000000004321,
        0x7ff0000000000001, 0xfff4000000000000, 0x41dfffffffc00000, 0x41dfffffffe00000,
        0x41e0000000000000, 0xc1e0000000000000, 0xc1e0000000200000, 0x3fe0000000000000,
        0x4004000000000000, 0x36a0000000000000, 0x380fffffffffffff, 0x47efffffe0000000,
        0x47effffff0000000, 0x3ca0000000000000, 0x43f0000000000000, 0x0360000000000000};
    switch (dice_roll(dice) % 5) {
    case 0:
        return doubles[dice_roll(dice) % (sizeof doubles / sizeof doubles[0])];
    case 1: /* a number near 1 in either format */
        return dice_one_in(dice, 2) ? UINT64_C(0x3f00000000000000) +
                                          ((uint64_t)dice_roll(dice) << 27 | dice_roll(dice))
                                    : (uint64_t)(0x3e000000 + dice_roll(dice) % 0x03000000) << 32 |
                                          (0xbe000000 + dice_roll(dice) % 0x03000000);
    case 2:
        return (uint64_t)dice_roll(dice) << 32 | dice_roll(dice);
    case 3: /* small counts, small numbers */
        return dice_roll(dice) % 70;
    default:
        return (uint64_t)singles[dice_roll(dice) % (sizeof singles / sizeof singles[0])] << 32 |
               singles[dice_roll(dice) % (sizeof singles / sizeof singles[0])];
    }
}

static uint32_t some_mxcsr(struct dice *dice)
{
    uint32_t mxcsr = 0x1f80;
    if (dice_one_in(dice, 2)) {
        mxcsr |= dice_roll(dice) & 0x6000;
    }
    if (dice_one_in(dice, 4)) {
        mxcsr |= dice_roll(dice) & 0x8040;
    }
    if (dice_one_in(dice, 4)) {
        mxcsr |= dice_roll(dice) & 0x3f;
    }
    if (dice_one_in(dice, 8)) {
        mxcsr &= ~(dice_roll(dice) & 0x1f80);
    }
    return mxcsr;
}

/* The same on both sides. */
static void set_state(struct cpu_fixture *f, struct dice dice)
{
    struct context *ctx = f->ctx;
    x86_reset(f->cpu, false);
    f->cpu->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
    f->cpu->cr0 = CR0_ET | CR0_NE | CR0_PE;
    f->cpu->gdt_base = GDT;
    f->cpu->gdt_limit = 0x17;
    f->cpu->idt_base = IDT;
    f->cpu->idt_limit = 0x7ff;
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        segment_set_flat(ctx, &ctx->seg[i], i == SEG_CS ? 8 : 16, i == SEG_CS ? 0xc09b : 0xc093);
    }
    for (unsigned i = 0; i < 8; i++) {
        ctx->gpr[i] = (uint32_t)special(&dice);
        ctx->xmm[i].q[0] = special(&dice);
        ctx->xmm[i].q[1] = special(&dice);
        ctx->st[i].mantissa = special(&dice);
        ctx->st[i].exponent = (uint16_t)dice_roll(&dice);
    }
    if (dice_one_in(&dice, 3)) { /* all lanes alike */
        ctx->xmm[1] = ctx->xmm[2];
    }
    unsigned off = dice_one_in(&dice, 4) ? dice_roll(&dice) % 4096 : 16 * (dice_roll(&dice) % 256);
    ctx->gpr[GUEST_RBX] = DATA + off;
    ctx->gpr[GUEST_RSP] = STACK;
    ctx->ftop = (uint8_t)(dice_roll(&dice) & 7);
    ctx->ftag = (uint8_t)dice_roll(&dice);
    ctx->fcw = 0x037f;
    ctx->mxcsr = some_mxcsr(&dice);
    x86_set_eflags(ctx, dice_roll(&dice), FLAGS_ARITH);
    ctx->rip = CODE;
    uint64_t data[4];
    for (unsigned i = 0; i < 4; i++) {
        data[i] = special(&dice);
        store_le64(&data[i], data[i]);
    }
    cpu_fixture_poke(f, DATA + off, data, sizeof data);
    x86_loaded(f->cpu);
}

static void compare(const char *name, unsigned attempt)
{
    const struct state_field *where = NULL;
    bool equal = state_equal(x86_state(), side[0].cpu, side[1].cpu, &where);
    if (equal && memcmp(side[0].ram + DATA, side[1].ram + DATA, DATA_BYTES) == 0 &&
        memcmp(side[0].ram + STACK - 64, side[1].ram + STACK - 64, 64) == 0) {
        return;
    }
    for (unsigned i = 0; i < code_bytes; i++) {
        fprintf(stderr, "%02x ", code[i]);
    }
    for (unsigned i = 0; i < 2; i++) {
        const struct context *ctx = side[i].ctx;
        fprintf(stderr,
                "\n%s mxcsr %05x flags %04x eax %08" PRIx64 " xmm1 %016" PRIx64 " %016" PRIx64,
                i ? "native  " : "portable", ctx->mxcsr, ctx->flags, ctx->gpr[0], ctx->xmm[1].q[1],
                ctx->xmm[1].q[0]);
    }
    ck_abort_msg("%s differs in %s, attempt %u", name, equal ? "memory" : where->name, attempt);
}

/* Both sides run the code; runs of four share it, so that it also comes from the cache. */
static void run_row(const char *name, struct dice *dice, unsigned attempt)
{
    if (attempt % 4 == 0) {
        cpu_fixture_poke(&side[0], CODE, code, code_bytes);
        cpu_fixture_poke(&side[1], CODE, code, code_bytes);
    }
    dice_roll(dice);
    for (unsigned i = 0; i < 2; i++) {
        set_state(&side[i], *dice);
        cpu_fixture_run(&side[i], 50);
    }
    compare(name, attempt);
}

static void try_row(unsigned op, bool memory)
{
    const struct vec_row *row = &vec_rows[op];
    struct dice dice = {op * UINT64_C(0x9e3779b97f4a7c15) + memory + 1};
    const char *only = getenv("VESTIGE_ROW");
    if (only != NULL && strcmp(only, row->name) != 0) {
        return;
    }
    for (unsigned attempt = 0; attempt < TRIES; attempt++) {
        if (attempt % 4 == 0) {
            unsigned rm = dice_one_in(&dice, 6) ? 1 : general_source(row->form) ? 0 : 2;
            uint8_t imm8 = (uint8_t)(dice_one_in(&dice, 2) ? attempt / 4 : dice_roll(&dice));
            assemble(row, 1, rm, memory, imm8);
        }
        run_row(row->name, &dice, attempt);
    }
}

static void create_side(unsigned i)
{
    static const uint8_t hlt = 0xf4;
    static const uint8_t gate[] = {HANDLER & 0xff, HANDLER >> 8, 8, 0, 0, 0x8e, 0, 0};
    static const uint8_t gdt[] = {0, 0,    0,    0, 0,    0,    0, 0, 0xff, 0xff, 0,    0,
                                  0, 0x9b, 0xcf, 0, 0xff, 0xff, 0, 0, 0,    0x93, 0xcf, 0};
    ck_assert(cpu_fixture_create(&side[i], "max", i ? "native" : "portable", 0));
    cpu_fixture_poke(&side[i], HANDLER, &hlt, 1);
    cpu_fixture_poke(&side[i], GDT, gdt, sizeof gdt);
    for (unsigned vector = 0; vector < 256; vector++) {
        cpu_fixture_poke(&side[i], IDT + 8 * vector, gate, sizeof gate);
    }
}

START_TEST(rows_do_the_same_on_both_engines)
{
    create_side(0);
    create_side(1);
    for (unsigned op = (unsigned)_i; op < VEC_OPS; op += PARTS) {
        try_row(op, false);
        try_row(op, true);
    }
    cpu_fixture_destroy(&side[0]);
    cpu_fixture_destroy(&side[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vec_rows");
    TCase *tests = tcase_create("vec_rows");
    if (host_native() == NULL) {
        return EXIT_SUCCESS;
    }
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, rows_do_the_same_on_both_engines, 0, PARTS);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
