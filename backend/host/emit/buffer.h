/*
 * A bounded byte sink for host code.
 *
 * Writes past the end are dropped and set `full`; whoever emits looks at it once, when a unit is
 * complete.  Positions are offsets from `start`.  The buffer borrows its memory.
 */
#ifndef BACKEND_HOST_EMIT_BUFFER_H
#define BACKEND_HOST_EMIT_BUFFER_H

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

/* Appends the low n bytes (1..8) of value, little-endian. */
void buffer_put(struct code_buffer *buffer, uint64_t value, unsigned n);

/* Pads with bytes of that value to a multiple of a power of two. */
void buffer_align(struct code_buffer *buffer, uint32_t power_of_two, uint8_t fill);

/* Overwrites the 32-bit displacement at `field` so that it reaches `target`, both offsets; the
 * displacement counts from the end of the field. */
void buffer_patch_rel32(struct code_buffer *buffer, uint32_t field, uint32_t target);

static inline void buffer_put8(struct code_buffer *buffer, uint8_t value)
{
    if (buffer->at < buffer->size) {
        buffer->start[buffer->at++] = value;
    } else {
        buffer->full = true;
    }
}

#endif
