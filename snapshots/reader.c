/* See reader.h and FORMAT.md. */
#define _GNU_SOURCE
#include "snapshots/reader.h"

#include "base/endian.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INDEX_ROW = 32, BLOBS = 4 };

struct row {
    uint32_t region, window;
    uint64_t present, gone, offset;
};

struct blob {
    uint32_t kind;
    uint8_t *bytes;
    size_t count;
};

struct snap_reader {
    char *path;
    int fd;
    const uint8_t *bytes; /* instead of a file; borrowed */
    uint64_t size;
    uint8_t id[SNAP_ID_BYTES], parent_id[SNAP_ID_BYTES];
    uint64_t index_at;
    struct blob blobs[BLOBS];
    unsigned blob_count;
    struct snap_region regions[SNAP_REGIONS];
    unsigned region_count;
    size_t first[SNAP_REGIONS + 1]; /* rows of each region: first[n] up to first[n + 1] */
    struct row *rows;
    size_t row_count;
    struct snap_reader *parent;
    struct codec *codec;
    uint8_t *stored, *raw; /* one window */
};

static const uint8_t no_id[SNAP_ID_BYTES];

static bool bad(const struct snap_reader *reader, struct status *status, const char *what)
{
    return status_fail(status, "%s: %s", reader->path, what);
}

