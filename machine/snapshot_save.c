/* Saving: see snapshot.h. */
#define _GNU_SOURCE
#include "machine/host_clock.h"
#include "machine/machine_state.h"
#include "machine/snapshot.h"
#include "machine/snapshot_config.h"
#include "machine/snapshot_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const drive_regions[DRIVE_SLOTS] = {"fda", "fdb", "hda", "hdb", "hdc", "hdd"};

static void *shared(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

struct snapshots *snapshots_of(struct machine *machine)
{
    if (!machine->snapshots) {
        machine->snapshots = calloc(1, sizeof(*machine->snapshots));
        if (machine->snapshots) {
            machine->snapshots->ended = -1;
        }
    }
    return machine->snapshots;
}

struct snap_region memory_region(const struct machine *machine, unsigned n)
{
    struct snap_region region = {.name = "ram", .unit_bytes = UNIT_BYTES};
    region.units = machine->memory.ram_bytes / UNIT_BYTES;
    if (n == 1) {
        memcpy(region.name, "vram", sizeof("vram"));
        region.units = PC_VRAM_BYTES / UNIT_BYTES;
    }
    return region;
}

uint8_t *memory_bytes(const struct machine *machine, unsigned n)
{
    return n == 0 ? machine->memory.ram : machine->pc->vram;
}

void snapshots_forget(struct snapshots *snapshots)
{
    free(snapshots->newest);
    snapshots->newest = NULL;
    for (unsigned n = 0; n < TRACKED; n++) {
        snapshots->tracked[n].known = false;
    }
}

/* ---- what changed ---- */

static bool track(struct tracked *tracked, uint64_t units, const struct media *media)
{
    if (tracked->hash && tracked->units == units && tracked->media == media) {
        return true;
    }
    if (tracked->hash) {
        munmap(tracked->hash, 2 * tracked->units * sizeof(uint64_t));
    }
    *tracked = (struct tracked){.units = units, .media = media};
    tracked->hash = shared(2 * units * sizeof(uint64_t));
    return tracked->hash != NULL;
}

static uint64_t disk_units(const struct drive *drive)
{
    uint64_t bytes = drive->block.sectors * drive->block.sector_bytes;
    return (bytes + MEDIA_CLUSTER_BYTES - 1) / MEDIA_CLUSTER_BYTES;
}

static bool has_changes(const struct drive *drive)
{
    return drive->media && media_has_overlay(drive->media);
}

/* Tables for everything there is; before the fork, so that the child's hashes come back. */
static bool track_all(struct machine *machine, struct snapshots *snapshots, struct status *status)
{
    bool good = true;
    for (unsigned n = 0; n < MEMORIES; n++) {
        good = good && track(&snapshots->tracked[n], memory_region(machine, n).units, NULL);
    }
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        const struct drive *drive = &machine->pc->drives.drive[slot];
        if (has_changes(drive)) {
            good = good &&
                   track(&snapshots->tracked[MEMORIES + slot], disk_units(drive), drive->media);
        }
    }
    return good || status_fail(status, "no memory to keep account of what is saved");
}

/* The next hashes are those of the newest file now. */
static void tracked_saved(struct snapshots *snapshots)
{
    for (unsigned n = 0; n < TRACKED; n++) {
        struct tracked *tracked = &snapshots->tracked[n];
        if (tracked->hash) {
            memcpy(tracked->hash, tracked->hash + tracked->units,
                   tracked->units * sizeof(uint64_t));
            tracked->known = true;
        }
    }
}

/* ---- regions ---- */

static bool is_zero(const uint8_t *bytes, size_t count)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0;
}

static uint64_t hash_of(const uint8_t *bytes, size_t count)
{
    uint64_t hash = codec_checksum(bytes, count, 0);
    return hash ? hash : 1;
}

struct saving {
    struct snap_writer *writer;
    struct tracked *tracked;
    unsigned region;
    bool chained;
    /* the window that is being filled */
    uint64_t window, present, gone;
    size_t used;
};

