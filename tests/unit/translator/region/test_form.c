/* Forming regions from made-up samples: entry, choice, chains and how records are joined. */
#include "translator/region/region.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 16 };

/* A program of made-up blocks: each ends in a branch to `taken` (0: none) and a jump to `next`, or
 * in an indirect branch (next 0). */
struct made {
    struct block block;
    uint64_t taken, next;
};

struct world {
    struct made blocks[BLOCKS];
    unsigned count;
    struct region_sample samples[256];
    unsigned samples_count;
    struct region_graph graph;
    struct ir_region region;
    struct arena *arena;
    int64_t delta;
};

static struct ir_inst record(unsigned op, uint64_t imm)
{
    return (struct ir_inst){.op = (uint16_t)op,
                            .width = 4,
                            .dst = IR_NONE,
                            .a = op == IR_jmp_ind ? IR_T0 : IR_NONE,
                            .b = op == IR_insn ? 0 : IR_NONE,
                            .base = IR_NONE,
                            .index = IR_NONE,
                            .cc = 4,
                            .imm = imm};
}

static bool lift(void *owner, const struct block *block, struct arena *arena, struct ir_block *ir)
{
    (void)owner;
    const struct made *made = (const struct made *)block;
    struct ir_inst *insts = arena_alloc(arena, (block->insns + 3) * sizeof(*insts));
    *ir = (struct ir_block){.insts = insts, .insn_count = block->insns, .rip = block->rip};
    for (unsigned i = 0; i < block->insns; i++) {
        insts[ir->count++] = record(IR_insn, block->rip);
    }
    if (made->taken) {
        insts[ir->count++] = record(IR_brcc, made->taken);
    }
    insts[ir->count++] = made->next ? record(IR_jmp, made->next) : record(IR_jmp_ind, 0);
    return true;
}

static int64_t page_delta(void *owner, uint64_t rip)
{
    (void)rip;
    return ((struct world *)owner)->delta;
}

static struct world *world_create(void)
{
    struct world *w = calloc(1, sizeof(*w));
    w->arena = arena_create(1 << 20);
    w->delta = 0x7000;
    return w;
}

static void world_destroy(struct world *w)
{
    arena_destroy(w->arena);
    free(w);
}

static void add(struct world *w, uint64_t rip, uint64_t taken, uint64_t next)
{
    w->blocks[w->count++] =
        (struct made){.block = {.gpa = rip, .gpa2 = UINT64_MAX, .rip = rip, .insns = 1, .valid = 1},
                      .taken = taken,
                      .next = next};
}

/* Samples of blocks by their EIP, as a list that ends with 0, several times over. */
static void ran(struct world *w, const uint64_t *rips, unsigned times)
{
    for (unsigned n = 0; n < times; n++) {
        for (const uint64_t *rip = rips; *rip; rip++) {
            for (unsigned i = 0; i < w->count; i++) {
                if (w->blocks[i].block.rip == *rip) {
                    w->samples[w->samples_count] = (struct region_sample){
                        .block = &w->blocks[i].block, .follows = w->samples_count != 0};
                    w->samples_count++;
                }
            }
        }
    }
}

static bool form(struct world *w)
{
    const struct region_source source = {w, lift, page_delta};
    return region_graph_make(&w->graph, w->samples, w->samples_count) &&
           region_form(&w->graph, &source, w->arena, &w->region);
}

static const struct ir_inst *at(const struct world *w, unsigned chain, unsigned record_at)
{
    ck_assert_uint_lt(chain, w->region.count);
    ck_assert_uint_lt(record_at, w->region.chains[chain].ir.count);
    return &w->region.chains[chain].ir.insts[record_at];
}

START_TEST(a_block_that_loops_is_one_chain)
{
    struct world *w = world_create();
    add(w, 0x100, 0x100, 0x102);
    ran(w, (const uint64_t[]){0x100, 0}, 20);
    ck_assert(form(w));
    ck_assert_uint_eq(w->region.count, 1);
    ck_assert_uint_eq(w->region.chains[0].ir.rip, 0x100);
    ck_assert_uint_eq(at(w, 0, 1)->imm, 0x100);
    ck_assert_uint_eq(at(w, 0, 2)->imm, 0x102);
    world_destroy(w);
}
END_TEST

START_TEST(branches_are_turned_to_fall_through)
{
    struct world *w = world_create();
    add(w, 0x100, 0x200, 0x102); /* always taken here */
    add(w, 0x200, 0, 0x100);
    ran(w, (const uint64_t[]){0x100, 0x200, 0}, 20);
    ck_assert(form(w));
    ck_assert_uint_eq(w->region.count, 1);
    ck_assert_uint_eq(w->region.chains[0].ir.insn_count, 2);
    ck_assert_uint_eq(at(w, 0, 1)->op, IR_brcc);
    ck_assert_uint_eq(at(w, 0, 1)->cc, 5);
    ck_assert_uint_eq(at(w, 0, 1)->imm, 0x102);
    ck_assert_uint_eq(at(w, 0, 2)->op, IR_insn);
    ck_assert_uint_eq(at(w, 0, 2)->b, 1);
    ck_assert_uint_eq(at(w, 0, 3)->imm, 0x100);
    world_destroy(w);
}
END_TEST

