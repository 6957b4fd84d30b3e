/*
 * Machines in files: save, live save, chains, load.
 *
 * A save after a save (a load begins anew) writes only the pages and disk clusters that changed and
 * names the file before as its parent, unless a whole one is asked for or the new file takes the
 * place of one that it would need.  What changed is found by the content's hash, so nothing in the
 * machine notices.
 *
 * Saving live forks the process: the child holds the machine as it was, copy-on-write, and writes
 * it while the guest goes on.
 *
 * Loading parses and checks everything first: the machine is the saved one afterwards, or what it
 * was.  RAM is brought in window by window on first use.
 */
#ifndef MACHINE_SNAPSHOT_H
#define MACHINE_SNAPSHOT_H

#include "machine/machine.h"

/* Saves between two slices.  whole: the file needs no other. */
bool snapshot_save(struct machine *machine, const char *path, bool whole, struct status *status);

/* Begins; snapshot_poll() tells the end. */
bool snapshot_save_live(struct machine *machine, const char *path, bool whole,
                        struct status *status);
/* True while a live save is under way. */
bool snapshot_saving(const struct machine *machine);
/* Readable when a live save has ended; -1: none under way. */
int snapshot_descriptor(const struct machine *machine);
/* Takes note of a live save that has ended, and brings absent memory while there is time. */
void snapshot_poll(struct machine *machine, bool idle);
/* Memory is still absent. */
bool snapshot_loading(const struct machine *machine);
/* How the last live save ended: text (malloc'd) on success, else the message in status. */
bool snapshot_outcome(const struct machine *machine, char **text, struct status *status);

/* The machine goes on from the file. */
bool snapshot_load(struct machine *machine, const char *path, struct status *status);

/* A snapshot among the images: takes it out of the list into config->snapshot and fills in the
 * options that it was taken with. */
bool snapshot_take(struct config *config, struct status *status);

/* True with a message when absent memory could not be read: the machine has quit. */
bool snapshot_trouble(struct machine *machine, struct status *status);

/* In a child after fork(): the parent's files are none of its business. */
void snapshot_forked(struct machine *machine);

/* Waits for the end of a live save, if one is under way. */
void snapshot_wait(struct machine *machine);

/* Waits for a live save; frees what machine->snapshots holds. */
void snapshot_close(struct machine *machine);

#endif
