/*
 * Fills and packs the windows of a region on several threads, and hands them over in order.
 *
 * Compression is most of the time that a save takes.  The threads live only while packer_run()
 * does, so a process that has one thread can be forked between two saves.
 */
#ifndef SNAPSHOTS_PACKER_H
#define SNAPSHOTS_PACKER_H

#include "snapshots/codec.h"

/* A chunk as it goes into the file. */
struct packed {
    uint8_t head[SNAP_CHUNK_BYTES];
    const uint8_t *payload;
    size_t stored;
};

/* Packs `count` bytes where that helps; `room` bytes at `packed` are for that.  The result points
 * into raw or packed. */
struct packed pack_chunk(struct codec *codec, enum snap_codec how, uint32_t kind, const void *raw,
                         size_t count, uint8_t *packed, size_t room);

/* One window of units. */
struct snap_fill {
    uint32_t window;
    uint64_t present; /* units that stand at `units`, one after the other */
    uint64_t gone;    /* units that exist no more though the parent has them */
    uint8_t *units;
};

/* What a region consists of.  fill() runs on any thread, for several windows at a time. */
struct snap_source {
    uint32_t region, unit_bytes;
    uint64_t units;
    void (*fill)(void *user, struct snap_fill *fill);
    void *user;
};

/* Calls deliver() on the calling thread for each window of which anything is to be told, in order;
 * packed->payload is NULL when no unit is present.  False: no memory. */
typedef void packed_taker(void *taker, const struct snap_fill *fill, const struct packed *packed);
bool packer_run(const struct snap_source *source, enum snap_codec how, packed_taker *deliver,
                void *taker);

/* The head of a window's payload: SNAP_WINDOW_HEAD bytes. */
void pack_window_head(uint8_t *at, uint32_t region, uint32_t window, uint64_t units);

#endif
