/* Bounded byte sink: see buffer.h. */
#include "backend/host/emit/buffer.h"

/* NOLINTNEXTLINE(readability-non-const-parameter): the buffer will be written */
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
    uint32_t pad = (0 - buffer->at) & (power_of_two - 1);
    while (pad != 0 && !buffer->full) {
        uint32_t piece = pad < 8 ? pad : 8;
        buffer_put(buffer, fill * UINT64_C(0x0101010101010101), piece);
        pad -= piece;
    }
}