static bool read_at(const struct snap_reader *reader, uint64_t at, void *to, size_t count)
{
    if (at > reader->size || count > reader->size - at) {
        return false;
    }
    if (reader->bytes) {
        memcpy(to, reader->bytes + at, count);
        return true;
    }
    uint8_t *out = to;
    while (count) {
        ssize_t got = pread(reader->fd, out, count, (off_t)at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        at += (uint64_t)got;
        out += got;
        count -= (size_t)got;
    }
    return true;
}

/* ---- chunks ---- */

struct chunk {
    uint32_t kind;
    enum snap_codec codec;
    uint64_t stored, raw, checksum, seed;
    uint64_t at; /* of the payload */
};

static bool read_chunk_head(const struct snap_reader *reader, uint64_t at, struct chunk *chunk)
{
    uint8_t head[SNAP_CHUNK_BYTES];
    if (!read_at(reader, at, head, sizeof(head))) {
        return false;
    }
    uint32_t codec = load_le32(head + 4);
    *chunk = (struct chunk){.kind = load_le32(head),
                            .codec = codec < SNAP_CODECS ? (enum snap_codec)codec : SNAP_CODECS,
                            .stored = load_le64(head + 8),
                            .raw = load_le64(head + 16),
                            .checksum = load_le64(head + 24),
                            .seed = codec_checksum(head, 24, 0),
                            .at = at + SNAP_CHUNK_BYTES};
    return chunk->codec < SNAP_CODECS && chunk->at <= reader->size &&
           chunk->stored <= reader->size - chunk->at;
}

/* The payload into room for chunk->raw bytes; `stored` has room for chunk->stored. */
static bool read_payload(const struct snap_reader *reader, const struct chunk *chunk,
                         uint8_t *stored, uint8_t *raw)
{
    return read_at(reader, chunk->at, stored, (size_t)chunk->stored) &&
           codec_checksum(stored, (size_t)chunk->stored, chunk->seed) == chunk->checksum &&
           codec_unpack(reader->codec, chunk->codec, stored, (size_t)chunk->stored, raw,
                        (size_t)chunk->raw);
}

/* A blob's payload, allocated; NULL: message in status. */
static uint8_t *read_blob(const struct snap_reader *reader, const struct chunk *chunk,
                          struct status *status)
{
    if (chunk->raw > SNAP_BLOB_MOST || chunk->stored > SNAP_BLOB_MOST) {
        bad(reader, status, "a part is larger than any may be");
        return NULL;
    }
    uint8_t *stored = malloc((size_t)chunk->stored + 1);
    uint8_t *raw = malloc((size_t)chunk->raw + 1);
    bool good = stored && raw;
    if (!good) {
        bad(reader, status, "no memory to read it");
    } else if (!read_payload(reader, chunk, stored, raw)) {
        good = bad(reader, status, "damaged (a checksum is wrong)");
    }
    free(stored);
    if (!good) {
        free(raw);
        return NULL;
    }
    return raw;
}

/* ---- opening ---- */

static bool read_header(struct snap_reader *reader, struct status *status)
{
    uint8_t header[SNAP_HEADER_BYTES];
    if (!read_at(reader, 0, header, sizeof(header)) || memcmp(header, SNAP_MAGIC, 8) != 0) {
        return bad(reader, status, "is no snapshot");
    }
    uint32_t version = load_le32(header + 8);
    if (version != SNAP_VERSION) {
        return status_fail(status, "%s: a snapshot of format %u, which this version cannot read",
                           reader->path, version);
    }
    if (load_le64(header + 56) != codec_checksum(header, 56, 0)) {
        return bad(reader, status, "damaged (the header's checksum is wrong)");
    }
    memcpy(reader->id, header + 16, SNAP_ID_BYTES);
    memcpy(reader->parent_id, header + 32, SNAP_ID_BYTES);
    reader->index_at = load_le64(header + 48);
    return true;
}

/* The blobs stand before the first window. */
static bool read_blobs(struct snap_reader *reader, struct status *status)
{
    uint64_t at = SNAP_HEADER_BYTES;
    struct chunk chunk;
    while (at < reader->index_at) {
        if (!read_chunk_head(reader, at, &chunk)) {
            return bad(reader, status, "cut short or damaged");
        }
        if (chunk.kind == SNAP_WINDOW) {
            break;
        }
        if (reader->blob_count == BLOBS) {
            return bad(reader, status, "more parts than there can be");
        }
        struct blob *blob = &reader->blobs[reader->blob_count];
        blob->bytes = read_blob(reader, &chunk, status);
        if (!blob->bytes) {
            return false;
        }
        blob->kind = chunk.kind;
        blob->count = (size_t)chunk.raw;
        reader->blob_count++;
        at = chunk.at + chunk.stored;
    }
    return true;
}

static bool take_region(struct snap_region *region, const uint8_t **at, const uint8_t *end)
{
    size_t length = *at < end ? **at : SNAP_NAME_MOST;
    if (length >= SNAP_NAME_MOST || (size_t)(end - *at) < 1 + length + 16) {
        return false;
    }
    memcpy(region->name, *at + 1, length);
    region->name[length] = 0;
    *at += 1 + length;
    region->units = load_le64(*at);
    region->unit_bytes = load_le32(*at + 8);
    region->inherits = load_le32(*at + 12);
    *at += 16;
    return region->unit_bytes >= 1 && region->unit_bytes <= SNAP_UNIT_MOST &&
           region->inherits <= 1 && region->units <= UINT64_C(1) << 37;
}

/* Rows stand in ascending order of region and window and stay inside their region. */
static bool check_row(const struct snap_reader *reader, const struct row *row,
                      const struct row *before)
{
    if (row->region >= reader->region_count ||
        (before && (row->region < before->region ||
                    (row->region == before->region && row->window <= before->window)))) {
        return false;
    }
    uint64_t units = reader->regions[row->region].units;
    uint64_t first = (uint64_t)row->window * SNAP_UNITS;
    uint64_t left = first < units ? units - first : 0;
    uint64_t all = left >= SNAP_UNITS ? UINT64_MAX : (UINT64_C(1) << left) - 1;
    return !((row->present | row->gone) & ~all) && !(row->present & row->gone);
}

static bool parse_rows(struct snap_reader *reader, const uint8_t *at, const uint8_t *end,
                       size_t count)
{
    if ((size_t)(end - at) != count * INDEX_ROW) {
        return false;
    }
    reader->rows = malloc((count + 1) * sizeof(*reader->rows));
    if (!reader->rows) {
        return false;
    }
    reader->row_count = count;
    for (size_t i = 0; i < count; i++, at += INDEX_ROW) {
        struct row *row = &reader->rows[i];
        *row = (struct row){load_le32(at), load_le32(at + 4), load_le64(at + 8), load_le64(at + 16),
                            load_le64(at + 24)};
        if (!check_row(reader, row, i ? row - 1 : NULL)) {
            return false;
        }
        for (unsigned n = row->region + 1; n <= SNAP_REGIONS; n++) {
            reader->first[n] = i + 1;
        }
    }
    return true;
}

/* *at is behind the regions afterwards. */
static bool take_regions(const uint8_t **at, const uint8_t *end, struct snap_region *regions,
                         unsigned *region_count)
{
    if (end - *at < 8 || load_le32(*at) > SNAP_REGIONS) {
        return false;
    }
    *region_count = load_le32(*at);
    *at += 8;
    for (unsigned i = 0; i < *region_count; i++) {
        if (!take_region(&regions[i], at, end)) {
            return false;
        }
    }
    return true;
}

bool snap_regions_parse(const uint8_t *index, size_t count, struct snap_region *regions,
                        unsigned *region_count)
{
    return take_regions(&index, index + count, regions, region_count);
}

static bool parse_index(struct snap_reader *reader, const uint8_t *at, size_t count)
{
    const uint8_t *index = at;
    const uint8_t *end = at + count;
    return take_regions(&at, end, reader->regions, &reader->region_count) &&
           parse_rows(reader, at, end, load_le32(index + 4));
}

static bool read_index(struct snap_reader *reader, struct status *status)
{
    struct chunk chunk;
    if (reader->index_at < SNAP_HEADER_BYTES ||
        !read_chunk_head(reader, reader->index_at, &chunk) || chunk.kind != SNAP_INDEX) {
        return bad(reader, status, "cut short or damaged (no index)");
    }
    uint8_t *raw = read_blob(reader, &chunk, status);
    if (!raw) {
        return false;
    }
    bool good = parse_index(reader, raw, (size_t)chunk.raw);
    free(raw);
    return good || bad(reader, status, "damaged (its index makes no sense)");
}

static bool open_source(struct snap_reader *reader, struct status *status)
{
    struct stat about;
    reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC);
    if (reader->fd < 0 || fstat(reader->fd, &about) != 0) {
        return status_fail_errno(status, "cannot open %s", reader->path);
    }
    if (!S_ISREG(about.st_mode)) {
        return bad(reader, status, "is no file");
    }
    reader->size = (uint64_t)about.st_size;
    return true;
}

