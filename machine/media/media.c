/*
 * See media.h.  POSIX files by pread and pwrite; locks by flock, which belong to the open file and
 * go with it.
 */
#define _GNU_SOURCE /* flock, fdatasync */
#include "machine/media/media.h"
#include "machine/media/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct media {
    struct block_media block;
    struct overlay *overlay; /* NULL: writes go to the file */
    char *path;
    int fd;
    const uint8_t *bytes; /* instead of a file; borrowed */
    uint64_t file_bytes;  /* what is behind it, up to a whole sector, reads as zeros */
    struct status error;
    /* who wants to know what the file held; a bit a piece: it was told */
    media_keeper *keeper;
    void *keeper_user;
    uint8_t *kept;
};

/* ---- the file ---- */

static bool file_read(struct media *media, uint64_t at, uint8_t *to, size_t bytes)
{
    while (bytes > 0) {
        if (at >= media->file_bytes) {
            memset(to, 0, bytes);
            return true;
        }
        size_t most = media->file_bytes - at < bytes ? (size_t)(media->file_bytes - at) : bytes;
        if (media->bytes) {
            memcpy(to, media->bytes + at, most);
            at += most;
            to += most;
            bytes -= most;
            continue;
        }
        ssize_t got = pread(media->fd, to, most, (off_t)at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return status_fail_errno(&media->error, "%s: cannot read at %" PRIu64, media->path, at);
        }
        if (got == 0) {
            return status_fail(&media->error, "%s: the file ends at %" PRIu64 ", it was longer",
                               media->path, at);
        }
        at += (uint64_t)got;
        to += got;
        bytes -= (size_t)got;
    }
    return true;
}

static bool file_write(struct media *media, uint64_t at, const uint8_t *from, size_t bytes)
{
    while (bytes > 0) {
        ssize_t put = pwrite(media->fd, from, bytes, (off_t)at);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return status_fail_errno(&media->error, "%s: cannot write at %" PRIu64, media->path,
                                     at);
        }
        at += (uint64_t)put;
        from += put;
        bytes -= (size_t)put;
    }
    if (at > media->file_bytes) {
        media->file_bytes = at; /* a padded sector became a whole one */
    }
    return true;
}

/* ---- struct block_media ---- */

static bool inside(struct media *media, uint64_t sector, uint32_t count)
{
    const struct block_media *block = &media->block;
    return sector <= block->sectors && count <= block->sectors - sector;
}

static bool media_read(void *self, uint64_t sector, uint32_t count, void *to)
{
    struct media *media = self;
    if (!inside(media, sector, count)) {
        return false;
    }
    uint64_t at = sector * media->block.sector_bytes;
    uint64_t end = at + (uint64_t)count * media->block.sector_bytes;
    uint8_t *out = to;
    if (!media->overlay) {
        return file_read(media, at, out, (size_t)(end - at));
    }
    while (at < end) {
        uint64_t offset = at % MEDIA_CLUSTER_BYTES;
        uint64_t room = MEDIA_CLUSTER_BYTES - offset;
        size_t run = (size_t)(end - at < room ? end - at : room);
        const uint8_t *cluster = overlay_find(media->overlay, at / MEDIA_CLUSTER_BYTES);
        if (cluster) {
            memcpy(out, cluster + offset, run);
        } else if (!file_read(media, at, out, run)) {
            return false;
        }
        at += run;
        out += run;
    }
    return true;
}

/* The overlay's copy of a cluster, filled from the file when it is new. */
static uint8_t *own_cluster(struct media *media, uint64_t number)
{
    uint8_t *cluster = overlay_find(media->overlay, number);
    if (cluster) {
        return cluster;
    }
    uint8_t *bytes = malloc(MEDIA_CLUSTER_BYTES);
    if (bytes && !file_read(media, number * MEDIA_CLUSTER_BYTES, bytes, MEDIA_CLUSTER_BYTES)) {
        free(bytes);
        return NULL;
    }
    cluster = bytes ? overlay_make(media->overlay, number) : NULL;
    if (cluster) {
        memcpy(cluster, bytes, MEDIA_CLUSTER_BYTES);
    } else {
        status_fail(&media->error, "%s: no memory left to keep changes in", media->path);
    }
    free(bytes);
    return cluster;
}

