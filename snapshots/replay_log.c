/*
 * See replay_log.h.  Every length and number of a file is checked before it is used: a recording
 * may come from anywhere.
 */
#include "snapshots/replay_log.h"

#include "base/endian.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

static const char magic[] = "Vestige log\n";
enum { MAGIC_BYTES = 12, HEAD_BYTES = 16, FRAME_BYTES = 8, NUMBER_BYTES = 10 };

/* The fields of a code, or NULL. */
static const char *fields_of(unsigned code)
{
    switch (code) {
#define LOG_RECORD(name, code, fields, meaning) \
    case code:                                  \
        return fields;
#include "snapshots/replay_log.def"
#undef LOG_RECORD
    default:
        return NULL;
    }
}

static uint32_t check_of(const uint8_t *frame, size_t payload, uint64_t number)
{
    return (uint32_t)XXH64(frame + 4, FRAME_BYTES - 4 + payload, number);
}

/* ---- writing ---- */

struct log_writer {
    int fd;
    char *path;
    uint64_t number, bytes;
    struct log_position at;
    bool failed;
    uint8_t frame[FRAME_BYTES + LOG_PAYLOAD_MOST];
};

static bool write_all(struct log_writer *writer, const uint8_t *bytes, size_t count,
                      struct status *status)
{
    while (count) {
        ssize_t done = write(writer->fd, bytes, count);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            writer->failed = true;
            return status_fail_errno(status, "%s: the recording ends here: cannot write",
                                     writer->path);
        }
        bytes += done;
        count -= (size_t)done;
        writer->bytes += (uint64_t)done;
    }
    return true;
}

struct log_writer *log_create(const char *path, struct status *status)
{
    struct log_writer *writer = calloc(1, sizeof(*writer));
    char *copy = strdup(path);
    if (!writer || !copy) {
        free(writer);
        free(copy);
        status_fail(status, "%s: no memory to record", path);
        return NULL;
    }
    writer->path = copy;
    writer->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND, 0644);
    if (writer->fd < 0) {
        status_fail_errno(status, "cannot write %s", path);
        log_close(writer);
        return NULL;
    }
    uint8_t head[HEAD_BYTES];
    memcpy(head, magic, MAGIC_BYTES);
    store_le32(head + MAGIC_BYTES, LOG_VERSION);
    if (!write_all(writer, head, sizeof(head), status)) {
        log_close(writer);
        return NULL;
    }
    return writer;
}

struct payload {
    uint8_t *bytes;
    size_t used;
    bool full;
};

static void put_bytes(struct payload *to, const void *bytes, size_t count)
{
    if (to->full || LOG_PAYLOAD_MOST - to->used < count) {
        to->full = true;
        return;
    }
    if (count) {
        memcpy(to->bytes + to->used, bytes, count);
    }
    to->used += count;
}

static void put_number(struct payload *to, uint64_t value)
{
    uint8_t bytes[NUMBER_BYTES];
    size_t count = 0;
    do {
        bytes[count] = (uint8_t)(value & 0x7f);
        value >>= 7;
        bytes[count++] |= value ? 0x80 : 0;
    } while (value);
    put_bytes(to, bytes, count);
}

static void put_field(struct log_writer *writer, struct payload *to, char field,
                      const struct log_record *record, const struct log_value **value)
{
    if (field == 'p') {
        put_number(to, record->at.icount - writer->at.icount);
        put_number(to, record->at.idle_ns - writer->at.idle_ns);
        return;
    }
    if (field == 'u') {
        put_number(to, (*value)->number);
    } else {
        put_number(to, (*value)->size);
        put_bytes(to, (*value)->bytes, (*value)->size);
    }
    (*value)++;
}

bool log_write(struct log_writer *writer, const struct log_record *record, struct status *status)
{
    const char *fields = fields_of(record->code);
    const struct log_value *value = record->value;
    struct payload payload = {.bytes = writer->frame + FRAME_BYTES};
    if (writer->failed || !fields) {
        return status_fail(status, "%s: the recording has ended", writer->path);
    }
    bool positioned = fields[0] == 'p';
    for (; *fields; fields++) {
        put_field(writer, &payload, *fields, record, &value);
    }
    if (payload.full) {
        writer->failed = true;
        return status_fail(status, "%s: the recording ends here: something is too long for it",
                           writer->path);
    }
    store_le16(writer->frame + 4, (uint16_t)payload.used);
    writer->frame[6] = record->code;
    writer->frame[7] = 0;
    store_le32(writer->frame, check_of(writer->frame, payload.used, writer->number));
    writer->number++;
    if (positioned) {
        writer->at = record->at;
    }
    return write_all(writer, writer->frame, FRAME_BYTES + payload.used, status);
}

uint64_t log_bytes(const struct log_writer *writer)
{
    return writer->bytes;
}

void log_close(struct log_writer *writer)
{
    if (writer) {
        if (writer->fd >= 0) {
            close(writer->fd);
        }
        free(writer->path);
        free(writer);
    }
}

/* ---- reading ---- */

struct log_reader {
    FILE *in;
    char *path;
    struct log_cursor cursor;
    uint8_t frame[FRAME_BYTES + LOG_PAYLOAD_MOST];
};

