#include "machine/machine.h"

#include "base/bits.h"
#include "machine/code_cache.h"
#include "machine/faults.h"
#include "machine/host_pages.h"
#include "machine/migrate.h"
#include "machine/pc.h"
#include "machine/perf_map.h"
#include "machine/resolve.h"
#include "machine/snapshot.h"

#include <stdlib.h>
#include <string.h>

enum { NS_PER_KILO_INSN = 1000, HASHED_PAGE = 4096 };
enum { KEPT_CODE_BYTES = 192 << 20 }; /* half of it may come from an earlier run */

uint64_t machine_icount(const struct machine *machine)
{
    return context_icount(machine->ctx);
}

uint64_t machine_now(const struct machine *machine)
{
    return clock_scale(machine_icount(machine), NS_PER_KILO_INSN, machine->mips) + machine->idle_ns;
}

/* The first instruction count at which the clock shows at least ns. */
static uint64_t icount_at(const struct machine *machine, uint64_t ns)
{
    if (ns <= machine->idle_ns) {
        return 0;
    }
    uint64_t busy = ns - machine->idle_ns;
    if (busy > UINT64_MAX >> 20) {
        return INT64_MAX;
    }
    return clock_scale(busy, machine->mips, NS_PER_KILO_INSN) +
           (busy * machine->mips % NS_PER_KILO_INSN != 0);
}

static void set_deadline(struct machine *machine)
{
    uint64_t next = clock_deadline(machine->clock);
    bool slice = !machine->exact && machine->slice_end_ns < next;
    uint64_t icount = icount_at(machine, slice ? machine->slice_end_ns : next);
    /* An instruction may wait before it begins: to get into its wait it is begun. */
    bool begins =
        machine->exact && !machine->ctx->halted && machine_icount(machine) == machine->stop_icount;
    if (icount > machine->stop_icount) {
        icount = machine->stop_icount + begins;
    }
    if (machine->faults && icount > faults_next(machine->faults)) {
        icount = faults_next(machine->faults);
    }
    if (machine->nmi_wanted && context_shadowed(machine->ctx) == SHADOW_SS) {
        icount = machine_icount(machine) + 1;
    }
    translator_set_deadline(machine->translator, icount);
}

static uint64_t source_now(void *machine)
{
    return machine_now(machine);
}

static void source_deadline(void *opaque, uint64_t deadline)
{
    struct machine *machine = opaque;
    (void)deadline;
    if (machine->translator) {
        set_deadline(machine);
    }
}

void machine_add(struct machine *machine, struct device device)
{
    if (machine->device_count == MACHINE_DEVICES) {
        abort();
    }
    machine->devices[machine->device_count++] = device;
}

static void memory_written(void *opaque, uint64_t gpa, size_t bytes)
{
    struct machine *machine = opaque;
    if (machine->translator) {
        translator_written(machine->translator, gpa, bytes);
    }
}

/* Watched memory is about to be written: by the current instruction, or between two of them. */
static void memory_watched(void *opaque, uint64_t gpa, size_t bytes)
{
    struct machine *machine = opaque;
    (void)gpa;
    (void)bytes;
    uint64_t icount = machine_icount(machine);
    machine->written_icount = machine->ctx->pending || !icount ? icount : icount - 1;
    machine->writes++;
    if (machine->watch_stops) {
        translator_stop(machine->translator);
    }
}

void machine_set_breaks(struct machine *machine, const uint64_t *linear, unsigned count)
{
    translator_set_breaks(machine->translator, linear, count);
}

static void memory_changed(void *opaque)
{
    struct machine *machine = opaque;
    if (machine->translator) {
        translator_remapped(machine->translator);
    }
}

