/* The destination: see migrate.h. */
#define _GNU_SOURCE
#include "machine/host_socket.h"
#include "machine/machine_state.h"
#include "machine/migrate.h"
#include "machine/snapshot_config.h"
#include "machine/snapshot_files.h"
#include "snapshots/stream.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct incoming {
    int fd;
    struct snap_stream *stream;
    uint8_t *config;
    size_t config_bytes;
    struct snap_region regions[SNAP_REGIONS];
    unsigned region_count;
};

/* One connection, then the door is shut. */
static int accept_one(const char *address, struct status *status)
{
    int listener = host_socket_listen(address, status);
    int fd = -1;
    if (listener < 0) {
        return -1;
    }
    struct pollfd wait = {.fd = listener, .events = POLLIN};
    while (fd < 0 && poll(&wait, 1, -1) >= 0) {
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    }
    close(listener);
    if (strncmp(address, "unix:", 5) == 0) {
        unlink(address + 5);
    }
    if (fd < 0) {
        status_fail_errno(status, "%s: nobody came", address);
    }
    return fd;
}

static bool read_config(struct incoming *incoming, struct status *status)
{
    struct snap_chunk chunk;
    if (!snap_stream_next(incoming->stream, &chunk, status)) {
        return false;
    }
    incoming->config = malloc(chunk.count + 1);
    incoming->config_bytes = chunk.count;
    if (chunk.kind != SNAP_CONFIG || !incoming->config) {
        return status_fail(status, "the other side sends no machine");
    }
    memcpy(incoming->config, chunk.bytes, chunk.count);
    if (!snap_stream_next(incoming->stream, &chunk, status)) {
        return false;
    }
    return (chunk.kind == SNAP_INDEX &&
            snap_regions_parse(chunk.bytes, chunk.count, incoming->regions,
                               &incoming->region_count)) ||
           status_fail(status, "the other side sends no machine");
}

struct incoming *incoming_wait(struct config *config, struct status *status)
{
    struct incoming *incoming = calloc(1, sizeof(*incoming));
    if (!incoming) {
        status_fail(status, "no memory");
        return NULL;
    }
    incoming->fd = accept_one(config->incoming, status);
    incoming->stream = incoming->fd >= 0 ? snap_stream_open(incoming->fd) : NULL;
    if (!incoming->stream || !read_config(incoming, status) ||
        !snapshot_config_fill(config, incoming->config, incoming->config_bytes, status)) {
        if (!status->failed) {
            status_fail(status, "no memory");
        }
        incoming_close(incoming, status);
        return NULL;
    }
    return incoming;
}

static bool say(const struct incoming *incoming, const char *word, size_t count)
{
    return send(incoming->fd, word, count, MSG_NOSIGNAL) == (ssize_t)count;
}

/* ---- windows ---- */

/* Where units of the region go: memory, or (NULL) a disk; false: the machine has no such region. */
static bool find_place(struct machine *machine, const struct snap_region *region, uint8_t **memory,
                       struct media **media)
{
    *memory = NULL;
    *media = NULL;
    for (unsigned n = 0; n < MEMORIES; n++) {
        struct snap_region own = memory_region(machine, n);
        if (strcmp(own.name, region->name) == 0) {
            *memory = memory_bytes(machine, n);
            return own.units == region->units && own.unit_bytes == region->unit_bytes;
        }
    }
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        const struct drive *drive = &machine->pc->drives.drive[slot];
        if (drive->media && strcmp(drive_regions[slot], region->name) == 0) {
            *media = drive->media;
            return media_has_overlay(drive->media) && region->unit_bytes == MEDIA_CLUSTER_BYTES;
        }
    }
    return false;
}

static bool put_unit(uint8_t *memory, struct media *media, uint64_t unit, const uint8_t *bytes,
                     size_t size)
{
    if (memory && bytes) {
        memcpy(memory + unit * size, bytes, size);
    } else if (memory) {
        memset(memory + unit * size, 0, size);
    } else {
        return bytes && media_overlay_put(media, unit, bytes);
    }
    return true;
}

static bool put_window(const struct incoming *incoming, struct machine *machine,
                       const struct snap_chunk *chunk)
{
    uint32_t number;
    uint32_t window;
    uint64_t units;
    uint8_t *memory;
    struct media *media;
    if (!snap_chunk_window(chunk, &number, &window, &units) || number >= incoming->region_count) {
        return false;
    }
    const struct snap_region *region = &incoming->regions[number];
    bool gone = chunk->kind == SNAP_GONE;
    size_t size = region->unit_bytes;
    size_t bytes = gone ? 0 : (size_t)__builtin_popcountll(units) * size;
    if (!find_place(machine, region, &memory, &media) || chunk->count != SNAP_WINDOW_HEAD + bytes) {
        return false;
    }
    const uint8_t *from = chunk->bytes + SNAP_WINDOW_HEAD;
    for (unsigned i = 0; i < SNAP_UNITS; i++) {
        uint64_t unit = (uint64_t)window * SNAP_UNITS + i;
        if (!(units >> i & 1)) {
            continue;
        }
        if (unit >= region->units || !put_unit(memory, media, unit, gone ? NULL : from, size)) {
            return false;
        }
        from += gone ? 0 : size;
    }
    return true;
}

/* ---- the whole machine ---- */

static bool receive_all(struct incoming *incoming, struct machine *machine,
                        struct machine_state **state, struct status *status)
{
    struct snap_chunk chunk;
    while (snap_stream_next(incoming->stream, &chunk, status)) {
        if (chunk.kind == SNAP_DONE && *state) {
            return true;
        }
        if (chunk.kind == SNAP_STATE && !*state) {
            *state = machine_state_parse(machine, chunk.bytes, chunk.count, status);
            if (!*state) {
                return false;
            }
        } else if ((chunk.kind != SNAP_WINDOW && chunk.kind != SNAP_GONE) ||
                   !put_window(incoming, machine, &chunk)) {
            return status_fail(status, "the other side sends another machine than it announced");
        }
    }
    return false;
}

bool incoming_receive(struct incoming *incoming, struct machine *machine, struct status *status)
{
    struct machine_state *state = NULL;
    char go = 0;
    /* what the firmware's start left in memory is not the guest's */
    bool good = snapshot_config_check(machine, incoming->config, incoming->config_bytes, status) &&
                (memory_map_empty(&machine->memory, NULL, NULL, NULL) ||
                 status_fail(status, "no memory")) &&
                (say(incoming, "R", 1) || status_fail(status, "the other side went away")) &&
                receive_all(incoming, machine, &state, status);
    if (good) {
        machine_state_apply(machine, state);
        good = (say(incoming, "W", 1) && read(incoming->fd, &go, 1) == 1 && go == 'G') ||
               status_fail(status, "the other side kept the machine");
    }
    machine_state_free(state);
    return good;
}

void incoming_close(struct incoming *incoming, const struct status *status)
{
    if (!incoming) {
        return;
    }
    if (incoming->fd >= 0) {
        if (status->failed) {
            char text[300];
            int used = snprintf(text, sizeof(text), "E%.280s", status->text);
            say(incoming, text, (size_t)used);
        }
        close(incoming->fd);
    }
    snap_stream_close(incoming->stream);
    free(incoming->config);
    free(incoming);
}
