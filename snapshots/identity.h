/*
 * What a file was: its size and a hash of its content, so that a changed one is noticed.
 *
 * The hash (XXH3, 128 bits) is taken over number and bytes of each block of 64 KiB that is not all
 * zeros: the holes of a sparse file cost nothing and do not count as a difference.
 */
#ifndef SNAPSHOTS_IDENTITY_H
#define SNAPSHOTS_IDENTITY_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct identity {
    uint64_t bytes;
    uint64_t low, high;
};

/* False with the reason when the file cannot be read. */
bool identity_of_file(const char *path, struct identity *identity, struct status *status);

/* The same of content that the caller reads: identity->bytes of it, a block at a time.  False when
 * that fails. */
typedef bool identity_reader(void *user, uint64_t at, uint8_t *to, size_t bytes);
bool identity_of_content(identity_reader *read, void *user, struct identity *identity);

static inline bool identity_equal(const struct identity *a, const struct identity *b)
{
    return a->bytes == b->bytes && a->low == b->low && a->high == b->high;
}

#endif
