/* See writer.h and FORMAT.md. */
#define _GNU_SOURCE
#include "snapshots/writer.h"

#include "base/endian.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INDEX_ROW = 32, BUFFER = 1 << 18, REGION_ROW_MOST = 1 + SNAP_NAME_MOST + 16 };

struct row {
    uint32_t region, window;
    uint64_t present, gone, offset;
};

struct snap_writer {
    char *path;
    char *part; /* temporary name, or NULL: the file has none yet */
    FILE *out;
    struct codec *codec;
    struct codec_digest *digest;
    enum snap_codec kind;
    uint8_t parent[SNAP_ID_BYTES];
    struct snap_region regions[SNAP_REGIONS];
    unsigned region_count;
    struct row *rows;
    size_t row_count, row_room;
    uint8_t *raw, *packed;  /* one window */
    uint64_t bytes, behind; /* written; handed to the disk */
    unsigned filled;        /* the region that windows are coming of */
    bool stream;
    struct status status;
};

/* Lets the disk begin with what there is, so that little is left for the end. */
static void write_behind(struct snap_writer *writer)
{
    enum { PIECE = 1 << 23 };
    if (!writer->stream && writer->bytes - writer->behind >= PIECE) {
        sync_file_range(fileno(writer->out), (off64_t)writer->behind,
                        (off64_t)(writer->bytes - writer->behind), SYNC_FILE_RANGE_WRITE);
        writer->behind = writer->bytes;
    }
}

static void put(struct snap_writer *writer, const void *bytes, size_t count)
{
    if (!writer->status.failed && fwrite(bytes, 1, count, writer->out) != count) {
        status_fail_errno(&writer->status, "cannot write %s", writer->path);
    }
    writer->bytes += count;
    write_behind(writer);
}

static void out_of_memory(struct snap_writer *writer)
{
    if (!writer->status.failed) {
        status_fail(&writer->status, "no memory to write %s", writer->path);
    }
}

/* A file without a name where that can be had. */
static int open_unnamed(struct snap_writer *writer)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(writer->path, '/');
    size_t length = slash ? (size_t)(slash - writer->path) : 0;
    if (length >= sizeof(folder)) {
        return -1;
    }
    memcpy(folder, writer->path, length);
    folder[length] = 0;
    const char *where = !slash ? "." : length ? folder : "/";
    return open(where, O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
}

