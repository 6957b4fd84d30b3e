/*
 * The byte queue inside a PS/2 device: a ring that is part of its state list.
 */
#ifndef DEVICES_INPUT_PS2_QUEUE_H
#define DEVICES_INPUT_PS2_QUEUE_H

#include "base/state.h"

#define PS2_QUEUE_SIZE 32 /* a power of two */

/* clang-format off */
#define PS2_QUEUE_STATE(S, VAL, ARR, SUB)                       \
    ARR(S, u8, data,  PS2_QUEUE_SIZE, 0, "the ring")            \
    VAL(S, u8, head,  0, "index of the oldest byte")            \
    VAL(S, u8, count, 0, "bytes in the ring")
/* clang-format on */

struct ps2_queue {
    STATE_MEMBERS(PS2_QUEUE_STATE)
};
STATE_DESC(ps2_queue, PS2_QUEUE_STATE);

/* Appends a byte; a full queue drops it. */
static inline void ps2_queue_put(struct ps2_queue *queue, uint8_t byte)
{
    if (queue->count < PS2_QUEUE_SIZE) {
        queue->data[(queue->head + queue->count) % PS2_QUEUE_SIZE] = byte;
        queue->count++;
    }
}

/* Takes the oldest byte; false when there is none. */
static inline bool ps2_queue_get(struct ps2_queue *queue, uint8_t *byte)
{
    if (queue->count == 0) {
        return false;
    }
    *byte = queue->data[queue->head];
    queue->head = (uint8_t)((queue->head + 1) % PS2_QUEUE_SIZE);
    queue->count--;
    return true;
}

static inline void ps2_queue_clear(struct ps2_queue *queue)
{
    queue->head = 0;
    queue->count = 0;
}

/* Makes a queue of unknown origin safe to use. */
static inline void ps2_queue_check(struct ps2_queue *queue)
{
    queue->head %= PS2_QUEUE_SIZE;
    queue->count = queue->count > PS2_QUEUE_SIZE ? 0 : queue->count;
}

#endif
