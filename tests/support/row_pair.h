/*
 * One instruction on both engines: the same processor state before, the same state and memory
 * after.
 *
 * Flat 32-bit code; faults end in a HLT.  A memory operand is [ebx], somewhere from ROW_DATA on:
 * across pages and on unaligned addresses, too.
 */
#ifndef TESTS_SUPPORT_ROW_PAIR_H
#define TESTS_SUPPORT_ROW_PAIR_H

#include "frontend/x86/cpu/cpu.h"
#include "frontend/x86/cpu/segment.h"
#include "tests/support/cpu_fixture.h"
#include "tests/support/dice.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>

enum { ROW_CODE = 0x10000, ROW_HANDLER = 0x500, ROW_IDT = 0x2000, ROW_GDT = 0x3000 };
enum { ROW_STACK = 0x7000, ROW_DATA = 0x40000, ROW_DATA_BYTES = 0x1100, ROW_BYTES = 32 };

struct row_pair {
    struct cpu_fixture side[2]; /* portable, native */
    uint8_t code[ROW_BYTES];    /* ends in HLT */
    unsigned bytes;
};

static inline void row_pair_create(struct row_pair *pair)
{
    static const uint8_t hlt = 0xf4;
    static const uint8_t gate[] = {ROW_HANDLER & 0xff, ROW_HANDLER >> 8, 8, 0, 0, 0x8e, 0, 0};
    static const uint8_t gdt[] = {0, 0,    0,    0, 0,    0,    0, 0, 0xff, 0xff, 0,    0,
                                  0, 0x9b, 0xcf, 0, 0xff, 0xff, 0, 0, 0,    0x93, 0xcf, 0};
    for (unsigned i = 0; i < 2; i++) {
        struct cpu_fixture *f = &pair->side[i];
        ck_assert(cpu_fixture_create(f, "max", i ? "native" : "portable", 0));
        cpu_fixture_poke(f, ROW_HANDLER, &hlt, 1);
        cpu_fixture_poke(f, ROW_GDT, gdt, sizeof gdt);
        for (unsigned vector = 0; vector < 256; vector++) {
            cpu_fixture_poke(f, ROW_IDT + 8 * vector, gate, sizeof gate);
        }
    }
}

static inline void row_pair_destroy(struct row_pair *pair)
{
    cpu_fixture_destroy(&pair->side[0]);
    cpu_fixture_destroy(&pair->side[1]);
}

/* Begins the code with a read and a write of the operand's page: so what follows does not miss the
 * tables.  Where to go on. */
static inline unsigned row_pair_touch(struct row_pair *pair)
{
    static const uint8_t touch[] = {0x80, 0x3b, 0, 0x80, 0x0b, 0}; /* cmp, or byte [ebx], 0 */
    memcpy(pair->code, touch, sizeof touch);
    return sizeof touch;
}

/* The code is written to both. */
static inline void row_pair_poke(struct row_pair *pair)
{
    cpu_fixture_poke(&pair->side[0], ROW_CODE, pair->code, pair->bytes);
    cpu_fixture_poke(&pair->side[1], ROW_CODE, pair->code, pair->bytes);
}

/* A processor about to run it; the caller sets operands, then calls x86_loaded(). */
static inline void row_pair_reset(struct cpu_fixture *f)
{
    struct context *ctx = f->ctx;
    x86_reset(f->cpu, false);
    f->cpu->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
    f->cpu->cr0 = CR0_ET | CR0_NE | CR0_PE;
    f->cpu->gdt_base = ROW_GDT;
    f->cpu->gdt_limit = 0x17;
    f->cpu->idt_base = ROW_IDT;
    f->cpu->idt_limit = 0x7ff;
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        segment_set_flat(ctx, &ctx->seg[i], i == SEG_CS ? 8 : 16, i == SEG_CS ? 0xc09b : 0xc093);
    }
    ctx->gpr[GUEST_RSP] = ROW_STACK;
    ctx->fcw = 0x037f;
    ctx->rip = ROW_CODE;
}

/* EBX and four quadwords there; mostly aligned. */
static inline void row_pair_operand(struct cpu_fixture *f, struct dice *dice,
                                    const uint64_t values[4])
{
    uint64_t data[4];
    uint32_t off = dice_one_in(dice, 4) ? dice_roll(dice) % 4096 : 16 * (dice_roll(dice) % 256);
    for (unsigned i = 0; i < 4; i++) {
        store_le64(&data[i], values[i]);
    }
    f->ctx->gpr[GUEST_RBX] = ROW_DATA + off;
    cpu_fixture_poke(f, ROW_DATA + off, data, sizeof data);
}

/* Both run; they must agree. */
static inline void row_pair_run(struct row_pair *pair, const char *name, unsigned attempt)
{
    struct cpu_fixture *side = pair->side;
    const struct state_field *where = NULL;
    cpu_fixture_run(&side[0], 50);
    cpu_fixture_run(&side[1], 50);
    bool equal = state_equal(x86_state(), side[0].cpu, side[1].cpu, &where);
    if (equal && memcmp(side[0].ram + ROW_DATA, side[1].ram + ROW_DATA, ROW_DATA_BYTES) == 0 &&
        memcmp(side[0].ram + ROW_STACK - 64, side[1].ram + ROW_STACK - 64, 64) == 0) {
        return;
    }
    for (unsigned i = 0; i < pair->bytes; i++) {
        fprintf(stderr, "%02x ", pair->code[i]);
    }
    fprintf(stderr, "\n");
    for (unsigned i = 0; i < 2; i++) {
        fprintf(stderr, "--- %s\n", i ? "native" : "portable");
        x86_print(side[i].cpu, stderr);
    }
    ck_abort_msg("%s differs in %s, attempt %u", name, equal ? "memory" : where->name, attempt);
}

/* What a test program of rows returns: the test runs for 0..parts-1. */
static inline int row_pair_main(const char *name, const TTest *test, int parts)
{
    Suite *suite = suite_create(name);
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, test, 0, parts);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
