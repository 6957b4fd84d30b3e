/*
 * Writes a snapshot file: blobs, then regions window by window, then the index.
 *
 * The file appears under its name at the end and whole: it is written without a name (or as
 * NAME.part where the file system cannot do that), flushed to the disk, and then takes the place
 * of an older one in one step.  Whoever is killed before leaves the older one as it was.
 *
 * A writer on a stream (a socket) sends the same chunks without header and index.
 */
#ifndef SNAPSHOTS_WRITER_H
#define SNAPSHOTS_WRITER_H

#include "base/status.h"
#include "snapshots/packer.h"

struct snap_writer;

/* parent: the id of the file this one builds on, or NULL.  NULL: message in status. */
struct snap_writer *snap_writer_open(const char *path, enum snap_codec codec, const uint8_t *parent,
                                     struct status *status);
/* Takes over the descriptor. */
struct snap_writer *snap_writer_stream(int fd, enum snap_codec codec, struct status *status);

/* Trouble in any of these is kept and told by snap_writer_finish(). */
void snap_writer_blob(struct snap_writer *writer, uint32_t kind, const void *bytes, size_t count);
/* Returns the region's number. */
unsigned snap_writer_region(struct snap_writer *writer, const struct snap_region *region);
/* Where the units of the next window go, packed: SNAP_UNITS * SNAP_UNIT_MOST bytes. */
uint8_t *snap_writer_room(struct snap_writer *writer);
/* Windows of a region in ascending order (a stream: in any, again and again).  present: the units
 * that stand in the room; gone: units that exist no more (memory: are zeros) though the parent has
 * them. */
void snap_writer_window(struct snap_writer *writer, unsigned region, uint32_t window,
                        uint64_t present, uint64_t gone);
/* All windows of a region, from a source that several threads ask. */
void snap_writer_units(struct snap_writer *writer, const struct snap_source *source);
/* A stream: tells the regions, as an index without rows. */
void snap_writer_regions(struct snap_writer *writer);
/* Sends what is buffered; false: the other end is gone. */
bool snap_writer_flush(struct snap_writer *writer, struct status *status);

/* Bytes of the file so far. */
uint64_t snap_writer_bytes(const struct snap_writer *writer);

/* The file takes its name; id (if not NULL) is told.  False: it does not exist.  Frees the writer.
 */
bool snap_writer_finish(struct snap_writer *writer, uint8_t id[SNAP_ID_BYTES],
                        struct status *status);
/* Drops everything written; NULL does nothing. */
void snap_writer_abandon(struct snap_writer *writer);

#endif
