/* The source: see migrate.h. */
#define _GNU_SOURCE
#include "machine/migrate.h"

#include "machine/fork.h"
#include "machine/host_clock.h"
#include "machine/host_socket.h"
#include "machine/snapshot.h"
#include "machine/snapshot_files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 3, ANSWER_MS = 20000 };

struct migration {
    int fd;        /* to the destination; -1: no attempt under way */
    pid_t child;   /* that sends a pass */
    int ended;     /* readable when it has ended */
    unsigned pass; /* passes that are through */
    bool moved;
    uint64_t stopped_ns;
    struct status status;    /* why the last attempt failed */
    struct outcome *outcome; /* shared with the child */
};

bool migrate_running(const struct machine *machine)
{
    return machine->migration && machine->migration->fd >= 0;
}

int migrate_descriptor(const struct machine *machine)
{
    return machine->migration ? machine->migration->ended : -1;
}

/* The other side's next word: one byte, or 'E' and a text. */
static bool hear(int fd, char wanted, struct status *status)
{
    char text[300] = "";
    size_t used = 0;
    ssize_t got;
    while (used < sizeof(text) - 1 && (got = read(fd, text + used, 1)) != 0) {
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return status_fail_errno(status, "the destination does not answer");
        }
        if (text[0] == wanted) {
            return true;
        }
        used++;
    }
    return status_fail(status, text[0] == 'E' ? "the destination: %s" : "the destination is gone",
                       text + 1);
}

/* ---- passes ---- */

static struct snap_writer *writer_on(const struct machine *machine, int fd, struct status *status)
{
    enum snap_codec codec = SNAP_NONE;
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (machine->config->compress) {
        codec_find(machine->config->compress, &codec);
    }
    if (own < 0) {
        status_fail_errno(status, "no descriptor");
        return NULL;
    }
    return snap_writer_stream(own, codec, status);
}

/* Sends what the destination has not got; the first time all, with the configuration before. */
static bool send_pass(struct machine *machine, struct migration *migration, bool last,
                      struct status *status)
{
    struct snapshots *snapshots = machine->snapshots;
    struct snap_writer *writer = writer_on(machine, migration->fd, status);
    if (!writer) {
        return false;
    }
    bool first = migration->pass == 0;
    if (first) {
        snapshots_write_config(machine, writer);
        snapshots_name_regions(machine, snapshots, writer, false);
        snap_writer_regions(writer);
        if (!snap_writer_flush(writer, status) || !hear(migration->fd, 'R', status)) {
            snap_writer_abandon(writer);
            return false;
        }
    } else {
        snapshots_name_regions(machine, snapshots, writer, true);
    }
    snapshots_write_regions(machine, snapshots, writer, !first);
    if (last) {
        snapshots_write_state(machine, writer);
        snap_writer_blob(writer, SNAP_DONE, "", 0);
    }
    return snap_writer_finish(writer, NULL, status);
}

static bool begin_pass(struct machine *machine, struct migration *migration, struct status *status)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return status_fail_errno(status, "cannot begin to move");
    }
    *migration->outcome = (struct outcome){0};
    context_fpu_sync(machine->ctx);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGINT, SIG_IGN);
        send_pass(machine, migration, false, &migration->outcome->status);
        migration->outcome->ended = true;
        _exit(0);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return status_fail_errno(status, "cannot fork");
    }
    migration->child = child;
    migration->ended = ends[0];
    return true;
}

/* The attempt is over; the guest goes on here. */
static void give_up(struct migration *migration, const struct status *status)
{
    migration->status = *status;
    close(migration->fd);
    migration->fd = -1;
}

