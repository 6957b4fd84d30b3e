#include "machine/stats.h"

#include "machine/machine.h"

#include <inttypes.h>
#include <stdio.h>

/* STAT(name) of struct translator_stats. */
#define TRANSLATOR_STATS(STAT) \
    STAT(blocks_translated)    \
    STAT(insns_translated)     \
    STAT(bytes_translated)     \
    STAT(translate_cycles)     \
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
    STAT(slow_loads)           \
    STAT(slow_stores)          \
    STAT(mmio_accesses)        \
    STAT(stepped_insns)        \
    STAT(full_resets)          \
    STAT(events)

struct counter {
    const char *name;
    uint64_t value;
};

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
    for (unsigned i = 0; i < COUNT; i++) {
        fprintf(out, path ? "%s\"%s\": %" PRIu64 "%s" : "%s%-28s %15" PRIu64 "%s",
                path ? (i ? "  " : "{\n  ") : "", counters[i].name, counters[i].value,
                path ? (i + 1 < COUNT ? ",\n" : "\n}\n") : "\n");
    }
    if (path && fclose(out) != 0) {
        return status_fail_errno(status, "cannot write %s", path);
    }
    return true;
}