static struct snap_reader *create(const char *path, struct status *status)
{
    struct snap_reader *reader = calloc(1, sizeof(*reader));
    size_t window = SNAP_WINDOW_HEAD + (size_t)SNAP_UNITS * SNAP_UNIT_MOST;
    if (reader) {
        reader->fd = -1;
        reader->path = strdup(path);
        reader->codec = codec_create();
        reader->stored = malloc(codec_bound(window));
        reader->raw = malloc(window);
    }
    if (!reader || !reader->path || !reader->codec || !reader->stored || !reader->raw) {
        snap_reader_close(reader);
        status_fail(status, "no memory to read %s", path);
        return NULL;
    }
    return reader;
}

/* The path of the parent, as seen from the file that names it. */
static bool parent_path(const struct snap_reader *reader, char path[PATH_MAX],
                        struct status *status)
{
    size_t count;
    const uint8_t *name = snap_reader_blob(reader, SNAP_PARENT, &count);
    const char *slash = strrchr(reader->path, '/');
    size_t folder = slash ? (size_t)(slash - reader->path) + 1 : 0;
    if (!name || !count || count + folder >= PATH_MAX || memchr(name, 0, count)) {
        return bad(reader, status, "damaged (it builds on a file without a name)");
    }
    folder = name[0] == '/' ? 0 : folder;
    memcpy(path, reader->path, folder);
    memcpy(path + folder, name, count);
    path[folder + count] = 0;
    return true;
}

static bool open_one(struct snap_reader *reader, struct status *status)
{
    return (reader->bytes || open_source(reader, status)) && read_header(reader, status) &&
           read_index(reader, status) && read_blobs(reader, status);
}

/* Opens what the last file of the chain builds on. */
static bool open_parent(struct snap_reader *child, struct status *status)
{
    char path[PATH_MAX];
    if (child->bytes) {
        return bad(child, status, "builds on another file");
    }
    if (!parent_path(child, path, status)) {
        return false;
    }
    child->parent = create(path, status);
    if (!child->parent || !open_one(child->parent, status)) {
        char reason[sizeof(status->text)];
        memcpy(reason, status->text, sizeof(reason));
        return status_fail(status, "%.120s builds on another file: %.350s", child->path, reason);
    }
    return memcmp(child->parent->id, child->parent_id, SNAP_ID_BYTES) == 0 ||
           status_fail(status, "%s builds on %s, which is another snapshot now", child->path, path);
}

