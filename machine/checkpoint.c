/* See checkpoint.h.  A piece is a page or a cluster, counted by the checkpoints that hold it. */
#include "machine/checkpoint.h"

#include "base/bits.h"
#include "machine/machine_state.h"
#include "machine/pc.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, REGIONS = 2 };

struct piece {
    uint32_t holders;
    uint8_t bytes[];
};

struct region {
    uint8_t *memory; /* borrowed: the machine's */
    uint64_t bytes;
};

/* The changed clusters of a drive, ascending. */
struct clusters {
    uint64_t *number;
    struct piece **block;
    size_t count, room;
};

struct checkpoint {
    struct fields_writer fields;
    struct piece **pages[REGIONS]; /* NULL: zeros */
    size_t page_count[REGIONS];
    struct clusters clusters[DRIVE_SLOTS];
    char *path[DRIVE_SLOTS]; /* of the medium that was in; NULL: none */
    uint64_t icount;
    size_t bytes;
    bool failed; /* while it is being taken: no memory */
};

static void regions_of(struct machine *machine, struct region regions[REGIONS])
{
    memory_map_settle(&machine->memory);
    regions[0] = (struct region){machine->memory.ram, machine->memory.ram_bytes};
    regions[1] = (struct region){machine->pc->vram, PC_VRAM_BYTES};
}

static struct piece *piece_hold(struct piece *block)
{
    block->holders++;
    return block;
}

static void piece_drop(struct piece *block)
{
    if (block && --block->holders == 0) {
        free(block);
    }
}

/* A piece of these bytes: `like` when it is equal. */
static struct piece *piece_of(struct checkpoint *checkpoint, struct piece *like,
                              const uint8_t *bytes, size_t count)
{
    checkpoint->bytes += count;
    if (like && memcmp(like->bytes, bytes, count) == 0) {
        return piece_hold(like);
    }
    struct piece *block = malloc(sizeof(*block) + count);
    if (!block) {
        checkpoint->failed = true;
        return NULL;
    }
    block->holders = 1;
    memcpy(block->bytes, bytes, count);
    return block;
}

static void take_region(struct checkpoint *checkpoint, unsigned n, const struct region *region,
                        const struct checkpoint *previous)
{
    size_t count = (size_t)(region->bytes / PAGE);
    checkpoint->pages[n] = calloc(count, sizeof(struct piece *));
    if (!checkpoint->pages[n]) {
        checkpoint->failed = true;
        return;
    }
    checkpoint->page_count[n] = count;
    for (uint64_t i = 0; i < count && !checkpoint->failed; i++) {
        const uint8_t *bytes = region->memory + i * PAGE;
        if (!bytes_are_zero(bytes, PAGE)) {
            struct piece *like = previous ? previous->pages[n][i] : NULL;
            checkpoint->pages[n][i] = piece_of(checkpoint, like, bytes, PAGE);
        }
    }
}

/* ---- disks ---- */

struct taking {
    struct checkpoint *checkpoint;
    struct clusters *to;
    const struct clusters *previous;
    size_t at; /* in previous */
};

static bool make_room(struct clusters *list)
{
    if (list->count < list->room) {
        return true;
    }
    size_t room = list->room ? 2 * list->room : 64;
    uint64_t *number = realloc(list->number, room * sizeof(*number));
    list->number = number ? number : list->number;
    struct piece **block = realloc(list->block, room * sizeof(struct piece *));
    list->block = block ? block : list->block;
    list->room = number && block ? room : list->room;
    return number && block;
}

static void take_cluster(void *user, uint64_t number, const uint8_t *bytes)
{
    struct taking *taking = user;
    const struct clusters *previous = taking->previous;
    struct clusters *to = taking->to;
    if (!make_room(to)) {
        taking->checkpoint->failed = true;
        return;
    }
    while (previous && taking->at < previous->count && previous->number[taking->at] < number) {
        taking->at++;
    }
    bool had = previous && taking->at < previous->count && previous->number[taking->at] == number;
    struct piece *block = piece_of(taking->checkpoint, had ? previous->block[taking->at] : NULL,
                                   bytes, MEDIA_CLUSTER_BYTES);
    if (block) {
        to->number[to->count] = number;
        to->block[to->count++] = block;
    }
}

static void take_drive(struct checkpoint *checkpoint, unsigned slot, const struct drive *drive,
                       const struct checkpoint *previous)
{
    struct taking taking = {.checkpoint = checkpoint, .to = &checkpoint->clusters[slot]};
    if (!drive->media) {
        return;
    }
    checkpoint->path[slot] = strdup(drive->path);
    checkpoint->failed |= !checkpoint->path[slot];
    taking.previous = previous ? &previous->clusters[slot] : NULL;
    media_overlay_each(drive->media, take_cluster, &taking);
}

