/*
 * A bounded byte sink for host code.
 *
 * Writes past the end are dropped and set `full`; whoever emits looks at it once, when a unit is
 * complete.  Positions are offsets from `start`.  The buffer borrows its memory.
 */
#ifndef BACKEND_HOST_EMIT_BUFFER_H
#define BACKEND_HOST_EMIT_BUFFER_H

#include "base/endian.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct code_buffer {
    uint8_t *start;
    uint32_t at;
    uint32_t size;
    bool full;
};

/* A buffer over size bytes at start. */
void buffer_init(struct code_buffer *buffer, uint8_t *start, uint32_t size);

/* buffer_put() where fewer than 8 bytes are left. */
void buffer_put_last(struct code_buffer *buffer, uint64_t value, unsigned n);

/* Appends the low n bytes (0..8) of value, little-endian; bytes after them may be overwritten. */
static inline void buffer_put(struct code_buffer *buffer, uint64_t value, unsigned n)
{
    if (buffer->size - buffer->at >= 8) {
        store_le64(buffer->start + buffer->at, value);
        buffer->at += n;
    } else {
        buffer_put_last(buffer, value, n);
    }
}

/* Pads with bytes of that value to a multiple of a power of two. */
void buffer_align(struct code_buffer *buffer, uint32_t power_of_two, uint8_t fill);

/* Overwrites the 32-bit displacement at `field` so that it reaches `target`, both offsets; the
 * displacement counts from the end of the field. */
static inline void buffer_patch_rel32(struct code_buffer *buffer, uint32_t field, uint32_t target)
{
    if (!buffer->full) {
        store_le32(buffer->start + field, target - (field + 4));
    }
}

static inline void buffer_put8(struct code_buffer *buffer, uint8_t value)
{
    if (buffer->at < buffer->size) {
        buffer->start[buffer->at++] = value;
    } else {
        buffer->full = true;
    }
}

#endif
