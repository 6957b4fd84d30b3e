#include "machine/drives.h"

#include "machine/demo.h"
#include "machine/disk_past.h"
#include "machine/faults.h"
#include "machine/media/recognise.h"

#include <string.h>
#include <sys/stat.h>

static const char *const slot_names[DRIVE_SLOTS] = {"fda", "fdb", "hda", "hdb", "hdc", "hdd"};
static const char demo_name[] = "the demo";

/* Puts a path into a slot; two images for one slot are a contradiction. */
static bool assign(struct drives *drives, enum drive_slot slot, const char *path, bool cdrom,
                   struct status *status)
{
    struct drive *drive = &drives->drive[slot];
    if (drive->path) {
        return status_fail(status, "%s and %s both want to be drive %s", drive->path, path,
                           slot_names[slot]);
    }
    *drive = (struct drive){.path = path, .cdrom = cdrom};
    return true;
}

/* The first empty slot of a range, or DRIVE_SLOTS. */
static enum drive_slot first_free(const struct drives *drives, enum drive_slot from,
                                  enum drive_slot to)
{
    for (unsigned slot = from; slot <= (unsigned)to; slot++) {
        if (!drives->drive[slot].path) {
            return (enum drive_slot)slot;
        }
    }
    return DRIVE_SLOTS;
}

static bool assign_free(struct drives *drives, const char *path, enum drive_slot from,
                        enum drive_slot to, bool cdrom, struct status *status)
{
    enum drive_slot slot = first_free(drives, from, to);
    if (slot == DRIVE_SLOTS) {
        return status_fail(status, "%s: every drive of its kind is taken", path);
    }
    return assign(drives, slot, path, cdrom, status);
}

static bool assign_image(struct drives *drives, const char *path, struct status *status)
{
    enum media_kind kind;
    if (!recognise_file(path, &kind, status)) {
        return false;
    }
    switch (kind) {
    case MEDIA_FLOPPY:
        return assign_free(drives, path, DRIVE_FDA, DRIVE_FDB, false, status);
    case MEDIA_HARD_DISK:
        return assign_free(drives, path, DRIVE_HDA, DRIVE_HDD, false, status);
    case MEDIA_CDROM:
        return drives->drive[DRIVE_HDC].path
                   ? assign_free(drives, path, DRIVE_HDA, DRIVE_HDD, true, status)
                   : assign(drives, DRIVE_HDC, path, true, status);
    case MEDIA_LINUX_KERNEL:
    case MEDIA_MULTIBOOT_ELF:
        if (drives->kernel) {
            return status_fail(status, "two kernels: %s and %s", drives->kernel, path);
        }
        drives->kernel = path;
        return true;
    case MEDIA_UNKNOWN:
    case MEDIA_MACHINE_FILE:
    case MEDIA_SNAPSHOT:
    case MEDIA_RECORDING:
    case MEDIA_KINDS:
        break;
    }
    return status_fail(status, "%s is a %s, which this version cannot run", path,
                       media_kind_name(kind));
}

static bool assign_all(struct drives *drives, const struct config *config, struct status *status)
{
    const char *const given[DRIVE_SLOTS] = {config->fda, config->fdb, config->hda,
                                            config->hdb, config->hdc, config->hdd};
    drives->kernel = config->kernel;
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        if (given[slot] && !assign(drives, (enum drive_slot)slot, given[slot], false, status)) {
            return false;
        }
    }
    if (config->demo && !assign(drives, DRIVE_FDA, demo_name, false, status)) {
        return false;
    }
    if (config->cdrom && !assign(drives, DRIVE_HDC, config->cdrom, true, status)) {
        return false;
    }
    for (unsigned i = 0; i < config->images.count; i++) {
        if (!assign_image(drives, config->images.item[i], status)) {
            return false;
        }
    }
    return true;
}

static bool same_file(const char *a, const char *b)
{
    struct stat one;
    struct stat two;
    return stat(a, &one) == 0 && stat(b, &two) == 0 && one.st_dev == two.st_dev &&
           one.st_ino == two.st_ino;
}

/* Whether the file is in another drive already, which would lock it against this one. */
static bool refuse_twice(const struct drives *drives, enum drive_slot slot, struct status *status)
{
    const struct drive *drive = &drives->drive[slot];
    if (drives->overlay || drive->path == demo_name) {
        return true;
    }
    for (unsigned i = 0; i < DRIVE_SLOTS; i++) {
        const char *path = drives->drive[i].media ? drives->drive[i].path : NULL;
        bool shared = drive->cdrom && drives->drive[i].cdrom; /* only read */
        if (i != slot && path && !shared && same_file(path, drive->path)) {
            return status_fail(status, "%s cannot be drive %s and drive %s at once", drive->path,
                               slot_names[i], slot_names[slot]);
        }
    }
    return true;
}

static bool is_protected(const struct drives *drives, const char *path)
{
    return drives->past && disk_past_protected(drives->past, path);
}

