/*
 * Recording: everything that a run depends on goes into a file (snapshots/replay_log.h), so that it
 * can be repeated exactly by machine/replay.h.
 *
 *     recorder_prepare()      pins what the host would decide: the start of the guest's clock
 *     machine_create()
 *     recorder_create()       writes the head; from now on inputs are written as they enter
 *     recorder_mark()         between slices: a hash now and then
 *     recorder_end()          the end, with the hash of everything
 *
 * Disks that are written in place are written; what they held before is in the file first
 * (machine/disk_past.h).  With --snapshot-disks, and for a machine that was saved, changes stay in
 * memory.
 */
#ifndef MACHINE_RECORD_H
#define MACHINE_RECORD_H

#include "machine/machine.h"

struct recorder;

/* Which options a recording holds.  A test demands that every option is classified. */
enum record_scope {
    RECORD_UNKNOWN,
    RECORD_VALUE, /* defines the machine; its value is held */
    RECORD_FILE,  /* defines the machine; path and identity of the file are held */
    RECORD_OWN,   /* has a record or rule of its own */
    RECORD_HOST,  /* only about this run: windows, sockets, limits */
};
enum record_scope record_scope(const char *option);

/* Changes the options so that the run can be repeated; keeps texts in config->texts. */
bool recorder_prepare(struct config *config, struct status *status);

/* NULL with the reason. */
struct recorder *recorder_create(struct machine *machine, const char *path, struct status *status);

/* NULL does nothing. */
void recorder_mark(struct recorder *recorder);

/* Trouble that ended the recording early, once; false: none. */
bool recorder_trouble(struct recorder *recorder, struct status *status);

/* The run came to its end; NULL does nothing. */
void recorder_end(struct recorder *recorder);
void recorder_close(struct recorder *recorder);

#endif
