/* See disk_past.h. */
#include "machine/disk_past.h"

#include "snapshots/replay_log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512 };

struct image {
    char *recorded;
    const char *path; /* borrowed, or the recorded one */
    bool locked;
};

struct piece {
    size_t image;
    struct log_cursor where;
};

struct disk_past {
    const char *log; /* borrowed */
    struct log_reader *reader;
    struct image *images;
    struct piece *pieces;
    size_t image_count, piece_count, image_room, piece_room;
    uint64_t from; /* record: what was kept before belongs to an earlier insertion */
};

/* ---- reading the recording ---- */

static void *grown(void *rows, size_t count, size_t *room, size_t row_bytes)
{
    if (count < *room) {
        return rows;
    }
    size_t more = *room ? 2 * *room : 64;
    void *fresh = realloc(rows, more * row_bytes);
    *room = fresh ? more : *room;
    return fresh;
}

/* The number of the image, a new one if need be; -1: no memory. */
static int64_t image_of(struct disk_past *past, const struct log_value *name)
{
    for (size_t i = 0; i < past->image_count; i++) {
        const char *known = past->images[i].recorded;
        if (strlen(known) == name->size && memcmp(known, name->bytes, name->size) == 0) {
            return (int64_t)i;
        }
    }
    char *recorded = strndup(name->bytes, name->size);
    struct image *images =
        grown(past->images, past->image_count, &past->image_room, sizeof(*past->images));
    past->images = images ? images : past->images;
    if (!recorded || !images) {
        free(recorded);
        return -1;
    }
    images[past->image_count] = (struct image){.recorded = recorded, .path = recorded};
    return (int64_t)past->image_count++;
}

static bool note(struct disk_past *past, const struct log_record *record,
                 const struct log_cursor *where)
{
    if (record->code != LOG_UNDO && record->code != LOG_LOCKED) {
        return true;
    }
    int64_t image = image_of(past, &record->value[0]);
    if (image < 0) {
        return false;
    }
    if (record->code == LOG_LOCKED) {
        past->images[image].locked = true;
        return true;
    }
    struct piece *pieces =
        grown(past->pieces, past->piece_count, &past->piece_room, sizeof(*past->pieces));
    if (!pieces) {
        return false;
    }
    past->pieces = pieces;
    pieces[past->piece_count++] = (struct piece){(size_t)image, *where};
    return true;
}

struct disk_past *disk_past_open(const char *log, struct status *status)
{
    struct disk_past *past = calloc(1, sizeof(*past));
    struct status ignored = {0};
    struct log_record record;
    if (!past || !(past->reader = log_open(log, status))) {
        free(past);
        return NULL;
    }
    past->log = log;
    struct log_cursor where = log_tell(past->reader);
    while (log_read(past->reader, &record, &ignored) == LOG_GOT) {
        if (!note(past, &record, &where)) {
            status_fail(status, "%s: no memory to replay", log);
            disk_past_close(past);
            return NULL;
        }
        where = log_tell(past->reader);
    }
    return past;
}

void disk_past_close(struct disk_past *past)
{
    if (!past) {
        return;
    }
    for (size_t i = 0; i < past->image_count; i++) {
        free(past->images[i].recorded);
    }
    free(past->images);
    free(past->pieces);
    log_reader_close(past->reader);
    free(past);
}

/* ---- asking ---- */

void disk_past_found(struct disk_past *past, const char *recorded, const char *place)
{
    for (size_t i = 0; i < past->image_count; i++) {
        if (strcmp(past->images[i].recorded, recorded) == 0) {
            past->images[i].path = place;
        }
    }
}

void disk_past_at(struct disk_past *past, uint64_t record)
{
    past->from = record;
}

static bool is_of(const struct disk_past *past, const struct piece *piece, const char *path)
{
    return piece->where.number >= past->from && strcmp(past->images[piece->image].path, path) == 0;
}

bool disk_past_protected(const struct disk_past *past, const char *path)
{
    for (size_t i = 0; i < past->image_count; i++) {
        if (past->images[i].locked && strcmp(past->images[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}

/* Puts one piece back; where the recording makes no sense, a message. */
static bool put_back(struct disk_past *past, const struct piece *piece, struct media *media,
                     struct status *status)
{
    static const uint8_t zeros[MEDIA_PIECE_BYTES];
    const struct block_media *block = media_block(media);
    struct log_record record;
    if (!log_seek(past->reader, &piece->where, status)) {
        return false;
    }
    if (log_read(past->reader, &record, status) != LOG_GOT) {
        return status->failed || status_fail(status, "%s: has changed", past->log);
    }
    uint64_t at = record.value[1].number;
    uint64_t bytes = record.value[2].number;
    const struct log_value *old = &record.value[3];
    uint64_t end = block->sectors * block->sector_bytes;
    if (block->sector_bytes != SECTOR || at % SECTOR || bytes % SECTOR ||
        bytes > MEDIA_PIECE_BYTES || at > end || bytes > end - at ||
        (old->size && old->size != bytes)) {
        return status_fail(status, "%s: record %" PRIu64 " makes no sense", past->log,
                           piece->where.number);
    }
    return block->write(block->media, at / SECTOR, (uint32_t)(bytes / SECTOR),
                        old->size ? old->bytes : zeros) ||
           status_fail(status, "%s", media_error(media) ? media_error(media) : "no memory");
}

/* The last piece first, so that the one kept first holds in the end. */
bool disk_past_restore(struct disk_past *past, struct media *media, struct status *status)
{
    for (size_t i = past->piece_count; i-- > 0;) {
        const struct piece *piece = &past->pieces[i];
        if (is_of(past, piece, media_path(media)) && !put_back(past, piece, media, status)) {
            return false;
        }
    }
    return true;
}

static bool read_media(void *user, uint64_t at, uint8_t *to, size_t bytes)
{
    const struct block_media *block = media_block(user);
    return block->read(block->media, at / SECTOR, (uint32_t)(bytes / SECTOR), to);
}

static bool has_pieces(const struct disk_past *past, const char *path)
{
    for (size_t i = 0; i < past->piece_count; i++) {
        if (is_of(past, &past->pieces[i], path)) {
            return true;
        }
    }
    return false;
}

bool disk_past_identity(struct disk_past *past, const char *path, struct identity *identity,
                        struct status *status)
{
    struct media_options options = {.sector_bytes = SECTOR, .overlay = true};
    if (!has_pieces(past, path)) {
        return identity_of_file(path, identity, status);
    }
    struct media *media = media_open(path, &options, status);
    bool good = media && disk_past_restore(past, media, status);
    if (good) {
        identity->bytes = media_block(media)->sectors * SECTOR;
        good = identity_of_content(read_media, media, identity) ||
               status_fail(status, "%s: cannot read", path);
    }
    media_close(media);
    return good;
}
