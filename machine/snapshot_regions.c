/* Memory and disks as regions of a snapshot: see snapshot_files.h. */
#define _GNU_SOURCE
#include "base/bits.h"
#include "machine/host_pages.h"
#include "machine/snapshot_files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

const char *const drive_regions[DRIVE_SLOTS] = {"fda", "fdb", "hda", "hdb", "hdc", "hdd"};

struct snap_region memory_region(const struct machine *machine, unsigned n)
{
    struct snap_region region = {.name = "ram", .unit_bytes = UNIT_BYTES};
    region.units = machine->memory.ram_bytes / UNIT_BYTES;
    if (n == 1) {
        memcpy(region.name, "vram", sizeof("vram"));
        region.units = PC_VRAM_BYTES / UNIT_BYTES;
    }
    return region;
}

uint8_t *memory_bytes(const struct machine *machine, unsigned n)
{
    return n == 0 ? machine->memory.ram : machine->pc->vram;
}

/* ---- what changed ---- */

static bool track(struct tracked *tracked, uint64_t units, const struct media *media)
{
    if (tracked->hash && tracked->units == units && tracked->media == media) {
        return true;
    }
    if (units > SIZE_MAX / (2 * sizeof(uint64_t))) {
        return false;
    }
    if (tracked->hash) {
        munmap(tracked->hash, 2 * tracked->units * sizeof(uint64_t));
    }
    *tracked = (struct tracked){.units = (size_t)units, .media = media};
    tracked->hash = snapshots_shared(2 * tracked->units * sizeof(uint64_t));
    return tracked->hash != NULL;
}

static uint64_t disk_units(const struct drive *drive)
{
    uint64_t bytes = drive->block.sectors * drive->block.sector_bytes;
    return (bytes + MEDIA_CLUSTER_BYTES - 1) / MEDIA_CLUSTER_BYTES;
}

static bool has_changes(const struct drive *drive)
{
    return drive->media && media_has_overlay(drive->media);
}

bool snapshots_track(struct machine *machine, struct snapshots *snapshots, struct status *status)
{
    bool good = true;
    for (unsigned n = 0; n < MEMORIES; n++) {
        good = good && track(&snapshots->tracked[n], memory_region(machine, n).units, NULL);
    }
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        const struct drive *drive = &machine->pc->drives.drive[slot];
        if (has_changes(drive)) {
            good = good &&
                   track(&snapshots->tracked[MEMORIES + slot], disk_units(drive), drive->media);
        }
    }
    return good || status_fail(status, "no memory to keep account of what is saved");
}

void snapshots_sent(struct snapshots *snapshots)
{
    for (unsigned n = 0; n < TRACKED; n++) {
        struct tracked *tracked = &snapshots->tracked[n];
        if (tracked->hash) {
            memcpy(tracked->hash, tracked->hash + tracked->units,
                   tracked->units * sizeof(uint64_t));
            tracked->known = true;
        }
    }
}

/* ---- regions ---- */

/* The units of one region on their way into a file. */
struct saving {
    struct tracked *tracked;
    bool chained;
    /* memory: where it is, and what tells which pages were touched */
    const uint8_t *memory;
    int pagemap;
    /* a disk's changes */
    const struct media *media;
    size_t unit_bytes;
    uint64_t units;
};

/* The units of a window that are there (memory: that are not zeros). */
static uint64_t find_units(const struct saving *saving, uint64_t first, unsigned count,
                           const uint8_t *units[SNAP_UNITS])
{
    const uint8_t *at = saving->memory ? saving->memory + first * UNIT_BYTES : NULL;
    uint64_t touched = at ? host_pages_touched(saving->pagemap, at, count) : UINT64_MAX;
    uint64_t there = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!(touched >> i & 1)) {
            continue;
        }
        units[i] = at ? at + (size_t)i * UNIT_BYTES : media_overlay_find(saving->media, first + i);
        bool present = units[i] && !(at && bytes_are_zero(units[i], UNIT_BYTES));
        there |= (uint64_t)present << i;
    }
    return there;
}

/* Takes those units of a window that differ from the file before. */
static void fill_window(void *user, struct snap_fill *fill)
{
    const struct saving *saving = user;
    const uint8_t *units[SNAP_UNITS];
    uint64_t first = (uint64_t)fill->window * SNAP_UNITS;
    uint64_t left = saving->units - first;
    unsigned count = left < SNAP_UNITS ? (unsigned)left : SNAP_UNITS;
    uint64_t there = find_units(saving, first, count, units);
    uint8_t *to = fill->units;
    for (unsigned i = 0; i < count; i++) {
        uint64_t *hash = saving->tracked->hash + first + i;
        uint64_t before = saving->chained ? *hash : 0;
        uint64_t now = there >> i & 1 ? codec_fingerprint(units[i], saving->unit_bytes) : 0;
        hash[saving->tracked->units] = now;
        if (now && now != before) {
            memcpy(to, units[i], saving->unit_bytes);
            to += saving->unit_bytes;
            fill->present |= UINT64_C(1) << i;
        } else if (before && !now) {
            fill->gone |= UINT64_C(1) << i;
        }
    }
}

void snapshots_name_regions(struct machine *machine, struct snapshots *snapshots,
                            struct snap_writer *writer, bool chained)
{
    for (unsigned n = 0; n < MEMORIES; n++) {
        struct snap_region region = memory_region(machine, n);
        region.inherits = chained && snapshots->tracked[n].known;
        snap_writer_region(writer, &region);
    }
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        const struct drive *drive = &machine->pc->drives.drive[slot];
        struct snap_region region = {.unit_bytes = MEDIA_CLUSTER_BYTES};
        if (has_changes(drive)) {
            region.units = disk_units(drive);
            region.inherits = chained && snapshots->tracked[MEMORIES + slot].known;
            snprintf(region.name, sizeof(region.name), "%s", drive_regions[slot]);
            snap_writer_region(writer, &region);
        }
    }
}

static void write_region(struct snap_writer *writer, unsigned number, struct saving *saving)
{
    struct snap_source source = {.region = number,
                                 .unit_bytes = (uint32_t)saving->unit_bytes,
                                 .units = saving->units,
                                 .fill = fill_window,
                                 .user = saving};
    saving->chained = saving->chained && saving->tracked->known;
    snap_writer_units(writer, &source);
}

void snapshots_write_regions(struct machine *machine, struct snapshots *snapshots,
                             struct snap_writer *writer, bool chained)
{
    unsigned number = 0;
    int pagemap = host_pages_open();
    memory_map_settle(&machine->memory);
    for (unsigned n = 0; n < MEMORIES; n++) {
        struct saving saving = {.tracked = &snapshots->tracked[n],
                                .chained = chained,
                                .memory = memory_bytes(machine, n),
                                .pagemap = pagemap,
                                .unit_bytes = UNIT_BYTES,
                                .units = memory_region(machine, n).units};
        write_region(writer, number++, &saving);
    }
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        const struct drive *drive = &machine->pc->drives.drive[slot];
        struct saving saving = {.tracked = &snapshots->tracked[MEMORIES + slot],
                                .chained = chained,
                                .media = drive->media,
                                .unit_bytes = MEDIA_CLUSTER_BYTES,
                                .units = disk_units(drive)};
        if (has_changes(drive)) {
            write_region(writer, number++, &saving);
        }
    }
    host_pages_close(pagemap);
}
