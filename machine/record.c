#define _GNU_SOURCE
#include "machine/record.h"

#include "base/arena.h"
#include "base/bits.h"
#include "machine/board_config.h"
#include "machine/faults.h"
#include "machine/firmware.h"
#include "machine/pc.h"
#include "snapshots/identity.h"
#include "snapshots/replay_log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Between two hashes, which take milliseconds: seconds of a busy guest. */
#define MARK_INSNS UINT64_C(1000000000)

static const struct {
    const char *option;
    enum record_scope scope;
} scopes[] = {
    {"fda", RECORD_FILE},          {"fdb", RECORD_FILE},           {"hda", RECORD_FILE},
    {"hdb", RECORD_FILE},          {"hdc", RECORD_FILE},           {"hdd", RECORD_FILE},
    {"cdrom", RECORD_FILE},        {"kernel", RECORD_FILE},        {"initrd", RECORD_FILE},
    {"bios", RECORD_FILE},         {"vgabios", RECORD_FILE},       {"append", RECORD_VALUE},
    {"boot", RECORD_VALUE},        {"memory", RECORD_VALUE},       {"cpu", RECORD_VALUE},
    {"smp", RECORD_VALUE},         {"rtc", RECORD_VALUE},          {"no-reboot", RECORD_VALUE},
    {"demo", RECORD_VALUE},        {"debug-exit", RECORD_VALUE},   {"faults", RECORD_OWN},
    {"speed", RECORD_OWN},         {"snapshot-disks", RECORD_OWN}, {"until", RECORD_HOST},
    {"save-on-exit", RECORD_HOST}, {"autosave", RECORD_HOST},      {"compress", RECORD_HOST},
    {"incoming", RECORD_HOST},     {"no-opt", RECORD_HOST},        {"record", RECORD_HOST},
    {"display", RECORD_HOST},      {"serial", RECORD_HOST},        {"debugcon", RECORD_HOST},
    {"control", RECORD_HOST},      {"engine", RECORD_HOST},        {"gdb", RECORD_HOST},
    {"paused", RECORD_HOST},       {"for", RECORD_HOST},           {"stats", RECORD_HOST},
    {"script", RECORD_HOST},       {"log", RECORD_HOST},           {"perf", RECORD_HOST},
    {"symbols", RECORD_HOST},      {"hot-every", RECORD_HOST},     {"code-cache", RECORD_HOST},
};

struct recorder {
    struct machine *machine;
    pid_t process; /* that records: a copy of it does not */
    struct log_writer *writer;
    uint64_t mark_icount;
    struct status trouble;
    bool told;
};

enum record_scope record_scope(const char *option)
{
    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
        if (strcmp(scopes[i].option, option) == 0) {
            return scopes[i].scope;
        }
    }
    return RECORD_UNKNOWN;
}

/* ---- what the host would decide ---- */

static char *keep(struct config *config, const char *text)
{
    enum { CHUNK = 1024 };
    if (!config->texts) {
        config->texts = arena_create(CHUNK);
    }
    return arena_strdup(config->texts, text);
}

static bool pin_clock(struct config *config, struct status *status)
{
    int64_t seconds;
    char text[64];
    struct tm date;
    if (!board_start_time(config, &seconds, status)) {
        return false;
    }
    time_t start = (time_t)seconds;
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&start, &date));
    config->rtc = keep(config, text);
    return true;
}

static void pin_firmware(struct config *config)
{
    char path[256];
    if (!config->bios && firmware_find(FIRMWARE_BIOS, path, sizeof(path))) {
        config->bios = keep(config, path);
    }
    if (!config->vgabios && firmware_find(FIRMWARE_VGABIOS, path, sizeof(path))) {
        config->vgabios = keep(config, path);
    }
}

bool recorder_prepare(struct config *config, struct status *status)
{
    pin_firmware(config);
    /* a saved machine names its disks as they are now, which they are no more after the session */
    config->snapshot_disks |= config->snapshot || config->incoming;
    return pin_clock(config, status);
}

/* ---- the head ---- */

static void put(struct recorder *recorder, const struct log_record *record)
{
    if (!recorder->trouble.failed && recorder->process == getpid()) {
        log_write(recorder->writer, record, &recorder->trouble);
    }
}

