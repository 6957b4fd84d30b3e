#include "machine/firmware.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const folders[] = {"/usr/share/seabios", "/usr/share/qemu",
                                      "/usr/local/share/seabios", "/usr/local/share/qemu"};

bool file_open(const char *path, size_t limit, struct file_pieces *file, struct status *status)
{
    struct stat info;
    *file = (struct file_pieces){.fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (file->fd < 0) {
        return status_fail_errno(status, "cannot open %s", path);
    }
    if (fstat(file->fd, &info) != 0 || S_ISDIR(info.st_mode)) {
        return status_fail(status, "%s is a directory, not a file", path);
    }
    if (info.st_size <= 0 || (uint64_t)info.st_size > limit) {
        return status_fail(status, info.st_size <= 0 ? "%s is empty" : "%s is too large", path);
    }
    file->size = (size_t)info.st_size;
    return true;
}

void file_close(struct file_pieces *file)
{
    if (file->fd >= 0) {
        close(file->fd);
    }
    *file = (struct file_pieces){.fd = -1};
}

/* Reads what can be read; false: not all of it. */
static bool read_piece(const struct file_pieces *file, uint64_t at, uint8_t *to, size_t bytes)
{
    while (bytes) {
        ssize_t done = pread(file->fd, to, bytes, (off_t)at);
        if (done <= 0 && !(done < 0 && errno == EINTR)) {
            memset(to, 0, bytes);
            return false;
        }
        at += done > 0 ? (uint64_t)done : 0;
        to += done > 0 ? done : 0;
        bytes -= done > 0 ? (size_t)done : 0;
    }
    return true;
}

void file_piece(const struct file_pieces *file, uint64_t at, uint8_t *to, size_t bytes)
{
    read_piece(file, at, to, bytes);
}

bool file_read(const char *path, size_t limit, struct file_bytes *file, struct status *status)
{
    struct file_pieces pieces;
    bool done = file_open(path, limit, &pieces, status);
    if (done) {
        file->size = pieces.size;
        file->bytes = malloc(file->size);
        if (!file->bytes || !read_piece(&pieces, 0, file->bytes, file->size)) {
            free(file->bytes);
            file->bytes = NULL;
            done = status_fail(status, "cannot read %s", path);
        }
    }
    file_close(&pieces);
    return done;
}

const char *firmware_find(const char *name, char *path, size_t bytes)
{
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        struct stat info;
        snprintf(path, bytes, "%s/%s", folders[i], name);
        if (stat(path, &info) == 0 && S_ISREG(info.st_mode)) {
            return path;
        }
    }
    return NULL;
}

static bool load(const char *path, const char *name, const char *option, struct file_bytes *file,
                 struct status *status)
{
    enum { LIMIT = 16 << 20 };
    char found[256];
    if (!path && !(path = firmware_find(name, found, sizeof(found)))) {
        return status_fail(status,
                           "the firmware %s is missing: install the package `seabios` "
                           "(apt-get install seabios) or give %s FILE",
                           name, option);
    }
    return file_read(path, LIMIT, file, status);
}

bool firmware_bios(const char *path, struct file_bytes *file, struct status *status)
{
    enum { STEP = 0x1000 };
    if (!load(path, FIRMWARE_BIOS, "--bios", file, status)) {
        return false;
    }
    if (file->size % STEP) {
        free(file->bytes);
        return status_fail(status, "%s is no PC firmware: its size is not a multiple of 4 KiB",
                           path ? path : FIRMWARE_BIOS);
    }
    return true;
}

bool firmware_vgabios(const char *path, struct file_bytes *file, struct status *status)
{
    if (!load(path, FIRMWARE_VGABIOS, "--vgabios", file, status)) {
        return false;
    }
    if (file->size < 3 || file->bytes[0] != 0x55 || file->bytes[1] != 0xaa) {
        free(file->bytes);
        return status_fail(status, "%s is no option ROM: it does not begin with 55 AA",
                           path ? path : FIRMWARE_VGABIOS);
    }
    return true;
}