struct checkpoint *checkpoint_take(struct machine *machine, const struct checkpoint *previous,
                                   struct status *status)
{
    struct region regions[REGIONS];
    struct checkpoint *checkpoint = calloc(1, sizeof(*checkpoint));
    if (!checkpoint) {
        status_fail(status, "no memory for a checkpoint");
        return NULL;
    }
    machine_state_save(machine, &checkpoint->fields);
    checkpoint->icount = machine_icount(machine);
    checkpoint->bytes = checkpoint->fields.used;
    regions_of(machine, regions);
    for (unsigned n = 0; n < REGIONS && !checkpoint->failed; n++) {
        take_region(checkpoint, n, &regions[n], previous);
    }
    for (unsigned slot = 0; slot < DRIVE_SLOTS && !checkpoint->failed; slot++) {
        take_drive(checkpoint, slot, &machine->pc->drives.drive[slot], previous);
    }
    if (checkpoint->failed || checkpoint->fields.failed) {
        checkpoint_free(checkpoint);
        status_fail(status, "no memory for a checkpoint");
        return NULL;
    }
    return checkpoint;
}

void checkpoint_free(struct checkpoint *checkpoint)
{
    if (!checkpoint) {
        return;
    }
    for (unsigned n = 0; n < REGIONS; n++) {
        for (uint64_t i = 0; i < checkpoint->page_count[n]; i++) {
            piece_drop(checkpoint->pages[n][i]);
        }
        free(checkpoint->pages[n]);
    }
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        struct clusters *list = &checkpoint->clusters[slot];
        for (size_t i = 0; i < list->count; i++) {
            piece_drop(list->block[i]);
        }
        free(list->number);
        free(list->block);
        free(checkpoint->path[slot]);
    }
    fields_free(&checkpoint->fields);
    free(checkpoint);
}

/* ---- restoring ---- */

/* The media must be the same ones, and none may have been written in place since. */
static bool check_drives(const struct machine *machine, const struct checkpoint *checkpoint,
                         struct status *status)
{
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        const struct drive *drive = &machine->pc->drives.drive[slot];
        const char *then = checkpoint->path[slot];
        const char *now = drive->media ? drive->path : NULL;
        if (!then != !now || (then && strcmp(then, now) != 0)) {
            return status_fail(status, "another medium is in a drive now: %s instead of %s",
                               now ? now : "none", then ? then : "none");
        }
        if (now && !drive->block.read_only && !media_has_overlay(drive->media)) {
            return status_fail(status,
                               "%s is written in place, so it cannot be taken back "
                               "(--snapshot-disks keeps its changes apart)",
                               now);
        }
    }
    return true;
}

static void restore_region(const struct checkpoint *checkpoint, unsigned n,
                           const struct region *region)
{
    for (uint64_t i = 0; i < checkpoint->page_count[n]; i++) {
        uint8_t *to = region->memory + i * PAGE;
        const struct piece *block = checkpoint->pages[n][i];
        if (!block) {
            if (!bytes_are_zero(to, PAGE)) {
                memset(to, 0, PAGE);
            }
        } else if (memcmp(to, block->bytes, PAGE) != 0) {
            memcpy(to, block->bytes, PAGE);
        }
    }
}

static bool restore_drives(struct machine *machine, const struct checkpoint *checkpoint,
                           struct status *status)
{
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        const struct clusters *list = &checkpoint->clusters[slot];
        struct media *media = machine->pc->drives.drive[slot].media;
        if (!media) {
            continue;
        }
        media_overlay_clear(media);
        for (size_t i = 0; i < list->count; i++) {
            if (!media_overlay_put(media, list->number[i], list->block[i]->bytes)) {
                return status_fail(status, "no memory for the changes of %s", media_path(media));
            }
        }
    }
    return true;
}

bool checkpoint_restore(struct machine *machine, const struct checkpoint *checkpoint,
                        struct status *status)
{
    struct region regions[REGIONS];
    if (!check_drives(machine, checkpoint, status)) {
        return false;
    }
    struct machine_state *state =
        machine_state_parse(machine, checkpoint->fields.bytes, checkpoint->fields.used, status);
    if (!state) {
        return false;
    }
    bool done = restore_drives(machine, checkpoint, status);
    if (done) {
        regions_of(machine, regions);
        for (unsigned n = 0; n < REGIONS; n++) {
            restore_region(checkpoint, n, &regions[n]);
        }
        machine_state_apply(machine, state);
    }
    machine_state_free(state);
    return done;
}

uint64_t checkpoint_icount(const struct checkpoint *checkpoint)
{
    return checkpoint->icount;
}

size_t checkpoint_bytes(const struct checkpoint *checkpoint)
{
    return checkpoint->bytes;
}

static size_t share_of(const struct piece *block, size_t bytes)
{
    return block ? bytes / block->holders : 0;
}

size_t checkpoint_share(const struct checkpoint *checkpoint)
{
    size_t bytes = checkpoint->fields.used;
    for (unsigned n = 0; n < REGIONS; n++) {
        bytes += checkpoint->page_count[n] * sizeof(struct piece *);
        for (uint64_t i = 0; i < checkpoint->page_count[n]; i++) {
            bytes += share_of(checkpoint->pages[n][i], PAGE);
        }
    }
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        for (size_t i = 0; i < checkpoint->clusters[slot].count; i++) {
            bytes += share_of(checkpoint->clusters[slot].block[i], MEDIA_CLUSTER_BYTES);
        }
    }
    return bytes;
}
