/* See unshared.h. */
#define _GNU_SOURCE
#include "base/unshared.h"

#include "base/arena.h"

#include <sys/mman.h>

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
    return map(NULL, bytes, 0);
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
