/*
 * Regions against the portable engine: random programs that loop, call and use their stack, run in
 * short slices, so that deadlines fall everywhere.  After each slice both engines must agree in
 * every field of the state list, and at the end in all of memory.  What runs is hot almost at once.
 *
 * Pointers begin beside page boundaries, beside the program itself, and where memory ends.
 * VESTIGE_SEED=N runs that seed alone.
 */
#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/cpu/segment.h"
#include "tests/support/cpu_fixture.h"
#include "tests/support/dice.h"

#include <check.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

enum { CODE = 0x10000, DATA = 0x20000, STACK = 0x30000, COUNTER = 0x9000, IDT = 0x2000 };
enum { HANDLER = 0x500, GDT = 0x3000, FUNCTIONS = 3, ROUNDS = 400, SLICES = 3000, HOT_EVERY = 30 };
enum { FIXED_SEEDS = 40, FRESH_SEEDS = 6, ROOM = 4096 };

struct code {
    struct dice dice;
    uint8_t bytes[ROOM];
    unsigned at;
    unsigned function[FUNCTIONS];
    unsigned pushed; /* dwords that the program has on its stack here */
};

static void put(struct code *c, unsigned count, uint64_t bytes)
{
    for (unsigned i = 0; i < count; i++) {
        c->bytes[c->at++] = (uint8_t)(bytes >> 8 * i);
    }
}

static unsigned roll(struct code *c, unsigned n)
{
    return dice_roll(&c->dice) % n;
}

/* EAX ECX EDX EBX; ESI and EDI are pointers. */
static unsigned reg(struct code *c)
{
    return roll(c, 4);
}

static unsigned disp(struct code *c)
{
    static const int8_t near[] = {0, 1, 2, 4, 8, 12, 16, 60, -4, -8, -1, 127, -128};
    return (uint8_t)near[roll(c, sizeof(near))];
}

static void put_registers(struct code *c)
{
    switch (roll(c, 9)) {
    case 0: /* alu r, r */
        put(c, 2, (roll(c, 8) << 3 | 1) | (0xc0 | reg(c) << 3 | reg(c)) << 8);
        break;
    case 1: /* alu r, imm8 */
        put(c, 3, 0x83 | (0xc0 | roll(c, 8) << 3 | reg(c)) << 8 | roll(c, 256) << 16);
        break;
    case 2: /* shift or rotate r, imm8 */
        put(c, 3, 0xc1 | (0xc0 | roll(c, 6) << 3 | reg(c)) << 8 | roll(c, 33) << 16);
        break;
    case 3: /* inc, dec */
        put(c, 1, 0x40 | roll(c, 2) << 3 | reg(c));
        break;
    case 4: /* not, neg, mul, imul */
        put(c, 2, 0xf7 | (0xc0 | (2 + roll(c, 4)) << 3 | reg(c)) << 8);
        break;
    case 5: /* setcc r8 (low ones) */
        put(c, 3, 0x900f | roll(c, 16) << 8 | (uint64_t)(0xc0 | reg(c)) << 16);
        break;
    case 6: /* cmov r, r */
        put(c, 3, 0x400f | roll(c, 16) << 8 | (uint64_t)(0xc0 | reg(c) << 3 | reg(c)) << 16);
        break;
    case 7: /* test r, r; or bt r, r */
        put(c, 2, 0x85 | (0xc0 | reg(c) << 3 | reg(c)) << 8);
        break;
    default: /* lea r, [esi + disp8] */
        put(c, 3, 0x8d | (0x46 | reg(c) << 3) << 8 | disp(c) << 16);
        break;
    }
}

/* [esi + disp8] or [edi + disp8]. */
static void put_memory(struct code *c)
{
    unsigned address = (0x46 | roll(c, 2) | reg(c) << 3) << 8 | disp(c) << 16;
    static const uint8_t plain[] = {0x8b, 0x89, 0x03, 0x01, 0x3b, 0x39, 0x8a, 0x88, 0x2b, 0x31};
    switch (roll(c, 6)) {
    case 0: /* movzx r, byte */
        put(c, 1, 0x0f);
        put(c, 3, 0xb6 | address);
        break;
    case 1: /* pointers go on */
        put(c, 3, 0x83 | (0xc6 | roll(c, 2)) << 8 | (roll(c, 2) ? 4 : 0xfc) << 16);
        break;
    case 2: /* cmp dword, imm8 */
        put(c, 3, 0x83 | ((address & 0xffc700) | 0x3800));
        put(c, 1, roll(c, 256));
        break;
    default:
        put(c, 3, plain[roll(c, sizeof(plain))] | address);
        break;
    }
}

