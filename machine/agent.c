#define _GNU_SOURCE
#include "machine/agent.h"

#include "base/arena.h"
#include "base/bits.h"
#include "machine/checkpoint.h"
#include "machine/disassemble.h"
#include "machine/media/recognise.h"
#include "machine/pc.h"
#include "machine/replay.h"
#include "machine/snapshot.h"
#include "snapshots/codec.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define FOREVER_NS (UINT64_C(1) << 62)

enum { OPTIONS_MOST = 128, PAGE = 4096, LIST_ITEM_MOST = 64, CHUNK = 4096 };

struct agent {
    FILE *out;
    struct arena *texts;
    char *options[OPTIONS_MOST];
    int option_count;
    struct config config;
    struct machine machine;
    struct replay *replay; /* the image was a recording; else NULL */
    struct checkpoint *kept;
    struct replay_place kept_place;
    bool live;
};

/* ---- the machine ---- */

static void stop(struct agent *agent)
{
    if (agent->live) {
        checkpoint_free(agent->kept);
        agent->kept = NULL;
        machine_destroy(&agent->machine);
        agent->live = false;
    }
    replay_close(agent->replay);
    agent->replay = NULL;
    config_free(&agent->config);
    agent->config = (struct config){0};
}

/* Nothing of this run may reach, or come from, the outside: it goes back and forth, and there are
 * two of it. */
static void shut_off(struct config *config)
{
    for (unsigned i = 0; i < config->serial.count; i++) {
        config->serial.item[i] = "null";
    }
    config->control = config->debugcon = config->display = config->script = config->record = NULL;
    config->run_for = config->save_on_exit = config->autosave = config->speed = NULL;
    config->paused = false;
    if (!config->snapshot) { /* which tells itself how it was taken */
        config->snapshot_disks = true;
        config->rtc = config->rtc ? config->rtc : "2020-01-01T00:00:00";
    }
}

/* A saved machine may be one that writes its images: two of it would spoil them. */
static bool keeps_disks(const struct machine *machine, struct status *status)
{
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        const struct drive *drive = &machine->pc->drives.drive[slot];
        if (drive->media && !drive->block.read_only && !media_has_overlay(drive->media)) {
            return status_fail(status,
                               "%s would be written: the machine was saved without "
                               "--snapshot-disks",
                               drive->path);
        }
    }
    return true;
}

static bool is_recording(const struct config *config)
{
    enum media_kind kind;
    struct status ignored = {0};
    return config->images.count == 1 && recognise_file(config->images.item[0], &kind, &ignored) &&
           kind == MEDIA_RECORDING;
}

static bool make_machine(struct agent *agent, struct status *status)
{
    struct config *config = &agent->config;
    agent->options[0] = "agent";
    if (!config_parse(config, agent->option_count + 1, agent->options, status)) {
        return false;
    }
    if (is_recording(config)) {
        const char *path = config->images.item[0];
        config->images.count = 0;
        agent->replay = replay_open(path, config, status);
    }
    if (status->failed || !snapshot_take(config, status)) {
        return false;
    }
    shut_off(config);
    agent->live = machine_create(&agent->machine, config, status);
    if (!agent->live) {
        machine_destroy(&agent->machine);
    }
    return agent->live && keeps_disks(&agent->machine, status) &&
           (!config->snapshot || snapshot_load(&agent->machine, config->snapshot, status)) &&
           (!agent->replay || replay_start(agent->replay, &agent->machine, status));
}

/* ---- requests; each is given what stands after its name ---- */

static bool request_option(struct agent *agent, const char *text, struct status *status)
{
    if (agent->option_count + 2 >= OPTIONS_MOST) {
        return status_fail(status, "more than %d options", OPTIONS_MOST - 2);
    }
    agent->options[++agent->option_count] = arena_strdup(agent->texts, text);
    return true;
}

static bool request_start(struct agent *agent, const char *text, struct status *status)
{
    (void)text;
    struct utsname host;
    stop(agent);
    if (!make_machine(agent, status)) {
        stop(agent);
        return false;
    }
    const char *engine = agent->config.engine ? agent->config.engine
                         : host_native()      ? host_native()->name
                                              : host_interp.name;
    fprintf(agent->out, "%s %s %s\n", uname(&host) == 0 ? host.machine : "?", engine,
            agent->config.cpu ? agent->config.cpu : "max");
    return true;
}

