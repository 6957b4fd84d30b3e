/*
 * Reads snapshot files and the files they build on.
 *
 * Opening reads header, index and blobs and checks their checksums; windows are read and checked
 * when asked for.  Everything in a file is taken for hostile: sizes are capped, offsets and counts
 * checked, and each complaint is one message that names the file.
 */
#ifndef SNAPSHOTS_READER_H
#define SNAPSHOTS_READER_H

#include "base/status.h"
#include "snapshots/codec.h"

struct snap_reader;

/* Opens a file and its parents; NULL: message in status. */
struct snap_reader *snap_reader_open(const char *path, struct status *status);
/* A file in memory (borrowed), which may have no parent. */
struct snap_reader *snap_reader_open_bytes(const uint8_t *bytes, size_t count,
                                           struct status *status);
void snap_reader_close(struct snap_reader *reader);

/* The header alone: whether the file is a whole snapshot, and its id.  The message, if any, names
 * the file. */
bool snap_reader_id(const char *path, uint8_t id[SNAP_ID_BYTES], struct status *status);

/* Regions of an index, at most SNAP_REGIONS; false: it makes no sense. */
bool snap_regions_parse(const uint8_t *index, size_t count, struct snap_region *regions,
                        unsigned *region_count);

const char *snap_reader_path(const struct snap_reader *reader);
const uint8_t *snap_reader_own_id(const struct snap_reader *reader);
/* The file it builds on, or NULL. */
const struct snap_reader *snap_reader_parent(const struct snap_reader *reader);

/* A blob of that kind, or NULL; borrowed. */
const uint8_t *snap_reader_blob(const struct snap_reader *reader, uint32_t kind, size_t *count);

unsigned snap_reader_regions(const struct snap_reader *reader);
const struct snap_region *snap_reader_region(const struct snap_reader *reader, unsigned number);
/* The number of the region of that name, or -1. */
int snap_reader_find(const struct snap_reader *reader, const char *name);

/* Units of a window that exist, in this file or one it builds on. */
uint64_t snap_reader_present(const struct snap_reader *reader, unsigned region, uint32_t window);
/* The next window from `window` on that has a unit anywhere in the chain; false: none. */
bool snap_reader_next(const struct snap_reader *reader, unsigned region, uint32_t *window);
/* Copies the units that exist to their places in `to` (SNAP_UNITS units; others are not touched);
 * *present tells which.  False: message in status. */
bool snap_reader_window(struct snap_reader *reader, unsigned region, uint32_t window, uint8_t *to,
                        uint64_t *present, struct status *status);

/* Checks the checksum of every window in the chain without unpacking it. */
bool snap_reader_verify(struct snap_reader *reader, struct status *status);

/* How many units of a region this file itself holds; its size in bytes. */
uint64_t snap_reader_units(const struct snap_reader *reader, unsigned region);
uint64_t snap_reader_bytes(const struct snap_reader *reader);

#endif
