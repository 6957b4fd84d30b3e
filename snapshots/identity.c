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

static bool hash_file(int fd, struct identity *identity)
{
    uint8_t *block = malloc(BLOCK);
    XXH3_state_t *state = XXH3_createState();
    bool good = block && state && XXH3_128bits_reset(state) == XXH_OK;
    uint64_t at = 0;
    while (good && (at = skip_hole(fd, at, identity->bytes)) < identity->bytes) {
        uint8_t number[8];
        ssize_t got = read_block(fd, block, at);
        good = got > 0;
        if (good && !bytes_are_zero(block, (size_t)got)) {
            store_le64(number, at / BLOCK);
            XXH3_128bits_update(state, number, sizeof(number));
            XXH3_128bits_update(state, block, (size_t)got);
        }
        at += BLOCK;
    }
    if (good) {
        XXH128_hash_t hash = XXH3_128bits_digest(state);
        identity->low = hash.low64;
        identity->high = hash.high64;
    }
    XXH3_freeState(state);
    free(block);
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