static void put_stack(struct code *c)
{
    switch (roll(c, 5)) {
    case 0: /* push r */
        put(c, 1, 0x50 | reg(c));
        c->pushed++;
        break;
    case 1: /* pop r */
        if (c->pushed) {
            put(c, 1, 0x58 | reg(c));
            c->pushed--;
        }
        break;
    case 2: /* mov r, [esp + 4n] or back */
        put(c, 4,
            (roll(c, 2) ? 0x8b : 0x89) | (0x44 | reg(c) << 3) << 8 | 0x24 << 16 |
                (uint64_t)(roll(c, 12) * 4) << 24);
        break;
    case 3: /* add r, [ebp - 4n] */
        put(c, 3,
            0x03 | (0x45 | reg(c) << 3) << 8 | (uint64_t)(uint8_t) - (4 * (int)roll(c, 9)) << 16);
        break;
    default: /* mov [ebp - n], r8 */
        put(c, 3, 0x88 | (0x45 | reg(c) << 3) << 8 | (uint64_t)(uint8_t) - (int)roll(c, 40) << 16);
        break;
    }
}

static void put_simple(struct code *c)
{
    unsigned kind = roll(c, 10);
    if (kind < 4) {
        put_registers(c);
    } else if (kind < 7) {
        put_memory(c);
    } else {
        put_stack(c);
    }
}

static void put_call(struct code *c)
{
    unsigned target = c->function[roll(c, FUNCTIONS)];
    if (!target) {
        return;
    }
    if (roll(c, 3)) {
        put(c, 1, 0xe8);
        put(c, 4, target - (c->at + 4));
    } else { /* mov eax, target; call eax */
        put(c, 1, 0xb8);
        put(c, 4, CODE + target);
        put(c, 2, 0xd0ff);
    }
}

/* Some instructions, with branches over parts of them. */
static void put_run(struct code *c, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (roll(c, 5) == 0) {
            unsigned before = c->pushed;
            put(c, 2, 0x70 | roll(c, 16));
            unsigned from = c->at;
            for (unsigned k = roll(c, 4); k-- > 0;) {
                roll(c, 3) ? put_registers(c) : put_memory(c);
            }
            c->pushed = before;
            c->bytes[from - 1] = (uint8_t)(c->at - from);
        } else if (roll(c, 12) == 0) {
            put_call(c);
        } else {
            put_simple(c);
        }
    }
}

static void drop_pushed(struct code *c)
{
    put(c, 3, 0xc483 | (uint64_t)(4 * c->pushed) << 16); /* add esp, imm8 */
    c->pushed = 0;
}

/* push ebp; mov ebp, esp; sub esp, 20h; ...; leave; ret */
static void put_function(struct code *c, unsigned n)
{
    c->pushed = 0;
    unsigned at = c->at;
    put(c, 6, UINT64_C(0x20ec83e58955));
    put_run(c, 3 + roll(c, 8));
    put(c, 2, 0xc3c9);
    c->function[n] = at;
}

/* Functions, then a loop in a loop. */
static unsigned make(struct code *c)
{
    c->at = 16;
    memset(c->function, 0, sizeof(c->function));
    for (unsigned i = 0; i < FUNCTIONS; i++) {
        put_function(c, i);
    }
    unsigned entry = c->at;
    put(c, 2, 0x05c7); /* mov dword [COUNTER], ROUNDS */
    put(c, 4, COUNTER);
    put(c, 4, ROUNDS);
    unsigned outer = c->at;
    put_run(c, roll(c, 10));
    drop_pushed(c);
    put(c, 1, 0xbf); /* mov edi, imm */
    put(c, 4, DATA + 0xff0 + roll(c, 32));
    unsigned inner = c->at;
    put_run(c, 3 + roll(c, 15));
    drop_pushed(c);
    put(c, 2, 0x0dff); /* dec dword [COUNTER] */
    put(c, 4, COUNTER);
    put(c, 2, 0x0e74);   /* jz end */
    put(c, 3, 0x03e183); /* and ecx, 3 */
    put(c, 2, 0x850f);   /* jnz inner */
    put(c, 4, inner - (c->at + 4));
    put(c, 1, 0xe9); /* jmp outer */
    put(c, 4, outer - (c->at + 4));
    put(c, 1, 0xf4); /* end: hlt */
    return entry;
}

struct pair {
    struct cpu_fixture side[2];
    struct code code;
    uint64_t seed;
};

static void set_state(struct cpu_fixture *f, unsigned entry, struct dice dice)
{
    static const uint32_t places[] = {DATA + 0xffc, DATA + 0xff0, CODE, CPU_FIXTURE_RAM - 8, DATA};
    struct context *ctx = f->ctx;
    x86_reset(f->cpu, false);
    f->cpu->cr0 = CR0_ET | CR0_NE | CR0_PE;
    f->cpu->gdt_base = GDT;
    f->cpu->gdt_limit = 0x17;
    f->cpu->idt_base = IDT;
    f->cpu->idt_limit = 0x7ff;
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        segment_set_flat(ctx, &ctx->seg[i], i == SEG_CS ? 8 : 16, i == SEG_CS ? 0xc09b : 0xc093);
    }
    for (unsigned i = 0; i < 8; i++) {
        ctx->gpr[i] = dice_roll(&dice);
    }
    ctx->gpr[GUEST_RSI] = places[dice_roll(&dice) % 5] + dice_roll(&dice) % 64;
    ctx->gpr[GUEST_RDI] = places[dice_roll(&dice) % 5];
    ctx->gpr[GUEST_RSP] = STACK + dice_roll(&dice) % 128 * (dice_one_in(&dice, 4) ? 1 : 4);
    ctx->gpr[GUEST_RBP] = ctx->gpr[GUEST_RSP] + 64;
    ctx->rip = CODE + entry;
    x86_loaded(f->cpu);
}

