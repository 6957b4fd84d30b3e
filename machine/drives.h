/*
 * Which image goes into which drive: by option, or by content for images given without one.
 */
#ifndef MACHINE_DRIVES_H
#define MACHINE_DRIVES_H

#include "base/status.h"
#include "devices/storage/floppy.h"
#include "devices/storage/ide.h"
#include "machine/config.h"
#include "machine/media/media.h"

struct disk_past;
struct faults;

enum drive_slot { DRIVE_FDA, DRIVE_FDB, DRIVE_HDA, DRIVE_HDB, DRIVE_HDC, DRIVE_HDD, DRIVE_SLOTS };

struct drive {
    const char *path;         /* NULL: empty */
    struct media *media;      /* owned */
    struct block_media block; /* what the device reads */
    bool cdrom;
    bool told; /* its trouble was reported */
};

struct drives {
    struct drive drive[DRIVE_SLOTS];
    struct floppy *floppy;
    struct ide *ide;
    const char *kernel; /* Linux or Multiboot kernel to boot directly, or NULL */
    bool overlay;
    bool unseen;            /* the last change failed before the guest could notice anything */
    struct faults *faults;  /* NULL: none; borrowed */
    struct disk_past *past; /* what images held, for a replay; NULL: as they are; borrowed */
    media_keeper *keeper;   /* who is told what disks held; NULL: nobody */
    void *keeper_user;
};

/* The slot of that name ("fda", "hdc", ...); false: there is none. */
bool drives_slot_named(const char *name, enum drive_slot *slot);

/* Opens every image; says which one is at fault and why. */
bool drives_open(struct drives *drives, const struct config *config, struct status *status);
void drives_floppy_types(const struct drives *drives, enum floppy_type type[FLOPPY_DRIVES]);
void drives_attach(struct drives *drives, struct floppy *floppy, struct ide *ide);

/* The device to boot when nobody said: a, c or d. */
char drives_boot_letter(const struct drives *drives);
const char *drives_kernel(const struct drives *drives);

/* Changes the medium of a removable drive ("fda", "fdb", "cdrom", ...); path NULL ejects. */
bool drives_change(struct drives *drives, const char *name, const char *path,
                   struct status *status);

/* Puts the medium of that path (NULL: none) into a drive whatever the guest says, for a machine
 * that is taken back to when it was in. */
bool drives_put_back(struct drives *drives, enum drive_slot slot, const char *path,
                     struct status *status);

/* Disks that are written in place, also those put in later, tell what they held before
 * (media_keep_old()); NULL ends that. */
bool drives_keep_old(struct drives *drives, media_keeper *keeper, void *user,
                     struct status *status);

/* Writes back what the host still holds; a failure is trouble of the drive. */
void drives_flush(struct drives *drives);

/* True with a message when the host failed a drive whose trouble was not told before. */
bool drives_trouble(struct drives *drives, struct status *status);
void drives_close(struct drives *drives);

#endif
