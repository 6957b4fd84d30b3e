#include "machine/timeline.h"

#include "machine/checkpoint.h"
#include "machine/disassemble.h"
#include "machine/host_clock.h"
#include "machine/pc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MOMENTS = 48, LINES = PC_UARTS + 1, COST = 20 };

#define LEAST_INSNS UINT64_C(20000000) /* between two checkpoints of a run */
#define MEMORY_MOST (UINT64_C(1) << 29)
#define SLICE_NS    UINT64_C(10000000)
#define NEAR_INSNS  UINT64_C(200000) /* before where the user went: small steps back are quick */
#define FOREVER_NS  UINT64_C(0x3fffffffffffffff)

/* A checkpoint and what else belongs to that time. */
struct moment {
    struct checkpoint *checkpoint;
    struct machine_position at;
    struct replay_place place;
    char *path[DRIVE_SLOTS]; /* of the media; NULL: none */
    uint64_t sent[LINES];
};

enum reason { REASON_NONE, REASON_BREAK, REASON_WATCH, REASON_START, REASON_END };

struct timeline {
    struct machine *machine;
    struct replay *replay;
    struct moment moments[MOMENTS + 1]; /* by position */
    unsigned count;
    uint64_t due_icount, due_host_ns;
    uint64_t breaks[TRANSLATOR_BREAKS];
    unsigned break_count;
    uint64_t watch_linear;
    struct memory_watch watch; /* bytes 0: none */
    enum reason reason;
};

/* ---- moments ---- */

static struct serial_host *line_of(struct machine *machine, unsigned n)
{
    return n < PC_UARTS ? &machine->pc->serial[n] : &machine->pc->debugcon;
}

static void free_moment(struct moment *moment)
{
    checkpoint_free(moment->checkpoint);
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        free(moment->path[slot]);
    }
    *moment = (struct moment){0};
}

/* How many moments lie before that count. */
static unsigned moments_before(const struct timeline *timeline, uint64_t icount)
{
    unsigned n = 0;
    while (n < timeline->count && timeline->moments[n].at.icount < icount) {
        n++;
    }
    return n;
}

static void drop_moment(struct timeline *timeline, unsigned n)
{
    free_moment(&timeline->moments[n]);
    memmove(&timeline->moments[n], &timeline->moments[n + 1],
            (timeline->count - n - 1) * sizeof(timeline->moments[0]));
    timeline->count--;
    timeline->moments[timeline->count] = (struct moment){0};
}

/* The moment whose loss leaves the smallest gap for its distance from the present; never the
 * first. */
static unsigned least_useful(const struct timeline *timeline)
{
    uint64_t now = machine_icount(timeline->machine);
    unsigned best = 1;
    double least = 0;
    for (unsigned n = 1; n + 1 < timeline->count; n++) {
        uint64_t from = timeline->moments[n - 1].at.icount;
        uint64_t to = timeline->moments[n + 1].at.icount;
        double distance = to > now ? (double)(to - now) : (double)(now - to);
        double gap = (double)(to - from) / (distance + (double)LEAST_INSNS);
        if (n == 1 || gap < least) {
            least = gap;
            best = n;
        }
    }
    return best;
}

static uint64_t memory_used(const struct timeline *timeline)
{
    uint64_t bytes = 0;
    for (unsigned n = 0; n < timeline->count; n++) {
        bytes += checkpoint_share(timeline->moments[n].checkpoint);
    }
    return bytes;
}

static void thin_out(struct timeline *timeline)
{
    while (timeline->count > MOMENTS ||
           (timeline->count > 2 && memory_used(timeline) > MEMORY_MOST)) {
        drop_moment(timeline, least_useful(timeline));
    }
}

