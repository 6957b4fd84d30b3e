/*
 * A host file as a disk, floppy or CD image: raw sectors behind the struct block_media that drives
 * use.
 *
 * In overlay mode the file is never written: changed clusters of 64 KiB are kept in memory and
 * dropped when the medium is closed.  A file that is written is locked for this process alone, one
 * that is only read is locked shared, so two instances cannot spoil one image.
 *
 * Trouble of the host after opening (a full disk, a vanished file) makes the read, write or flush
 * return false; media_error() then says what happened.
 */
#ifndef MACHINE_MEDIA_MEDIA_H
#define MACHINE_MEDIA_MEDIA_H

#include "base/status.h"
#include "devices/core/block.h"

enum { MEDIA_CLUSTER_BYTES = 65536, MEDIA_PIECE_BYTES = 4096 };

struct media;

struct media_options {
    uint32_t sector_bytes; /* 512, or 2048 for a CD */
    bool read_only;        /* never write, even where the file allows it */
    bool overlay;          /* keep writes in memory, drop them on close */
    bool pad;              /* a last partial sector is filled with zeros instead of refused */
};

/* Opens an image; NULL with a message in status when it cannot serve.  A file without write
 * permission gives a read-only medium (in overlay mode a writable one). */
struct media *media_open(const char *path, const struct media_options *options,
                         struct status *status);
/* A medium of 512-byte sectors over bytes in memory (borrowed); behind them it is zero.  Writes
 * stay in an overlay.  NULL with a message when there is no memory. */
struct media *media_open_bytes(const char *name, const uint8_t *bytes, size_t count,
                               uint64_t sectors, struct status *status);
void media_close(struct media *media);

/* What a drive is given; valid until media_close(). */
const struct block_media *media_block(struct media *media);
const char *media_path(const struct media *media);

/* From now on `keeper` is told what a piece of MEDIA_PIECE_BYTES of the file (the last one may be
 * shorter) holds, before the first write that changes it.  Only for media without an overlay; NULL
 * ends that.  False: no memory. */
typedef void media_keeper(void *user, const struct media *media, uint64_t at, const uint8_t *bytes,
                          size_t count);
bool media_keep_old(struct media *media, media_keeper *keeper, void *user);

/* The latest host error in words, or NULL when there was none. */
const char *media_error(const struct media *media);

/* True when writes stay in memory. */
bool media_has_overlay(const struct media *media);
/* Visits every changed cluster of an overlay in ascending order, for snapshots. */
typedef void media_cluster_visitor(void *user, uint64_t cluster, const uint8_t *bytes);
void media_overlay_each(const struct media *media, media_cluster_visitor *visit, void *user);
/* The changed cluster, or NULL when it is as in the file. */
const uint8_t *media_overlay_find(const struct media *media, uint64_t cluster);
/* Forgets all changes of an overlay; then clusters may be put back by number (false: no memory, not
 * an overlay, or beyond the medium). */
void media_overlay_clear(struct media *media);
bool media_overlay_put(struct media *media, uint64_t cluster, const uint8_t *bytes);

#endif
