/*
 * Firmware files: found at run time in the places where distributions put them, or as the user
 * says.
 */
#ifndef MACHINE_FIRMWARE_H
#define MACHINE_FIRMWARE_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* A file in memory; bytes is owned by whoever holds the struct (free). */
struct file_bytes {
    uint8_t *bytes;
    size_t size;
};

/* Reads a whole regular file of at most limit bytes. */
bool file_read(const char *path, size_t limit, struct file_bytes *file, struct status *status);

/* A file that is read piece by piece as the guest asks for it. */
struct file_pieces {
    int fd; /* -1: none */
    size_t size;
};

/* Opens a regular file of at most limit bytes; file_close() in any case. */
bool file_open(const char *path, size_t limit, struct file_pieces *file, struct status *status);
void file_close(struct file_pieces *file);
/* Bytes at an offset; those that cannot be read are zero. */
void file_piece(const struct file_pieces *file, uint64_t at, uint8_t *to, size_t bytes);

/* SeaBIOS (256 KiB) and its VGA BIOS; path NULL searches.  A missing one names the Debian package.
 */
bool firmware_bios(const char *path, struct file_bytes *file, struct status *status);
bool firmware_vgabios(const char *path, struct file_bytes *file, struct status *status);

#define FIRMWARE_BIOS    "bios-256k.bin"
#define FIRMWARE_VGABIOS "vgabios-stdvga.bin"

/* Where the search finds them, or NULL. */
const char *firmware_find(const char *name, char *path, size_t bytes);

#endif
