#include "machine/resolve.h"

#include "machine/firmware.h"
#include "snapshots/codec.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#define MEMORY_DEFAULT (UINT64_C(128) << 20)
#define MEMORY_LEAST   (UINT64_C(1) << 20)
#define MEMORY_MOST    (UINT64_C(64) << 30)

static const struct {
    const char *name, *what;
} passes[PASSES] = {
#define PASS(name, text, what) {text, what},
#include "translator/api/passes.def"
};

/* More than the host has would start, and be killed when the guest uses it. */
static bool fits_host(const struct config *config, uint64_t bytes, struct status *status)
{
    struct sysinfo host;
    if (bytes > PTRDIFF_MAX) {
        return status_fail(status, "--memory %s: a program of this host has %llu MiB at most",
                           config->memory, (unsigned long long)PTRDIFF_MAX >> 20);
    }
    if (sysinfo(&host) != 0) {
        return true;
    }
    uint64_t most = ((uint64_t)host.totalram + host.totalswap) * host.mem_unit;
    return bytes <= most || status_fail(status, "--memory %s: this host has only %llu MiB",
                                        config->memory, (unsigned long long)(most >> 20));
}

/* RAM that the model can address beside the firmware; 0: no limit of its own. */
static uint64_t addressable(const struct x86_model *model)
{
    if (model->address_bits >= 32) {
        return 0;
    }
    uint64_t whole = UINT64_C(1) << model->address_bits;
    return whole > UINT64_C(1) << 20 ? whole - (UINT64_C(1) << 20) : whole;
}

static bool resolve_size(const struct config *config, struct resolved *out, struct status *status)
{
    uint64_t most = addressable(&out->model);
    out->memory_bytes = most && most < MEMORY_DEFAULT ? most : MEMORY_DEFAULT;
    if (!config->memory) {
        return true;
    }
    if (!config_size(config->memory, &out->memory_bytes)) {
        return status_fail(status, "--memory %s is no size (examples: 64M, 1G)", config->memory);
    }
    if (isdigit((unsigned char)config->memory[strlen(config->memory) - 1])) {
        out->memory_bytes <<= 20; /* a plain number is MiB, as everywhere */
    }
    if (out->memory_bytes < MEMORY_LEAST || out->memory_bytes > MEMORY_MOST ||
        out->memory_bytes % 4096) {
        return status_fail(status, "--memory %s: from 1M to 64G in steps of 4k", config->memory);
    }
    if (most && out->memory_bytes > most) {
        return status_fail(status, "--memory %s: CPU model %s addresses %llu MiB of RAM at most",
                           config->memory, out->model.name, (unsigned long long)(most >> 20));
    }
    return fits_host(config, out->memory_bytes, status);
}

/* The native engine, when this host can run it; else NULL, and `why` says what is missing. */
static const struct host_ops *working_native(const char **why)
{
    enum { TRIAL_BYTES = 1 << 20 };
    const struct host_ops *native = host_native();
    struct engine *engine = native ? native->create(TRIAL_BYTES, (struct pass_set){0}) : NULL;
    *why = native ? "the host does not let it map code memory twice, or does not run what is "
                    "written there"
                  : "there is none for this kind of host";
    if (engine) {
        native->destroy(engine);
    }
    return engine ? native : NULL;
}

/* Without a wish the best that runs here. */
static bool resolve_engine(const struct config *config, struct resolved *out, struct status *status)
{
    const char *name = config->engine;
    const char *why = NULL;
    out->host = &host_interp;
    if (name && strcmp(name, host_interp.name) == 0) {
        return true;
    }
    if (name && strcmp(name, "native") != 0) {
        return status_fail(status, "--engine %s is not one of native, portable", name);
    }
    const struct host_ops *native = working_native(&why);
    if (native) {
        out->host = native;
    } else if (name) {
        return status_fail(status, "--engine native: %s; --engine portable runs everywhere", why);
    }
    return true;
}

const char *resolve_engine_lost(const struct config *config)
{
    const char *why = NULL;
    bool lost = !config->engine && host_native() && !working_native(&why);
    return lost ? why : NULL;
}

static bool parse_hot(const char *text, uint32_t *every)
{
    double seconds;
    uint64_t instructions;
    bool good =
        resolve_limit(text, &seconds, &instructions) && instructions && instructions <= UINT32_MAX;
    *every = good ? (uint32_t)instructions : 0;
    return good;
}

static bool resolve_passes(const struct config *config, struct resolved *out, struct status *status)
{
    out->passes = (struct pass_set){0};
    if (config->hot_every && !parse_hot(config->hot_every, &out->passes.hot_every)) {
        return status_fail(status, "--hot-every %s is not a number of instructions",
                           config->hot_every);
    }
    for (unsigned i = 0; i < config->no_opt.count; i++) {
        unsigned pass = 0;
        while (pass < PASSES && strcmp(config->no_opt.item[i], passes[pass].name) != 0) {
            pass++;
        }
        if (pass == PASSES) {
            return status_fail(status, "--no-opt %s: no such optimisation (--no-opt help)",
                               config->no_opt.item[i]);
        }
        out->passes.off |= UINT32_C(1) << pass;
    }
    return true;
}

void resolve_list_passes(FILE *out)
{
    for (unsigned i = 0; i < PASSES; i++) {
        fprintf(out, "  %-14s %s\n", passes[i].name, passes[i].what);
    }
}