/* Tells what the file holds in [at, end), piece by piece, where that was not told yet. */
static bool tell_old(struct media *media, uint64_t at, uint64_t end)
{
    uint8_t bytes[MEDIA_PIECE_BYTES];
    for (uint64_t piece = at / MEDIA_PIECE_BYTES; piece * MEDIA_PIECE_BYTES < end; piece++) {
        uint64_t first = piece * MEDIA_PIECE_BYTES;
        uint64_t left = media->file_bytes - first;
        size_t count = left < MEDIA_PIECE_BYTES ? (size_t)left : MEDIA_PIECE_BYTES;
        if (media->kept[piece / 8] >> piece % 8 & 1) {
            continue;
        }
        if (!file_read(media, first, bytes, count)) {
            return false;
        }
        media->keeper(media->keeper_user, media, first, bytes, count);
        media->kept[piece / 8] |= (uint8_t)(1U << piece % 8);
    }
    return true;
}

bool media_keep_old(struct media *media, media_keeper *keeper, void *user)
{
    size_t pieces = (size_t)(media->file_bytes / MEDIA_PIECE_BYTES) + 1;
    free(media->kept);
    media->keeper = keeper;
    media->keeper_user = user;
    media->kept = keeper ? calloc(1, pieces / 8 + 1) : NULL;
    return media->kept || !keeper;
}

static bool media_write(void *self, uint64_t sector, uint32_t count, const void *from)
{
    struct media *media = self;
    if (!inside(media, sector, count) || media->block.read_only) {
        return false;
    }
    uint64_t at = sector * media->block.sector_bytes;
    uint64_t end = at + (uint64_t)count * media->block.sector_bytes;
    const uint8_t *in = from;
    if (!media->overlay) {
        return (!media->keeper || tell_old(media, at, end)) &&
               file_write(media, at, in, (size_t)(end - at));
    }
    while (at < end) {
        uint64_t offset = at % MEDIA_CLUSTER_BYTES;
        uint64_t room = MEDIA_CLUSTER_BYTES - offset;
        size_t run = (size_t)(end - at < room ? end - at : room);
        uint8_t *cluster = own_cluster(media, at / MEDIA_CLUSTER_BYTES);
        if (!cluster) {
            return false;
        }
        memcpy(cluster + offset, in, run);
        at += run;
        in += run;
    }
    return true;
}

static bool media_flush(void *self)
{
    struct media *media = self;
    if (media->overlay || media->block.read_only) {
        return true;
    }
    if (fdatasync(media->fd) < 0 && errno != EINVAL && errno != EROFS) {
        return status_fail_errno(&media->error, "%s: cannot flush", media->path);
    }
    return true;
}

/* ---- opening ---- */

/* What kind of thing the path names, before open() could block on it. */
static bool check_kind(const char *path, struct status *status)
{
    struct stat info;
    if (stat(path, &info) < 0) {
        return errno == ENOENT ? status_fail(status, "%s: no such file", path)
                               : status_fail_errno(status, "%s", path);
    }
    if (S_ISDIR(info.st_mode)) {
        return status_fail(status, "%s: is a directory, not a disk image", path);
    }
    if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode)) {
        return status_fail(status, "%s: is neither a file nor a block device", path);
    }
    return true;
}