static void say_position(struct agent *agent, uint64_t hash)
{
    struct machine_position at = machine_position(&agent->machine);
    fprintf(agent->out, "%" PRIu64 " %" PRIu64 " %016" PRIx64 "\n", at.icount, at.idle_ns, hash);
}

static bool request_run(struct agent *agent, const char *text, struct status *status)
{
    (void)status;
    struct machine *machine = &agent->machine;
    uint64_t count = strtoull(text, NULL, 10);
    if (agent->replay) {
        replay_limit(agent->replay, count, true);
        machine->paused = false;
        while (!machine->paused && !machine->quit && machine_icount(machine) < count) {
            replay_run_until(agent->replay, FOREVER_NS);
        }
    } else if (machine_icount(machine) < count) {
        machine->stop_icount = count;
        machine_run_until(machine, FOREVER_NS);
    }
    say_position(agent, machine_quick_hash(machine));
    return true;
}

static bool request_hash(struct agent *agent, const char *text, struct status *status)
{
    (void)text;
    (void)status;
    say_position(agent, machine_hash(&agent->machine));
    return true;
}

static bool request_keep(struct agent *agent, const char *text, struct status *status)
{
    (void)text;
    struct checkpoint *next = checkpoint_take(&agent->machine, agent->kept, status);
    if (!next) {
        return false;
    }
    checkpoint_free(agent->kept);
    agent->kept = next;
    if (agent->replay) {
        agent->kept_place = replay_place(agent->replay);
    }
    return true;
}

static bool request_back(struct agent *agent, const char *text, struct status *status)
{
    (void)text;
    if (!agent->kept) {
        return status_fail(status, "nothing was kept");
    }
    if (!checkpoint_restore(&agent->machine, agent->kept, status)) {
        return false;
    }
    agent->machine.quit = false;
    if (agent->replay) {
        replay_return(agent->replay, &agent->kept_place);
    }
    say_position(agent, machine_quick_hash(&agent->machine));
    return true;
}

struct walk {
    FILE *out;
    const char *device;
};

/* What has more elements than anybody reads is one line of its hash. */
static void say_field(void *user, const char *path, const struct state_field *field, void *elements)
{
    struct walk *walk = user;
    uint64_t hash = 0;
    unsigned size = state_kind_size(field->kind);
    for (uint32_t i = 0; i < field->count; i++) {
        uint64_t value = state_get(field->kind, (uint8_t *)elements + (size_t)i * size);
        if (field->count <= LIST_ITEM_MOST) {
            fprintf(walk->out, "%s %s[%" PRIu32 "] %" PRIx64 "\n", walk->device, path, i, value);
        }
        hash = (hash ^ value) * UINT64_C(0x100000001b3);
    }
    if (field->count > LIST_ITEM_MOST) {
        fprintf(walk->out, "%s %s[0..%" PRIu32 "] hash:%" PRIx64 "\n", walk->device, path,
                field->count - 1, hash);
    }
}

static bool request_fields(struct agent *agent, const char *text, struct status *status)
{
    (void)text;
    (void)status;
    struct machine *machine = &agent->machine;
    struct walk walk = {agent->out, "cpu"};
    context_fpu_sync(machine->ctx);
    state_walk(x86_state(), machine->cpu, "", say_field, &walk);
    for (unsigned i = 0; i < machine->device_count; i++) {
        walk.device = machine->devices[i].instance;
        state_walk(machine->devices[i].ops->state, machine->devices[i].dev, "", say_field, &walk);
    }
    return true;
}

struct putting {
    const char *name; /* of the field, without the number */
    uint32_t element;
    uint64_t value;
    bool done;
};

static void put_field(void *user, const char *path, const struct state_field *field, void *elements)
{
    struct putting *put = user;
    if (strcmp(path, put->name) == 0 && put->element < field->count) {
        unsigned size = state_kind_size(field->kind);
        state_put(field->kind, (uint8_t *)elements + (size_t)put->element * size, put->value);
        put->done = true;
    }
}

