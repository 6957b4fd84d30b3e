/*
 * Going back and forth in a replay: every position has one state however it is reached, and
 * breakpoints and writes are found where stepping finds them.
 */
#define _GNU_SOURCE /* memfd_create */
#include "machine/record.h"
#include "machine/timeline.h"
#include "tests/support/budget.h"
#include "tests/support/engine.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SLICES = 30, PLACES = 12 };

/* Instructions that are stepped to find what must be found. */
static unsigned window(void)
{
    return test_budget(600);
}

struct board {
    struct config config;
    struct machine machine;
    struct replay *replay;
    struct timeline *timeline;
    uint64_t end;
};

static char path[64];
static int file; /* in memory */

/* A run of the demo with keys, and a medium that is taken out and put in again. */
static void record_run(void)
{
    struct board *board = calloc(1, sizeof(*board));
    struct machine *machine = &board->machine;
    struct status status = {0};
    file = memfd_create("recording", 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    board->config = (struct config){.display = "none", .memory = "8M", .demo = true};
    ck_assert(recorder_prepare(&board->config, &status));
    ck_assert_msg(machine_create(machine, &board->config, &status), "%s", status.text);
    struct recorder *recorder = recorder_create(machine, path, &status);
    for (unsigned n = 0; n < SLICES; n++) {
        inputs_deliver(machine);
        machine_run_until(machine, (n + 1) * UINT64_C(1000000) + n);
        if (n % 3 == 0) {
            inputs_type(machine, "x");
        }
        if (n == SLICES / 2) {
            inputs_media(machine, "fda", NULL, &status);
        }
    }
    machine_quit(machine, 0);
    recorder_end(recorder);
    recorder_close(recorder);
    machine_destroy(machine);
    config_free(&board->config);
    free(board);
}

static void remove_run(void)
{
    close(file);
}

static struct board *open_board(const char *engine)
{
    struct board *board = calloc(1, sizeof(*board));
    struct status status = {0};
    bool whole;
    board->config = (struct config){.engine = engine, .display = "none"};
    board->replay = replay_open(path, &board->config, &status);
    ck_assert_msg(board->replay && machine_create(&board->machine, &board->config, &status) &&
                      replay_start(board->replay, &board->machine, &status),
                  "%s", status.text);
    replay_limit(board->replay, UINT64_MAX, true);
    board->timeline = timeline_create(&board->machine, board->replay, &status);
    ck_assert_ptr_nonnull(board->timeline);
    board->end = replay_end(board->replay, &whole).icount;
    ck_assert(whole);
    return board;
}

static void close_board(struct board *board)
{
    timeline_destroy(board->timeline);
    machine_destroy(&board->machine);
    replay_close(board->replay);
    config_free(&board->config);
    free(board);
}

static void go(struct board *board, uint64_t icount)
{
    struct status status = {0};
    ck_assert_msg(timeline_goto(board->timeline, icount, &status), "%s", status.text);
    ck_assert_uint_eq(machine_icount(&board->machine), icount);
    ck_assert(board->machine.paused && !board->machine.quit);
}

static uint64_t linear_rip(const struct board *board)
{
    const struct context *ctx = board->machine.ctx;
    return (ctx->seg[SEG_CS].base + ctx->rip) & UINT32_MAX;
}

static uint64_t place(const struct board *board, unsigned n)
{
    return board->end * (n + 1) / (PLACES + 1) + n * 7;
}

START_TEST(a_position_has_one_state_however_it_is_reached)
{
    struct board *board = open_board(_i ? "portable" : test_best_engine());
    uint64_t hash[PLACES];
    uint32_t dice = 3;
    unsigned places = _i ? PLACES / 3 : PLACES;
    for (unsigned n = 0; n < places; n++) {
        go(board, place(board, n));
        hash[n] = machine_hash(&board->machine);
    }
    for (unsigned round = 0; round < test_budget(3 * places); round++) {
        dice = dice * 1664525 + 1013904223;
        unsigned n = (dice >> 16) % places;
        go(board, place(board, n) - round % 3);
        go(board, place(board, n));
        ck_assert_uint_eq(machine_hash(&board->machine), hash[n]);
    }
    close_board(board);
}
END_TEST

START_TEST(the_end_is_the_recorded_one_after_any_detour)
{
    struct board *board = open_board(test_best_engine());
    struct status status = {0};
    int result;
    go(board, board->end / 2);
    go(board, board->end / 3);
    go(board, board->end - 1);
    go(board, 5);
    ck_assert(timeline_continue(board->timeline, &status));
    ck_assert_int_eq(replay_verdict(board->replay, &status, &result), REPLAY_SAME);
    ck_assert(!timeline_goto(board->timeline, board->end + 1, &status));
    go(board, board->end / 2);
    ck_assert(timeline_continue(board->timeline, &status));
    ck_assert_int_eq(replay_verdict(board->replay, &status, &result), REPLAY_SAME);
    close_board(board);
}
END_TEST

/* Where single steps find the instruction at that address last before `end`; 0: nowhere. */
static uint64_t step_to_last(struct board *board, uint64_t linear, uint64_t end)
{
    uint64_t last = 0;
    for (uint64_t at = end - window(); at < end; at++) {
        const struct context *ctx = board->machine.ctx;
        go(board, at);
        bool interrupted = ctx->interrupt && ctx->guest->interruptible(ctx);
        if (linear_rip(board) == linear && !ctx->halted && !interrupted) {
            last = at;
        }
    }
    return last;
}

START_TEST(going_back_to_a_breakpoint_stops_at_its_last_passing)
{
    struct board *board = open_board(test_best_engine());
    struct status status = {0};
    uint64_t end = place(board, (unsigned)_i * 3);
    go(board, end - 1 - window() / 2);
    uint64_t linear = linear_rip(board);
    uint64_t last = step_to_last(board, linear, end);
    ck_assert_uint_ge(last, end - 1 - window() / 2);
    ck_assert(timeline_break(board->timeline, linear, &status));
    go(board, end);
    ck_assert(timeline_reverse(board->timeline, &status));
    ck_assert_uint_eq(machine_icount(&board->machine), last);
    ck_assert_uint_eq(linear_rip(board), linear);

    /* Forwards from the start of the window, all of them, and none that is none. */
    go(board, end - window());
    for (;;) {
        ck_assert(timeline_continue(board->timeline, &status));
        ck_assert_uint_eq(linear_rip(board), linear);
        if (machine_icount(&board->machine) >= last) {
            break;
        }
    }
    ck_assert_uint_eq(machine_icount(&board->machine), last);
    close_board(board);
}
END_TEST

static uint32_t word_at(struct board *board, uint64_t gpa)
{
    uint32_t word = 0;
    memory_map_peek(&board->machine.memory, gpa, &word, 2);
    return word;
}

START_TEST(going_back_to_a_write_stops_before_the_instruction)
{
    struct board *board = open_board(test_best_engine());
    const struct context *ctx = board->machine.ctx;
    struct status status = {0};
    uint64_t end = place(board, (unsigned)_i * 3);
    go(board, end);
    uint64_t linear = (ctx->seg[SEG_SS].base + (ctx->gpr[GUEST_RSP] & 0xffff) - 2) & 0xfffff;
    uint64_t changed = 0;
    for (uint64_t at = end - window(); at < end; at++) {
        go(board, at);
        uint32_t before = word_at(board, linear);
        go(board, at + 1);
        changed = word_at(board, linear) != before ? at : changed;
    }
    ck_assert(timeline_watch(board->timeline, linear, 2, &status));
    go(board, end);
    ck_assert(timeline_reverse(board->timeline, &status));
    uint64_t hit = machine_icount(&board->machine);
    ck_assert_uint_ge(hit, changed); /* later when the same value was written again */
    ck_assert_uint_lt(hit, end);

    /* The write stops the way forwards behind it. */
    ck_assert(timeline_continue(board->timeline, &status));
    ck_assert_uint_eq(machine_icount(&board->machine), hit + 1);
    uint64_t hash = machine_hash(&board->machine);
    ck_assert(timeline_watch(board->timeline, 0, 0, &status));
    go(board, hit + 1);
    ck_assert_uint_eq(machine_hash(&board->machine), hash);
    close_board(board);
}
END_TEST

START_TEST(without_a_hit_the_way_back_ends_at_the_start)
{
    struct board *board = open_board(test_best_engine());
    struct status status = {0};
    go(board, board->end);
    ck_assert(timeline_break(board->timeline, 0x12345678, &status));
    ck_assert(timeline_reverse(board->timeline, &status));
    ck_assert_uint_eq(machine_icount(&board->machine), 0);
    ck_assert(!timeline_unbreak(board->timeline, 1, &status));
    ck_assert(timeline_unbreak(board->timeline, 0x12345678, &status));
    ck_assert(!timeline_watch(board->timeline, 0xffe, 4, &status));
    close_board(board);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timeline");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 100);
    tcase_add_checked_fixture(all, record_run, remove_run);
    tcase_add_loop_test(all, a_position_has_one_state_however_it_is_reached, 0, 2);
    tcase_add_test(all, the_end_is_the_recorded_one_after_any_detour);
    tcase_add_loop_test(all, going_back_to_a_breakpoint_stops_at_its_last_passing, 0, 3);
    tcase_add_loop_test(all, going_back_to_a_write_stops_before_the_instruction, 0, 3);
    tcase_add_test(all, without_a_hit_the_way_back_ends_at_the_start);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
