/*
 * The machine's configuration in a snapshot: which options made it, which files are behind it.
 *
 * Options of a snapshot fill in those the user did not give.  Rows of snapshot_config.c say which
 * options make the machine; giving one of those another value is a contradiction, all others
 * (display, serial lines, control, engine, ...) are free.  Paths of disks may differ, their
 * contents may not: a file is the same when size and time of change are equal, or for files of up
 * to 64 MiB the checksum.
 */
#ifndef MACHINE_SNAPSHOT_CONFIG_H
#define MACHINE_SNAPSHOT_CONFIG_H

#include "machine/machine.h"
#include "snapshots/fields.h"

/* Appends the sections of the configuration. */
void snapshot_config_save(struct machine *machine, struct fields_writer *writer);

/* Fills in the options of the snapshot (texts go into config->texts). */
bool snapshot_config_fill(struct config *config, const uint8_t *bytes, size_t count,
                          struct status *status);

/* Whether the machine is the one it was taken from: options, firmware and the files in its drives.
 */
bool snapshot_config_check(const struct machine *machine, const uint8_t *bytes, size_t count,
                           struct status *status);

#endif
