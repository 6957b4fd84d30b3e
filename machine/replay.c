#define _GNU_SOURCE
#include "machine/replay.h"

#include "base/arena.h"
#include "machine/disk_past.h"
#include "machine/record.h"
#include "snapshots/identity.h"
#include "snapshots/replay_log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct replay {
    const char *path;      /* borrowed */
    struct config *config; /* borrowed; its texts are paths */
    struct machine *machine;
    struct log_reader *reader;
    struct disk_past *past;
    struct log_cursor here; /* before the record in next */
    struct log_record next; /* not entered yet; at the end of the file its code is 0 */
    uint64_t begin_hash;
    struct machine_position begin;
    struct machine_position end; /* of its last record */
    bool whole;                  /* it has an end record */
    uint64_t limit_icount;
    bool pause;  /* at the limit, rather than end */
    bool inside; /* the machine stopped where it had not looked at timers and inputs yet */
    enum replay_state state;
    uint64_t checked;  /* hashes that agreed */
    struct status why; /* of a divergence or damage */
    uint8_t bytes[LOG_PAYLOAD_MOST + 1];
};

static struct machine_position position_of(const struct log_record *record)
{
    return (struct machine_position){record->at.icount, record->at.idle_ns};
}

/* ---- the head ---- */

static char *keep(struct config *config, const struct log_value *value)
{
    enum { CHUNK = 1024 };
    if (!config->texts) {
        config->texts = arena_create(CHUNK);
    }
    char *text = arena_alloc(config->texts, value->size + 1);
    memcpy(text, value->bytes, value->size);
    return text;
}

/* Where the file is now: at its place, or beside the recording. */
static const char *find_file(struct replay *replay, const char *path)
{
    struct config *config = replay->config;
    const char *slash = strrchr(replay->path, '/');
    const char *name = strrchr(path, '/');
    char *beside;
    name = name ? name + 1 : path;
    if (access(path, F_OK) == 0 ||
        asprintf(&beside, "%.*s%s", slash ? (int)(slash - replay->path) + 1 : 0, replay->path,
                 name) < 0) {
        return path;
    }
    struct log_value value = log_text(beside, strlen(beside));
    const char *place = access(beside, F_OK) == 0 ? keep(config, &value) : path;
    free(beside);
    disk_past_found(replay->past, path, place);
    return place;
}

static bool check_file(struct replay *replay, const char *path, const struct log_value *recorded,
                       struct status *status)
{
    struct identity was = {recorded[0].number, recorded[1].number, recorded[2].number};
    struct identity is;
    return disk_past_identity(replay->past, path, &is, status) &&
           (identity_equal(&was, &is) ||
            status_fail(status, "%s: is not what it was when this was recorded", path));
}

static bool take_option(struct replay *replay, struct config *config, const char *name,
                        const char *value, struct status *status)
{
    const struct config_row *row = config_row(name);
    enum record_scope scope = record_scope(name);
    bool usual = row && (scope == RECORD_FILE || scope == RECORD_VALUE);
    if (!usual && strcmp(name, "speed") != 0) {
        return status_fail(status, "%s: this version has no option --%.40s to replay it with",
                           replay->path, name);
    }
    if (config_given(config, row)) {
        return status_fail(status, "--%s is part of the recording and cannot be changed", name);
    }
    return config_take(config, row, row->kind == CONFIG_FLAG ? NULL : value, status);
}

/* Names and paths are shown to the user, on one line. */
static bool is_name(const struct log_value *value)
{
    const uint8_t *bytes = value->bytes;
    for (size_t i = 0; i < value->size; i++) {
        if (bytes[i] < ' ') {
            return false;
        }
    }
    return true;
}

static bool take_image(struct replay *replay, struct config *config,
                       const struct log_record *record, struct status *status)
{
    char *option = keep(config, &record->value[0]);
    const char *path = find_file(replay, keep(config, &record->value[1]));
    if (!check_file(replay, path, &record->value[2], status)) {
        return false;
    }
    if (strcmp(option, "snapshot") == 0) {
        config->snapshot = path;
        return true;
    }
    if (strcmp(option, "image") != 0) {
        return record_scope(option) == RECORD_FILE
                   ? take_option(replay, config, option, path, status)
                   : status_fail(status, "%s: --%.40s takes no file", replay->path, option);
    }
    if (config->images.count == CONFIG_LIST_MAX) {
        return status_fail(status, "%s: too many images", replay->path);
    }
    config->images.item[config->images.count++] = path;
    return true;
}

