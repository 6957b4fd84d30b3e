/* Loading: see snapshot.h. */
#define _GNU_SOURCE
#include "machine/machine_state.h"
#include "machine/media/recognise.h"
#include "machine/snapshot.h"
#include "machine/snapshot_config.h"
#include "machine/snapshot_files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { VRAM_WINDOWS = PC_VRAM_BYTES / UNIT_BYTES / SNAP_UNITS };

/* All that is read before anything is changed. */
struct loading {
    struct snap_reader *reader;
    struct machine_state *state;
    uint8_t *vram;                     /* PC_VRAM_BYTES; mapped */
    uint64_t vram_units[VRAM_WINDOWS]; /* those that the file has, by bit */
    uint64_t *absent;                  /* windows of RAM that the file has, by bit */
    struct clusters {
        uint64_t number;
        uint8_t *bytes;
    } * clusters[DRIVE_SLOTS];
    size_t cluster_count[DRIVE_SLOTS];
};

static void end_loading(struct loading *loading)
{
    snap_reader_close(loading->reader);
    machine_state_free(loading->state);
    free(loading->absent);
    if (loading->vram) {
        munmap(loading->vram, PC_VRAM_BYTES);
    }
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        for (size_t i = 0; i < loading->cluster_count[slot]; i++) {
            free(loading->clusters[slot][i].bytes);
        }
        free(loading->clusters[slot]);
    }
}

/* The prefix that says which file a message is about. */
static bool in_file(const char *path, struct status *status)
{
    char reason[sizeof(status->text)];
    memcpy(reason, status->text, sizeof(reason));
    if (strncmp(reason, path, strlen(path)) == 0) {
        return false;
    }
    return status_fail(status, "%.150s: %.350s", path, reason);
}

/* The region of that name, of the wanted shape; -1 with a message. */
static int find_region(const struct loading *loading, const char *name, uint64_t units,
                       uint32_t unit_bytes, struct status *status)
{
    int n = snap_reader_find(loading->reader, name);
    const struct snap_region *region =
        n < 0 ? NULL : snap_reader_region(loading->reader, (unsigned)n);
    if (!region || region->units != units || region->unit_bytes != unit_bytes) {
        status_fail(status, "%s: no %s of this machine's size in it",
                    snap_reader_path(loading->reader), name);
        return -1;
    }
    return n;
}

