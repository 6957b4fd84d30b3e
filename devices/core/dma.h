/*
 * Access to guest physical memory for bus masters.  Writes go through the machine's self-modifying
 * code check.  Ranges that are no RAM read as ones and ignore writes.  Addresses wrap at 4 GiB.
 */
#ifndef DEVICES_CORE_DMA_H
#define DEVICES_CORE_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dma_space {
    void (*read)(void *memory, uint64_t gpa, void *to, size_t bytes);
    void (*write)(void *memory, uint64_t gpa, const void *from, size_t bytes);
    void *memory;
};

/* A slave's side of one 8237 channel.  The controller supplies it; see dma8237.h for the pins. */
struct dma_channel {
    /* Moves up to bytes between buffer and memory in the programmed direction, advancing the count;
     * returns bytes moved (0 when masked), and sets *terminal_count when the count ran out. */
    size_t (*transfer)(void *controller, unsigned channel, void *buffer, size_t bytes,
                       bool to_memory, bool *terminal_count);
    void *controller;
    unsigned channel;
};

#endif