static struct log_value text_value(const char *text)
{
    return log_text(text, strlen(text));
}

static void put_file(struct recorder *recorder, const char *option, const char *path)
{
    struct identity identity;
    char *whole = realpath(path, NULL);
    if (!recorder->trouble.failed && identity_of_file(path, &identity, &recorder->trouble)) {
        put(recorder,
            &(struct log_record){.code = LOG_IMAGE,
                                 .value = {text_value(option), text_value(whole ? whole : path),
                                           log_number(identity.bytes), log_number(identity.low),
                                           log_number(identity.high)}});
    }
    free(whole);
}

static void put_text(struct recorder *recorder, const char *option, const char *value)
{
    put(recorder,
        &(struct log_record){.code = LOG_OPTION, .value = {text_value(option), text_value(value)}});
}

static void put_option(void *user, const struct config_row *row)
{
    struct recorder *recorder = user;
    const struct config *config = recorder->machine->config;
    enum record_scope scope = record_scope(row->name);
    if (!config_given(config, row) || (scope != RECORD_FILE && scope != RECORD_VALUE)) {
        return;
    }
    const void *field = (const char *)config + row->offset;
    const char *text = row->kind == CONFIG_TEXT ? *(const char *const *)field : "";
    if (scope == RECORD_FILE) {
        put_file(recorder, row->name, text);
    } else {
        put_text(recorder, row->name, text);
    }
}

static void put_head(struct recorder *recorder)
{
    struct machine *machine = recorder->machine;
    const struct config *config = machine->config;
    struct machine_position at = machine_position(machine);
    char mips[32];
    config_each(put_option, recorder);
    snprintf(mips, sizeof(mips), "%llu", (unsigned long long)machine->mips);
    put_text(recorder, "speed", mips);
    if (machine->faults) {
        put(recorder, &(struct log_record){.code = LOG_FAULTS,
                                           .value = {text_value(config->faults),
                                                     text_value(faults_text(machine->faults))}});
    }
    for (unsigned i = 0; i < config->images.count; i++) {
        put_file(recorder, "image", config->images.item[i]);
    }
    if (config->snapshot) {
        put_file(recorder, "snapshot", config->snapshot);
    }
    put(recorder, &(struct log_record){.code = LOG_BEGIN,
                                       .at = {at.icount, at.idle_ns},
                                       .value = {log_number(machine_quick_hash(machine))}});
}

/* ---- disks ---- */

static struct log_value path_value(const char *whole, const char *path)
{
    return text_value(whole ? whole : path);
}

/* What a disk holds, before it changes. */
static void put_old(void *user, const struct media *media, uint64_t at, const uint8_t *bytes,
                    size_t count)
{
    char *whole = realpath(media_path(media), NULL);
    bool zeros = bytes_are_zero(bytes, count);
    put(user,
        &(struct log_record){.code = LOG_UNDO,
                             .value = {path_value(whole, media_path(media)), log_number(at),
                                       log_number(count), log_text(bytes, zeros ? 0 : count)}});
    free(whole);
}

/* Disks that the guest cannot write though a replay, which never writes to them, could let it. */
static void put_locked(struct recorder *recorder)
{
    const struct drives *drives = &recorder->machine->pc->drives;
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        const struct drive *drive = &drives->drive[slot];
        if (drive->media && !drive->cdrom && drive->block.read_only) {
            char *whole = realpath(drive->path, NULL);
            put(recorder, &(struct log_record){.code = LOG_LOCKED,
                                               .value = {path_value(whole, drive->path)}});
            free(whole);
        }
    }
}

/* ---- inputs ---- */

/* A file that the host did not let in is written down without an identity: nothing happened. */
static struct log_record media_record(const struct recorder *recorder, const struct input *input,
                                      const char *path, bool done)
{
    struct identity identity = {0};
    struct status ignored = {0};
    if (path && !recorder->machine->pc->drives.unseen) {
        identity_of_file(path, &identity, &ignored);
    }
    return (struct log_record){.code = LOG_MEDIA,
                               .value = {text_value(input->media.drive),
                                         text_value(path ? path : ""), log_number(identity.bytes),
                                         log_number(identity.low), log_number(identity.high),
                                         log_number(done)}};
}