static bool read_vram(struct loading *loading, struct status *status)
{
    int n = find_region(loading, "vram", PC_VRAM_BYTES / UNIT_BYTES, UNIT_BYTES, status);
    if (n < 0) {
        return false;
    }
    void *vram =
        mmap(NULL, PC_VRAM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (vram == MAP_FAILED) {
        return status_fail(status, "no memory to load it");
    }
    loading->vram = vram;
    for (uint32_t w = 0; snap_reader_next(loading->reader, (unsigned)n, &w); w++) {
        if (!snap_reader_window(loading->reader, (unsigned)n, w,
                                loading->vram + (size_t)w * SNAP_UNITS * UNIT_BYTES,
                                &loading->vram_units[w], status)) {
            return false;
        }
    }
    return true;
}

static bool find_absent(const struct machine *machine, struct loading *loading,
                        struct status *status)
{
    struct snap_region wanted = memory_region(machine, 0);
    int n = find_region(loading, "ram", wanted.units, UNIT_BYTES, status);
    if (n < 0) {
        return false;
    }
    size_t windows = (size_t)((wanted.units + SNAP_UNITS - 1) / SNAP_UNITS);
    loading->absent = calloc((windows + 63) / 64, sizeof(uint64_t));
    if (!loading->absent) {
        return status_fail(status, "no memory to load it");
    }
    for (uint32_t w = 0; snap_reader_next(loading->reader, (unsigned)n, &w); w++) {
        if (snap_reader_present(loading->reader, (unsigned)n, w)) {
            loading->absent[w >> 6] |= UINT64_C(1) << (w & 63);
        }
    }
    return true;
}

static bool add_cluster(struct loading *loading, unsigned slot, uint64_t number,
                        const uint8_t *bytes)
{
    size_t count = loading->cluster_count[slot];
    struct clusters *list = loading->clusters[slot];
    if ((count & (count - 1)) == 0) { /* a power of two: the list is full */
        list = realloc(list, (count ? 2 * count : 1) * sizeof(*list));
        if (!list) {
            return false;
        }
        loading->clusters[slot] = list;
    }
    list[count] = (struct clusters){number, malloc(MEDIA_CLUSTER_BYTES)};
    if (!list[count].bytes) {
        return false;
    }
    memcpy(list[count].bytes, bytes, MEDIA_CLUSTER_BYTES);
    loading->cluster_count[slot]++;
    return true;
}

static bool read_clusters(struct loading *loading, unsigned slot, unsigned region, uint8_t *window,
                          struct status *status)
{
    for (uint32_t w = 0; snap_reader_next(loading->reader, region, &w); w++) {
        uint64_t present;
        if (!snap_reader_window(loading->reader, region, w, window, &present, status)) {
            return false;
        }
        for (unsigned i = 0; i < SNAP_UNITS; i++) {
            if (present >> i & 1 && !add_cluster(loading, slot, (uint64_t)w * SNAP_UNITS + i,
                                                 window + (size_t)i * MEDIA_CLUSTER_BYTES)) {
                return status_fail(status, "no memory to load it");
            }
        }
    }
    return true;
}

static bool read_disks(const struct machine *machine, struct loading *loading,
                       struct status *status)
{
    uint8_t *window = malloc((size_t)SNAP_UNITS * MEDIA_CLUSTER_BYTES);
    bool good = window || status_fail(status, "no memory to load it");
    for (unsigned slot = 0; good && slot < DRIVE_SLOTS; slot++) {
        const struct drive *drive = &machine->pc->drives.drive[slot];
        if (!drive->media || !media_has_overlay(drive->media)) {
            continue;
        }
        uint64_t bytes = drive->block.sectors * drive->block.sector_bytes;
        int n = find_region(loading, drive_regions[slot],
                            (bytes + MEDIA_CLUSTER_BYTES - 1) / MEDIA_CLUSTER_BYTES,
                            MEDIA_CLUSTER_BYTES, status);
        good = n >= 0 && read_clusters(loading, slot, (unsigned)n, window, status);
    }
    free(window);
    return good;
}

static bool read_state(const struct machine *machine, struct loading *loading,
                       struct status *status)
{
    size_t config_bytes;
    size_t state_bytes;
    const uint8_t *config = snap_reader_blob(loading->reader, SNAP_CONFIG, &config_bytes);
    const uint8_t *state = snap_reader_blob(loading->reader, SNAP_STATE, &state_bytes);
    if (!config || !state) {
        return status_fail(status, "has no configuration or no state");
    }
    if (!snapshot_config_check(machine, config, config_bytes, status)) {
        return false;
    }
    loading->state = machine_state_parse(machine, state, state_bytes, status);
    return loading->state != NULL;
}

static bool read_all(const struct machine *machine, const char *path, struct loading *loading,
                     struct status *status)
{
    loading->reader = snap_reader_open(path, status);
    return loading->reader && read_state(machine, loading, status) &&
           snap_reader_verify(loading->reader, status) && find_absent(machine, loading, status) &&
           read_vram(loading, status) && read_disks(machine, loading, status);
}

/* ---- the change ---- */

static void bring(void *opaque, uint64_t at)
{
    struct machine *machine = opaque;
    struct snapshots *snapshots = machine->snapshots;
    struct memory_map *map = &machine->memory;
    struct status status = {0};
    uint64_t present;
    bool whole = map->ram_bytes - at >= MEMORY_WINDOW;
    uint8_t *to = whole ? map->ram + at : snapshots->window;
    int region = snap_reader_find(snapshots->reader, "ram");
    if (!snap_reader_window(snapshots->reader, (unsigned)region, (uint32_t)(at / MEMORY_WINDOW), to,
                            &present, &status)) {
        snapshots->trouble = snapshots->trouble.failed ? snapshots->trouble : status;
        machine_quit(machine, EXIT_USER);
    } else if (!whole) {
        memcpy(map->ram + at, to, (size_t)(map->ram_bytes - at));
    }
}

/* Only what is there is touched: the rest of fresh memory is zeros, and costs nothing. */
static void put_vram(struct machine *machine, const struct loading *loading)
{
    uint8_t *vram = machine->pc->vram;
    madvise(vram, PC_VRAM_BYTES, MADV_DONTNEED);
    for (size_t unit = 0; unit < PC_VRAM_BYTES / UNIT_BYTES; unit++) {
        if (loading->vram_units[unit / SNAP_UNITS] >> unit % SNAP_UNITS & 1) {
            memcpy(vram + unit * UNIT_BYTES, loading->vram + unit * UNIT_BYTES, UNIT_BYTES);
        }
    }
}

static void put_disks(struct machine *machine, const struct loading *loading)
{
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        struct media *media = machine->pc->drives.drive[slot].media;
        if (media) {
            media_overlay_clear(media);
        }
        for (size_t i = 0; media && i < loading->cluster_count[slot]; i++) {
            media_overlay_put(media, loading->clusters[slot][i].number,
                              loading->clusters[slot][i].bytes);
        }
    }
}