static bool check_head(struct log_reader *reader, struct status *status)
{
    uint8_t head[HEAD_BYTES];
    if (fread(head, 1, sizeof(head), reader->in) != sizeof(head) ||
        memcmp(head, magic, MAGIC_BYTES) != 0) {
        return status_fail(status, "%s: is no recording (vestige run --record FILE makes one)",
                           reader->path);
    }
    uint32_t version = load_le32(head + MAGIC_BYTES);
    return version == LOG_VERSION ||
           status_fail(status, "%s: is a recording of format %" PRIu32 ", this version reads %d",
                       reader->path, version, LOG_VERSION);
}

struct log_reader *log_open(const char *path, struct status *status)
{
    struct log_reader *reader = calloc(1, sizeof(*reader));
    char *copy = strdup(path);
    if (!reader || !copy) {
        free(reader);
        free(copy);
        status_fail(status, "%s: no memory to replay", path);
        return NULL;
    }
    reader->path = copy;
    reader->in = fopen(path, "rbe");
    if (!reader->in) {
        status_fail_errno(status, "cannot open %s", path);
        log_reader_close(reader);
        return NULL;
    }
    if (!check_head(reader, status)) {
        log_reader_close(reader);
        return NULL;
    }
    reader->cursor.offset = HEAD_BYTES;
    return reader;
}

struct span {
    const uint8_t *at, *end;
};

static bool get_number(struct span *from, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && from->at < from->end; shift += 7) {
        uint8_t byte = *from->at++;
        if (shift == 63 && byte > 1) {
            return false;
        }
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            return true;
        }
    }
    return false;
}

static bool get_position(struct span *from, struct log_position *at)
{
    uint64_t icount;
    uint64_t idle;
    if (!get_number(from, &icount) || !get_number(from, &idle) ||
        icount > LOG_POSITION_MOST - at->icount || idle > LOG_POSITION_MOST - at->idle_ns) {
        return false;
    }
    at->icount += icount;
    at->idle_ns += idle;
    return true;
}

static bool get_value(struct span *from, char field, struct log_value *value)
{
    *value = (struct log_value){0};
    if (!get_number(from, &value->number)) {
        return false;
    }
    if (field == 'u') {
        return true;
    }
    if (value->number > (uint64_t)(from->end - from->at)) {
        return false;
    }
    value->bytes = from->at;
    value->size = (size_t)value->number;
    from->at += value->size;
    return true;
}

/* Takes a payload apart; false: it does not have the fields of its code. */
static bool parse(const uint8_t *frame, size_t bytes, const struct log_position *last,
                  struct log_record *record)
{
    struct span from = {frame + FRAME_BYTES, frame + FRAME_BYTES + bytes};
    const char *fields = fields_of(frame[6]);
    unsigned values = 0;
    *record = (struct log_record){.code = frame[6], .at = *last};
    for (; fields && *fields; fields++) {
        bool good = *fields == 'p' ? get_position(&from, &record->at)
                                   : get_value(&from, *fields, &record->value[values++]);
        if (!good) {
            return false;
        }
    }
    return fields && frame[7] == 0 && from.at == from.end;
}

enum log_outcome log_read(struct log_reader *reader, struct log_record *record,
                          struct status *status)
{
    struct log_cursor *cursor = &reader->cursor;
    size_t head = fread(reader->frame, 1, FRAME_BYTES, reader->in);
    if (head < FRAME_BYTES) {
        return head ? LOG_TORN : LOG_DONE;
    }
    size_t bytes = load_le16(reader->frame + 4);
    if (fread(reader->frame + FRAME_BYTES, 1, bytes, reader->in) < bytes) {
        return LOG_TORN;
    }
    if (check_of(reader->frame, bytes, cursor->number) != load_le32(reader->frame)) {
        if (getc(reader->in) == EOF) {
            return LOG_TORN;
        }
        status_fail(status, "%s: is damaged at byte %" PRIu64, reader->path, cursor->offset);
        return LOG_BAD;
    }
    if (!parse(reader->frame, bytes, &cursor->at, record)) {
        status_fail(status, "%s: record %" PRIu64 " at byte %" PRIu64 " makes no sense",
                    reader->path, cursor->number, cursor->offset);
        return LOG_BAD;
    }
    cursor->offset += FRAME_BYTES + bytes;
    cursor->number++;
    cursor->at = record->at;
    return LOG_GOT;
}

struct log_cursor log_tell(const struct log_reader *reader)
{
    return reader->cursor;
}

bool log_seek(struct log_reader *reader, const struct log_cursor *cursor, struct status *status)
{
    if (fseeko(reader->in, (off_t)cursor->offset, SEEK_SET) != 0) {
        return status_fail_errno(status, "%s: cannot read", reader->path);
    }
    reader->cursor = *cursor;
    return true;
}

void log_reader_close(struct log_reader *reader)
{
    if (reader) {
        if (reader->in) {
            fclose(reader->in);
        }
        free(reader->path);
        free(reader);
    }
}

bool log_reseal(uint8_t *bytes, size_t count)
{
    size_t at = HEAD_BYTES;
    for (uint64_t number = 0; at + FRAME_BYTES <= count; number++) {
        size_t payload = load_le16(bytes + at + 4);
        if (payload > count - at - FRAME_BYTES) {
            return false;
        }
        store_le32(bytes + at, check_of(bytes + at, payload, number));
        at += FRAME_BYTES + payload;
    }
    return at == count;
}
