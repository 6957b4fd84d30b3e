/* Inside machine/snapshot*.c: what one process remembers of the files it saved and loaded. */
#ifndef MACHINE_SNAPSHOT_FILES_H
#define MACHINE_SNAPSHOT_FILES_H

#include "machine/pc.h"
#include "snapshots/reader.h"
#include "snapshots/writer.h"

#include <sys/types.h>

enum { MEMORIES = 2, TRACKED = MEMORIES + DRIVE_SLOTS, UNIT_BYTES = 4096 };

/* The hashes of a region's units in the newest file; 0: the unit is not there. */
struct tracked {
    size_t units;
    uint64_t *hash;            /* shared with the child that saves; 2 * units: [now], [next] */
    const struct media *media; /* of a drive, else NULL */
    bool known;                /* the first half describes the newest file */
};

/* What a child tells about its work, in shared memory. */
struct outcome {
    struct status status;
    uint8_t id[SNAP_ID_BYTES];
    uint64_t bytes;
    bool ended, chained;
};

struct snapshots {
    struct tracked tracked[TRACKED];
    char *newest; /* path of the file that the next one may build on, or NULL */
    uint8_t id[SNAP_ID_BYTES];
    /* a live save */
    pid_t child;   /* 0: none */
    pid_t leaving; /* one that is done but whose process has not ended; 0: none */
    int ended;     /* read end of a pipe that the child holds open */
    char *path;
    struct outcome *outcome; /* shared */
    uint64_t stopped_ns;     /* how long the guest stood */
    /* absent memory */
    struct snap_reader *reader;
    uint8_t *window;
    struct status trouble;
    bool told;
};

/* machine->snapshots, made when absent; NULL: no memory. */
struct snapshots *snapshots_of(struct machine *machine);

/* Memory n of the machine (ram, vram). */
struct snap_region memory_region(const struct machine *machine, unsigned n);
uint8_t *memory_bytes(const struct machine *machine, unsigned n);
extern const char *const drive_regions[DRIVE_SLOTS];

/* Memory that a child of fork() shares. */
void *snapshots_shared(size_t bytes);
void snapshots_unshare(void *memory, size_t bytes);

/* Tables for everything there is; before a fork, so that the child's hashes come back. */
bool snapshots_track(struct machine *machine, struct snapshots *snapshots, struct status *status);
void snapshots_write_config(struct machine *machine, struct snap_writer *writer);
void snapshots_write_state(struct machine *machine, struct snap_writer *writer);
/* Memory and the changes of disks: names first, then units.  chained: only what is another than
 * at the last snapshots_sent(). */
void snapshots_name_regions(struct machine *machine, struct snapshots *snapshots,
                            struct snap_writer *writer, bool chained);
void snapshots_write_regions(struct machine *machine, struct snapshots *snapshots,
                             struct snap_writer *writer, bool chained);
/* What was written last is there now. */
void snapshots_sent(struct snapshots *snapshots);

/* Forgets the newest file: the next one is whole. */
void snapshots_forget(struct snapshots *snapshots);

#endif
