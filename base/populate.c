#define _GNU_SOURCE
#include "base/populate.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void populate(void *start, size_t bytes)
{
#ifdef MADV_POPULATE_WRITE
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)start + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)start + bytes) & ~(page - 1);
    if (end > first) {
        madvise((char *)start + (first - (uintptr_t)start), end - first, MADV_POPULATE_WRITE);
    }
#else
    (void)start;
    (void)bytes;
#endif
}