/* A moment of now, at its place in the row; one more or less is no trouble. */
static bool take_moment(struct timeline *timeline, struct status *status)
{
    struct machine *machine = timeline->machine;
    struct machine_position at = machine_position(machine);
    unsigned n = moments_before(timeline, at.icount);
    if (n < timeline->count && timeline->moments[n].at.icount == at.icount) {
        return true;
    }
    struct moment moment = {.at = at, .place = replay_place(timeline->replay)};
    const struct checkpoint *like = n ? timeline->moments[n - 1].checkpoint : NULL;
    moment.checkpoint = checkpoint_take(machine, like, status);
    if (!moment.checkpoint) {
        return false;
    }
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        const struct drive *drive = &machine->pc->drives.drive[slot];
        moment.path[slot] = drive->media ? strdup(drive->path) : NULL;
    }
    for (unsigned line = 0; line < LINES; line++) {
        moment.sent[line] = line_of(machine, line)->sent;
    }
    memmove(&timeline->moments[n + 1], &timeline->moments[n],
            (timeline->count - n) * sizeof(moment));
    timeline->moments[n] = moment;
    timeline->count++;
    thin_out(timeline);
    return true;
}

void timeline_tick(struct timeline *timeline)
{
    struct status ignored = {0}; /* without memory for one more the others still serve */
    if (!timeline || timeline->machine->broke ||
        machine_icount(timeline->machine) < timeline->due_icount) {
        return;
    }
    uint64_t start = host_ns();
    if (start < timeline->due_host_ns) {
        return;
    }
    take_moment(timeline, &ignored);
    uint64_t cost = host_ns() - start;
    timeline->due_icount = machine_icount(timeline->machine) + LEAST_INSNS;
    timeline->due_host_ns = start + COST * cost;
}

static bool return_to(struct timeline *timeline, unsigned n, struct status *status)
{
    const struct moment *moment = &timeline->moments[n];
    struct machine *machine = timeline->machine;
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        if (!drives_put_back(&machine->pc->drives, (enum drive_slot)slot, moment->path[slot],
                             status)) {
            return false;
        }
    }
    if (!checkpoint_restore(machine, moment->checkpoint, status)) {
        return false;
    }
    for (unsigned line = 0; line < LINES; line++) {
        line_of(machine, line)->sent = moment->sent[line];
    }
    replay_return(timeline->replay, &moment->place);
    return true;
}

/* ---- running ---- */

static void clear_breaks(struct timeline *timeline)
{
    machine_set_breaks(timeline->machine, NULL, 0);
    memory_map_watch(&timeline->machine->memory, NULL, 0);
    timeline->machine->watch_stops = false;
}

static void set_breaks(struct timeline *timeline, bool watch_stops)
{
    machine_set_breaks(timeline->machine, timeline->breaks, timeline->break_count);
    memory_map_watch(&timeline->machine->memory, &timeline->watch, timeline->watch.bytes != 0);
    timeline->machine->watch_stops = watch_stops && timeline->watch.bytes;
}

/* Runs to that count, the end of the recording or something that stops it; true: that. */
static bool run_to(struct timeline *timeline, uint64_t icount)
{
    struct machine *machine = timeline->machine;
    replay_limit(timeline->replay, icount, true);
    machine->broke = false;
    while (!machine->broke && machine_icount(machine) < icount) {
        replay_run_until(timeline->replay, machine_now(machine) + SLICE_NS);
        enum replay_state state = replay_state(timeline->replay);
        if (state != REPLAY_RUNNING && state != REPLAY_STOPPED) {
            break;
        }
        timeline_tick(timeline);
    }
    replay_limit(timeline->replay, UINT64_MAX, true);
    machine->paused = true;
    return machine->broke;
}

/* To that count, which is not before where the machine stands, without a look at breakpoints; on
 * the way a moment is taken near it. */
static bool run_plainly(struct timeline *timeline, uint64_t icount, struct status *status)
{
    uint64_t now = machine_icount(timeline->machine);
    if (icount > now + 2 * NEAR_INSNS) {
        run_to(timeline, icount - NEAR_INSNS);
        if (machine_icount(timeline->machine) == icount - NEAR_INSNS &&
            !take_moment(timeline, status)) {
            return false;
        }
    }
    run_to(timeline, icount);
    return true;
}

