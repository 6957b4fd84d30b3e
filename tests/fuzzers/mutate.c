/* What the fuzzed programs share: files in memory, and mutations that know where a file's numbers
 * and names may be. */
#define _GNU_SOURCE
#include "tests/fuzzers/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void fuzz_fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    abort();
}

int fuzz_file(const uint8_t *bytes, size_t count, char path[64])
{
    int fd = memfd_create("fuzzed", 0);
    if (fd < 0 || write(fd, bytes, count) != (ssize_t)count) {
        fuzz_fail("no memfd");
    }
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

uint8_t *fuzz_input_of(int fd, size_t *count)
{
    struct stat about;
    uint8_t *bytes = NULL;
    if (fstat(fd, &about) == 0 && (bytes = malloc((size_t)about.st_size + 1))) {
        bytes[0] = FUZZ_FIX;
        *count = (size_t)about.st_size + 1;
    }
    if (!bytes || pread(fd, bytes + 1, *count - 1, 0) != (ssize_t)*count - 1) {
        fuzz_fail("cannot read the seed");
    }
    return bytes;
}

static uint32_t next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* An offset that means something: most of a snapshot is memory and buffers. */
static size_t place(const uint8_t *bytes, size_t count, uint32_t *seed)
{
    size_t at = next(seed) % count;
    switch (next(seed) % 4) {
    case 0: /* header, heads of the first chunks */
        return at % (count < 512 ? count : 512);
    case 1: /* the index, at the end */
        return count - 1 - at % (count < 512 ? count : 512);
    case 2: /* a name: where letters follow a small length */
        for (size_t tries = 0; tries < 4096 && at + 8 < count; tries++, at++) {
            if (bytes[at] > 2 && bytes[at] < 40 && bytes[at + 1] >= 'a' && bytes[at + 1] <= 'z') {
                return at + next(seed) % (bytes[at] + 8U) < count ? at + next(seed) % 8U : at;
            }
        }
        return at;
    default:
        return at;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t room, unsigned seed_in)
{
    static const uint64_t values[] = {0,
                                      1,
                                      0x7f,
                                      0x80,
                                      0xff,
                                      0xffff,
                                      0x10000,
                                      0x7fffffff,
                                      0xffffffff,
                                      UINT64_MAX,
                                      UINT64_C(1) << 62};
    uint32_t seed = seed_in * 2654435761U + 1;
    if (count < 2) { /* an empty corpus */
        static uint8_t *first;
        static size_t first_count;
        first = first ? first : fuzz_seed(&first_count);
        count = first_count < room ? first_count : room;
        memcpy(bytes, first, count);
    }
    for (unsigned i = next(&seed) % 4 + 1; i > 0; i--) {
        size_t at = place(bytes, count, &seed);
        switch (next(&seed) % 6) {
        case 0:
            bytes[at] ^= (uint8_t)(1 << next(&seed) % 8);
            break;
        case 1:
        case 2: {
            uint64_t value = values[next(&seed) % (sizeof(values) / sizeof(values[0]))];
            size_t size = (size_t)1 << next(&seed) % 4;
            memcpy(bytes + at, &value, at + size <= count ? size : 1);
            break;
        }
        case 3: {
            size_t from = place(bytes, count, &seed);
            size_t length = next(&seed) % 64;
            if (at + length <= count && from + length <= count) {
                memmove(bytes + at, bytes + from, length);
            }
            break;
        }
        case 4:
            bytes[at] = (uint8_t)next(&seed);
            break;
        default:
            bytes[0] = (uint8_t)(next(&seed) % 8 != 0 ? FUZZ_FIX : 0);
            if (next(&seed) % 16 == 0) {
                return at > 1 ? at : count; /* cut */
            }
            break;
        }
    }
    return count;
}