static bool create_processor(struct machine *machine, const struct resolved *options,
                             struct status *status)
{
    struct x86_wires wires = pc_cpu_wires(machine);
    machine->cpu = x86_create(&options->model, &wires);
    machine->ctx = x86_context(machine->cpu);
    machine->ctx->machine = machine;
    machine->memory_ops = memory_map_ops(&machine->memory);
    const struct config *given = machine->config;
    if (given->symbols && !given->perf) {
        return status_fail(status, "--symbols is for --perf");
    }
    if (given->perf && !(machine->perf_map = perf_map_create(given->symbols, status))) {
        return false;
    }
    struct translator_config config = {.ctx = machine->ctx,
                                       .guest = &x86_guest,
                                       .callouts = x86_callouts,
                                       .host = options->host,
                                       .passes = options->passes,
                                       .count_callouts = given->stats.given,
                                       .code_bytes = given->code_cache.given ? KEPT_CODE_BYTES : 0,
                                       .translated = given->perf ? perf_map_add : NULL,
                                       .user = machine->perf_map,
                                       .memory = &machine->memory_ops};
    machine->translator = translator_create(&config);
    return machine->translator ||
           status_fail(status, "the %s engine cannot be started on this host", options->host->name);
}

bool machine_create(struct machine *machine, const struct config *config, struct status *status)
{
    struct resolved options;
    memset(machine, 0, sizeof(*machine));
    machine->config = config;
    if (!resolve_options(config, &options, &machine->log, status)) {
        return false;
    }
    machine->mips = options.mips;
    machine->stop_icount = options.stop_icount;
    machine->paused = config->paused;
    machine->io = bus_create(0x10000);
    machine->mmio = bus_create(HIGH_RAM);
    struct clock_source source = {source_now, source_deadline, machine};
    machine->clock = clock_create(&source);
    machine->memory = (struct memory_map){.bus = machine->mmio,
                                          .written = memory_written,
                                          .changed = memory_changed,
                                          .watched = memory_watched,
                                          .user = machine};
    if (!resolve_memory(machine, &options, status) || !faults_create(machine, config, status) ||
        !create_processor(machine, &options, status) || !pc_create(machine, status) ||
        (config->code_cache.given && !code_cache_load(machine, status))) {
        return false;
    }
    machine_reset(machine);
    machine->powered = true;
    machine->resets = 0;
    return true;
}

void machine_destroy(struct machine *machine)
{
    migrate_close(machine);
    snapshot_close(machine);
    pc_destroy(machine);
    for (unsigned i = machine->device_count; i-- > 0;) {
        machine->devices[i].ops->destroy(machine->devices[i].dev);
    }
    if (machine->translator) {
        translator_destroy(machine->translator);
    }
    perf_map_destroy(machine->perf_map);
    if (machine->cpu) {
        x86_destroy(machine->cpu);
    }
    clock_destroy(machine->clock);
    memory_map_free(&machine->memory);
    bus_destroy(machine->io);
    bus_destroy(machine->mmio);
}

void machine_reset(struct machine *machine)
{
    enum reset_kind kind = machine->powered ? RESET_HARD : RESET_POWER;
    uint64_t icount = machine->ctx->icount;
    x86_reset(machine->cpu, false);
    machine->nmi_wanted = false;
    machine->ctx->icount = icount;
    for (unsigned i = 0; i < machine->device_count; i++) {
        state_reset(machine->devices[i].ops->state, machine->devices[i].dev);
    }
    pc_reset(machine);
    for (unsigned i = 0; i < machine->device_count; i++) {
        const struct device *device = &machine->devices[i];
        if (device->ops->reset) {
            device->ops->reset(device->dev, kind);
        }
    }
    machine->resets++;
    translator_map_changed(machine->translator);
}

void machine_quit(struct machine *machine, int status)
{
    machine->quit = true;
    machine->status = status;
}

void machine_power_button(struct machine *machine)
{
    acpi_pm_press_power_button(machine->pc->acpi_pm);
}

/* RESET# asked for by the guest, or shutdown of the processor. */
static void reset_or_quit(struct machine *machine, int status)
{
    if (machine->config->no_reboot) {
        machine->ended_by_guest = true;
        machine_quit(machine, status);
    } else {
        machine_reset(machine);
    }
}