static bool move_to(struct timeline *timeline, uint64_t icount, struct status *status)
{
    unsigned before = moments_before(timeline, icount);
    if (icount < machine_icount(timeline->machine) &&
        !return_to(timeline, before ? before - 1 : 0, status)) {
        return false;
    }
    return run_plainly(timeline, icount, status);
}

bool timeline_goto(struct timeline *timeline, uint64_t icount, struct status *status)
{
    bool whole;
    struct machine_position end = replay_end(timeline->replay, &whole);
    uint64_t start = timeline->moments[0].at.icount;
    if (icount > end.icount || icount < start) {
        return status_fail(status, "the recording goes from %" PRIu64 " to %" PRIu64, start,
                           end.icount);
    }
    timeline->reason = REASON_NONE;
    clear_breaks(timeline);
    return move_to(timeline, icount, status);
}

bool timeline_continue(struct timeline *timeline, struct status *status)
{
    struct machine *machine = timeline->machine;
    uint64_t writes = machine->writes;
    (void)status;
    set_breaks(timeline, true);
    translator_pass_break(machine->translator);
    bool stopped = run_to(timeline, UINT64_MAX);
    timeline->reason = !stopped                    ? REASON_END
                       : machine->writes != writes ? REASON_WATCH
                                                   : REASON_BREAK;
    clear_breaks(timeline);
    return true;
}

struct hit {
    uint64_t icount;
    enum reason reason;
};

/* The last hit between moment n and that count, by running it through; the machine stands behind.
 */
static bool last_hit(struct timeline *timeline, unsigned n, uint64_t end, struct hit *hit,
                     struct status *status)
{
    struct machine *machine = timeline->machine;
    *hit = (struct hit){.reason = REASON_NONE};
    if (!return_to(timeline, n, status)) {
        return false;
    }
    set_breaks(timeline, false);
    uint64_t writes = machine->writes;
    while (run_to(timeline, end)) {
        *hit = (struct hit){machine_icount(machine), REASON_BREAK};
        translator_pass_break(machine->translator);
    }
    clear_breaks(timeline);
    if (machine->writes != writes && machine->written_icount < end &&
        (hit->reason == REASON_NONE || machine->written_icount > hit->icount)) {
        *hit = (struct hit){machine->written_icount, REASON_WATCH};
    }
    return true;
}

/* To a hit that is known: a breakpoint behind an interrupt that is taken at its count is reached
 * after that. */
static bool move_to_hit(struct timeline *timeline, const struct hit *hit, struct status *status)
{
    timeline->reason = hit->reason;
    if (!move_to(timeline, hit->icount, status)) {
        return false;
    }
    if (hit->reason == REASON_BREAK) {
        set_breaks(timeline, false);
        run_to(timeline, hit->icount + 1);
        clear_breaks(timeline);
    }
    return true;
}

bool timeline_reverse(struct timeline *timeline, struct status *status)
{
    uint64_t end = machine_icount(timeline->machine);
    unsigned before;
    while ((before = moments_before(timeline, end)) != 0) {
        struct hit hit;
        uint64_t from = timeline->moments[before - 1].at.icount;
        if (!last_hit(timeline, before - 1, end, &hit, status)) {
            return false;
        }
        if (hit.reason != REASON_NONE) {
            return move_to_hit(timeline, &hit, status);
        }
        end = from;
    }
    timeline->reason = REASON_START;
    return return_to(timeline, 0, status);
}

/* ---- breakpoints ---- */

bool timeline_break(struct timeline *timeline, uint64_t linear, struct status *status)
{
    if (timeline->break_count == TRANSLATOR_BREAKS) {
        return status_fail(status, "at most %d breakpoints", TRANSLATOR_BREAKS);
    }
    timeline->breaks[timeline->break_count++] = linear;
    return true;
}