/* One record of the head; *done after the last. */
static bool take_head(struct replay *replay, struct config *config, bool *done,
                      struct status *status)
{
    struct log_record record;
    switch (log_read(replay->reader, &record, status)) {
    case LOG_BAD:
        return false;
    case LOG_DONE:
    case LOG_TORN:
        return status_fail(status, "%s: ends before the machine is described", replay->path);
    case LOG_GOT:
        break;
    }
    if (record.code == LOG_OPTION || record.code == LOG_IMAGE) {
        if (!is_name(&record.value[0]) || !is_name(&record.value[1])) {
            return status_fail(status, "%s: an option or a path makes no sense", replay->path);
        }
    }
    switch (record.code) {
    case LOG_OPTION:
        return take_option(replay, config, keep(config, &record.value[0]),
                           keep(config, &record.value[1]), status);
    case LOG_IMAGE:
        return take_image(replay, config, &record, status);
    case LOG_FAULTS:
        config->faults = keep(config, &record.value[0]);
        config->faults_text = keep(config, &record.value[1]);
        return is_name(&record.value[0]) ||
               status_fail(status, "%s: a path makes no sense", replay->path);
    case LOG_BEGIN:
        *done = true;
        replay->begin_hash = record.value[0].number;
        replay->begin = (struct machine_position){record.at.icount, record.at.idle_ns};
        return true;
    default:
        return status_fail(status, "%s: record %u where the machine is described", replay->path,
                           record.code);
    }
}

/* Reads all records once: a damaged recording is refused before anything runs. */
static bool look_through(struct replay *replay, struct status *status)
{
    struct log_cursor cursor = log_tell(replay->reader);
    struct log_record record;
    enum log_outcome outcome;
    replay->end = replay->begin;
    while ((outcome = log_read(replay->reader, &record, status)) == LOG_GOT) {
        if (record.code < LOG_FIRST_EVENT || replay->whole) {
            return status_fail(status, "%s: record %u where it does not belong", replay->path,
                               record.code);
        }
        replay->end = position_of(&record);
        replay->whole = record.code == LOG_END;
    }
    return outcome != LOG_BAD && log_seek(replay->reader, &cursor, status);
}

struct machine_choice {
    struct config *config;
    struct status *status;
};

/* What defines the machine comes from the recording alone. */
static void refuse_choice(void *user, const struct config_row *row)
{
    struct machine_choice *choice = user;
    enum record_scope scope = record_scope(row->name);
    bool defines = scope == RECORD_FILE || scope == RECORD_VALUE;
    defines |= strcmp(row->name, "faults") == 0;
    if (defines && config_given(choice->config, row) && !choice->status->failed) {
        status_fail(choice->status, "--%s is part of the recording and cannot be changed",
                    row->name);
    }
}

struct replay *replay_open(const char *path, struct config *config, struct status *status)
{
    struct replay *replay = calloc(1, sizeof(*replay));
    struct machine_choice choice = {config, status};
    bool done = false;
    config_each(refuse_choice, &choice);
    if (!replay || status->failed || !(replay->reader = log_open(path, status)) ||
        !(replay->past = disk_past_open(path, status))) {
        replay_close(replay);
        return NULL;
    }
    replay->path = path;
    replay->config = config;
    replay->limit_icount = UINT64_MAX;
    while (!done) {
        if (!take_head(replay, config, &done, status)) {
            replay_close(replay);
            return NULL;
        }
    }
    if (!look_through(replay, status)) {
        replay_close(replay);
        return NULL;
    }
    config->snapshot_disks = true;
    config->disk_past = replay->past;
    return replay;
}

void replay_close(struct replay *replay)
{
    if (replay) {
        log_reader_close(replay->reader);
        disk_past_close(replay->past);
        free(replay);
    }
}

/* ---- the run ---- */

static void fetch(struct replay *replay)
{
    enum log_outcome outcome;
    do {
        replay->here = log_tell(replay->reader);
        outcome = log_read(replay->reader, &replay->next, &replay->why);
    } while (outcome == LOG_GOT &&
             (replay->next.code == LOG_UNDO || replay->next.code == LOG_LOCKED)); /* disk_past.h */
    switch (outcome) {
    case LOG_GOT:
        return;
    case LOG_BAD:
        replay->state = REPLAY_DAMAGED;
        break;
    case LOG_DONE:
    case LOG_TORN:
        break;
    }
    replay->next = (struct log_record){0};
}

bool replay_start(struct replay *replay, struct machine *machine, struct status *status)
{
    struct machine_position at = machine_position(machine);
    replay->machine = machine;
    machine->door.closed = true;
    machine->stop_icount = UINT64_MAX;
    if (at.icount != replay->begin.icount || at.idle_ns != replay->begin.idle_ns ||
        machine_quick_hash(machine) != replay->begin_hash) {
        return status_fail(status, "%s: this version of the program makes another machine of it",
                           replay->path);
    }
    fetch(replay);
    return true;
}

void replay_limit(struct replay *replay, uint64_t icount, bool pause)
{
    replay->limit_icount = icount;
    replay->pause = pause;
}