static bool resolve_model(const struct config *config, struct resolved *out, struct status *status)
{
    return x86_model_configure(&out->model, config->cpu ? config->cpu : "max", status);
}

static bool resolve_speed(const struct config *config, struct resolved *out, struct status *status)
{
    const char *text = config->speed;
    out->mips = MACHINE_DEFAULT_MIPS;
    if (!text || strcmp(text, "max") == 0 || strcmp(text, "real") == 0) {
        return true;
    }
    char *end;
    unsigned long mips = strtoul(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || mips < 1 || mips > 100000) {
        return status_fail(status, "--speed %s is not one of max, real, 1..100000 (MIPS)", text);
    }
    out->mips = mips;
    return true;
}

bool resolve_unpaced(const struct config *config)
{
    return config->speed && strcmp(config->speed, "max") == 0;
}

bool resolve_limit(const char *text, double *seconds, uint64_t *instructions)
{
    char *end;
    double value = strtod(text, &end);
    double unit = *end == 'k' ? 1e3 : *end == 'M' ? 1e6 : *end == 'G' ? 1e9 : 1;
    bool host = *end == 's';
    end += unit > 1 || host;
    if (!isdigit((unsigned char)*text) || *end || value * unit < (host ? 1e-3 : 1) ||
        value * unit > (host ? 1e9 : 9e18)) {
        return false;
    }
    *seconds = host ? value : 0;
    *instructions = host ? 0 : (uint64_t)(value * unit);
    return true;
}

double resolve_host_seconds(const struct config *config)
{
    double seconds = 0;
    uint64_t instructions;
    return config->run_for && resolve_limit(config->run_for, &seconds, &instructions) ? seconds : 0;
}

/* --for: "10s" host seconds, "2G" instructions (decimal multipliers). */
static bool resolve_for(const struct config *config, struct resolved *out, struct status *status)
{
    double seconds;
    uint64_t instructions;
    out->stop_icount = UINT64_MAX;
    if (!config->run_for) {
        return true;
    }
    if (!resolve_limit(config->run_for, &seconds, &instructions)) {
        return status_fail(status, "--for %s is neither host seconds (10s) nor instructions (2G)",
                           config->run_for);
    }
    out->stop_icount = instructions ? instructions : UINT64_MAX;
    return true;
}

static bool resolve_log(const struct config *config, struct log *log, struct status *status)
{
    const char *bad;
    if (config->log && !log_parse(log, config->log, &bad)) {
        return status_fail(status, "unknown log topic %s", bad);
    }
    return true;
}

static bool check_incoming(const struct config *config, struct status *status)
{
    return !config->incoming || !config->snapshot ||
           status_fail(status, "%s and --incoming: a machine comes from one place",
                       config->snapshot);
}

static bool check_codec(const struct config *config, struct status *status)
{
    enum snap_codec codec;
    return !config->compress || codec_find(config->compress, &codec) ||
           status_fail(status, "--compress %s is not one of zstd, zlib, none", config->compress);
}

static bool refuse_conflicts(const struct config *config, struct status *status)
{
    if (config->smp && strcmp(config->smp, "1") != 0) {
        return status_fail(status, "--smp %s: this version has one processor", config->smp);
    }
    unsigned stdio = 0;
    for (unsigned i = 0; i < config->serial.count; i++) {
        stdio += strcmp(config->serial.item[i], "stdio") == 0;
    }
    if (stdio > 1) {
        return status_fail(status, "two serial lines cannot both be stdio");
    }
    if (config->gdb) {
        return status_fail(status, "--gdb is not available in this version");
    }
    if (config->boot && (strlen(config->boot) != 1 || !strchr("acdn", config->boot[0]))) {
        return status_fail(status, "--boot %s is not one of a, c, d, n", config->boot);
    }
    return true;
}

bool resolve_options(const struct config *config, struct resolved *out, struct log *log,
                     struct status *status)
{
    return refuse_conflicts(config, status) && check_codec(config, status) &&
           check_incoming(config, status) && resolve_log(config, log, status) &&
           resolve_model(config, out, status) && resolve_size(config, out, status) &&
           resolve_engine(config, out, status) && resolve_passes(config, out, status) &&
           resolve_speed(config, out, status) && resolve_for(config, out, status);
}

/* The firmware that is installed beside the program is 32-bit code with BSWAP. */
static bool firmware_fits(const struct config *config, const struct x86_model *model,
                          struct status *status)
{
    if (config->bios || x86_model_has_bswap(model)) {
        return true;
    }
    if (model->family == 3) {
        return status_fail(status,
                           "CPU model %s cannot run SeaBIOS, which needs BSWAP: give --cpu "
                           "%s,+i486 or another firmware with --bios FILE",
                           model->name, model->name);
    }
    return status_fail(status,
                       "CPU model %s cannot run SeaBIOS, which needs a 486: give a firmware that "
                       "can with --bios FILE",
                       model->name);
}

bool resolve_memory(struct machine *machine, const struct resolved *resolved, struct status *status)
{
    struct file_bytes bios;
    if (!firmware_fits(machine->config, &resolved->model, status)) {
        return false;
    }
    if (!firmware_bios(machine->config->bios, &bios, status)) {
        return false;
    }
    bool done =
        memory_map_init(&machine->memory, resolved->memory_bytes, bios.bytes, bios.size, status);
    if (resolved->model.address_bits < 32) {
        machine->memory.top = UINT64_C(1) << resolved->model.address_bits;
    }
    free(bios.bytes);
    return done;
}
