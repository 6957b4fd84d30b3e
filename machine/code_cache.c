/* See code_cache.h. */
#define _GNU_SOURCE
#include "machine/code_cache.h"

#include "base/endian.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { MAGIC_BYTES = 16, HEAD_BYTES = MAGIC_BYTES + 8 + 8 + 16 };
#define LARGEST (UINT64_C(1) << 30)

static const char magic[MAGIC_BYTES] = "vestige code 1\n";

/* Bytes of a whole file (malloc); NULL: it cannot be read. */
static uint8_t *read_all(int file, size_t size)
{
    uint8_t *bytes = malloc(size ? size : 1);
    size_t done = 0;
    while (bytes && done < size) {
        ssize_t n = read(file, bytes + done, size - done);
        if (n <= 0) {
            free(bytes);
            return NULL;
        }
        done += (size_t)n;
    }
    return bytes;
}

/* Stands for this program: any other one may translate otherwise. */
static bool program_hash(uint64_t *hash)
{
    struct stat info;
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    uint8_t *bytes = NULL;
    if (file >= 0 && fstat(file, &info) == 0 && info.st_size > 0) {
        bytes = read_all(file, (size_t)info.st_size);
    }
    if (file >= 0) {
        close(file);
    }
    if (bytes) {
        *hash = XXH3_64bits(bytes, (size_t)info.st_size);
        free(bytes);
    }
    return bytes != NULL;
}

static bool make_folder(const char *path)
{
    char part[PATH_MAX];
    for (const char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
        if (mkdir(part, 0700) != 0 && access(part, X_OK) != 0) {
            return false;
        }
    }
    return true;
}

/* The file's path; one for each program where none is given. */
static bool path_of(const struct machine *machine, uint64_t program, char path[PATH_MAX],
                    struct status *status)
{
    const char *given = machine->config->code_cache.value;
    const char *folder = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (given) {
        snprintf(path, PATH_MAX, "%s", given);
        return true;
    }
    if (folder && *folder == '/') {
        snprintf(path, PATH_MAX, "%s/vestige/%016llx.code", folder, (unsigned long long)program);
    } else if (home && *home == '/') {
        snprintf(path, PATH_MAX, "%s/.cache/vestige/%016llx.code", home,
                 (unsigned long long)program);
    } else {
        return status_fail(status, "--code-cache: neither XDG_CACHE_HOME nor HOME is a folder");
    }
    return make_folder(path) || status_fail_errno(status, "cannot make the folder of %s", path);
}

/* The file, if it is one that only this user can have written. */
static int open_own(const char *path, size_t *size)
{
    struct stat info;
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (file >= 0 && (fstat(file, &info) != 0 || !S_ISREG(info.st_mode) ||
                      info.st_uid != geteuid() || info.st_mode & (S_IWGRP | S_IWOTH) ||
                      info.st_size < HEAD_BYTES || (uint64_t)info.st_size > LARGEST)) {
        close(file);
        return -1;
    }
    *size = file >= 0 ? (size_t)info.st_size : 0;
    return file;
}

static void make_head(uint8_t head[HEAD_BYTES], uint64_t program, const void *bytes, size_t size)
{
    XXH128_hash_t sum = XXH3_128bits(bytes, size);
    memcpy(head, magic, MAGIC_BYTES);
    store_le64(head + MAGIC_BYTES, program);
    store_le64(head + MAGIC_BYTES + 8, size);
    store_le64(head + MAGIC_BYTES + 16, sum.low64);
    store_le64(head + MAGIC_BYTES + 24, sum.high64);
}

bool code_cache_load(struct machine *machine, struct status *status)
{
    char path[PATH_MAX];
    uint64_t program;
    size_t size;
    if (!program_hash(&program)) {
        return status_fail(status, "--code-cache: cannot read /proc/self/exe");
    }
    if (!path_of(machine, program, path, status)) {
        return false;
    }
    int file = open_own(path, &size);
    if (file < 0) {
        return true;
    }
    uint8_t *bytes = read_all(file, size);
    close(file);
    if (!bytes) {
        return true;
    }
    uint8_t head[HEAD_BYTES];
    make_head(head, program, bytes + HEAD_BYTES, size - HEAD_BYTES);
    bool good = memcmp(head, bytes, HEAD_BYTES) == 0;
    memmove(bytes, bytes + HEAD_BYTES, size - HEAD_BYTES);
    if (!good || !translator_load_code(machine->translator, bytes, size - HEAD_BYTES)) {
        free(bytes);
    }
    return true;
}

static bool write_all(int file, const uint8_t *bytes, size_t size)
{
    while (size) {
        ssize_t n = write(file, bytes, size);
        if (n <= 0) {
            return false;
        }
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

bool code_cache_save(struct machine *machine, struct status *status)
{
    char path[PATH_MAX];
    char beside[PATH_MAX + 32];
    uint8_t head[HEAD_BYTES];
    uint64_t program;
    size_t size;
    if (!program_hash(&program) || !path_of(machine, program, path, status)) {
        return false;
    }
    void *bytes = translator_save_code(machine->translator, &size);
    if (!bytes) {
        return true;
    }
    make_head(head, program, bytes, size);
    snprintf(beside, sizeof(beside), "%s.%ld", path, (long)getpid());
    int file = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool done = file >= 0 && write_all(file, head, HEAD_BYTES) && write_all(file, bytes, size);
    done = file >= 0 && close(file) == 0 && done && rename(beside, path) == 0;
    free(bytes);
    if (!done) {
        status_fail_errno(status, "cannot write %s", path);
        unlink(beside);
    }
    return done;
}
