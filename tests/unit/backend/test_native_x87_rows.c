/*
 * Every row of x87_ops.def, with registers and with memory, on both engines: the same state after
 * each, whatever the stack, its operands and the control word are.
 *
 * VESTIGE_ROW=NAME runs that row alone.
 */
#include "tests/support/row_pair.h"
#include "translator/ir/ir.h"

enum { TRIES = 400, PARTS = 8 };

static struct row_pair pair;

/* That row, HLT. */
static void assemble(const struct x87_row *row, unsigned sti)
{
    bool memory = row->form >= X87_FORM_M16 && row->form <= X87_FORM_M80;
    unsigned at = memory ? row_pair_touch(&pair) : 0;
    pair.code[at++] = row->escape;
    pair.code[at++] = (uint8_t)(row->modrm | (memory ? 3u : row->form == X87_FORM_STI ? sti : 0));
    pair.code[at++] = 0xf4;
    pair.bytes = at;
}

/* Numbers that meet: near 1, few bits, halves of the last place, and all special ones. */
static void some_register(struct dice *dice, struct x87_reg *reg)
{
    static const uint64_t mantissas[] = {
        0x8000000000000000, 0xffffffffffffffff, 0x8000000000000001, 0xfffffffffffffc00,
        0x8000000000000400, 0xfffffffffffffbff, 0x8000008000000000, 0xffffff8000000000,
        0x8000000000000c00, 0xc000000000000000, 0x4000000000000001, 0x0000000000000000};
    static const uint16_t exponents[] = {0,      1,      0x3fff, 0x7ffe, 0x7fff, 0x4000,
                                         0x3c01, 0x3c00, 0x43fe, 0x43ff, 0x3f81, 0x3f80,
                                         0x407e, 0x407f, 0x403e, 0x1fff, 0x2000, 0x5fff};
    uint64_t random = (uint64_t)dice_roll(dice) << 32 | dice_roll(dice);
    reg->mantissa = dice_one_in(dice, 2)
                        ? mantissas[dice_roll(dice) % (sizeof mantissas / sizeof mantissas[0])]
                        : random | UINT64_C(1) << 63;
    if (dice_one_in(dice, 3)) {
        reg->mantissa &= UINT64_MAX << dice_roll(dice) % 63;
    }
    uint32_t exponent = 0x3fff - 40 + dice_roll(dice) % 80;
    if (dice_one_in(dice, 4)) {
        exponent = exponents[dice_roll(dice) % (sizeof exponents / sizeof exponents[0])];
    } else if (dice_one_in(dice, 3)) {
        exponent = 0x3fff + dice_roll(dice) % 2;
    }
    reg->exponent = (uint16_t)(exponent | (dice_roll(dice) & 0x8000));
}

static uint64_t some_datum(struct dice *dice)
{
    static const uint32_t singles[] = {0,          0x80000000, 1,          0x7f800000, 0x7fc00000,
                                       0x7f800001, 0x00800000, 0x3f800001, 0x7f7fffff, 0xbf800000};
    uint64_t near = (UINT64_C(0x3ff) << 52) + ((uint64_t)dice_roll(dice) << 22);
    switch (dice_roll(dice) % 6) {
    case 0:
        return singles[dice_roll(dice) % (sizeof singles / sizeof singles[0])];
    case 1:
        return (uint64_t)singles[dice_roll(dice) % (sizeof singles / sizeof singles[0])] << 32;
    case 2:
        return near | (uint64_t)dice_roll(dice) << 63;
    case 3:
        return 0x3f000000 + dice_roll(dice) % 0x02000000;
    case 4:
        return UINT64_C(0x7ff0000000000000) + dice_roll(dice) % 3 - 1;
    default:
        return (uint64_t)dice_roll(dice) << 32 | dice_roll(dice);
    }
}

static void set_state(struct cpu_fixture *f, struct dice dice)
{
    static const uint16_t control[] = {0x37f, 0x37f, 0x37f, 0x27f, 0x07f,
                                       0x17f, 0x77f, 0xb7f, 0xf7f};
    struct context *ctx = f->ctx;
    uint64_t data[4];
    row_pair_reset(f);
    for (unsigned i = 0; i < 8; i++) {
        some_register(&dice, &ctx->st[i]);
    }
    for (unsigned i = 0; i < 4; i++) {
        data[i] = some_datum(&dice);
    }
    row_pair_operand(f, &dice, data);
    ctx->ftop = (uint8_t)(dice_roll(&dice) & 7);
    ctx->ftag = dice_one_in(&dice, 4) ? (uint8_t)dice_roll(&dice)
                                      : (uint8_t)(dice_roll(&dice) & 1) << ((ctx->ftop + 7) & 7);
    ctx->fcw = control[dice_roll(&dice) % (sizeof control / sizeof control[0])];
    ctx->fsw = (uint16_t)(dice_roll(&dice) & 0x473f);
    if (dice_one_in(&dice, 8)) {
        ctx->fcw &= (uint16_t) ~(dice_roll(&dice) & 0x3f);
        ctx->fsw &= 0x4700; /* nothing pending */
    }
    x86_set_eflags(ctx, dice_roll(&dice), FLAGS_ARITH);
    x86_loaded(f->cpu);
}

static void try_row(unsigned op)
{
    const struct x87_row *row = &x87_rows[op];
    struct dice dice = {op * UINT64_C(0x9e3779b97f4a7c15) + 1};
    const char *only = getenv("VESTIGE_ROW");
    if (only != NULL && strcmp(only, row->name) != 0) {
        return;
    }
    for (unsigned attempt = 0; attempt < TRIES; attempt++) {
        if (attempt % 4 == 0) { /* the others find it in the cache */
            assemble(row, dice_one_in(&dice, 4) ? 0 : dice_roll(&dice) % 8);
            row_pair_poke(&pair);
        }
        dice_roll(&dice);
        set_state(&pair.side[0], dice);
        set_state(&pair.side[1], dice);
        row_pair_run(&pair, row->name, attempt);
    }
}

START_TEST(rows_do_the_same_on_both_engines)
{
    row_pair_create(&pair);
    for (unsigned op = (unsigned)_i; op < X87_OPS; op += PARTS) {
        if (op != X87_emms) {
            try_row(op);
        }
    }
    row_pair_destroy(&pair);
}
END_TEST

int main(void)
{
    return row_pair_main("x87_rows", rows_do_the_same_on_both_engines, PARTS);
}