static bool open_chain(struct snap_reader *reader, struct status *status)
{
    bool good = open_one(reader, status);
    unsigned length = 1;
    for (struct snap_reader *at = reader; good && memcmp(at->parent_id, no_id, SNAP_ID_BYTES) != 0;
         at = at->parent) {
        good = length++ < SNAP_CHAIN_MOST ? open_parent(at, status)
                                          : bad(reader, status, "builds on too many files");
    }
    return good;
}

struct snap_reader *snap_reader_open(const char *path, struct status *status)
{
    struct snap_reader *reader = create(path, status);
    if (reader && !open_chain(reader, status)) {
        snap_reader_close(reader);
        return NULL;
    }
    return reader;
}

struct snap_reader *snap_reader_open_bytes(const uint8_t *bytes, size_t count,
                                           struct status *status)
{
    struct snap_reader *reader = create("snapshot", status);
    if (!reader) {
        return NULL;
    }
    reader->bytes = bytes;
    reader->size = count;
    if (!open_chain(reader, status)) {
        snap_reader_close(reader);
        return NULL;
    }
    return reader;
}

void snap_reader_close(struct snap_reader *reader)
{
    while (reader) {
        struct snap_reader *parent = reader->parent;
        if (reader->fd >= 0) {
            close(reader->fd);
        }
        for (unsigned i = 0; i < reader->blob_count; i++) {
            free(reader->blobs[i].bytes);
        }
        codec_destroy(reader->codec);
        free(reader->rows);
        free(reader->stored);
        free(reader->raw);
        free(reader->path);
        free(reader);
        reader = parent;
    }
}

bool snap_reader_id(const char *path, uint8_t id[SNAP_ID_BYTES], struct status *status)
{
    struct snap_reader *reader = create(path, status);
    bool good = reader && open_source(reader, status) && read_header(reader, status);
    if (good) {
        memcpy(id, reader->id, SNAP_ID_BYTES);
    }
    snap_reader_close(reader);
    return good;
}

/* ---- what is in it ---- */

const char *snap_reader_path(const struct snap_reader *reader)
{
    return reader->path;
}

const uint8_t *snap_reader_own_id(const struct snap_reader *reader)
{
    return reader->id;
}

const struct snap_reader *snap_reader_parent(const struct snap_reader *reader)
{
    return reader->parent;
}

const uint8_t *snap_reader_blob(const struct snap_reader *reader, uint32_t kind, size_t *count)
{
    for (unsigned i = 0; i < reader->blob_count; i++) {
        if (reader->blobs[i].kind == kind) {
            *count = reader->blobs[i].count;
            return reader->blobs[i].bytes;
        }
    }
    return NULL;
}

unsigned snap_reader_regions(const struct snap_reader *reader)
{
    return reader->region_count;
}

const struct snap_region *snap_reader_region(const struct snap_reader *reader, unsigned number)
{
    return &reader->regions[number];
}

