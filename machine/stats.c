#include "machine/stats.h"

#include "machine/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* STAT(name) of struct translator_stats. */
#define TRANSLATOR_STATS(STAT) \
    STAT(blocks_translated)    \
    STAT(insns_translated)     \
    STAT(bytes_translated)     \
    STAT(translate_cycles)     \
    STAT(blocks_loaded)        \
    STAT(blocks_invalidated)   \
    STAT(blocks_revived)       \
    STAT(smc_stores)           \
    STAT(smc_hits)             \
    STAT(lookups)              \
    STAT(continued)            \
    STAT(links)                \
    STAT(table_fills)          \
    STAT(table_flushes)        \
    STAT(page_flushes)         \
    STAT(mmio_accesses)        \
    STAT(stepped_insns)        \
    STAT(full_resets)          \
    STAT(regions)              \
    STAT(region_blocks)        \
    STAT(region_samples)       \
    STAT(regions_dropped)      \
    STAT(events)

struct counter {
    const char *name;
    uint64_t value;
};

/* Where the counters go: lines of text, or members of a JSON object. */
struct writer {
    FILE *out;
    bool json;
    bool first; /* nothing was written in this object */
};

static void write_counter(struct writer *writer, const char *group, struct counter counter)
{
    if (writer->json) {
        fprintf(writer->out, "%s\n  %s\"%s\": %" PRIu64, writer->first ? "" : ",",
                *group ? "  " : "", counter.name, counter.value);
    } else {
        fprintf(writer->out, "%s%s%-*s %15" PRIu64 "\n", group, *group ? " " : "",
                *group ? 27 - (int)strlen(group) : 28, counter.name, counter.value);
    }
    writer->first = false;
}

static int by_value(const void *a, const void *b)
{
    const struct counter *x = a;
    const struct counter *y = b;
    return x->value != y->value ? (x->value < y->value ? 1 : -1) : strcmp(x->name, y->name);
}

/* An object of counters; those that are 0 are left out, the largest comes first. */
static void write_group(struct writer *writer, const char *group, struct counter *counters,
                        size_t count)
{
    qsort(counters, count, sizeof(*counters), by_value);
    if (writer->json) {
        fprintf(writer->out, ",\n  \"%s\": {", group);
        writer->first = true;
    }
    for (size_t i = 0; i < count && counters[i].value; i++) {
        write_counter(writer, group, counters[i]);
    }
    if (writer->json) {
        fprintf(writer->out, "%s}", writer->first ? "" : "\n  ");
        writer->first = false;
    }
}

static void write_misses(struct writer *writer, const char *group, const uint64_t *misses)
{
    static const char *const names[MISS_REASONS] = {
        [MISS_EMPTY] = "empty", [MISS_CROSSES] = "crosses", [MISS_CHECKED] = "checked",
        [MISS_MMIO] = "mmio",   [MISS_ROM] = "rom",         [MISS_CODE] = "code"};
    struct counter counters[MISS_REASONS];
    for (unsigned i = 0; i < MISS_REASONS; i++) {
        counters[i] = (struct counter){names[i], misses[i]};
    }
    write_group(writer, group, counters, MISS_REASONS);
}

static void write_callouts(struct writer *writer, const uint64_t *callouts)
{
    struct counter counters[CALLOUT_COUNT];
    for (unsigned i = 0; i < CALLOUT_COUNT; i++) {
        counters[i] = (struct counter){callout_rows[i].name, callouts[i]};
    }
    write_group(writer, "callouts", counters, CALLOUT_COUNT);
}

bool stats_check(const char *path, struct status *status)
{
    FILE *out = path ? fopen(path, "a") : NULL;
    if (path && !out) {
        return status_fail_errno(status, "cannot write %s", path);
    }
    if (out) {
        fclose(out);
    }
    return true;
}

bool stats_write(struct machine *machine, uint64_t host_ns, const char *path, struct status *status)
{
    const struct translator_stats *stats = translator_stats(machine->translator);
    uint64_t icount = machine_icount(machine);
    uint64_t insns = stats->insns_translated;
    const struct counter counters[] = {
        {"instructions", icount},
        {"host_ns", host_ns},
        {"virtual_ns", machine_now(machine)},
        {"idle_ns", machine->idle_ns},
        {"mips", host_ns ? icount * 1000 / host_ns : 0},
        {"code_bytes", translator_code_used(machine->translator)},
        {"cycles_per_translated_insn", insns ? stats->translate_cycles / insns : 0},
        {"state_hash", machine_hash(machine)},
#define STAT(name) {#name, stats->name},
        TRANSLATOR_STATS(STAT)
#undef STAT
    };
    enum { COUNT = sizeof(counters) / sizeof(counters[0]) };
    FILE *out = path ? fopen(path, "w") : stderr;
    if (!out) {
        return status_fail_errno(status, "cannot write %s", path);
    }
    struct writer writer = {out, path != NULL, true};
    fputs(path ? "{" : "", out);
    for (unsigned i = 0; i < COUNT; i++) {
        write_counter(&writer, "", counters[i]);
    }
    write_misses(&writer, "load_misses", stats->load_misses);
    write_misses(&writer, "store_misses", stats->store_misses);
    write_callouts(&writer, stats->callouts);
    fputs(path ? "\n}\n" : "", out);
    if (path && fclose(out) != 0) {
        return status_fail_errno(status, "cannot write %s", path);
    }
    return true;
}