/* The guest stands from here on, until it is gone or the attempt has failed. */
static void last_pass(struct machine *machine, struct migration *migration)
{
    struct status status = {0};
    uint64_t start = host_ns();
    bool done = send_pass(machine, migration, true, &status) && hear(migration->fd, 'W', &status) &&
                (send(migration->fd, "G", 1, MSG_NOSIGNAL) == 1 ||
                 status_fail_errno(&status, "the destination is gone"));
    migration->stopped_ns = host_ns() - start;
    if (!done) {
        give_up(migration, &status);
        return;
    }
    close(migration->fd);
    migration->fd = -1;
    migration->moved = true;
    machine->ended_by_guest = true; /* it goes on elsewhere: nothing is saved here */
    machine_quit(machine, EXIT_OK);
}

void migrate_poll(struct machine *machine)
{
    struct migration *migration = machine->migration;
    int how;
    if (!migration || !migration->child ||
        waitpid(migration->child, &how, WNOHANG) != migration->child) {
        return;
    }
    struct outcome *outcome = migration->outcome;
    close(migration->ended);
    migration->ended = -1;
    migration->child = 0;
    if (!outcome->ended && !outcome->status.failed) {
        status_fail(&outcome->status, "the process that sent memory was killed");
    }
    if (outcome->status.failed) {
        give_up(migration, &outcome->status);
        return;
    }
    snapshots_sent(machine->snapshots);
    if (++migration->pass == ROUNDS) {
        last_pass(machine, migration);
    } else if (!begin_pass(machine, migration, &outcome->status)) {
        give_up(migration, &outcome->status);
    }
}

/* ---- beginning and end ---- */

static struct migration *migration_of(struct machine *machine)
{
    if (!machine->migration) {
        machine->migration = calloc(1, sizeof(*machine->migration));
        if (machine->migration) {
            machine->migration->fd = machine->migration->ended = -1;
            machine->migration->outcome = snapshots_shared(sizeof(struct outcome));
        }
    }
    return machine->migration;
}

bool migrate_begin(struct machine *machine, const char *address, struct status *status)
{
    struct migration *migration = migration_of(machine);
    struct snapshots *snapshots = snapshots_of(machine);
    struct timeval patience = {.tv_sec = ANSWER_MS / 1000};
    if (!migration || !migration->outcome || !snapshots) {
        return status_fail(status, "no memory to move the machine");
    }
    if (migrate_running(machine) || snapshot_saving(machine)) {
        return status_fail(status, "the machine is being saved or moved; one at a time");
    }
    if (machine->door.closed) {
        return status_fail(status, "a replay cannot be moved");
    }
    if (!disks_apart(machine, status) || !snapshots_track(machine, snapshots, status)) {
        return false;
    }
    migration->fd = host_socket_connect(address, status);
    if (migration->fd < 0) {
        return false;
    }
    int flags = fcntl(migration->fd, F_GETFL);
    fcntl(migration->fd, F_SETFL, flags & ~O_NONBLOCK);
    setsockopt(migration->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    setsockopt(migration->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    snapshots_forget(snapshots);
    migration->pass = 0;
    migration->moved = false;
    migration->status = (struct status){0};
    if (!begin_pass(machine, migration, status)) {
        give_up(migration, status);
        return false;
    }
    return true;
}

bool migrate_outcome(const struct machine *machine, char **text, struct status *status)
{
    const struct migration *migration = machine->migration;
    if (!migration->moved) {
        *status = migration->status;
        return false;
    }
    int used =
        asprintf(text, "moved; the guest stood for %.1f ms", (double)migration->stopped_ns / 1e6);
    return used >= 0 || status_fail(status, "no memory");
}

void migrate_close(struct machine *machine)
{
    struct migration *migration = machine->migration;
    if (!migration) {
        return;
    }
    if (migration->child) {
        int how;
        kill(migration->child, SIGKILL);
        waitpid(migration->child, &how, 0);
        close(migration->ended);
    }
    if (migration->fd >= 0) {
        close(migration->fd);
    }
    snapshots_unshare(migration->outcome, sizeof(struct outcome));
    free(migration);
    machine->migration = NULL;
}
