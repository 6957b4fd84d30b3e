/*
 * Chunks from a socket: what a writer on a stream (writer.h) sends.
 *
 * The same chunks as in a file, without header and index, so what they belong to is told by their
 * order.  Hostile bytes are one message.
 */
#ifndef SNAPSHOTS_STREAM_H
#define SNAPSHOTS_STREAM_H

#include "base/status.h"
#include "snapshots/codec.h"

struct snap_stream;

struct snap_chunk {
    uint32_t kind;
    const uint8_t *bytes; /* unpacked; until the next one */
    size_t count;
};

/* Borrows the descriptor; NULL: no memory. */
struct snap_stream *snap_stream_open(int fd);
void snap_stream_close(struct snap_stream *stream);

/* Waits for the next chunk; false: message in status. */
bool snap_stream_next(struct snap_stream *stream, struct snap_chunk *chunk, struct status *status);

/* The head of a window's payload; false: it is none. */
bool snap_chunk_window(const struct snap_chunk *chunk, uint32_t *region, uint32_t *window,
                       uint64_t *units);

#endif
