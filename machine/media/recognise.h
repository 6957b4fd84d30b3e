/*
 * What an image file is, told from its content: so that `run FILE` needs no option; and the
 * geometry of a hard disk image.
 */
#ifndef MACHINE_MEDIA_RECOGNISE_H
#define MACHINE_MEDIA_RECOGNISE_H

#include "base/status.h"
#include "devices/core/block.h"

enum media_kind {
    MEDIA_UNKNOWN,
    MEDIA_FLOPPY,
    MEDIA_HARD_DISK,
    MEDIA_CDROM,
    MEDIA_LINUX_KERNEL,
    MEDIA_MULTIBOOT_ELF,
    MEDIA_MACHINE_FILE,
    MEDIA_SNAPSHOT,
    MEDIA_RECORDING,
    MEDIA_KINDS
};

/* As much of a file's beginning as recognition looks at. */
enum { RECOGNISE_BYTES = 65536 };

/* The kind of a file of file_bytes that begins with head (bytes of it, at most RECOGNISE_BYTES). */
enum media_kind recognise_bytes(const uint8_t *head, size_t bytes, uint64_t file_bytes);

/* Reads and recognises a file.  False with a message when it cannot be read or is nothing that can
 * run (the message names foreign formats such as qcow2 or gzip). */
bool recognise_file(const char *path, enum media_kind *kind, struct status *status);

/* "floppy disk", "CD-ROM", ... for messages. */
const char *media_kind_name(enum media_kind kind);

/* The name of a known format that is not a raw image ("qcow2", "gzip"), or NULL. */
const char *recognise_foreign(const uint8_t *head, size_t bytes);

/* BIOS translation, numbered as firmware expects it in CMOS registers 39h and 3Ah. */
enum disk_translation {
    TRANSLATION_NONE = 0,
    TRANSLATION_LBA = 1,
    TRANSLATION_LARGE = 2,
    TRANSLATION_RECHS = 3,
};

struct disk_geometry {
    struct block_geometry physical; /* what the drive reports */
    enum disk_translation translation;
};

/* From the partition table's CHS values where they are consistent, else from the size. */
struct disk_geometry recognise_geometry(const struct block_media *media);

#endif