static void poke_tables(struct cpu_fixture *f)
{
    static const uint8_t hlt = 0xf4;
    static const uint8_t gdt[] = {0, 0,    0,    0, 0,    0,    0, 0, 0xff, 0xff, 0,    0,
                                  0, 0x9b, 0xcf, 0, 0xff, 0xff, 0, 0, 0,    0x93, 0xcf, 0};
    static const uint8_t gate[] = {HANDLER & 0xff, HANDLER >> 8, 8, 0, 0, 0x8e, 0, 0};
    cpu_fixture_poke(f, HANDLER, &hlt, 1);
    cpu_fixture_poke(f, GDT, gdt, sizeof(gdt));
    for (uint32_t i = 0; i < 256; i++) {
        cpu_fixture_poke(f, IDT + 8 * i, gate, sizeof(gate));
    }
}

static void differ(struct pair *pair, const char *what)
{
    for (unsigned i = 0; i < pair->code.at; i++) {
        fprintf(stderr, "%02x%s", pair->code.bytes[i], i % 16 == 15 ? "\n" : " ");
    }
    fputc('\n', stderr);
    x86_print(pair->side[0].cpu, stderr);
    x86_print(pair->side[1].cpu, stderr);
    ck_abort_msg("the engines differ in %s; VESTIGE_SEED=%" PRIu64, what, pair->seed);
}

static void compare_slices(struct pair *pair, struct dice dice)
{
    const struct state_field *where = NULL;
    enum run_result result = RUN_DEADLINE;
    for (unsigned i = 0; i < SLICES && result == RUN_DEADLINE; i++) {
        unsigned insns = 1 + dice_roll(&dice) % (dice_one_in(&dice, 3) ? 7 : 900);
        result = cpu_fixture_run(&pair->side[0], insns);
        if (cpu_fixture_run(&pair->side[1], insns) != result) {
            differ(pair, "how they end");
        }
        if (!state_equal(x86_state(), pair->side[0].cpu, pair->side[1].cpu, &where)) {
            differ(pair, where->name);
        }
    }
    if (memcmp(pair->side[0].ram, pair->side[1].ram, CPU_FIXTURE_RAM) != 0) {
        differ(pair, "memory");
    }
}

/* Regions that the native engine made. */
static uint64_t run_seed(uint64_t seed, struct pass_set passes)
{
    struct pair pair = {.seed = seed};
    passes.hot_every = HOT_EVERY;
    ck_assert(cpu_fixture_create(&pair.side[0], "max", "portable", 0) &&
              cpu_fixture_create_with(&pair.side[1], x86_model_find("max"), "native", 0, passes));
    pair.code.dice = (struct dice){seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    unsigned entry = make(&pair.code);
    for (unsigned i = 0; i < 2; i++) {
        poke_tables(&pair.side[i]);
        cpu_fixture_poke(&pair.side[i], CODE, pair.code.bytes, pair.code.at);
        set_state(&pair.side[i], entry, pair.code.dice);
    }
    compare_slices(&pair, pair.code.dice);
    uint64_t regions = translator_stats(pair.side[1].tr)->regions;
    cpu_fixture_destroy(&pair.side[0]);
    cpu_fixture_destroy(&pair.side[1]);
    return regions;
}

START_TEST(loops_end_alike_on_both_engines)
{
    uint64_t regions = 0;
    for (unsigned i = 0; i < 8; i++) {
        regions += run_seed((uint64_t)_i * 8 + i + 1, (struct pass_set){0});
    }
    ck_assert(regions > 0 || !host_native()->emit_region);
}
END_TEST

START_TEST(loops_end_alike_without_an_optimisation)
{
    for (unsigned i = 0; i < 8; i++) {
        run_seed((uint64_t)_i * 8 + i + 1001, (struct pass_set){.off = UINT32_C(1) << _i});
    }
}
END_TEST

START_TEST(fresh_loops_end_alike)
{
    run_seed(((uint64_t)time(NULL) << 20) + (uint64_t)getpid() * 16 + (uint64_t)_i,
             (struct pass_set){0});
}
END_TEST

START_TEST(the_given_seed_ends_alike)
{
    run_seed(strtoull(getenv("VESTIGE_SEED"), NULL, 10), (struct pass_set){0});
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("regions");
    TCase *tests = tcase_create("random loops");
    tcase_set_timeout(tests, 60);
    if (!cpu_fixture_engine("native")) {
        return 0;
    }
    if (getenv("VESTIGE_SEED")) {
        tcase_add_test(tests, the_given_seed_ends_alike);
    } else {
        tcase_add_loop_test(tests, loops_end_alike_on_both_engines, 0, FIXED_SEEDS);
        tcase_add_loop_test(tests, loops_end_alike_without_an_optimisation, 0, PASSES);
        tcase_add_loop_test(tests, fresh_loops_end_alike, 0, FRESH_SEEDS);
    }
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