static bool request_put(struct agent *agent, const char *text, struct status *status)
{
    char name[128];
    struct putting put = {.name = name};
    char *end = NULL;
    const char *value = strchr(text, ' ');
    size_t length = value ? (size_t)(value - text) : 0;
    if (length > 0 && length < sizeof(name)) {
        memcpy(name, text, length);
        name[length] = 0;
        put.value = strtoull(value, &end, 16);
    }
    if (!end || end == value || !strrchr(name, '[')) {
        return status_fail(status, "put %s: not FIELD[N] HEX", text);
    }
    char *bracket = strrchr(name, '[');
    put.element = (uint32_t)strtoul(bracket + 1, NULL, 10);
    *bracket = 0;
    state_walk(x86_state(), agent->machine.cpu, "", put_field, &put);
    return put.done || status_fail(status, "put %s: no such field", text);
}

static bool request_cpu(struct agent *agent, const char *text, struct status *status)
{
    (void)text;
    (void)status;
    context_fpu_sync(agent->machine.ctx);
    x86_print(agent->machine.cpu, agent->out);
    return true;
}

static bool request_code(struct agent *agent, const char *text, struct status *status)
{
    (void)text;
    (void)status;
    char code[160] = "";
    disassemble_at(&agent->machine, code, sizeof(code));
    fprintf(agent->out, "%s\n", code);
    return true;
}

static bool request_pages(struct agent *agent, const char *text, struct status *status)
{
    (void)text;
    (void)status;
    const struct memory_map *memory = &agent->machine.memory;
    memory_map_settle(&agent->machine.memory);
    for (uint64_t at = 0; at < memory->ram_bytes; at += PAGE) {
        if (!bytes_are_zero(memory->ram + at, PAGE)) {
            fprintf(agent->out, "%" PRIx64 " %" PRIx64 "\n", at,
                    codec_fingerprint(memory->ram + at, PAGE));
        }
    }
    return true;
}

static bool request_page(struct agent *agent, const char *text, struct status *status)
{
    uint64_t at = strtoull(text, NULL, 16);
    const struct memory_map *memory = &agent->machine.memory;
    if (at % PAGE || at >= memory->ram_bytes) {
        return status_fail(status, "page %s: no RAM there", text);
    }
    memory_map_settle(&agent->machine.memory);
    for (unsigned i = 0; i < PAGE; i++) {
        fprintf(agent->out, "%02x", memory->ram[at + i]);
    }
    fputc('\n', agent->out);
    return true;
}

static const struct {
    const char *name;
    bool (*serve)(struct agent *agent, const char *text, struct status *status);
    bool needs_machine;
} requests[] = {
    {"option", request_option, false}, {"start", request_start, false},
    {"run", request_run, true},        {"hash", request_hash, true},
    {"keep", request_keep, true},      {"back", request_back, true},
    {"fields", request_fields, true},  {"put", request_put, true},
    {"cpu", request_cpu, true},        {"code", request_code, true},
    {"pages", request_pages, true},    {"page", request_page, true},
};

static bool serve(struct agent *agent, char *line, struct status *status)
{
    char *text = strchr(line, ' ');
    if (text) {
        *text++ = 0;
    }
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (strcmp(requests[i].name, line) == 0) {
            return requests[i].needs_machine && !agent->live
                       ? status_fail(status, "%s: not started", line)
                       : requests[i].serve(agent, text ? text : "", status);
        }
    }
    return status_fail(status, "%s: no such request", line);
}

int agent_serve(FILE *in, FILE *out)
{
    struct agent *agent = calloc(1, sizeof(*agent));
    char *line = NULL;
    size_t room = 0;
    ssize_t got;
    if (!agent) {
        return EXIT_BUG;
    }
    agent->out = out;
    agent->texts = arena_create(CHUNK);
    while ((got = getline(&line, &room, in)) > 0) {
        struct status status = {0};
        line[got - (line[got - 1] == '\n')] = 0;
        if (strcmp(line, "quit") == 0) {
            break;
        }
        if (!serve(agent, line, &status)) {
            fprintf(out, "!%s\n", status.text);
        }
        fputs(".\n", out);
        if (fflush(out) != 0) {
            break;
        }
    }
    stop(agent);
    arena_destroy(agent->texts);
    free(agent);
    free(line);
    return ferror(in) || ferror(out) ? EXIT_USER : EXIT_OK;
}

int agent_command(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        fputs(
            "usage: vestige agent\n\nOne side of `vestige diff`: runs a machine as it is told over "
            "standard input.\n",
            stderr);
        return EXIT_USER;
    }
    return agent_serve(stdin, stdout);
}
