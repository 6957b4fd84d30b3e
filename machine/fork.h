/*
 * Running copies of a machine: fork(2), with RAM, video memory and disk overlays copy-on-write.
 *
 * The n-th copy has the control socket PATH.n; serial lines and the debug console that go to files
 * or unix sockets do so under PATH.n, too, others go nowhere.  A copy has no window and writes no
 * statistics or snapshots at its end.  Disks that are written in place cannot be shared: such a
 * machine cannot be forked (--snapshot-disks).
 */
#ifndef MACHINE_FORK_H
#define MACHINE_FORK_H

#include "machine/machine.h"

/* False with a message when a disk is written in place, so that only one machine may have it. */
bool disks_apart(const struct machine *machine, struct status *status);

/* Whether this machine can be forked at all. */
bool fork_possible(const struct machine *machine, struct status *status);

/* Makes one copy, the n-th.  Returns 0 in the copy, the process in the parent, -1 with a message.
 * In the copy *status tells whether it can run. */
int fork_machine(struct machine *machine, unsigned n, struct status *status);

#endif