static bool open_file(struct snap_writer *writer)
{
    if (asprintf(&writer->part, "%s.part", writer->path) < 0) {
        writer->part = NULL;
        return status_fail(&writer->status, "no memory to write %s", writer->path);
    }
    int fd = open_unnamed(writer);
    if (fd >= 0) {
        free(writer->part);
        writer->part = NULL;
    } else {
        fd = open(writer->part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    }
    writer->out = fd >= 0 ? fdopen(fd, "w+b") : NULL;
    return writer->out || status_fail_errno(&writer->status, "cannot write %s", writer->path);
}

static struct snap_writer *create(const char *path, enum snap_codec codec, struct status *status)
{
    struct snap_writer *writer = calloc(1, sizeof(*writer));
    if (!writer) {
        status_fail(status, "no memory to write %s", path);
        return NULL;
    }
    size_t window = SNAP_WINDOW_HEAD + (size_t)SNAP_UNITS * SNAP_UNIT_MOST;
    writer->path = strdup(path);
    writer->kind = codec;
    writer->codec = codec_create();
    writer->digest = digest_create();
    writer->raw = malloc(window);
    writer->packed = malloc(codec_bound(window));
    if (!writer->path || !writer->codec || !writer->digest || !writer->raw || !writer->packed) {
        status_fail(status, "no memory to write %s", path);
        snap_writer_abandon(writer);
        return NULL;
    }
    return writer;
}

struct snap_writer *snap_writer_open(const char *path, enum snap_codec codec, const uint8_t *parent,
                                     struct status *status)
{
    static const uint8_t header[SNAP_HEADER_BYTES]; /* its place, until the end is known */
    struct snap_writer *writer = create(path, codec, status);
    if (!writer) {
        return NULL;
    }
    if (parent) {
        memcpy(writer->parent, parent, SNAP_ID_BYTES);
    }
    if (!open_file(writer)) {
        *status = writer->status;
        snap_writer_abandon(writer);
        return NULL;
    }
    setvbuf(writer->out, NULL, _IOFBF, BUFFER);
    put(writer, header, sizeof(header));
    return writer;
}

struct snap_writer *snap_writer_stream(int fd, enum snap_codec codec, struct status *status)
{
    struct snap_writer *writer = create("the destination", codec, status);
    FILE *out = writer ? fdopen(fd, "wb") : NULL;
    if (!out) {
        close(fd);
        if (writer) {
            status_fail(status, "no memory for a stream");
        }
        snap_writer_abandon(writer);
        return NULL;
    }
    writer->out = out;
    writer->stream = true;
    setvbuf(out, NULL, _IOFBF, BUFFER);
    return writer;
}

static void put_packed(struct snap_writer *writer, const struct packed *packed)
{
    digest_add(writer->digest, packed->head, sizeof(packed->head));
    put(writer, packed->head, sizeof(packed->head));
    put(writer, packed->payload, packed->stored);
}

/* One chunk of `count` bytes at `raw`, compressed where that helps. */
static void put_chunk(struct snap_writer *writer, uint32_t kind, const void *raw, size_t count,
                      uint8_t *room, size_t room_bytes)
{
    struct packed packed =
        pack_chunk(writer->codec, writer->kind, kind, raw, count, room, room_bytes);
    put_packed(writer, &packed);
}

void snap_writer_blob(struct snap_writer *writer, uint32_t kind, const void *bytes, size_t count)
{
    size_t room = count <= SNAP_BLOB_MOST ? codec_bound(count) : 0;
    uint8_t *packed = room ? malloc(room) : NULL;
    if (!packed) {
        out_of_memory(writer);
    } else {
        put_chunk(writer, kind, bytes, count, packed, room);
    }
    free(packed);
}

unsigned snap_writer_region(struct snap_writer *writer, const struct snap_region *region)
{
    if (writer->region_count == SNAP_REGIONS) {
        status_fail(&writer->status, "%s: more than %d regions", writer->path, SNAP_REGIONS);
        return 0;
    }
    writer->regions[writer->region_count] = *region;
    return writer->region_count++;
}

static bool add_row(struct snap_writer *writer, struct row row)
{
    if (writer->row_count == writer->row_room) {
        size_t room = writer->row_room ? 2 * writer->row_room : 1024;
        struct row *grown = realloc(writer->rows, room * sizeof(*grown));
        if (!grown) {
            out_of_memory(writer);
            return false;
        }
        writer->rows = grown;
        writer->row_room = room;
    }
    writer->rows[writer->row_count++] = row;
    return true;
}

uint8_t *snap_writer_room(struct snap_writer *writer)
{
    return writer->raw + SNAP_WINDOW_HEAD;
}

/* A window of which `packed` has the units, or nothing when none is present. */
static void put_window(void *opaque, const struct snap_fill *fill, const struct packed *packed)
{
    struct snap_writer *writer = opaque;
    unsigned region = writer->filled;
    struct row row = {region, fill->window, fill->present, fill->gone, writer->bytes};
    if (!writer->stream && !add_row(writer, row)) {
        return;
    }
    if (packed->payload) {
        put_packed(writer, packed);
    }
    if (fill->gone && writer->stream) {
        uint8_t head[SNAP_WINDOW_HEAD];
        pack_window_head(head, region, fill->window, fill->gone);
        put_chunk(writer, SNAP_GONE, head, sizeof(head), writer->packed, codec_bound(sizeof(head)));
    }
}

void snap_writer_window(struct snap_writer *writer, unsigned region, uint32_t window,
                        uint64_t present, uint64_t gone)
{
    struct snap_fill fill = {.window = window, .present = present, .gone = gone};
    struct packed packed = {0};
    size_t bytes = (size_t)__builtin_popcountll(present) * writer->regions[region].unit_bytes;
    if (!(present | gone)) {
        return;
    }
    if (bytes) {
        size_t whole = SNAP_WINDOW_HEAD + bytes;
        pack_window_head(writer->raw, region, window, present);
        packed = pack_chunk(writer->codec, writer->kind, SNAP_WINDOW, writer->raw, whole,
                            writer->packed, codec_bound(whole));
    }
    writer->filled = region;
    put_window(writer, &fill, &packed);
}

void snap_writer_units(struct snap_writer *writer, const struct snap_source *source)
{
    writer->filled = source->region;
    if (!packer_run(source, writer->kind, put_window, writer)) {
        out_of_memory(writer);
    }
}

bool snap_writer_flush(struct snap_writer *writer, struct status *status)
{
    if (!writer->status.failed && fflush(writer->out) != 0) {
        status_fail_errno(&writer->status, "cannot write %s", writer->path);
    }
    if (writer->status.failed) {
        *status = writer->status;
    }
    return !writer->status.failed;
}

uint64_t snap_writer_bytes(const struct snap_writer *writer)
{
    return writer->bytes;
}

/* ---- the end ---- */

static uint8_t *put_region(uint8_t *at, const struct snap_region *region)
{
    size_t length = strnlen(region->name, SNAP_NAME_MOST - 1);
    *at++ = (uint8_t)length;
    memcpy(at, region->name, length);
    at += length;
    store_le64(at, region->units);
    store_le32(at + 8, region->unit_bytes);
    store_le32(at + 12, region->inherits);
    return at + 16;
}

static void put_index(struct snap_writer *writer)
{
    size_t room = 8 + SNAP_REGIONS * REGION_ROW_MOST + writer->row_count * INDEX_ROW;
    uint8_t *index = malloc(room);
    if (!index) {
        out_of_memory(writer);
        return;
    }
    uint8_t *at = index;
    store_le32(at, writer->region_count);
    store_le32(at + 4, (uint32_t)writer->row_count);
    at += 8;
    for (unsigned i = 0; i < writer->region_count; i++) {
        at = put_region(at, &writer->regions[i]);
    }
    for (size_t i = 0; i < writer->row_count; i++, at += INDEX_ROW) {
        const struct row *row = &writer->rows[i];
        store_le32(at, row->region);
        store_le32(at + 4, row->window);
        store_le64(at + 8, row->present);
        store_le64(at + 16, row->gone);
        store_le64(at + 24, row->offset);
    }
    snap_writer_blob(writer, SNAP_INDEX, index, (size_t)(at - index));
    free(index);
}

void snap_writer_regions(struct snap_writer *writer)
{
    put_index(writer);
}

static void put_header(struct snap_writer *writer, uint64_t index, const uint8_t *id)
{
    uint8_t header[SNAP_HEADER_BYTES] = {0};
    memcpy(header, SNAP_MAGIC, 8);
    store_le32(header + 8, SNAP_VERSION);
    store_le64(header + 48, index);
    memcpy(header + 16, id, SNAP_ID_BYTES);
    memcpy(header + 32, writer->parent, SNAP_ID_BYTES);
    store_le64(header + 56, codec_checksum(header, 56, 0));
    if (!writer->status.failed && fseeko(writer->out, 0, SEEK_SET) != 0) {
        status_fail_errno(&writer->status, "cannot write %s", writer->path);
    }
    put(writer, header, sizeof(header));
}

/* A file that has no name yet gets the temporary one. */
static bool give_name(struct snap_writer *writer)
{
    char self[64];
    if (writer->part) {
        return true;
    }
    if (asprintf(&writer->part, "%s.part", writer->path) < 0) {
        writer->part = NULL;
        out_of_memory(writer);
        return false;
    }
    snprintf(self, sizeof(self), "/proc/self/fd/%d", fileno(writer->out));
    unlink(writer->part);
    if (linkat(AT_FDCWD, self, AT_FDCWD, writer->part, AT_SYMLINK_FOLLOW) == 0) {
        return true;
    }
    free(writer->part);
    writer->part = NULL;
    return status_fail_errno(&writer->status, "cannot write %s", writer->path);
}

static void publish(struct snap_writer *writer)
{
    if (fflush(writer->out) != 0 || fsync(fileno(writer->out)) != 0) {
        status_fail_errno(&writer->status, "cannot write %s", writer->path);
    } else if (give_name(writer) && rename(writer->part, writer->path) != 0) {
        status_fail_errno(&writer->status, "cannot write %s", writer->path);
    }
}

bool snap_writer_finish(struct snap_writer *writer, uint8_t id[SNAP_ID_BYTES],
                        struct status *status)
{
    uint8_t own[SNAP_ID_BYTES];
    if (!writer->stream) {
        uint64_t index = writer->bytes;
        put_index(writer);
        digest_add(writer->digest, writer->parent, SNAP_ID_BYTES);
        digest_end(writer->digest, own);
        writer->digest = NULL;
        put_header(writer, index, own);
    }
    if (!writer->status.failed && !writer->stream) {
        publish(writer);
    } else if (!writer->status.failed && fflush(writer->out) != 0) {
        status_fail_errno(&writer->status, "cannot write %s", writer->path);
    }
    bool done = !writer->status.failed;
    if (!done) {
        *status = writer->status;
    } else if (id && !writer->stream) {
        memcpy(id, own, SNAP_ID_BYTES);
    }
    if (done && writer->part) {
        free(writer->part);
        writer->part = NULL; /* renamed */
    }
    snap_writer_abandon(writer);
    return done;
}

void snap_writer_abandon(struct snap_writer *writer)
{
    uint8_t id[SNAP_ID_BYTES];
    if (!writer) {
        return;
    }
    if (writer->out) {
        fclose(writer->out);
    }
    if (writer->part) {
        unlink(writer->part);
    }
    if (writer->digest) {
        digest_end(writer->digest, id);
    }
    codec_destroy(writer->codec);
    free(writer->part);
    free(writer->path);
    free(writer->rows);
    free(writer->raw);
    free(writer->packed);
    free(writer);
}
