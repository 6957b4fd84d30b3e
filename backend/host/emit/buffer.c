/* Bounded byte sink: see buffer.h. */
#include "backend/host/emit/buffer.h"

void buffer_init(struct code_buffer *buffer, uint8_t *start, uint32_t size)
{
    *buffer = (struct code_buffer){.start = start, .size = size};
}

void buffer_put_last(struct code_buffer *buffer, uint64_t value, unsigned n)
{
    if (buffer->size - buffer->at < n) {
        buffer->full = true;
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        buffer->start[buffer->at++] = (uint8_t)(value >> 8 * i);
    }
}

void buffer_align(struct code_buffer *buffer, uint32_t power_of_two, uint8_t fill)
{
    while ((buffer->at & (power_of_two - 1)) != 0 && !buffer->full) {
        buffer_put8(buffer, fill);
    }
}
