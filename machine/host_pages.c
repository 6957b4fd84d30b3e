/* See host_pages.h; Linux: Documentation/admin-guide/mm/pagemap.rst. */
#define _GNU_SOURCE
#include "machine/host_pages.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_SWAPPED (UINT64_C(1) << 62)

/* Whether what it tells is true of this process: under an emulator of user programs it may speak of
 * other addresses. */
static bool is_true(int pagemap)
{
    uint8_t *pages =
        mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return false;
    }
    madvise(pages, 3 * PAGE, MADV_NOHUGEPAGE);
    *(volatile uint8_t *)(pages + PAGE) = 1;
    bool good = host_pages_touched(pagemap, pages, 3) == 2;
    munmap(pages, 3 * PAGE);
    return good;
}

int host_pages_open(void)
{
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (pagemap >= 0 && (sysconf(_SC_PAGESIZE) != PAGE || !is_true(pagemap))) {
        close(pagemap);
        pagemap = -1;
    }
    return pagemap;
}

void host_pages_close(int pagemap)
{
    if (pagemap >= 0) {
        close(pagemap);
    }
}

uint64_t host_pages_touched(int pagemap, const void *at, unsigned count)
{
    uint64_t entries[HOST_PAGES_MOST];
    size_t bytes = count * sizeof(entries[0]);
    off_t where = (off_t)((uintptr_t)at / PAGE * sizeof(entries[0]));
    uint64_t touched = 0;
    if (pagemap < 0 || (uintptr_t)at % PAGE ||
        pread(pagemap, entries, bytes, where) != (ssize_t)bytes) {
        return UINT64_MAX;
    }
    for (unsigned i = 0; i < count; i++) {
        bool there = (entries[i] & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED)) != 0;
        touched |= (uint64_t)there << i;
    }
    return touched;
}
