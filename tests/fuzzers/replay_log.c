/*
 * Recordings from hostile hands: see README.md.
 *
 * What a recording says of its machine is created, and its inputs enter; a run that is refused, cut
 * off or another one says so in one line.
 */
#define _GNU_SOURCE
#include "snapshots/replay_log.h"
#include "machine/record.h"
#include "machine/replay.h"
#include "tests/fuzzers/fuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SLICES = 30, SLICE_NS = 200000, INSNS_MOST = 400000 };

static void check_told(const struct status *status)
{
    if (!status->failed || !status->text[0] || strchr(status->text, '\n')) {
        fuzz_fail("refused without a clear message");
    }
}

static void run(struct replay *replay, struct config *config)
{
    static struct machine machine; /* large */
    struct status status = {0};
    int exit_status;
    memset(&machine, 0, sizeof(machine));
    if (!machine_create(&machine, config, &status)) {
        check_told(&status);
    } else if (replay_start(replay, &machine, &status)) {
        replay_limit(replay, machine_icount(&machine) + INSNS_MOST, false);
        for (unsigned n = 0; n < SLICES && !machine.quit; n++) {
            replay_run_until(replay, machine_now(&machine) + SLICE_NS);
        }
        replay_verdict(replay, &status, &exit_status);
    } else {
        check_told(&status);
    }
    machine_destroy(&machine);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    char path[64];
    struct status status = {0};
    struct config config = {.engine = "portable", .display = "none"};
    if (count < 1) {
        return 0;
    }
    uint8_t *copy = malloc(count);
    memcpy(copy, bytes + 1, count - 1);
    if (bytes[0] & FUZZ_FIX) {
        log_reseal(copy, count - 1);
    }
    int fd = fuzz_file(copy, count - 1, path);
    free(copy);
    struct replay *replay = replay_open(path, &config, &status);
    if (replay) {
        run(replay, &config);
        replay_close(replay);
    } else {
        check_told(&status);
    }
    config_free(&config);
    close(fd);
    return 0;
}

/* ---- the seed ---- */

/* One of everything that may enter. */
static void disturb(struct machine *machine)
{
    struct status status = {0};
    inputs_key(machine, (enum key_code)30, true);
    inputs_mouse(machine, 5, -3, 1, 2);
    inputs_serial(machine, 0, (const uint8_t *)"text", 4);
    inputs_media(machine, "fda", NULL, &status);
    inputs_type(machine, "x");
    inputs_reset(machine);
}

uint8_t *fuzz_seed(size_t *count)
{
    char path[64];
    static struct machine machine;
    struct status status = {0};
    struct config config = {.engine = "portable", .display = "none", .memory = "8M", .demo = true};
    int fd = fuzz_file(NULL, 0, path);
    memset(&machine, 0, sizeof(machine));
    struct recorder *recorder = NULL;
    if (recorder_prepare(&config, &status) && machine_create(&machine, &config, &status)) {
        recorder = recorder_create(&machine, path, &status);
    }
    if (!recorder) {
        fuzz_fail(status.text);
    }
    for (unsigned n = 0; n < SLICES; n++) {
        inputs_deliver(&machine);
        machine_run_until(&machine, machine_now(&machine) + SLICE_NS);
        if (n % 10 == 5) {
            disturb(&machine);
        }
    }
    recorder_end(recorder);
    recorder_close(recorder);
    machine_destroy(&machine);
    config_free(&config);
    uint8_t *bytes = fuzz_input_of(fd, count);
    close(fd);
    return bytes;
}
