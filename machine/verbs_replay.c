/* Verbs that move through a replay (timeline.h). */
#define _GNU_SOURCE
#include "machine/timeline.h"
#include "machine/verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct timeline *timeline_of(const struct machine *machine, struct status *status)
{
    if (!machine->timeline) {
        status_fail(status, "only a replay can do that (vestige replay LOG --control ...)");
    }
    return machine->timeline;
}

static bool number(const char *text, uint64_t *value, struct status *status)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 0);
    return (*text >= '0' && *text <= '9' && !*end && !errno) ||
           status_fail(status, "%s is no number", text);
}

/* The answer to everything that moves. */
static bool where(struct timeline *timeline, char **text, struct status *status)
{
    size_t bytes;
    FILE *out = open_memstream(text, &bytes);
    if (!out) {
        return status_fail(status, "no memory");
    }
    timeline_where(timeline, out);
    return fclose(out) == 0;
}

bool verb_goto(struct machine *machine, const char *const *args, unsigned count, char **text,
               struct status *status)
{
    struct timeline *timeline = timeline_of(machine, status);
    uint64_t icount;
    (void)count;
    return timeline && number(args[0], &icount, status) &&
           timeline_goto(timeline, icount, status) && where(timeline, text, status);
}

bool verb_step(struct machine *machine, const char *const *args, unsigned count, char **text,
               struct status *status)
{
    struct timeline *timeline = timeline_of(machine, status);
    uint64_t steps = 1;
    return timeline && (!count || number(args[0], &steps, status)) &&
           timeline_goto(timeline, machine_icount(machine) + steps, status) &&
           where(timeline, text, status);
}

bool verb_reverse_step(struct machine *machine, const char *const *args, unsigned count,
                       char **text, struct status *status)
{
    struct timeline *timeline = timeline_of(machine, status);
    uint64_t icount = machine_icount(machine);
    uint64_t steps = 1;
    if (!timeline || (count && !number(args[0], &steps, status))) {
        return false;
    }
    return timeline_goto(timeline, steps < icount ? icount - steps : 0, status) &&
           where(timeline, text, status);
}

bool verb_continue(struct machine *machine, const char *const *args, unsigned count, char **text,
                   struct status *status)
{
    struct timeline *timeline = timeline_of(machine, status);
    (void)args;
    (void)count;
    return timeline && timeline_continue(timeline, status) && where(timeline, text, status);
}

bool verb_reverse_continue(struct machine *machine, const char *const *args, unsigned count,
                           char **text, struct status *status)
{
    struct timeline *timeline = timeline_of(machine, status);
    (void)args;
    (void)count;
    return timeline && timeline_reverse(timeline, status) && where(timeline, text, status);
}

bool verb_break(struct machine *machine, const char *const *args, unsigned count, char **text,
                struct status *status)
{
    struct timeline *timeline = timeline_of(machine, status);
    bool delete = strcmp(args[0], "delete") == 0;
    uint64_t linear = 0;
    (void)text;
    if (!timeline || (!delete &&count > 1)) {
        return timeline ? status_fail(status, "break ADDR | break delete [ADDR]") : false;
    }
    if (delete &&count == 1) {
        timeline_unbreak_all(timeline);
        return true;
    }
    return number(args[count - 1], &linear, status) &&
           (delete ? timeline_unbreak(timeline, linear, status)
                   : timeline_break(timeline, linear, status));
}

bool verb_watch(struct machine *machine, const char *const *args, unsigned count, char **text,
                struct status *status)
{
    struct timeline *timeline = timeline_of(machine, status);
    uint64_t linear;
    uint64_t bytes;
    (void)text;
    if (timeline && count == 1 && strcmp(args[0], "delete") == 0) {
        return timeline_watch(timeline, 0, 0, status);
    }
    if (!timeline || count < 2) {
        return timeline ? status_fail(status, "watch ADDR LENGTH | watch delete") : false;
    }
    return number(args[0], &linear, status) && number(args[1], &bytes, status) &&
           (bytes ? timeline_watch(timeline, linear, bytes, status)
                  : status_fail(status, "no bytes to watch"));
}
