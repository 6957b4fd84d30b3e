/*
 * A disk, floppy or CD image as a drive sees it: sectors by number.  Implemented by machine/media.
 *
 * Errors of the host (a full disk, an unreadable file) come back as false; the drive reports them
 * to the guest as a medium error and the backend keeps a message for the user.  NULL media means an
 * empty drive.
 */
#ifndef DEVICES_CORE_BLOCK_H
#define DEVICES_CORE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block_media {
    bool (*read)(void *media, uint64_t sector, uint32_t count, void *to);
    bool (*write)(void *media, uint64_t sector, uint32_t count, const void *from);
    bool (*flush)(void *media);
    /* How much longer than usual the drive takes for these sectors now, in ns; NULL: never. */
    uint64_t (*delay_ns)(void *media, uint64_t sector, uint32_t count);
    void *media;
    uint64_t sectors;      /* of sector_bytes each */
    uint32_t sector_bytes; /* 512 or 2048 */
    bool read_only;
};

/* CHS geometry of a disk or floppy. */
struct block_geometry {
    uint16_t cylinders;
    uint8_t heads;
    uint8_t sectors;
};

#endif
