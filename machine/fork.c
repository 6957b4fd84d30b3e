/* See fork.h. */
#define _GNU_SOURCE
#include "machine/fork.h"

#include "machine/pc.h"
#include "machine/snapshot.h"

#include <string.h>
#include <unistd.h>

bool fork_possible(const struct machine *machine, struct status *status)
{
    if (machine->door.closed) {
        return status_fail(status, "a replay cannot be copied");
    }
    const char *address = machine->config->control;
    if (!address || strncmp(address, "tcp:", 4) == 0) {
        return status_fail(status, "only a machine with --control unix:PATH can be forked");
    }
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        const struct drive *drive = &machine->pc->drives.drive[slot];
        if (drive->media && !drive->block.read_only && !media_has_overlay(drive->media)) {
            return status_fail(status,
                               "%s is written in place, and two machines would spoil it "
                               "(--snapshot-disks keeps changes apart)",
                               drive->path);
        }
    }
    return true;
}

int fork_machine(struct machine *machine, unsigned n, struct status *status)
{
    x86_settle(machine->cpu);
    pid_t child = fork();
    if (child < 0) {
        status_fail_errno(status, "cannot fork");
        return -1;
    }
    if (child == 0) {
        snapshot_forked(machine);
        if (!translator_forked(machine->translator)) {
            status_fail(status, "no code memory for a copy");
        } else {
            pc_forked(machine, n, status);
        }
    }
    return child;
}