int snap_reader_find(const struct snap_reader *reader, const char *name)
{
    for (unsigned i = 0; i < reader->region_count; i++) {
        if (strcmp(reader->regions[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* The first row of the region at or behind the window; the region's end when there is none. */
static size_t row_from(const struct snap_reader *reader, unsigned region, uint32_t window)
{
    size_t low = reader->first[region];
    size_t high = reader->first[region + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (reader->rows[middle].window < window) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static const struct row *find_row(const struct snap_reader *reader, unsigned region,
                                  uint32_t window)
{
    size_t at = row_from(reader, region, window);
    bool there = at < reader->first[region + 1] && reader->rows[at].window == window;
    return there ? &reader->rows[at] : NULL;
}

/* The same region of the parent, or -1 when nothing is inherited. */
static int inherited(const struct snap_reader *reader, unsigned region)
{
    const struct snap_region *own = &reader->regions[region];
    int there = reader->parent && own->inherits ? snap_reader_find(reader->parent, own->name) : -1;
    if (there < 0) {
        return -1;
    }
    const struct snap_region *other = &reader->parent->regions[there];
    return other->units == own->units && other->unit_bytes == own->unit_bytes ? there : -1;
}

uint64_t snap_reader_present(const struct snap_reader *reader, unsigned region, uint32_t window)
{
    uint64_t present = 0;
    uint64_t known = 0;
    for (int at = (int)region; at >= 0;) {
        const struct row *row = find_row(reader, (unsigned)at, window);
        if (row) {
            present |= row->present & ~known;
            known |= row->present | row->gone;
        }
        at = inherited(reader, (unsigned)at);
        reader = reader->parent;
    }
    return present;
}

bool snap_reader_next(const struct snap_reader *reader, unsigned region, uint32_t *window)
{
    uint64_t best = UINT64_MAX;
    for (int at = (int)region; at >= 0;) {
        size_t row = row_from(reader, (unsigned)at, *window);
        if (row < reader->first[at + 1] && reader->rows[row].window < best) {
            best = reader->rows[row].window;
        }
        at = inherited(reader, (unsigned)at);
        reader = reader->parent;
    }
    if (best == UINT64_MAX) {
        return false;
    }
    *window = (uint32_t)best;
    return true;
}

/* Reads the chunk of a row into reader->raw. */
static bool read_row(struct snap_reader *reader, const struct row *row, struct status *status)
{
    struct chunk chunk;
    size_t units = (size_t)__builtin_popcountll(row->present);
    size_t bytes = SNAP_WINDOW_HEAD + units * reader->regions[row->region].unit_bytes;
    bool good = read_chunk_head(reader, row->offset, &chunk) && chunk.kind == SNAP_WINDOW &&
                chunk.raw == bytes && chunk.stored <= codec_bound(bytes) &&
                read_payload(reader, &chunk, reader->stored, reader->raw) &&
                load_le32(reader->raw) == row->region &&
                load_le32(reader->raw + 4) == row->window &&
                load_le64(reader->raw + 8) == row->present;
    return good || status_fail(status, "%s: damaged in %s, window %u", reader->path,
                               reader->regions[row->region].name, row->window);
}

/* Copies the wanted ones of the units just read to their places. */
static void place(const struct snap_reader *reader, const struct row *row, uint64_t wanted,
                  uint8_t *to)
{
    size_t size = reader->regions[row->region].unit_bytes;
    const uint8_t *from = reader->raw + SNAP_WINDOW_HEAD;
    for (unsigned i = 0; i < SNAP_UNITS; i++) {
        if (!(row->present >> i & 1)) {
            continue;
        }
        if (wanted >> i & 1) {
            memcpy(to + i * size, from, size);
        }
        from += size;
    }
}

bool snap_reader_window(struct snap_reader *reader, unsigned region, uint32_t window, uint8_t *to,
                        uint64_t *present, struct status *status)
{
    uint64_t known = 0;
    *present = 0;
    for (int at = (int)region; at >= 0 && known != UINT64_MAX;) {
        const struct row *row = find_row(reader, (unsigned)at, window);
        uint64_t wanted = row ? row->present & ~known : 0;
        if (wanted) {
            if (!read_row(reader, row, status)) {
                return false;
            }
            place(reader, row, wanted, to);
        }
        *present |= wanted;
        known |= row ? row->present | row->gone : 0;
        at = inherited(reader, (unsigned)at);
        reader = reader->parent;
    }
    return true;
}

static bool verify_row(struct snap_reader *reader, const struct row *row)
{
    struct chunk chunk;
    size_t most = codec_bound(SNAP_WINDOW_HEAD + (size_t)SNAP_UNITS * SNAP_UNIT_MOST);
    return read_chunk_head(reader, row->offset, &chunk) && chunk.kind == SNAP_WINDOW &&
           chunk.stored <= most &&
           read_at(reader, chunk.at, reader->stored, (size_t)chunk.stored) &&
           codec_checksum(reader->stored, (size_t)chunk.stored, chunk.seed) == chunk.checksum;
}

bool snap_reader_verify(struct snap_reader *reader, struct status *status)
{
    for (; reader; reader = reader->parent) {
        for (size_t i = 0; i < reader->row_count; i++) {
            const struct row *row = &reader->rows[i];
            if (row->present && !verify_row(reader, row)) {
                return status_fail(status, "%s: damaged in %s, window %u", reader->path,
                                   reader->regions[row->region].name, row->window);
            }
        }
    }
    return true;
}

uint64_t snap_reader_units(const struct snap_reader *reader, unsigned region)
{
    uint64_t units = 0;
    for (size_t i = reader->first[region]; i < reader->first[region + 1]; i++) {
        units += (uint64_t)__builtin_popcountll(reader->rows[i].present);
    }
    return units;
}

uint64_t snap_reader_bytes(const struct snap_reader *reader)
{
    return reader->size;
}