static bool keep_old(const struct drives *drives, struct media *media, struct status *status)
{
    return media_has_overlay(media) || media_block(media)->read_only ||
           media_keep_old(media, drives->keeper, drives->keeper_user) ||
           status_fail(status, "%s: no memory to record it", media_path(media));
}

bool drives_keep_old(struct drives *drives, media_keeper *keeper, void *user, struct status *status)
{
    drives->keeper = keeper;
    drives->keeper_user = user;
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        struct media *media = drives->drive[slot].media;
        if (media && !keep_old(drives, media, status)) {
            return false;
        }
    }
    return true;
}

static bool open_drive(struct drives *drives, enum drive_slot slot, struct status *status)
{
    enum { SECTOR = 512, CD_SECTOR = 2048 };
    struct drive *drive = &drives->drive[slot];
    struct media_options options = {.sector_bytes = drive->cdrom ? CD_SECTOR : SECTOR,
                                    .read_only = drive->cdrom || is_protected(drives, drive->path),
                                    .overlay = drives->overlay && !drive->cdrom,
                                    .pad = drive->cdrom};
    if (!refuse_twice(drives, slot, status)) {
        return false;
    }
    drive->media =
        drive->path == demo_name
            ? media_open_bytes(demo_name, demo_guest, demo_guest_bytes, DEMO_SECTORS, status)
            : media_open(drive->path, &options, status);
    if (!drive->media ||
        (drives->past && media_has_overlay(drive->media) &&
         !disk_past_restore(drives->past, drive->media, status)) ||
        (drives->keeper && !keep_old(drives, drive->media, status))) {
        return false;
    }
    drive->path = media_path(drive->media); /* the caller's may not live as long */
    drive->block = *media_block(drive->media);
    if (slot <= DRIVE_FDB && floppy_type_for(drive->block.sectors) == FLOPPY_NONE) {
        return status_fail(status, "%s is too large for a floppy disk", drive->path);
    }
    return true;
}

bool drives_open(struct drives *drives, const struct config *config, struct status *status)
{
    drives->overlay = config->snapshot_disks;
    drives->past = config->disk_past;
    if (!assign_all(drives, config, status)) {
        return false;
    }
    if (!drives->kernel && (config->initrd || config->append)) {
        return status_fail(status, "--%s needs a kernel (--kernel FILE)",
                           config->initrd ? "initrd" : "append");
    }
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        if (drives->drive[slot].path && !open_drive(drives, (enum drive_slot)slot, status)) {
            return false;
        }
    }
    return true;
}

void drives_floppy_types(const struct drives *drives, enum floppy_type type[FLOPPY_DRIVES])
{
    for (unsigned n = 0; n < FLOPPY_DRIVES; n++) {
        const struct drive *drive = &drives->drive[DRIVE_FDA + n];
        type[n] = drive->media ? floppy_type_for(drive->block.sectors)
                  : n          ? FLOPPY_NONE
                               : FLOPPY_1440K;
    }
}

static void attach_ide(struct drives *drives, enum drive_slot slot)
{
    struct drive *drive = &drives->drive[slot];
    unsigned place = slot - DRIVE_HDA;
    if (drive->cdrom) {
        ide_attach(drives->ide, place / 2, place % 2, &drive->block, IDE_CDROM, NULL, NULL);
        return;
    }
    if (drive->media) {
        struct disk_geometry geometry = recognise_geometry(&drive->block);
        ide_attach(drives->ide, place / 2, place % 2, &drive->block, IDE_DISK, &geometry.physical,
                   NULL);
        return;
    }
    if (slot == DRIVE_HDC) {
        drive->cdrom = true; /* an empty CD-ROM drive, for insert */
        ide_attach(drives->ide, place / 2, place % 2, NULL, IDE_CDROM, NULL, NULL);
    }
}

void drives_attach(struct drives *drives, struct floppy *floppy, struct ide *ide)
{
    drives->floppy = floppy;
    drives->ide = ide;
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        faults_wrap(drives->faults, slot, &drives->drive[slot].block);
    }
    for (unsigned n = 0; n < FLOPPY_DRIVES; n++) {
        if (drives->drive[DRIVE_FDA + n].media) {
            floppy_insert(floppy, n, &drives->drive[DRIVE_FDA + n].block);
        }
    }
    for (unsigned slot = DRIVE_HDA; slot <= DRIVE_HDD; slot++) {
        attach_ide(drives, (enum drive_slot)slot);
    }
}

char drives_boot_letter(const struct drives *drives)
{
    if (drives->drive[DRIVE_FDA].media) {
        return 'a';
    }
    for (unsigned slot = DRIVE_HDA; slot <= DRIVE_HDD; slot++) {
        if (drives->drive[slot].media && drives->drive[slot].cdrom) {
            return 'd';
        }
    }
    return 'c';
}

const char *drives_kernel(const struct drives *drives)
{
    return drives->kernel;
}