/* From here on nothing can fail but the host's memory. */
static bool change(struct machine *machine, struct loading *loading, struct status *status)
{
    struct snapshots *snapshots = snapshots_of(machine);
    _Static_assert(MEMORY_WINDOW == SNAP_UNITS * UNIT_BYTES, "windows of file and memory");
    if (snapshots && !snapshots->window) {
        snapshots->window = calloc(1, MEMORY_WINDOW);
    }
    if (!snapshots || !snapshots->window) {
        return status_fail(status, "no memory to load it");
    }
    /* what is absent now is not wanted any more: the old reader goes only after the new bits came
     */
    if (!memory_map_empty(&machine->memory, loading->absent, bring, machine)) {
        return status_fail(status, "no memory to load it");
    }
    snap_reader_close(snapshots->reader);
    snapshots->reader = loading->reader;
    loading->reader = NULL;
    put_vram(machine, loading);
    put_disks(machine, loading);
    machine_state_apply(machine, loading->state);
    snapshots_forget(snapshots);
    return true;
}

bool snapshot_load(struct machine *machine, const char *path, struct status *status)
{
    struct loading loading = {0};
    bool done =
        !snapshot_saving(machine) || status_fail(status, "a save is under way; wait for its end");
    done = done && read_all(machine, path, &loading, status) && change(machine, &loading, status);
    end_loading(&loading);
    return done || in_file(path, status);
}

bool snapshot_trouble(struct machine *machine, struct status *status)
{
    struct snapshots *snapshots = machine->snapshots;
    if (!snapshots || !snapshots->trouble.failed || snapshots->told) {
        return false;
    }
    snapshots->told = true;
    *status = snapshots->trouble;
    return true;
}

/* ---- the command line ---- */

static bool is_snapshot(const char *path)
{
    enum media_kind kind;
    struct status ignored = {0};
    return recognise_file(path, &kind, &ignored) && kind == MEDIA_SNAPSHOT;
}

static bool fill(struct config *config, struct status *status)
{
    struct snap_reader *reader = snap_reader_open(config->snapshot, status);
    size_t bytes;
    const uint8_t *blob = reader ? snap_reader_blob(reader, SNAP_CONFIG, &bytes) : NULL;
    bool good = reader && (blob || status_fail(status, "has no configuration")) &&
                snapshot_config_fill(config, blob, bytes, status);
    snap_reader_close(reader);
    return good || in_file(config->snapshot, status);
}

bool snapshot_take(struct config *config, struct status *status)
{
    struct config_list *images = &config->images;
    for (unsigned n = 0; n < images->count; n++) {
        if (!is_snapshot(images->item[n])) {
            continue;
        }
        if (images->count > 1) {
            return status_fail(status,
                               "%s is a snapshot: another image beside it goes into its drive by "
                               "option (--hda, --cdrom, ...)",
                               images->item[n]);
        }
        config->snapshot = images->item[n];
        images->count = 0;
        return fill(config, status);
    }
    return true;
}
