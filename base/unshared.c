/* See unshared.h. */
#define _GNU_SOURCE
#include "base/unshared.h"

#include "base/arena.h"

#include "base/populate.h"

#include <stdint.h>
#include <sys/mman.h>

/* An address with so much free space behind it, aligned to large pages; NULL: wherever. */
static void *aligned_place(size_t bytes)
{
    char *space = mmap(NULL, bytes + LARGE_PAGE, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED) {
        return NULL;
    }
    munmap(space, bytes + LARGE_PAGE);
    return space + (-(uintptr_t)space & (LARGE_PAGE - 1));
}

static void *map(void *at, size_t bytes, int flags)
{
    void *memory = mmap(at, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
#ifdef MADV_WIPEONFORK
    madvise(memory, bytes, MADV_WIPEONFORK); /* a host that does not know it copies */
#endif
    return memory;
}

void *unshared_create(size_t bytes)
{
    return map(bytes % LARGE_PAGE == 0 ? aligned_place(bytes) : NULL, bytes, 0);
}

void unshared_renew(void *memory, size_t bytes)
{
    host_memory_or_exit(map(memory, bytes, MAP_FIXED));
}

void unshared_destroy(void *memory, size_t bytes)
{
    if (memory) {
        munmap(memory, bytes);
    }
}