START_TEST(where_ways_join_a_chain_begins)
{
    struct world *w = world_create();
    add(w, 0x100, 0x120, 0x110);
    add(w, 0x110, 0, 0x130);
    add(w, 0x120, 0, 0x130);
    add(w, 0x130, 0x100, 0x140);
    ran(w, (const uint64_t[]){0x100, 0x110, 0x130, 0x100, 0x120, 0x130, 0x100, 0x110, 0x130, 0},
        10);
    ck_assert(form(w));
    ck_assert_uint_eq(w->region.count, 3);
    ck_assert_int_eq(region_chain_at(&w->region, 0x100), 0);
    ck_assert_int_ge(region_chain_at(&w->region, 0x120), 0);
    ck_assert_int_ge(region_chain_at(&w->region, 0x130), 0);
    ck_assert_int_eq(region_chain_at(&w->region, 0x110), -1); /* follows 100h */
    ck_assert_uint_eq(w->region.chains[0].ir.insn_count, 2);
    world_destroy(w);
}
END_TEST

START_TEST(a_return_is_compared_with_where_it_went)
{
    struct world *w = world_create();
    add(w, 0x100, 0, 0x200); /* call */
    add(w, 0x105, 0x100, 0x110);
    add(w, 0x200, 0, 0); /* ret */
    ran(w, (const uint64_t[]){0x100, 0x200, 0x105, 0}, 20);
    ck_assert(form(w));
    ck_assert_uint_eq(w->region.count, 1);
    bool compared = false;
    for (unsigned i = 0; i < w->region.chains[0].ir.count; i++) {
        const struct ir_inst *inst = at(w, 0, i);
        compared |= inst->op == IR_guard && inst->aux != GUARD_PAGE && inst->imm == 0x105;
    }
    ck_assert(compared);
    world_destroy(w);
}
END_TEST

START_TEST(another_page_is_guarded)
{
    struct world *w = world_create();
    add(w, 0xff0, 0, 0x1010);
    add(w, 0x1010, 0xff0, 0x1012);
    ran(w, (const uint64_t[]){0xff0, 0x1010, 0}, 20);
    ck_assert(form(w));
    ck_assert_uint_eq(at(w, 0, 1)->op, IR_guard);
    ck_assert_uint_eq(at(w, 0, 1)->aux, GUARD_PAGE);
    ck_assert_uint_eq(at(w, 0, 1)->imm, 0x7000);
    ck_assert_int_eq(at(w, 0, 1)->disp, 0x1010);
    world_destroy(w);
}
END_TEST

START_TEST(a_page_that_is_not_mapped_makes_no_region)
{
    struct world *w = world_create();
    w->delta = 0;
    add(w, 0x100, 0x100, 0x102);
    ran(w, (const uint64_t[]){0x100, 0}, 20);
    ck_assert(!form(w));
    world_destroy(w);
}
END_TEST

START_TEST(what_does_not_come_back_makes_no_region)
{
    struct world *w = world_create();
    add(w, 0x100, 0, 0x110);
    add(w, 0x110, 0, 0x120);
    add(w, 0x120, 0, 0x130);
    ran(w, (const uint64_t[]){0x100, 0x110, 0x120, 0}, 1);
    ck_assert(!form(w));
    world_destroy(w);
}
END_TEST

START_TEST(rare_ways_and_other_code_stay_outside)
{
    struct world *w = world_create();
    add(w, 0x100, 0x200, 0x110);
    add(w, 0x110, 0x100, 0x120);
    add(w, 0x200, 0, 0x100);
    ran(w, (const uint64_t[]){0x100, 0x110, 0}, 60);
    ran(w, (const uint64_t[]){0x100, 0x200, 0}, 1);
    ran(w, (const uint64_t[]){0x100, 0x110, 0}, 40);
    ck_assert(form(w));
    ck_assert_uint_eq(w->region.count, 1);
    ck_assert_int_eq(region_chain_at(&w->region, 0x200), -1);
    world_destroy(w);
}
END_TEST

START_TEST(long_ways_are_cut_into_chains)
{
    struct world *w = world_create();
    for (unsigned i = 0; i < 4; i++) {
        add(w, 0x100 + 0x10 * i, 0, i == 3 ? 0x100 : 0x110 + 0x10 * i);
        w->blocks[i].block.insns = 40;
    }
    ran(w, (const uint64_t[]){0x100, 0x110, 0x120, 0x130, 0}, 20);
    ck_assert(form(w));
    ck_assert_uint_eq(w->region.count, 2);
    for (unsigned i = 0; i < w->region.count; i++) {
        ck_assert_uint_le(w->region.chains[i].ir.insn_count, REGION_CHAIN_INSNS);
    }
    world_destroy(w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("region");
    TCase *tests = tcase_create("form");
    tcase_add_test(tests, a_block_that_loops_is_one_chain);
    tcase_add_test(tests, branches_are_turned_to_fall_through);
    tcase_add_test(tests, where_ways_join_a_chain_begins);
    tcase_add_test(tests, a_return_is_compared_with_where_it_went);
    tcase_add_test(tests, another_page_is_guarded);
    tcase_add_test(tests, a_page_that_is_not_mapped_makes_no_region);
    tcase_add_test(tests, what_does_not_come_back_makes_no_region);
    tcase_add_test(tests, rare_ways_and_other_code_stay_outside);
    tcase_add_test(tests, long_ways_are_cut_into_chains);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