static void take_requests(struct machine *machine)
{
    machine->ended_by_guest |= machine->power_off_wanted || machine->exit_wanted;
    if (machine->power_off_wanted) {
        machine_quit(machine, EXIT_OK);
    } else if (machine->exit_wanted) {
        machine->quit = true;
    } else if (machine->reset_wanted) {
        reset_or_quit(machine, EXIT_RESET);
    }
    machine->power_off_wanted = machine->exit_wanted = machine->reset_wanted = false;
}

/* An NMI waits for the return from the handler of the one before and for the instruction after a
 * load of SS (SDM 3A 6.7.1, 6.8.3). */
static bool nmi_deliverable(const struct machine *machine)
{
    return machine->nmi_wanted && !x86_nmi_blocked(machine->cpu) &&
           context_shadowed(machine->ctx) != SHADOW_SS;
}

static void take_nmi(struct machine *machine)
{
    enum { VECTOR_NMI = 2 };
    machine->nmi_wanted = false;
    machine->ctx->halted = 0;
    machine->ctx->event = (struct guest_event){.vector = VECTOR_NMI, .kind = EVENT_EXTERNAL};
    if (!translator_deliver(machine->translator)) {
        reset_or_quit(machine, EXIT_TRIPLE);
    }
}

static void take_interrupt(struct machine *machine)
{
    machine->ctx->halted = 0;
    machine->ctx->event =
        (struct guest_event){.vector = pc_acknowledge(machine), .kind = EVENT_EXTERNAL};
    if (!translator_deliver(machine->translator)) {
        reset_or_quit(machine, EXIT_TRIPLE);
    }
}

/* The processor is halted: moves time to the next timer or the end of the slice; false: neither is
 * to come. */
static bool skip_idle(struct machine *machine)
{
    uint64_t now = machine_now(machine);
    uint64_t next = clock_deadline(machine->clock);
    uint64_t to = next < machine->slice_end_ns ? next : machine->slice_end_ns;
    if (to > now) {
        machine->idle_ns += to - now;
    }
    if (next <= machine->slice_end_ns && machine->ctx->halted == HALTED_MWAIT) {
        machine->ctx->halted = HALTED_NOT;
    }
    return to > now || next <= now;
}

uint64_t machine_idle_until(const struct machine *machine)
{
    const struct context *ctx = machine->ctx;
    bool requests = machine->reset_wanted || machine->power_off_wanted || machine->exit_wanted ||
                    machine->nmi_wanted;
    bool interrupt = ctx->interrupt && ctx->guest->interruptible(ctx);
    uint64_t now = machine_now(machine);
    if (!ctx->halted || requests || interrupt) {
        return now;
    }
    uint64_t next = clock_deadline(machine->clock);
    return next > now ? next : now;
}

static bool arrived(const struct machine *machine)
{
    if (machine->exact) {
        uint64_t icount = machine_icount(machine);
        return icount > machine->stop_icount ||
               (icount == machine->stop_icount && machine->idle_ns >= machine->stop_idle_ns);
    }
    return machine_now(machine) >= machine->slice_end_ns ||
           machine_icount(machine) >= machine->stop_icount;
}

bool machine_run_until(struct machine *machine, uint64_t until_ns)
{
    bool waits = true; /* while halted, for something that will come */
    uint64_t writes = machine->writes;
    machine->slice_end_ns = until_ns;
    machine->broke = false;
    while (waits && !machine->quit && !machine->broke) {
        clock_run(machine->clock);
        if (arrived(machine)) {
            break;
        }
        if (machine->faults && machine_icount(machine) >= faults_next(machine->faults)) {
            faults_strike(machine->faults);
        }
        if (nmi_deliverable(machine)) {
            take_nmi(machine);
        }
        set_deadline(machine);
        switch (translator_run(machine->translator)) {
        case RUN_DEADLINE:
            break;
        case RUN_STOPPED:
            take_requests(machine);
            machine->broke = machine->watch_stops && machine->writes != writes;
            break;
        case RUN_BREAK:
            machine->broke = true;
            break;
        case RUN_INTERRUPT:
            take_interrupt(machine);
            break;
        case RUN_HALTED:
            waits = skip_idle(machine);
            break;
        case RUN_TRIPLE_FAULT:
            reset_or_quit(machine, EXIT_TRIPLE);
            break;
        }
    }
    return machine->ctx->halted;
}

