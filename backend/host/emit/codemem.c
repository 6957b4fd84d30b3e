/* Code memory with two views: see codemem.h. */
#define _GNU_SOURCE
#include "backend/host/emit/codemem.h"

#include "base/populate.h"

#include <sys/mman.h>
#include <unistd.h>

/* A second view of shared memory without a name, which perf takes for the code of a compiler. */
static void *view_again(void *memory, size_t bytes)
{
    void *again = mremap(memory, 0, bytes, MREMAP_MAYMOVE);
    if (again != MAP_FAILED && mprotect(again, bytes, PROT_READ | PROT_EXEC) != 0) {
        munmap(again, bytes);
        again = MAP_FAILED;
    }
    return again;
}

/* Both views of a file in memory: where a second view without one cannot be had. */
static bool map_file(size_t bytes, void **write, void **exec)
{
    int fd = memfd_create("vestige-code", MFD_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    if (ftruncate(fd, (off_t)bytes) != 0) {
        close(fd);
        return false;
    }
    *write = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    *exec = mmap(NULL, bytes, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    close(fd);
    return true;
}

bool codemem_init(struct codemem *memory, size_t bytes)
{
    *memory = (struct codemem){0};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    bytes = (bytes + page - 1) & ~(page - 1);
    void *write = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    void *exec = write == MAP_FAILED ? MAP_FAILED : view_again(write, bytes);
    if (exec == MAP_FAILED) {
        if (write != MAP_FAILED) {
            munmap(write, bytes);
        }
        if (!map_file(bytes, &write, &exec)) {
            return false;
        }
    }
    if (write == MAP_FAILED || exec == MAP_FAILED) {
        if (write != MAP_FAILED) {
            munmap(write, bytes);
        }
        if (exec != MAP_FAILED) {
            munmap(exec, bytes);
        }
        return false;
    }
    *memory = (struct codemem){.write = write, .exec = exec, .bytes = bytes};
    return true;
}

void codemem_populate(const struct codemem *memory, size_t from, size_t bytes)
{
#ifdef MADV_POPULATE_WRITE
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    bytes = from + bytes <= memory->bytes ? bytes : memory->bytes - from;
    bytes += from & (page - 1);
    from &= ~(page - 1);
    populate(memory->write + from, bytes);
    madvise(memory->exec + from, bytes, MADV_POPULATE_READ);
#else
    (void)memory;
    (void)from;
    (void)bytes;
#endif
}

void codemem_written(struct codemem *memory)
{
    madvise(memory->write, memory->bytes, MADV_DONTNEED);
}

void codemem_free(struct codemem *memory)
{
    if (memory->bytes != 0) {
        munmap(memory->write, memory->bytes);
        munmap(memory->exec, memory->bytes);
    }
    *memory = (struct codemem){0};
}