bool timeline_unbreak(struct timeline *timeline, uint64_t linear, struct status *status)
{
    for (unsigned i = 0; i < timeline->break_count; i++) {
        if (timeline->breaks[i] == linear) {
            timeline->breaks[i] = timeline->breaks[--timeline->break_count];
            return true;
        }
    }
    return status_fail(status, "there is no breakpoint at 0x%" PRIx64, linear);
}

void timeline_unbreak_all(struct timeline *timeline)
{
    timeline->break_count = 0;
}

bool timeline_watch(struct timeline *timeline, uint64_t linear, uint64_t bytes,
                    struct status *status)
{
    enum { PAGE = 4096 };
    uint64_t gpa = 0;
    if (bytes && linear % PAGE + bytes > PAGE) {
        return status_fail(status, "watched bytes must lie in one page");
    }
    if (bytes && !x86_peek_linear(timeline->machine->cpu, linear, &gpa)) {
        return status_fail(status, "nothing is mapped at 0x%" PRIx64 " now", linear);
    }
    timeline->watch_linear = linear;
    timeline->watch = (struct memory_watch){gpa, bytes};
    return true;
}

/* ---- looking ---- */

void timeline_where(struct timeline *timeline, FILE *out)
{
    static const char *const reasons[] = {[REASON_NONE] = "",
                                          [REASON_BREAK] = " (breakpoint)",
                                          [REASON_WATCH] = " (watched memory is written)",
                                          [REASON_START] = " (start of the recording)",
                                          [REASON_END] = " (end of the recording)"};
    char text[128];
    int status;
    struct status verdict = {0};
    disassemble_at(timeline->machine, text, sizeof(text));
    fprintf(out, "at %" PRIu64 "%s: %s\n", machine_icount(timeline->machine),
            reasons[timeline->reason], text);
    if (replay_state(timeline->replay) >= REPLAY_DIVERGED) {
        replay_verdict(timeline->replay, &verdict, &status);
        fprintf(out, "%s\n", verdict.text);
    }
}

void timeline_info(struct timeline *timeline, FILE *out)
{
    bool whole;
    struct machine_position end = replay_end(timeline->replay, &whole);
    struct machine_position at = machine_position(timeline->machine);
    fprintf(out, "position %" PRIu64 " idle_ns %" PRIu64 "\n", at.icount, at.idle_ns);
    fprintf(out, "end %" PRIu64 "%s\n", end.icount, whole ? "" : " (cut off)");
    fprintf(out, "checkpoints %u, %" PRIu64 " KiB:", timeline->count, memory_used(timeline) >> 10);
    for (unsigned n = 0; n < timeline->count; n++) {
        fprintf(out, " %" PRIu64, timeline->moments[n].at.icount);
    }
    fputc('\n', out);
    for (unsigned i = 0; i < timeline->break_count; i++) {
        fprintf(out, "break 0x%" PRIx64 "\n", timeline->breaks[i]);
    }
    if (timeline->watch.bytes) {
        fprintf(out, "watch 0x%" PRIx64 " %" PRIu64 " (physical 0x%" PRIx64 ")\n",
                timeline->watch_linear, timeline->watch.bytes, timeline->watch.gpa);
    }
}

/* ---- */

struct timeline *timeline_create(struct machine *machine, struct replay *replay,
                                 struct status *status)
{
    struct timeline *timeline = calloc(1, sizeof(*timeline));
    if (!timeline) {
        status_fail(status, "no memory to go back in");
        return NULL;
    }
    timeline->machine = machine;
    timeline->replay = replay;
    if (!take_moment(timeline, status)) {
        free(timeline);
        return NULL;
    }
    timeline->due_icount = machine_icount(machine) + LEAST_INSNS;
    machine->timeline = timeline;
    return timeline;
}

void timeline_destroy(struct timeline *timeline)
{
    if (timeline) {
        timeline->machine->timeline = NULL;
        while (timeline->count) {
            drop_moment(timeline, timeline->count - 1);
        }
        free(timeline);
    }
}