static bool open_file(struct media *media, const struct media_options *options,
                      struct status *status)
{
    bool write = !options->read_only && !options->overlay;
    media->fd = open(media->path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (media->fd < 0 && write && (errno == EACCES || errno == EROFS || errno == EPERM)) {
        write = false;
        media->fd = open(media->path, O_RDONLY | O_CLOEXEC);
    }
    if (media->fd < 0) {
        return status_fail_errno(status, "%s: cannot open", media->path);
    }
    media->block.read_only = !write && !(options->overlay && !options->read_only);
    if (flock(media->fd, (write ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
        return status_fail(status, "%s: in use by another process%s", media->path,
                           write ? " (--snapshot-disks runs without writing to it)" : "");
    }
    return true;
}

static bool measure(struct media *media, const struct media_options *options, struct status *status)
{
    uint32_t unit = options->sector_bytes;
    off_t end = lseek(media->fd, 0, SEEK_END);
    uint8_t probe;
    if (end < 0) {
        return status_fail_errno(status, "%s: cannot find its size", media->path);
    }
    media->file_bytes = (uint64_t)end;
    if (end == 0) {
        return status_fail(status, "%s: is empty", media->path);
    }
    if (media->file_bytes % unit && !options->pad) {
        return status_fail(status,
                           "%s: size %" PRIu64 " is not a multiple of %" PRIu32
                           " bytes, so it is no raw disk image or was cut short (%" PRIu64
                           " bytes behind the last whole sector)",
                           media->path, media->file_bytes, unit, media->file_bytes % unit);
    }
    if (!file_read(media, 0, &probe, 1)) {
        *status = media->error;
        return false;
    }
    media->block.sector_bytes = unit;
    media->block.sectors = (media->file_bytes + unit - 1) / unit;
    return true;
}

static bool add_overlay(struct media *media, struct status *status)
{
    uint64_t bytes = media->block.sectors * media->block.sector_bytes;
    media->overlay = overlay_create((bytes + MEDIA_CLUSTER_BYTES - 1) / MEDIA_CLUSTER_BYTES);
    return media->overlay || status_fail(status, "%s: no memory for an overlay", media->path);
}

/* A medium without anything behind it yet. */
static struct media *create(const char *path, struct status *status)
{
    struct media *media = calloc(1, sizeof(*media));
    char *copy = strdup(path);
    if (!media || !copy) {
        free(media);
        free(copy);
        status_fail(status, "%s: out of memory", path);
        return NULL;
    }
    media->path = copy;
    media->fd = -1;
    media->block.read = media_read;
    media->block.write = media_write;
    media->block.flush = media_flush;
    media->block.media = media;
    return media;
}

struct media *media_open(const char *path, const struct media_options *options,
                         struct status *status)
{
    struct media *media = check_kind(path, status) ? create(path, status) : NULL;
    if (!media) {
        return NULL;
    }
    bool ok = open_file(media, options, status) && measure(media, options, status);
    if (ok && options->overlay && !options->read_only) {
        ok = add_overlay(media, status);
    }
    if (!ok) {
        media_close(media);
        return NULL;
    }
    return media;
}

struct media *media_open_bytes(const char *name, const uint8_t *bytes, size_t count,
                               uint64_t sectors, struct status *status)
{
    enum { SECTOR = 512 };
    struct media *media = create(name, status);
    if (!media) {
        return NULL;
    }
    media->bytes = bytes;
    media->file_bytes = count;
    media->block.sector_bytes = SECTOR;
    media->block.sectors = sectors;
    if (!add_overlay(media, status)) {
        media_close(media);
        return NULL;
    }
    return media;
}

void media_close(struct media *media)
{
    if (!media) {
        return;
    }
    if (media->fd >= 0) {
        close(media->fd);
    }
    overlay_destroy(media->overlay);
    free(media->kept);
    free(media->path);
    free(media);
}

const struct block_media *media_block(struct media *media)
{
    return &media->block;
}

const char *media_path(const struct media *media)
{
    return media->path;
}

const char *media_error(const struct media *media)
{
    return media->error.failed ? media->error.text : NULL;
}

bool media_has_overlay(const struct media *media)
{
    return media->overlay != NULL;
}

void media_overlay_each(const struct media *media, media_cluster_visitor *visit, void *user)
{
    if (media->overlay) {
        overlay_each(media->overlay, visit, user);
    }
}

const uint8_t *media_overlay_find(const struct media *media, uint64_t cluster)
{
    return media->overlay ? overlay_find(media->overlay, cluster) : NULL;
}

void media_overlay_clear(struct media *media)
{
    if (media->overlay) {
        overlay_clear(media->overlay);
    }
}

bool media_overlay_put(struct media *media, uint64_t cluster, const uint8_t *bytes)
{
    uint8_t *to = media->overlay ? overlay_make(media->overlay, cluster) : NULL;
    if (!to) {
        return false;
    }
    memcpy(to, bytes, MEDIA_CLUSTER_BYTES);
    return true;
}
