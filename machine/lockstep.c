#include "machine/lockstep.h"

#include "machine/disassemble.h"
#include "machine/machine.h"
#include "machine/resolve.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_LIMIT  UINT64_C(20000000)
#define FIRST_WINDOW   UINT64_C(100000)
#define WINDOW_DIVISOR 10
#define LAST_WINDOW    UINT64_C(100)
#define FOREVER_NS     (UINT64_C(1) << 62)

struct pair {
    struct config config[2]; /* portable, native */
    struct machine machine[2];
    bool live;
};

static bool open_pair(struct pair *pair, struct status *status)
{
    for (unsigned i = 0; i < 2; i++) {
        if (!machine_create(&pair->machine[i], &pair->config[i], status)) {
            return false;
        }
    }
    pair->live = true;
    return true;
}

static void close_pair(struct pair *pair)
{
    for (unsigned i = 0; i < 2 && pair->live; i++) {
        machine_destroy(&pair->machine[i]);
    }
    pair->live = false;
}

/* Both to that instruction count, or to where they idle for ever. */
static void run_to(struct pair *pair, uint64_t icount)
{
    for (unsigned i = 0; i < 2; i++) {
        pair->machine[i].stop_icount = icount;
        machine_run_until(&pair->machine[i], FOREVER_NS);
        x86_settle(pair->machine[i].cpu);
    }
}

/* NULL when processor and time agree, else what differs. */
static const char *difference(const struct pair *pair)
{
    const struct machine *a = &pair->machine[0];
    const struct machine *b = &pair->machine[1];
    const struct state_field *where = NULL;
    if (!state_equal(x86_state(), a->cpu, b->cpu, &where)) {
        return where->name;
    }
    for (unsigned i = 0; i < a->device_count; i++) {
        if (!state_equal(a->devices[i].ops->state, a->devices[i].dev, b->devices[i].dev, &where)) {
            return a->devices[i].instance;
        }
    }
    return a->idle_ns != b->idle_ns ? "idle time" : NULL;
}

static bool memory_differs(struct pair *pair, uint64_t *at)
{
    const struct machine *a = &pair->machine[0];
    const struct machine *b = &pair->machine[1];
    enum { CHUNK = 4096 };
    for (uint64_t gpa = 0; gpa < a->memory.ram_bytes; gpa += CHUNK) {
        if (memcmp(a->memory.ram + gpa, b->memory.ram + gpa, CHUNK) != 0) {
            while (a->memory.ram[gpa] == b->memory.ram[gpa]) {
                gpa++;
            }
            *at = gpa;
            return true;
        }
    }
    return false;
}

static void show_code(struct machine *machine, uint64_t icount)
{
    char text[128];
    disassemble_at(machine, text, sizeof(text));
    printf("at instruction %" PRIu64 ": %s\n", icount, text);
}

static void show_states(struct pair *pair)
{
    for (unsigned i = 0; i < 2; i++) {
        printf("--- %s\n", pair->config[i].engine);
        x86_print(pair->machine[i].cpu, stdout);
    }
}

/* Runs from a fresh start to `good` (where both agreed) and on in windows; returns the count at
 * which the last window that agreed ended, or limit. */
static uint64_t compare(struct pair *pair, uint64_t good, uint64_t limit, uint64_t window,
                        const char **what, struct status *status)
{
    static const char memory[] = "memory";
    *what = NULL;
    if (!open_pair(pair, status)) {
        return good;
    }
    run_to(pair, good);
    while (good < limit) {
        uint64_t next = good + window < limit ? good + window : limit;
        uint64_t at;
        run_to(pair, next);
        *what = difference(pair);
        if (!*what && next == limit && memory_differs(pair, &at)) {
            printf("memory differs at %" PRIx64 "\n", at);
            *what = memory;
        }
        if (*what || machine_icount(&pair->machine[0]) < next) {
            break; /* different, or idle for ever */
        }
        good = next;
    }
    return good;
}

/*
 * Both agree at good and differ at bad, a few instructions later.  Single instructions run in the
 * portable engine on both sides, so the culprit is the block that, begun as late as possible, still
 * gives the difference.  Leaves the pair at that beginning; returns its count.
 */
static uint64_t pinpoint(struct pair *pair, uint64_t good, uint64_t bad, const char **what,
                         struct status *status)
{
    for (uint64_t start = bad - 1; start > good; start--) {
        close_pair(pair);
        if (!open_pair(pair, status)) {
            return good;
        }
        for (uint64_t at = good; at <= start; at++) {
            run_to(pair, at);
        }
        run_to(pair, bad);
        if ((*what = difference(pair))) {
            good = start;
            break;
        }
    }
    return good;
}

static void show_instructions(struct pair *pair, uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to; at++) {
        run_to(pair, at);
        show_code(&pair->machine[0], at);
    }
}

static int narrow(struct pair *pair, uint64_t good, struct status *status)
{
    uint64_t window = FIRST_WINDOW;
    const char *what = NULL;
    while (window > LAST_WINDOW && !status->failed) {
        uint64_t limit = good + window;
        window /= WINDOW_DIVISOR;
        close_pair(pair);
        good = compare(pair, good, limit, window, &what, status);
        if (!what) {
            printf("the difference did not repeat in smaller windows\n");
            return 1;
        }
    }
    uint64_t bad = good + window;
    uint64_t start = pinpoint(pair, good, bad, &what, status);
    printf("the engines differ in %s\n", what ? what : "(see above)");
    show_states(pair);
    close_pair(pair);
    if (open_pair(pair, status)) {
        run_to(pair, good);
        run_to(pair, start);
        printf("--- before\n");
        x86_print(pair->machine[0].cpu, stdout);
        show_instructions(pair, start, bad);
    }
    return 1;
}

int lockstep_command(int argc, char **argv)
{
    struct pair *pair = calloc(1, sizeof(*pair));
    struct status status = {0};
    const char *what;
    int result = EXIT_USER;
    if (!pair || !config_parse(&pair->config[0], argc, argv, &status)) {
        goto done;
    }
    struct config *config = &pair->config[0];
    if (config->help) {
        printf("usage: vestige lockstep [IMAGE]... [options]\n\nThe options of `vestige run`; "
               "--for takes a number of instructions.\n");
        result = EXIT_OK;
        goto done;
    }
    config->snapshot_disks = true;
    config->rtc = config->rtc ? config->rtc : "2020-01-01T00:00:00";
    pair->config[1] = *config;
    pair->config[0].engine = "portable";
    pair->config[1].engine = "native";
    uint64_t limit = DEFAULT_LIMIT;
    double seconds;
    if (config->run_for && (!resolve_limit(config->run_for, &seconds, &limit) || !limit)) {
        status_fail(&status, "--for %s is no instruction count", config->run_for);
        goto done;
    }
    uint64_t good = compare(pair, 0, limit, FIRST_WINDOW, &what, &status);
    if (!status.failed) {
        result = what ? narrow(pair, good, &status) : EXIT_OK;
        if (!what) {
            printf("the engines agree over %" PRIu64 " instructions\n", good);
        }
    }
done:
    if (status.failed) {
        fprintf(stderr, "vestige: %s\n", status.text);
    }
    if (pair) {
        close_pair(pair);
        config_free(&pair->config[0]);
    }
    free(pair);
    return result;
}