static void end_window(struct saving *saving)
{
    snap_writer_window(saving->writer, saving->region, (uint32_t)saving->window, saving->present,
                       saving->gone);
    saving->present = saving->gone = 0;
    saving->used = 0;
}

/* One unit; NULL: it is not there (memory: zeros). */
static void save_unit(struct saving *saving, uint64_t unit, const uint8_t *bytes, size_t count)
{
    struct tracked *tracked = saving->tracked;
    uint64_t bit = UINT64_C(1) << unit % SNAP_UNITS;
    uint64_t before = saving->chained ? tracked->hash[unit] : 0;
    uint64_t now = bytes ? hash_of(bytes, count) : 0;
    if (unit / SNAP_UNITS != saving->window) {
        end_window(saving);
        saving->window = unit / SNAP_UNITS;
    }
    tracked->hash[tracked->units + unit] = now;
    if (now == before) {
        return;
    }
    if (bytes) {
        memcpy(snap_writer_room(saving->writer) + saving->used, bytes, count);
        saving->used += count;
        saving->present |= bit;
    } else {
        saving->gone |= bit;
    }
}

static void save_memory(struct machine *machine, struct snapshots *snapshots, unsigned n,
                        struct snap_writer *writer, bool chained)
{
    struct snap_region region = memory_region(machine, n);
    const uint8_t *memory = memory_bytes(machine, n);
    struct saving saving = {.writer = writer, .tracked = &snapshots->tracked[n]};
    saving.chained = chained && saving.tracked->known;
    region.inherits = saving.chained;
    saving.region = snap_writer_region(writer, &region);
    for (uint64_t i = 0; i < region.units; i++) {
        const uint8_t *bytes = memory + i * UNIT_BYTES;
        save_unit(&saving, i, is_zero(bytes, UNIT_BYTES) ? NULL : bytes, UNIT_BYTES);
    }
    end_window(&saving);
}

static void save_cluster(void *saving, uint64_t cluster, const uint8_t *bytes)
{
    save_unit(saving, cluster, bytes, MEDIA_CLUSTER_BYTES);
}

static void save_disk(const struct drive *drive, struct snapshots *snapshots, unsigned slot,
                      struct snap_writer *writer, bool chained)
{
    struct saving saving = {.writer = writer, .tracked = &snapshots->tracked[MEMORIES + slot]};
    struct snap_region region = {.units = disk_units(drive), .unit_bytes = MEDIA_CLUSTER_BYTES};
    snprintf(region.name, sizeof(region.name), "%s", drive_regions[slot]);
    saving.chained = chained && saving.tracked->known;
    region.inherits = saving.chained;
    saving.region = snap_writer_region(writer, &region);
    media_overlay_each(drive->media, save_cluster, &saving);
    end_window(&saving);
}

/* ---- the file ---- */

static void save_blobs(struct machine *machine, struct snap_writer *writer, struct status *status)
{
    struct fields_writer fields = {0};
    snapshot_config_save(machine, &fields);
    if (!fields.failed) {
        snap_writer_blob(writer, SNAP_CONFIG, fields.bytes, fields.used);
        fields.used = 0;
        machine_state_save(machine, &fields);
    }
    if (fields.failed) {
        status_fail(status, "no memory for the state");
    } else {
        snap_writer_blob(writer, SNAP_STATE, fields.bytes, fields.used);
    }
    fields_free(&fields);
}

/* True when the new file can build on the newest one: it is there, whole, and will not be replaced.
 */
static bool can_chain(const struct snapshots *snapshots, const char *path)
{
    enum { LONG_CHAIN = 64 };
    struct status ignored = {0};
    struct snap_reader *newest =
        snapshots->newest ? snap_reader_open(snapshots->newest, &ignored) : NULL;
    char *own = realpath(path, NULL);
    bool good = newest && memcmp(snap_reader_own_id(newest), snapshots->id, SNAP_ID_BYTES) == 0;
    unsigned length = 0;
    for (const struct snap_reader *at = newest; good && at; at = snap_reader_parent(at)) {
        char *other = realpath(snap_reader_path(at), NULL);
        good = ++length < LONG_CHAIN && other && (!own || strcmp(own, other) != 0);
        free(other);
    }
    free(own);
    snap_reader_close(newest);
    return good;
}

