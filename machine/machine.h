/*
 * A whole PC: processor, translator, board, time, and the door through which the outside comes in.
 *
 * Everything hangs off struct machine; several can live in one process.  One thread runs it: the
 * loop of machine_run() executes a slice of virtual time, then looks at the outside.
 *
 * Time.  Virtual nanoseconds are instructions retired times 1000 / mips, plus the time skipped
 * while the processor was halted (idle_ns).  Nothing else moves the clock.
 */
#ifndef MACHINE_MACHINE_H
#define MACHINE_MACHINE_H

#include "base/log.h"
#include "base/status.h"
#include "devices/core/clock.h"
#include "devices/core/device.h"
#include "devices/core/display.h"
#include "frontend/x86/x86.h"
#include "machine/config.h"
#include "machine/inputs.h"
#include "machine/memory_map.h"
#include "translator/translator.h"

enum { MACHINE_DEVICES = 64, MACHINE_DEFAULT_MIPS = 500, MACHINE_SLICE_NS = 1000000 };

/* Exit statuses of the contract. */
enum exit_status { EXIT_OK = 0, EXIT_USER = 2, EXIT_RESET = 32, EXIT_BUG = 33, EXIT_TRIPLE = 34 };

struct pc;
struct script;
struct timeline;
struct faults;

/* Where a machine stands, between two instructions: it only ever moves on, and two runs of the same
 * machine with the same inputs pass the same positions. */
struct machine_position {
    uint64_t icount, idle_ns;
};
struct snapshots;
struct migration;
struct perf_map;

struct machine {
    const struct config *config;
    struct log log;
    struct x86_cpu *cpu;
    struct context *ctx;
    struct translator *translator;
    struct memory_ops memory_ops;
    struct memory_map memory;
    struct bus *io;
    struct bus *mmio;
    struct clock *clock;
    struct pc *pc;
    struct faults *faults; /* NULL: none are wanted */
    struct inputs inputs;
    struct input_door door;
    struct script *script;       /* scripted input, or NULL; borrowed */
    struct timeline *timeline;   /* a replay that can go back, or NULL; borrowed */
    struct snapshots *snapshots; /* files saved and loaded, or NULL (snapshot.h) */
    struct migration *migration; /* to another process, or NULL (migrate.h) */
    struct perf_map *perf_map;   /* names of translated code, or NULL (perf_map.h) */
    struct device devices[MACHINE_DEVICES];
    unsigned device_count;

    /* Time. */
    uint64_t mips;
    uint64_t idle_ns; /* virtual time that passed without instructions */
    uint64_t slice_end_ns;
    uint64_t stop_icount;  /* UINT64_MAX: no limit */
    uint64_t stop_idle_ns; /* machine_run_to(): the idle time to reach there */
    bool exact;            /* machine_run_to() is running: only the position ends it */

    /* Requests from devices, taken up between instructions. */
    bool reset_wanted, init_wanted, power_off_wanted, nmi_wanted, exit_wanted;
    bool broke;              /* the run stopped at a breakpoint */
    bool watch_stops;        /* a write to watched memory stops the run after it */
    uint64_t written_icount; /* of the instruction that last wrote watched memory */
    uint64_t writes;         /* to watched memory */
    bool powered;            /* power-on is over: resets are hard ones */
    bool paused;
    unsigned forks_wanted; /* running copies asked for (fork.h) */
    bool quit;
    bool ended_by_guest; /* power-off, exit port, reset or shutdown with --no-reboot */
    int status;          /* exit status once quit is set */
    uint64_t resets;
};

/* Builds and powers on the machine that the configuration describes. */
bool machine_create(struct machine *machine, const struct config *config, struct status *status);
void machine_destroy(struct machine *machine);

/* Adds a device to the list that resets, prints and saves. */
void machine_add(struct machine *machine, struct device device);

/* Runs the guest until the virtual instant, stop_icount, or a request to quit.  Returns early,
 * true, when the processor is idle and nothing will happen before `until_ns` but inputs from
 * outside. */
bool machine_run_until(struct machine *machine, uint64_t until_ns);

/* Runs the guest until it first stands at that count, and there has idled so long or is no longer
 * halted.  False: it did not come to that count before latest_ns, although it idles, or not to that
 * idle time; or machine->quit is set. */
bool machine_run_to(struct machine *machine, struct machine_position to, uint64_t latest_ns);
struct machine_position machine_position(const struct machine *machine);
/* Breakpoints, by linear address; the run stops before the instruction there, with
 * machine->broke. */
void machine_set_breaks(struct machine *machine, const uint64_t *linear, unsigned count);
/* What the clock shows there. */
uint64_t machine_ns_at(const struct machine *machine, struct machine_position at);

/* When the processor will next have something to do unless an input comes: now, or while it is
 * halted the next timer, CLOCK_NEVER without one. */
uint64_t machine_idle_until(const struct machine *machine);

uint64_t machine_now(const struct machine *machine);
uint64_t machine_icount(const struct machine *machine);

void machine_reset(struct machine *machine);
void machine_power_button(struct machine *machine);
void machine_quit(struct machine *machine, int status);

/* One 64-bit value over processor, devices and RAM: equal states have equal hashes on any host. */
uint64_t machine_hash(struct machine *machine);
/* The same without RAM, which takes milliseconds. */
uint64_t machine_quick_hash(struct machine *machine);

/* The display adapter's picture and text. */
const struct display_source *machine_display(const struct machine *machine);

/* The state of a device ("cpu", "pit", ...; NULL: their names) as text; false: no such device. */
bool machine_info(struct machine *machine, const char *what, FILE *out);

#endif
