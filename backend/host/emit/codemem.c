/* Code memory with two views: see codemem.h. */
#define _GNU_SOURCE
#include "backend/host/emit/codemem.h"

#include <sys/mman.h>
#include <unistd.h>

bool codemem_init(struct codemem *memory, size_t bytes)
{
    *memory = (struct codemem){0};
    bytes = (bytes + 4095) & ~(size_t)4095;
    int fd = memfd_create("vestige-code", MFD_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    if (ftruncate(fd, (off_t)bytes) != 0) {
        close(fd);
        return false;
    }
    void *write = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    void *exec = mmap(NULL, bytes, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    close(fd);
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
    bytes = from + bytes <= memory->bytes ? bytes : memory->bytes - from;
    madvise(memory->write + from, bytes, MADV_POPULATE_WRITE);
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