/* The parent's path as the file names it: relative when both are in one folder. */
static void save_parent(struct snap_writer *writer, const char *path, const char *parent)
{
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    bool together = strncmp(path, parent, folder) == 0 && !strchr(parent + folder, '/');
    char *full = together ? strdup(parent + folder) : realpath(parent, NULL);
    if (full) {
        snap_writer_blob(writer, SNAP_PARENT, full, strlen(full));
    }
    free(full);
}

static bool write_file(struct machine *machine, struct snapshots *snapshots, const char *path,
                       bool whole, struct outcome *outcome)
{
    enum snap_codec codec = SNAP_ZSTD;
    struct status *status = &outcome->status;
    if (machine->config->compress) {
        codec_find(machine->config->compress, &codec);
    }
    bool chained = outcome->chained = !whole && can_chain(snapshots, path);
    struct snap_writer *writer =
        snap_writer_open(path, codec, chained ? snapshots->id : NULL, status);
    if (!writer) {
        return false;
    }
    if (chained) {
        save_parent(writer, path, snapshots->newest);
    }
    save_blobs(machine, writer, status);
    memory_map_settle(&machine->memory);
    for (unsigned n = 0; n < MEMORIES; n++) {
        save_memory(machine, snapshots, n, writer, chained);
    }
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        const struct drive *drive = &machine->pc->drives.drive[slot];
        if (has_changes(drive)) {
            save_disk(drive, snapshots, slot, writer, chained);
        }
    }
    outcome->bytes = snap_writer_bytes(writer);
    if (status->failed) {
        snap_writer_abandon(writer);
        return false;
    }
    return snap_writer_finish(writer, outcome->id, status);
}

/* The next file may build on this one. */
static void remember(struct snapshots *snapshots, const char *path, const struct outcome *outcome)
{
    char *copy = strdup(path);
    tracked_saved(snapshots);
    free(snapshots->newest);
    snapshots->newest = copy;
    memcpy(snapshots->id, outcome->id, SNAP_ID_BYTES);
}

static bool prepare(struct machine *machine, struct status *status)
{
    struct snapshots *snapshots = snapshots_of(machine);
    if (!snapshots) {
        return status_fail(status, "no memory to save");
    }
    if (snapshots->child) {
        return status_fail(status, "%s is being saved; one at a time", snapshots->path);
    }
    return track_all(machine, snapshots, status);
}

bool snapshot_save(struct machine *machine, const char *path, bool whole, struct status *status)
{
    struct outcome outcome = {0};
    if (!prepare(machine, status)) {
        return false;
    }
    if (!write_file(machine, machine->snapshots, path, whole, &outcome)) {
        *status = outcome.status;
        return false;
    }
    remember(machine->snapshots, path, &outcome);
    return true;
}

/* ---- live ---- */

static void ignore_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        signal(numbers[i], SIG_IGN); /* the parent answers them, and waits for this one */
    }
}

bool snapshot_save_live(struct machine *machine, const char *path, bool whole,
                        struct status *status)
{
    int ends[2];
    uint64_t start = host_ns();
    if (!prepare(machine, status)) {
        return false;
    }
    struct snapshots *snapshots = machine->snapshots;
    snapshots->outcome = snapshots->outcome ? snapshots->outcome : shared(sizeof(struct outcome));
    char *copy = strdup(path);
    if (!snapshots->outcome || !copy || pipe2(ends, O_CLOEXEC) != 0) {
        free(copy);
        return status_fail(status, "cannot begin to save");
    }
    *snapshots->outcome = (struct outcome){0};
    x86_settle(machine->cpu);
    pid_t child = fork();
    if (child == 0) {
        ignore_signals();
        write_file(machine, snapshots, path, whole, snapshots->outcome);
        snapshots->outcome->ended = true;
        _exit(0);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        free(copy);
        return status_fail_errno(status, "cannot fork to save");
    }
    free(snapshots->path);
    snapshots->path = copy;
    snapshots->child = child;
    snapshots->ended = ends[0];
    snapshots->stopped_ns = host_ns() - start;
    return true;
}