bool drives_slot_named(const char *name, enum drive_slot *slot)
{
    for (unsigned n = 0; n < DRIVE_SLOTS; n++) {
        if (strcmp(name, slot_names[n]) == 0) {
            *slot = (enum drive_slot)n;
            return true;
        }
    }
    return false;
}

static enum drive_slot slot_by_name(const struct drives *drives, const char *name)
{
    enum drive_slot named;
    if (drives_slot_named(name, &named)) {
        return named;
    }
    if (strcmp(name, "cdrom") == 0) {
        for (unsigned slot = DRIVE_HDA; slot < DRIVE_SLOTS; slot++) {
            if (drives->drive[slot].cdrom) {
                return (enum drive_slot)slot;
            }
        }
    }
    return DRIVE_SLOTS;
}

/* Takes the medium out on the device's side; false: the guest holds it. */
static bool take_out(struct drives *drives, enum drive_slot slot)
{
    if (slot <= DRIVE_FDB) {
        floppy_eject(drives->floppy, slot - DRIVE_FDA);
        return true;
    }
    unsigned place = slot - DRIVE_HDA;
    return ide_change_media(drives->ide, place / 2, place % 2, NULL, false);
}

static void put_in(struct drives *drives, enum drive_slot slot)
{
    struct drive *drive = &drives->drive[slot];
    unsigned place = slot - DRIVE_HDA;
    faults_wrap(drives->faults, slot, &drive->block);
    if (slot <= DRIVE_FDB) {
        floppy_insert(drives->floppy, slot - DRIVE_FDA, &drive->block);
    } else {
        ide_change_media(drives->ide, place / 2, place % 2, &drive->block, true);
    }
}

bool drives_change(struct drives *drives, const char *name, const char *path, struct status *status)
{
    enum drive_slot slot = slot_by_name(drives, name);
    drives->unseen = true;
    if (slot == DRIVE_SLOTS || (slot > DRIVE_FDB && !drives->drive[slot].cdrom)) {
        return status_fail(status, "no removable drive \"%s\" (fda, fdb, cdrom)", name);
    }
    struct drive *drive = &drives->drive[slot];
    struct drive old = *drive;
    if (path && old.media && same_file(old.path, path)) {
        return status_fail(status, "%s is in drive %s already", path, name);
    }
    if (path) {
        /* The new one is opened first, so that a wrong name changes nothing. */
        *drive = (struct drive){.path = path, .cdrom = old.cdrom};
        if (!open_drive(drives, slot, status)) {
            media_close(drive->media);
            *drive = old;
            return false;
        }
    }
    struct drive fresh = *drive;
    *drive = old;
    drives->unseen = false;
    if (!take_out(drives, slot)) {
        if (path) {
            media_close(fresh.media);
        }
        return status_fail(status, "the guest has locked drive %s", name);
    }
    if (old.media) {
        media_close(old.media);
    }
    *drive = path ? fresh : (struct drive){.cdrom = old.cdrom};
    if (path) {
        put_in(drives, slot);
    }
    return true;
}

bool drives_put_back(struct drives *drives, enum drive_slot slot, const char *path,
                     struct status *status)
{
    struct drive *drive = &drives->drive[slot];
    if (path && strcmp(path, demo_name) == 0) {
        path = demo_name;
    }
    struct drive fresh = {.path = path, .cdrom = drive->cdrom};
    struct drive old = *drive;
    if (old.media ? path && strcmp(old.path, path) == 0 : !path) {
        return true;
    }
    if (path) {
        *drive = fresh;
        bool opened = open_drive(drives, slot, status);
        fresh = *drive;
        *drive = old;
        if (!opened) {
            media_close(fresh.media);
            return false;
        }
    }
    if (slot <= DRIVE_FDB) {
        floppy_eject(drives->floppy, slot - DRIVE_FDA);
    } else {
        ide_change_media(drives->ide, (slot - DRIVE_HDA) / 2, (slot - DRIVE_HDA) % 2, NULL, true);
    }
    media_close(old.media);
    *drive = fresh;
    if (path) {
        put_in(drives, slot);
    }
    return true;
}

void drives_flush(struct drives *drives)
{
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        struct drive *drive = &drives->drive[slot];
        if (drive->media && drive->block.flush) {
            drive->block.flush(drive->block.media);
        }
    }
}

bool drives_trouble(struct drives *drives, struct status *status)
{
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        struct drive *drive = &drives->drive[slot];
        const char *error = drive->media && !drive->told ? media_error(drive->media) : NULL;
        if (error) {
            drive->told = true;
            status_fail(status, "%s (the guest sees an I/O error on drive %s)", error,
                        slot_names[slot]);
            return true;
        }
    }
    return false;
}

void drives_close(struct drives *drives)
{
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        if (drives->drive[slot].media) {
            media_close(drives->drive[slot].media);
            drives->drive[slot].media = NULL;
        }
    }
}
