/*
 * Every row of vec_ops.def, between registers and with memory, on both engines: the same state
 * after each, whatever its operands, MXCSR and immediate are.  Operands are special values more
 * often than not; memory operands lie across pages and on unaligned addresses, too.
 *
 * VESTIGE_ROW=NAME runs that row alone.
 */
#include "tests/support/row_pair.h"
#include "translator/ir/ir.h"

enum { TRIES = 64, PARTS = 8 };

static struct row_pair pair;

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
    uint8_t *code = pair.code;
    unsigned at = memory ? row_pair_touch(&pair) : 0;
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
    pair.bytes = at;
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
    row_pair_reset(f);
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
    ctx->gpr[GUEST_RSP] = ROW_STACK;
    ctx->ftop = (uint8_t)(dice_roll(&dice) & 7);
    ctx->ftag = (uint8_t)dice_roll(&dice);
    ctx->mxcsr = some_mxcsr(&dice);
    x86_set_eflags(ctx, dice_roll(&dice), FLAGS_ARITH);
    uint64_t data[4];
    for (unsigned i = 0; i < 4; i++) {
        data[i] = special(&dice);
    }
    row_pair_operand(f, &dice, data);
    x86_loaded(f->cpu);
}

/* Runs of four share the code, so that it also comes from the cache. */
static void run_row(const char *name, struct dice *dice, unsigned attempt)
{
    if (attempt % 4 == 0) {
        row_pair_poke(&pair);
    }
    dice_roll(dice);
    set_state(&pair.side[0], *dice);
    set_state(&pair.side[1], *dice);
    row_pair_run(&pair, name, attempt);
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

START_TEST(rows_do_the_same_on_both_engines)
{
    row_pair_create(&pair);
    for (unsigned op = (unsigned)_i; op < VEC_OPS; op += PARTS) {
        try_row(op, false);
        try_row(op, true);
    }
    row_pair_destroy(&pair);
}
END_TEST

int main(void)
{
    return row_pair_main("vec_rows", rows_do_the_same_on_both_engines, PARTS);
}
