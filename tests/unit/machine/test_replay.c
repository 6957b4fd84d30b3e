/*
 * Recording and replaying whole machines: the same run again at any slicing and on either engine,
 * and recordings that are made up.
 */
#define _GNU_SOURCE /* memfd_create */
#include "machine/record.h"
#include "machine/replay.h"
#include "snapshots/replay_log.h"
#include "tests/support/budget.h"
#include "tests/support/engine.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SLICES = 40, LOG_ROOM = 65536, MACHINES = 15 };

struct board {
    struct config config;
    struct machine machine;
    struct replay *replay;
};

static char path[64];

static int file; /* in memory */

static void make_path(void)
{
    file = memfd_create("recording", 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
}

static void remove_path(void)
{
    close(file);
}

static uint32_t roll(uint32_t *dice)
{
    *dice = *dice * 1664525 + 1013904223;
    return *dice >> 8;
}

/* Whatever may come from outside, at a moment of nobody's choice. */
static void disturb(struct machine *machine, uint32_t *dice)
{
    struct status status = {0};
    uint8_t byte = (uint8_t)roll(dice);
    switch (roll(dice) % 8) {
    case 0:
        inputs_key(machine, (enum key_code)(roll(dice) % KEYS_COUNT), roll(dice) % 2);
        break;
    case 1:
        inputs_mouse(machine, (int)(roll(dice) % 100) - 50, 3, 0, roll(dice) % 8);
        break;
    case 2:
        inputs_serial(machine, roll(dice) % 4, &byte, 1);
        break;
    case 3:
        inputs_type(machine, "text ");
        break;
    case 4:
        inputs_media(machine, "fda", NULL, &status);
        break;
    case 5:
        if (roll(dice) % 8 == 0) {
            inputs_reset(machine);
        }
        break;
    default:
        break;
    }
}

/* The run that is recorded; its state at the end. */
static uint64_t record_run(const char *engine, uint32_t seed, const char *speed)
{
    struct board *board = calloc(1, sizeof(*board));
    struct machine *machine = &board->machine;
    struct status status = {0};
    uint32_t dice = seed;
    board->config = (struct config){
        .engine = engine, .display = "none", .memory = "8M", .demo = true, .speed = speed};
    ck_assert(recorder_prepare(&board->config, &status));
    ck_assert_msg(machine_create(machine, &board->config, &status), "%s", status.text);
    struct recorder *recorder = recorder_create(machine, path, &status);
    ck_assert_msg(recorder, "%s", status.text);
    for (unsigned n = 0; n < SLICES; n++) {
        inputs_deliver(machine);
        machine_run_until(machine, machine_now(machine) + 1 + roll(&dice) % 1000000);
        recorder_mark(recorder);
        disturb(machine, &dice);
    }
    machine_quit(machine, 0);
    uint64_t hash = machine_hash(machine);
    recorder_end(recorder);
    ck_assert(!recorder_trouble(recorder, &status));
    recorder_close(recorder);
    machine_destroy(machine);
    config_free(&board->config);
    free(board);
    return hash;
}

/* Opens the recording; false with the reason. */
static bool open_replay(struct board *board, const char *engine, struct status *status)
{
    memset(board, 0, sizeof(*board));
    board->config = (struct config){.engine = engine, .display = "none"};
    board->replay = replay_open(path, &board->config, status);
    return board->replay != NULL;
}

static bool start_replay(struct board *board, struct status *status)
{
    return machine_create(&board->machine, &board->config, status) &&
           replay_start(board->replay, &board->machine, status);
}

static void run_replay(struct board *board, uint32_t dice)
{
    struct machine *machine = &board->machine;
    while (!machine->quit) {
        replay_run_until(board->replay, machine_now(machine) + 1 + roll(&dice) % 5000000);
    }
}

static void close_replay(struct board *board, bool machine)
{
    if (machine) {
        machine_destroy(&board->machine);
    }
    replay_close(board->replay);
    config_free(&board->config);
}

static void expect_same(const char *engine, uint32_t seed, uint64_t hash)
{
    struct board *board = calloc(1, sizeof(*board));
    struct status status = {0};
    struct status verdict = {0};
    int result;
    ck_assert_msg(open_replay(board, engine, &status), "%s", status.text);
    ck_assert_msg(start_replay(board, &status), "%s", status.text);
    run_replay(board, seed);
    ck_assert_msg(replay_verdict(board->replay, &verdict, &result) == REPLAY_SAME, "%s",
                  verdict.text);
    ck_assert_uint_eq(machine_hash(&board->machine), hash);
    close_replay(board, true);
    free(board);
}

START_TEST(a_replay_ends_in_the_recorded_state)
{
    static const char *const speeds[] = {NULL, "2000", "37"};
    uint32_t seed = (uint32_t)_i + 1;
    uint64_t hash = record_run(test_best_engine(), seed, speeds[_i % 3]);
    expect_same(test_best_engine(), seed + 1, hash);
    expect_same(test_best_engine(), seed + 2, hash);
    if (_i == 0) {
        expect_same("portable", seed, hash);
    }
}
END_TEST

static size_t slurp(uint8_t *bytes)
{
    FILE *in = fopen(path, "rb");
    size_t count = fread(bytes, 1, LOG_ROOM, in);
    fclose(in);
    ck_assert_uint_lt(count, LOG_ROOM);
    return count;
}

static void spill(const uint8_t *bytes, size_t count)
{
    FILE *out = fopen(path, "wb");
    ck_assert_uint_eq(fwrite(bytes, 1, count, out), count);
    fclose(out);
}

/* A replay that goes wrong says so, and where. */
START_TEST(another_run_is_noticed)
{
    static uint8_t bytes[LOG_ROOM];
    struct board *board = calloc(1, sizeof(*board));
    struct status status = {0};
    int result;
    record_run(test_best_engine(), 5, NULL);
    size_t count = slurp(bytes);
    bytes[count - 3] ^= 1; /* in the hash of the end record */
    ck_assert(log_reseal(bytes, count));
    spill(bytes, count);
    ck_assert_msg(open_replay(board, test_best_engine(), &status) && start_replay(board, &status),
                  "%s", status.text);
    run_replay(board, 1);
    ck_assert_int_eq(replay_verdict(board->replay, &status, &result), REPLAY_DIVERGED);
    ck_assert_int_eq(result, EXIT_BUG);
    ck_assert_ptr_nonnull(strstr(status.text, "this run differs at instruction"));
    close_replay(board, true);
    free(board);
}
END_TEST

/* Runs what was made up for a while; it ends with one line, or is replayed. */
static void try_replay(struct board *board)
{
    struct status status = {0};
    struct status verdict = {0};
    int result;
    if (!start_replay(board, &status)) {
        ck_assert(status.failed && !strchr(status.text, '\n'));
        return;
    }
    replay_limit(board->replay, machine_icount(&board->machine) + 5000000, false);
    for (unsigned n = 0; n < 50 && !board->machine.quit; n++) {
        replay_run_until(board->replay, machine_now(&board->machine) + 1000000);
    }
    replay_verdict(board->replay, &verdict, &result);
    ck_assert(!strchr(verdict.text, '\n'));
}

START_TEST(made_up_recordings_are_one_error)
{
    static uint8_t bytes[LOG_ROOM];
    static uint8_t changed[LOG_ROOM];
    struct board *board = calloc(1, sizeof(*board));
    uint32_t dice = 7;
    unsigned refused = 0;
    unsigned machines = 0;
    record_run(test_best_engine(), 3, NULL);
    size_t count = slurp(bytes);
    for (unsigned round = 0; round < 1000; round++) {
        struct status status = {0};
        memcpy(changed, bytes, count);
        for (unsigned n = 0; n <= round % 4; n++) {
            changed[roll(&dice) % count] = (uint8_t)roll(&dice);
        }
        if (round % 8) {
            log_reseal(changed, count);
        }
        spill(changed, count);
        bool opened = open_replay(board, test_best_engine(), &status);
        bool run = opened && machines < test_budget(MACHINES);
        refused += !opened;
        if (!opened) {
            ck_assert(status.failed && !strchr(status.text, '\n'));
        }
        if (run) {
            machines++;
            try_replay(board);
        }
        close_replay(board, run);
    }
    ck_assert_uint_gt(refused, 100);
    ck_assert_uint_eq(machines, test_budget(MACHINES));
    free(board);
}
END_TEST

static void classified(void *user, const struct config_row *row)
{
    (void)user;
    ck_assert_msg(record_scope(row->name) != RECORD_UNKNOWN,
                  "--%s: say in machine/record.c whether a recording holds it", row->name);
}

START_TEST(every_option_is_known_to_recordings)
{
    config_each(classified, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 100);
    tcase_add_checked_fixture(all, make_path, remove_path);
    tcase_add_loop_test(all, a_replay_ends_in_the_recorded_state, 0, 3);
    tcase_add_test(all, another_run_is_noticed);
    tcase_add_test(all, made_up_recordings_are_one_error);
    tcase_add_test(all, every_option_is_known_to_recordings);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