static struct log_record record_of(const struct input *input)
{
    switch (input->kind) {
    case INPUT_KEY:
        return (struct log_record){
            .code = LOG_KEY, .value = {log_number(input->key.key), log_number(input->key.down)}};
    case INPUT_MOUSE:
        return (struct log_record){.code = LOG_MOUSE,
                                   .value = {log_number(log_zigzag(input->mouse.dx)),
                                             log_number(log_zigzag(input->mouse.dy)),
                                             log_number(log_zigzag(input->mouse.dz)),
                                             log_number(input->mouse.buttons)}};
    case INPUT_SERIAL:
        return (struct log_record){.code = LOG_SERIAL,
                                   .value = {log_number(input->serial.line),
                                             log_number(input->serial.more),
                                             log_text(input->serial.bytes, input->serial.count)}};
    case INPUT_RESET:
        return (struct log_record){.code = LOG_RESET};
    case INPUT_POWER_BUTTON:
        return (struct log_record){.code = LOG_POWER};
    case INPUT_MEDIA:
        break; /* media_record() */
    }
    return (struct log_record){0};
}

static void on_input(void *user, const struct input *input, bool done)
{
    struct recorder *recorder = user;
    struct machine_position at = machine_position(recorder->machine);
    bool media = input->kind == INPUT_MEDIA;
    const char *path = media ? input->media.path : NULL;
    char *whole = path ? realpath(path, NULL) : NULL;
    struct log_record record =
        media ? media_record(recorder, input, whole ? whole : path, done) : record_of(input);
    record.at = (struct log_position){at.icount, at.idle_ns};
    put(recorder, &record);
    free(whole);
    if (media) {
        put_locked(recorder);
    }
}

/* ---- the run ---- */

struct recorder *recorder_create(struct machine *machine, const char *path, struct status *status)
{
    struct recorder *recorder = calloc(1, sizeof(*recorder));
    if (!recorder || !(recorder->writer = log_create(path, status))) {
        free(recorder);
        return NULL;
    }
    recorder->machine = machine;
    recorder->process = getpid();
    recorder->mark_icount = machine_icount(machine) + MARK_INSNS;
    put_head(recorder);
    put_locked(recorder);
    if (recorder->trouble.failed ||
        !drives_keep_old(&machine->pc->drives, put_old, recorder, &recorder->trouble)) {
        *status = recorder->trouble;
        drives_keep_old(&machine->pc->drives, NULL, NULL, status);
        log_close(recorder->writer);
        free(recorder);
        return NULL;
    }
    machine->door.observer = on_input;
    machine->door.observer_user = recorder;
    return recorder;
}

void recorder_mark(struct recorder *recorder)
{
    if (!recorder || machine_icount(recorder->machine) < recorder->mark_icount ||
        recorder->machine->quit) {
        return;
    }
    struct machine_position at = machine_position(recorder->machine);
    recorder->mark_icount = at.icount + MARK_INSNS;
    put(recorder,
        &(struct log_record){.code = LOG_MARK,
                             .at = {at.icount, at.idle_ns},
                             .value = {log_number(machine_quick_hash(recorder->machine))}});
}

bool recorder_trouble(struct recorder *recorder, struct status *status)
{
    if (!recorder || !recorder->trouble.failed || recorder->told) {
        return false;
    }
    recorder->told = true;
    *status = recorder->trouble;
    return true;
}

void recorder_end(struct recorder *recorder)
{
    if (recorder) {
        struct machine *machine = recorder->machine;
        struct machine_position at = machine_position(machine);
        put(recorder, &(struct log_record){.code = LOG_END,
                                           .at = {at.icount, at.idle_ns},
                                           .value = {log_number(machine_hash(machine)),
                                                     log_number((uint64_t)machine->status)}});
    }
}

void recorder_close(struct recorder *recorder)
{
    if (recorder) {
        struct status ignored = {0};
        recorder->machine->door.observer = NULL;
        drives_keep_old(&recorder->machine->pc->drives, NULL, NULL, &ignored);
        log_close(recorder->writer);
        free(recorder);
    }
}