void snapshot_forked(struct machine *machine)
{
    struct snapshots *snapshots = machine->snapshots;
    if (!snapshots) {
        return;
    }
    for (unsigned n = 0; n < TRACKED; n++) { /* shared with the parent */
        if (snapshots->tracked[n].hash) {
            munmap(snapshots->tracked[n].hash, 2 * snapshots->tracked[n].units * sizeof(uint64_t));
        }
        snapshots->tracked[n] = (struct tracked){0};
    }
    if (snapshots->outcome) {
        munmap(snapshots->outcome, sizeof(struct outcome));
        snapshots->outcome = NULL;
    }
    if (snapshots->child) {
        close(snapshots->ended);
        snapshots->ended = -1;
        snapshots->child = 0;
    }
    snapshots_forget(snapshots);
}

bool snapshot_saving(const struct machine *machine)
{
    return machine->snapshots && machine->snapshots->child;
}

int snapshot_descriptor(const struct machine *machine)
{
    return machine->snapshots ? machine->snapshots->ended : -1;
}

static void save_ended(struct snapshots *snapshots)
{
    struct outcome *outcome = snapshots->outcome;
    close(snapshots->ended);
    snapshots->ended = -1;
    snapshots->child = 0;
    if (!outcome->ended && !outcome->status.failed) {
        status_fail(&outcome->status, "%s: the process that saved it was killed", snapshots->path);
    }
    if (!outcome->status.failed) {
        remember(snapshots, snapshots->path, outcome);
    }
}

static void poll_child(struct snapshots *snapshots, int flags)
{
    int how;
    if (snapshots->child && waitpid(snapshots->child, &how, flags) == snapshots->child) {
        save_ended(snapshots);
    }
}

void snapshot_wait(struct machine *machine)
{
    if (machine->snapshots) {
        poll_child(machine->snapshots, 0);
    }
}

void snapshot_poll(struct machine *machine, bool idle)
{
    enum { IDLE_WINDOWS = 16, BUSY_WINDOWS = 1 };
    if (!machine->snapshots) {
        return;
    }
    poll_child(machine->snapshots, WNOHANG);
    if (machine->snapshots->reader &&
        memory_map_bring(&machine->memory, idle ? IDLE_WINDOWS : BUSY_WINDOWS)) {
        snap_reader_close(machine->snapshots->reader);
        machine->snapshots->reader = NULL;
    }
}

bool snapshot_outcome(const struct machine *machine, char **text, struct status *status)
{
    const struct snapshots *snapshots = machine->snapshots;
    if (snapshots->outcome->status.failed) {
        *status = snapshots->outcome->status;
        return false;
    }
    int used = asprintf(text, "%s: %.1f MB%s; the guest stood for %.1f ms", snapshots->path,
                        (double)snapshots->outcome->bytes / 1e6,
                        snapshots->outcome->chained ? " on top of the one before" : "",
                        (double)snapshots->stopped_ns / 1e6);
    return used >= 0 || status_fail(status, "no memory");
}

void snapshot_close(struct machine *machine)
{
    struct snapshots *snapshots = machine->snapshots;
    if (!snapshots) {
        return;
    }
    poll_child(snapshots, 0);
    for (unsigned n = 0; n < TRACKED; n++) {
        if (snapshots->tracked[n].hash) {
            munmap(snapshots->tracked[n].hash, 2 * snapshots->tracked[n].units * sizeof(uint64_t));
        }
    }
    if (snapshots->outcome) {
        munmap(snapshots->outcome, sizeof(struct outcome));
    }
    snap_reader_close(snapshots->reader);
    free(snapshots->window);
    free(snapshots->newest);
    free(snapshots->path);
    free(snapshots);
    machine->snapshots = NULL;
}
