/* See perf_map.h. */
#define _GNU_SOURCE
#include "machine/perf_map.h"

#include "machine/symbols.h"
#include "translator/api/mode.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct perf_map {
    int file;
    pid_t process; /* whose code the file describes: a forked copy begins its own */
    struct symbols *symbols;
};

/* A file of that name that is there is of a process that had the same number before. */
static int open_file(pid_t process)
{
    char path[64];
    snprintf(path, sizeof(path), "/tmp/perf-%ld.map", (long)process);
    unlink(path);
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_APPEND, 0600);
}

struct perf_map *perf_map_create(const char *symbols, struct status *status)
{
    struct perf_map *map = calloc(1, sizeof(*map));
    if (!map) {
        status_fail(status, "out of memory");
        return NULL;
    }
    map->process = getpid();
    map->file = -1;
    if (symbols && !(map->symbols = symbols_read(symbols, status))) {
        perf_map_destroy(map);
        return NULL;
    }
    map->file = open_file(map->process);
    if (map->file < 0) {
        status_fail_errno(status, "cannot write /tmp/perf-%ld.map", (long)map->process);
        perf_map_destroy(map);
        return NULL;
    }
    return map;
}

void perf_map_destroy(struct perf_map *map)
{
    if (!map) {
        return;
    }
    if (map->file >= 0) {
        close(map->file);
    }
    symbols_free(map->symbols);
    free(map);
}

static const char *kind_of(uint32_t mode)
{
    if (mode & MODE_V86) {
        return "v86";
    }
    if (!(mode & MODE_PROTECTED)) {
        return "real";
    }
    if (mode & MODE_USER) {
        return mode & MODE_CODE32 ? "user" : "user16";
    }
    return mode & MODE_CODE32 ? "kernel" : "kernel16";
}

void perf_map_add(void *user, const struct block *block, uint64_t linear)
{
    struct perf_map *map = user;
    uint64_t offset = 0;
    if (map->process != getpid()) {
        close(map->file);
        map->process = getpid();
        map->file = open_file(map->process);
    }
    const char *name = map->symbols && !(block->mode & MODE_USER)
                           ? symbols_find(map->symbols, linear, &offset)
                           : NULL;
    if (name) {
        dprintf(map->file, "%" PRIxPTR " %" PRIx32 " %s+0x%" PRIx64 "\n", (uintptr_t)block->code,
                block->code_bytes, name, offset);
    } else {
        dprintf(map->file, "%" PRIxPTR " %" PRIx32 " guest_%s_%08" PRIx64 "\n",
                (uintptr_t)block->code, block->code_bytes, kind_of(block->mode), linear);
    }
}
