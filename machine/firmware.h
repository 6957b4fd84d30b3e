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

/* SeaBIOS (256 KiB) and its VGA BIOS; path NULL searches.  A missing one names the Debian package.
 */
bool firmware_bios(const char *path, struct file_bytes *file, struct status *status);
bool firmware_vgabios(const char *path, struct file_bytes *file, struct status *status);

/* Where the search finds them, or NULL. */
const char *firmware_find(const char *name, char *path, size_t bytes);

#endif