struct machine_position machine_position(const struct machine *machine)
{
    return (struct machine_position){machine_icount(machine), machine->idle_ns};
}

uint64_t machine_ns_at(const struct machine *machine, struct machine_position at)
{
    return clock_scale(at.icount, NS_PER_KILO_INSN, machine->mips) + at.idle_ns;
}

bool machine_run_to(struct machine *machine, struct machine_position to, uint64_t latest_ns)
{
    uint64_t limit = machine->stop_icount;
    machine->stop_icount = to.icount;
    machine->stop_idle_ns = to.idle_ns;
    machine->exact = true;
    machine_run_until(machine, latest_ns);
    machine->exact = false;
    machine->stop_icount = limit;
    return machine_icount(machine) == to.icount && machine->idle_ns >= to.idle_ns;
}

uint64_t machine_quick_hash(struct machine *machine)
{
    context_fpu_sync(machine->ctx);
    memory_map_settle(&machine->memory);
    uint64_t hash = state_hash(x86_state(), machine->cpu, machine->idle_ns);
    for (unsigned i = 0; i < machine->device_count; i++) {
        hash = state_hash(machine->devices[i].ops->state, machine->devices[i].dev, hash);
    }
    return hash;
}

static uint64_t hash_page(const uint8_t *ram, uint64_t at, uint64_t hash)
{
    for (uint64_t end = at + HASHED_PAGE; at < end; at += 8) {
        uint64_t word = load_le64(ram + at);
        if (word) {
            hash = (hash ^ word ^ at) * UINT64_C(0x9e3779b97f4a7c15);
            hash ^= hash >> 29;
        }
    }
    return hash;
}

/* Zeros do not count, so memory that nobody touched is not looked at. */
uint64_t machine_hash(struct machine *machine)
{
    uint64_t hash = machine_quick_hash(machine);
    const uint8_t *ram = machine->memory.ram;
    uint64_t pages = machine->memory.ram_bytes / HASHED_PAGE;
    int pagemap = host_pages_open();
    for (uint64_t first = 0; first < pages; first += HOST_PAGES_MOST) {
        unsigned count =
            pages - first < HOST_PAGES_MOST ? (unsigned)(pages - first) : HOST_PAGES_MOST;
        uint64_t touched = host_pages_touched(pagemap, ram + first * HASHED_PAGE, count);
        for (unsigned i = 0; i < count; i++) {
            uint64_t at = (first + i) * HASHED_PAGE;
            if (touched >> i & 1 && !bytes_are_zero(ram + at, HASHED_PAGE)) {
                hash = hash_page(ram, at, hash);
            }
        }
    }
    host_pages_close(pagemap);
    return hash;
}

const struct display_source *machine_display(const struct machine *machine)
{
    return &machine->pc->display;
}

bool machine_info(struct machine *machine, const char *what, FILE *out)
{
    if (!what || !*what) {
        fputs("cpu", out);
        for (unsigned i = 0; i < machine->device_count; i++) {
            fprintf(out, " %s", machine->devices[i].instance);
        }
        fputc('\n', out);
        return true;
    }
    if (strcmp(what, "cpu") == 0) {
        context_fpu_sync(machine->ctx);
        x86_print(machine->cpu, out);
        return true;
    }
    for (unsigned i = 0; i < machine->device_count; i++) {
        const struct device *device = &machine->devices[i];
        if (strcmp(device->instance, what) == 0) {
            state_print(device->ops->state, device->dev, "", out);
            return true;
        }
    }
    return false;
}
