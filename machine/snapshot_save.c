/* Saving: see snapshot.h. */
#define _GNU_SOURCE
#include "machine/host_clock.h"
#include "machine/machine_state.h"
#include "machine/migrate.h"
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

void *snapshots_shared(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

void snapshots_unshare(void *memory, size_t bytes)
{
    if (memory) {
        munmap(memory, bytes);
    }
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

void snapshots_forget(struct snapshots *snapshots)
{
    free(snapshots->newest);
    snapshots->newest = NULL;
    for (unsigned n = 0; n < TRACKED; n++) {
        snapshots->tracked[n].known = false;
    }
}

/* ---- the file ---- */

void snapshots_write_config(struct machine *machine, struct snap_writer *writer)
{
    struct fields_writer fields = {0};
    snapshot_config_save(machine, &fields);
    snap_writer_blob(writer, SNAP_CONFIG, fields.bytes, fields.failed ? SIZE_MAX : fields.used);
    fields_free(&fields);
}

void snapshots_write_state(struct machine *machine, struct snap_writer *writer)
{
    struct fields_writer fields = {0};
    machine_state_save(machine, &fields);
    snap_writer_blob(writer, SNAP_STATE, fields.bytes, fields.failed ? SIZE_MAX : fields.used);
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
    snapshots_write_config(machine, writer);
    snapshots_write_state(machine, writer);
    snapshots_name_regions(machine, snapshots, writer, chained);
    snapshots_write_regions(machine, snapshots, writer, chained);
    outcome->bytes = snap_writer_bytes(writer);
    return snap_writer_finish(writer, outcome->id, status);
}

/* The next file may build on this one. */
static void remember(struct snapshots *snapshots, const char *path, const struct outcome *outcome)
{
    char *copy = strdup(path);
    snapshots_sent(snapshots);
    free(snapshots->newest);
    snapshots->newest = copy;
    memcpy(snapshots->id, outcome->id, SNAP_ID_BYTES);
}

/* ---- the end of a live save ---- */

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

/* flags: 0 waits for the process, too. */
static void poll_child(struct snapshots *snapshots, int flags)
{
    int how;
    if (snapshots->child && snapshots->outcome->ended) {
        snapshots->leaving = snapshots->child;
        save_ended(snapshots);
    } else if (snapshots->child && waitpid(snapshots->child, &how, flags) == snapshots->child) {
        save_ended(snapshots);
    }
    if (snapshots->leaving && waitpid(snapshots->leaving, &how, flags) == snapshots->leaving) {
        snapshots->leaving = 0;
    }
}

/* ---- the beginning ---- */

static bool prepare(struct machine *machine, struct status *status)
{
    struct snapshots *snapshots = snapshots_of(machine);
    if (!snapshots) {
        return status_fail(status, "no memory to save");
    }
    if (snapshots->child) {
        return status_fail(status, "%s is being saved; one at a time", snapshots->path);
    }
    poll_child(snapshots, 0);
    if (migrate_running(machine)) {
        return status_fail(status, "the machine is being moved");
    }
    return snapshots_track(machine, snapshots, status);
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
    snapshots->outcome =
        snapshots->outcome ? snapshots->outcome : snapshots_shared(sizeof(struct outcome));
    char *copy = strdup(path);
    if (!snapshots->outcome || !copy || pipe2(ends, O_CLOEXEC) != 0) {
        free(copy);
        return status_fail(status, "cannot begin to save");
    }
    *snapshots->outcome = (struct outcome){0};
    context_fpu_sync(machine->ctx);
    pid_t child = fork();
    if (child == 0) {
        ignore_signals();
        (void)open(path, O_PATH | O_CLOEXEC); /* so a file that is replaced goes after the answer */
        write_file(machine, snapshots, path, whole, snapshots->outcome);
        snapshots->outcome->ended = true;
        close(ends[1]); /* the parent is told before this memory is given back */
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
    snapshots->leaving = 0;
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

void snapshot_wait(struct machine *machine)
{
    if (machine->snapshots) {
        poll_child(machine->snapshots, 0);
    }
}

bool snapshot_loading(const struct machine *machine)
{
    return machine->snapshots && machine->snapshots->reader;
}

void snapshot_poll(struct machine *machine, bool idle)
{
    enum { IDLE_WINDOWS = 64, BUSY_WINDOWS = 1 };
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
