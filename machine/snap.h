/* `vestige snap`: what is in saved machines, without running them. */
#ifndef MACHINE_SNAP_H
#define MACHINE_SNAP_H

#include "snapshots/reader.h"

#include <stdio.h>

int snap_command(int argc, char **argv);

/* Prints what differs between two files: fields by name, memory and disks by ranges of units.
 * *same: nothing does.  False: message in status. */
bool snap_diff(struct snap_reader *a, struct snap_reader *b, FILE *out, bool *same,
               struct status *status);

#endif