struct replay_place replay_place(const struct replay *replay)
{
    return (struct replay_place){.offset = replay->here.offset,
                                 .number = replay->here.number,
                                 .last = {replay->here.at.icount, replay->here.at.idle_ns},
                                 .checked = replay->checked};
}

void replay_return(struct replay *replay, const struct replay_place *place)
{
    struct log_cursor cursor = {
        place->offset, place->number, {place->last.icount, place->last.idle_ns}};
    replay->state = REPLAY_RUNNING;
    replay->inside = false;
    replay->why = (struct status){0};
    replay->checked = place->checked;
    replay->machine->quit = false;
    replay->machine->status = 0;
    if (log_seek(replay->reader, &cursor, &replay->why)) {
        fetch(replay);
    } else {
        replay->state = REPLAY_DAMAGED;
    }
}

struct machine_position replay_end(const struct replay *replay, bool *whole)
{
    *whole = replay->whole;
    return replay->end;
}

enum replay_state replay_state(const struct replay *replay)
{
    return replay->state;
}

static void diverge(struct replay *replay, const char *what)
{
    if (replay->state == REPLAY_RUNNING) {
        replay->state = REPLAY_DIVERGED;
        status_fail(&replay->why, "%s, %" PRIu64 " hashes agreed before", what, replay->checked);
    }
}

/* No record is known that this could be; the file was made to confuse. */
static void damage(struct replay *replay)
{
    replay->state = REPLAY_DAMAGED;
    status_fail(&replay->why, "%s: record %" PRIu64 " makes no sense", replay->path,
                log_tell(replay->reader).number - 1);
}

static void enter_key(struct replay *replay, const struct log_value *value)
{
    struct status status = {0};
    struct input input = {.kind = INPUT_KEY,
                          .key = {(uint16_t)value[0].number, value[1].number != 0}};
    if (value[0].number >= KEYS_COUNT || value[1].number > 1) {
        damage(replay);
        return;
    }
    inputs_enter(replay->machine, &input, &status);
}

static void enter_mouse(struct replay *replay, const struct log_value *value)
{
    struct status status = {0};
    int64_t move[3];
    for (unsigned i = 0; i < 3; i++) {
        move[i] = log_unzigzag(value[i].number);
        if (move[i] < INT32_MIN || move[i] > INT32_MAX) {
            damage(replay);
            return;
        }
    }
    struct input input = {
        .kind = INPUT_MOUSE,
        .mouse = {(int)move[0], (int)move[1], (int)move[2], (unsigned)value[3].number}};
    inputs_enter(replay->machine, &input, &status);
}

static void enter_serial(struct replay *replay, const struct log_value *value)
{
    struct status status = {0};
    size_t count = value[2].size;
    if (value[0].number >= INPUT_SERIAL_LINES || value[1].number > 1) {
        damage(replay);
        return;
    }
    memcpy(replay->bytes, value[2].bytes, count);
    bool more = value[1].number != 0;
    struct input input = {
        .kind = INPUT_SERIAL,
        .serial = {(unsigned)value[0].number, replay->bytes, count + more, false}};
    inputs_enter(replay->machine, &input, &status);
    if (input.serial.count != count || input.serial.more != more) {
        diverge(replay, "a serial line took another number of bytes");
    }
}

static void enter_media(struct replay *replay, const struct log_value *value)
{
    char drive[16] = "";
    bool done = value[5].number != 0;
    struct status status = {0};
    if (value[0].size >= sizeof(drive) || !is_name(&value[0]) || !is_name(&value[1])) {
        damage(replay);
        return;
    }
    memcpy(drive, value[0].bytes, value[0].size);
    if (value[1].size && !done && value[2].number == 0) {
        return; /* a file that could not be opened, so that nothing happened */
    }
    const char *path = value[1].size ? find_file(replay, keep(replay->config, &value[1])) : NULL;
    struct input input = {.kind = INPUT_MEDIA, .media = {drive, path}};
    disk_past_at(replay->past, replay->here.number);
    if (path && !check_file(replay, path, &value[2], &status)) {
        replay->state = REPLAY_DAMAGED;
        replay->why = status;
        return;
    }
    if (inputs_enter(replay->machine, &input, &status) != done) {
        diverge(replay, "a medium could not be changed");
    }
}

static void check_hash(struct replay *replay, uint64_t recorded, uint64_t now)
{
    if (recorded == now) {
        replay->checked++;
    } else {
        diverge(replay, "processor or devices differ");
    }
}

static void reach_end(struct replay *replay, const struct log_value *value)
{
    struct machine *machine = replay->machine;
    check_hash(replay, value[0].number, machine_hash(machine));
    if (replay->state == REPLAY_RUNNING) {
        replay->state = REPLAY_SAME;
    }
}

