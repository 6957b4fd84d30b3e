/* See stream.h. */
#include "snapshots/stream.h"

#include "base/endian.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct snap_stream {
    int fd;
    struct codec *codec;
    uint8_t *stored, *raw;
    size_t stored_room, raw_room;
};

struct snap_stream *snap_stream_open(int fd)
{
    struct snap_stream *stream = calloc(1, sizeof(*stream));
    if (stream) {
        stream->fd = fd;
        stream->codec = codec_create();
    }
    if (stream && !stream->codec) {
        free(stream);
        return NULL;
    }
    return stream;
}

void snap_stream_close(struct snap_stream *stream)
{
    if (stream) {
        codec_destroy(stream->codec);
        free(stream->stored);
        free(stream->raw);
        free(stream);
    }
}

static bool read_all(int fd, uint8_t *to, size_t count, struct status *status)
{
    while (count) {
        ssize_t got = read(fd, to, count);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return status_fail_errno(status, "the other side does not send");
        }
        if (got == 0) {
            return status_fail(status, "the other side went away");
        }
        to += got;
        count -= (size_t)got;
    }
    return true;
}

static bool grow(uint8_t **bytes, size_t *room, uint64_t wanted)
{
    if (wanted <= *room) {
        return true;
    }
    uint8_t *grown = realloc(*bytes, (size_t)wanted);
    if (grown) {
        *bytes = grown;
        *room = (size_t)wanted;
    }
    return grown != NULL;
}

bool snap_stream_next(struct snap_stream *stream, struct snap_chunk *chunk, struct status *status)
{
    uint8_t head[SNAP_CHUNK_BYTES];
    if (!read_all(stream->fd, head, sizeof(head), status)) {
        return false;
    }
    uint32_t codec = load_le32(head + 4);
    uint64_t stored = load_le64(head + 8);
    uint64_t raw = load_le64(head + 16);
    uint64_t seed = codec_checksum(head, 24, 0);
    if (codec >= SNAP_CODECS || stored > SNAP_BLOB_MOST || raw > SNAP_BLOB_MOST) {
        return status_fail(status, "the other side sends no machine");
    }
    if (!grow(&stream->stored, &stream->stored_room, stored + 1) ||
        !grow(&stream->raw, &stream->raw_room, raw + 1)) {
        return status_fail(status, "no memory for what the other side sends");
    }
    if (!read_all(stream->fd, stream->stored, (size_t)stored, status)) {
        return false;
    }
    if (codec_checksum(stream->stored, (size_t)stored, seed) != load_le64(head + 24) ||
        !codec_unpack(stream->codec, (enum snap_codec)codec, stream->stored, (size_t)stored,
                      stream->raw, (size_t)raw)) {
        return status_fail(status, "damaged on its way");
    }
    *chunk = (struct snap_chunk){load_le32(head), stream->raw, (size_t)raw};
    return true;
}

bool snap_chunk_window(const struct snap_chunk *chunk, uint32_t *region, uint32_t *window,
                       uint64_t *units)
{
    if (chunk->count < SNAP_WINDOW_HEAD) {
        return false;
    }
    *region = load_le32(chunk->bytes);
    *window = load_le32(chunk->bytes + 4);
    *units = load_le64(chunk->bytes + 8);
    return true;
}
