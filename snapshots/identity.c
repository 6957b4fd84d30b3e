/* See identity.h.  Holes are skipped where the file system can name them (SEEK_DATA). */
#define _GNU_SOURCE
#include "snapshots/identity.h"

#include "base/bits.h"
#include "base/endian.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { BLOCK = 65536 };

/* Reads up to a block; -1 on errors. */
static ssize_t read_block(int fd, uint8_t *to, uint64_t at)
{
    size_t used = 0;
    while (used < BLOCK) {
        ssize_t got = pread(fd, to + used, BLOCK - used, (off_t)(at + used));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        used += (size_t)got;
    }
    return (ssize_t)used;
}

/* The first block from `at` on that may hold data. */
static uint64_t skip_hole(int fd, uint64_t at, uint64_t end)
{
    off_t data = lseek(fd, (off_t)at, SEEK_DATA);
    if (data >= 0) {
        return (uint64_t)data - (uint64_t)data % BLOCK;
    }
    return errno == ENXIO ? end : at;
}

struct hashing {
    uint8_t *block;
    XXH3_state_t *state;
};

static bool begin(struct hashing *hashing)
{
    *hashing = (struct hashing){malloc(BLOCK), XXH3_createState()};
    return hashing->block && hashing->state && XXH3_128bits_reset(hashing->state) == XXH_OK;
}

static void add_block(struct hashing *hashing, uint64_t at, size_t bytes)
{
    uint8_t number[8];
    if (!bytes_are_zero(hashing->block, bytes)) {
        store_le64(number, at / BLOCK);
        XXH3_128bits_update(hashing->state, number, sizeof(number));
        XXH3_128bits_update(hashing->state, hashing->block, bytes);
    }
}

static void finish(struct hashing *hashing, bool good, struct identity *identity)
{
    if (good) {
        XXH128_hash_t hash = XXH3_128bits_digest(hashing->state);
        identity->low = hash.low64;
        identity->high = hash.high64;
    }
    XXH3_freeState(hashing->state);
    free(hashing->block);
}

static bool hash_file(int fd, struct identity *identity)
{
    struct hashing hashing;
    bool good = begin(&hashing);
    uint64_t at = 0;
    while (good && (at = skip_hole(fd, at, identity->bytes)) < identity->bytes) {
        ssize_t got = read_block(fd, hashing.block, at);
        good = got > 0;
        if (good) {
            add_block(&hashing, at, (size_t)got);
        }
        at += BLOCK;
    }
    finish(&hashing, good, identity);
    return good;
}

bool identity_of_content(identity_reader *read, void *user, struct identity *identity)
{
    struct hashing hashing;
    bool good = begin(&hashing);
    for (uint64_t at = 0; good && at < identity->bytes; at += BLOCK) {
        uint64_t left = identity->bytes - at;
        size_t bytes = left < BLOCK ? (size_t)left : BLOCK;
        good = read(user, at, hashing.block, bytes);
        if (good) {
            add_block(&hashing, at, bytes);
        }
    }
    finish(&hashing, good, identity);
    return good;
}

bool identity_of_file(const char *path, struct identity *identity, struct status *status)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    *identity = (struct identity){0};
    if (fd < 0) {
        return errno == ENOENT ? status_fail(status, "%s: no such file", path)
                               : status_fail_errno(status, "%s: cannot open", path);
    }
    off_t end = fstat(fd, &info) == 0 && !S_ISDIR(info.st_mode) ? lseek(fd, 0, SEEK_END) : -1;
    identity->bytes = end > 0 ? (uint64_t)end : 0;
    errno = 0;
    bool good = end >= 0 && hash_file(fd, identity);
    if (!good) {
        status_fail_errno(status, "%s: cannot read", path);
    }
    close(fd);
    return good;
}
