/*
 * Checkpoints: the whole machine in this process's memory, to come back to.
 *
 * A checkpoint shares the pages and disk clusters that did not change since the one before, and
 * leaves pages of zeros out; so a row of them costs what was written in between.  Taking one
 * changes nothing in the machine.  Both take and restore are for between two slices.
 *
 * Disks: what an overlay (--snapshot-disks) holds is part of it.  A disk that is written in place
 * is not: a machine with one cannot be taken back.
 */
#ifndef MACHINE_CHECKPOINT_H
#define MACHINE_CHECKPOINT_H

#include "machine/machine.h"

struct checkpoint;

/* previous (may be NULL) is one of the same machine to share with; it stays valid and may be freed
 * before or after.  NULL: message in status. */
struct checkpoint *checkpoint_take(struct machine *machine, const struct checkpoint *previous,
                                   struct status *status);

/* The machine goes on from there.  False: nothing was changed. */
bool checkpoint_restore(struct machine *machine, const struct checkpoint *checkpoint,
                        struct status *status);
void checkpoint_free(struct checkpoint *checkpoint);

uint64_t checkpoint_icount(const struct checkpoint *checkpoint);
/* Bytes that only freeing this one could give back are not counted apart: this is what it holds
 * when nothing is shared. */
size_t checkpoint_bytes(const struct checkpoint *checkpoint);
/* Its share of the memory: what several hold is divided among them, so the sum over all is what
 * they take together. */
size_t checkpoint_share(const struct checkpoint *checkpoint);

#endif