/* The machine stands where the next record belongs. */
static void enter_record(struct replay *replay)
{
    const struct log_value *value = replay->next.value;
    struct machine *machine = replay->machine;
    switch (replay->next.code) {
    case LOG_KEY:
        enter_key(replay, value);
        break;
    case LOG_MOUSE:
        enter_mouse(replay, value);
        break;
    case LOG_SERIAL:
        enter_serial(replay, value);
        break;
    case LOG_MEDIA:
        enter_media(replay, value);
        break;
    case LOG_RESET:
        machine_reset(machine);
        break;
    case LOG_POWER:
        machine_power_button(machine);
        break;
    case LOG_MARK:
        check_hash(replay, value[0].number, machine_quick_hash(machine));
        break;
    case LOG_END:
        reach_end(replay, value);
        break;
    default:
        damage(replay);
        break;
    }
}

/* Lets in what belongs to where the machine stands. */
static void enter_due(struct replay *replay)
{
    while (replay->state == REPLAY_RUNNING) {
        struct machine_position at = machine_position(replay->machine);
        if (!replay->next.code) {
            replay->state = REPLAY_CUT;
            return;
        }
        struct machine_position due = position_of(&replay->next);
        if (at.icount != due.icount || at.idle_ns != due.idle_ns) {
            return;
        }
        enter_record(replay);
        if (replay->state == REPLAY_RUNNING) {
            fetch(replay);
        }
    }
}

/* To the next record if it comes before until_ns, else until then; not beyond the limit. */
static bool run_some(struct replay *replay, uint64_t until_ns)
{
    struct machine *machine = replay->machine;
    struct machine_position to = position_of(&replay->next);
    uint64_t to_ns = machine_ns_at(machine, to);
    bool limited = replay->limit_icount <= to.icount;
    bool there = true;
    if (to_ns > until_ns) {
        machine->stop_icount = replay->limit_icount;
        machine_run_until(machine, until_ns);
        machine->stop_icount = UINT64_MAX;
    } else if (limited) {
        there = machine_run_to(machine, (struct machine_position){replay->limit_icount, 0}, to_ns);
    } else {
        there = machine_run_to(machine, to, to_ns);
    }
    if (machine->broke) {
        return machine->ctx->halted;
    }
    if (!there && !machine->quit) {
        diverge(replay, "the guest does not come to where the next input entered");
    } else if (machine_icount(machine) >= replay->limit_icount && limited) {
        replay->state = REPLAY_STOPPED;
    }
    return machine->ctx->halted;
}

/* The guest itself ended the run: that must be the recorded end. */
static void check_quit(struct replay *replay)
{
    enter_due(replay);
    if (replay->state == REPLAY_RUNNING) {
        diverge(replay, "the guest ends here");
    }
}

uint64_t replay_next_ns(const struct replay *replay)
{
    return machine_ns_at(replay->machine, position_of(&replay->next));
}

bool replay_run_until(struct replay *replay, uint64_t until_ns)
{
    struct machine *machine = replay->machine;
    bool idle = false;
    machine->broke = false;
    if (replay->state == REPLAY_STOPPED && machine_icount(machine) < replay->limit_icount) {
        replay->state = REPLAY_RUNNING; /* the limit was moved */
    }
    if (!replay->inside) {
        enter_due(replay);
    }
    while (replay->state == REPLAY_RUNNING && !machine->broke && machine_now(machine) < until_ns) {
        idle = run_some(replay, until_ns);
        if (machine->quit) {
            check_quit(replay);
        }
        if (replay->state == REPLAY_RUNNING && !machine->broke) {
            enter_due(replay);
        }
    }
    replay->inside = machine->broke;
    if (replay->state != REPLAY_RUNNING) {
        if (replay->pause) {
            machine->paused = true;
            machine->quit = false;
        } else {
            machine->quit = true;
        }
    }
    return idle;
}

enum replay_state replay_verdict(struct replay *replay, struct status *text, int *exit_status)
{
    uint64_t icount = machine_icount(replay->machine);
    *exit_status = EXIT_OK;
    switch (replay->state) {
    case REPLAY_RUNNING:
    case REPLAY_STOPPED:
        status_fail(text, "replay: stopped at instruction %" PRIu64, icount);
        break;
    case REPLAY_SAME:
        status_fail(text, "replay: identical, %" PRIu64 " instructions, state %016" PRIx64, icount,
                    machine_hash(replay->machine));
        break;
    case REPLAY_CUT:
        status_fail(text, "replay: the recording was cut off here, at instruction %" PRIu64,
                    icount);
        break;
    case REPLAY_DIVERGED:
        status_fail(text, "replay: this run differs at instruction %" PRIu64 ": %s", icount,
                    replay->why.text);
        *exit_status = EXIT_BUG;
        break;
    case REPLAY_DAMAGED:
        *text = replay->why;
        *exit_status = EXIT_USER;
        break;
    }
    return replay->state;
}
