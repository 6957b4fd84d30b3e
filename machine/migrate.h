/*
 * Moving a running machine to another process or host.
 *
 * The source connects to a waiting `vestige run --incoming ADDRESS`.  Memory is sent in passes,
 * each by a forked child while the guest goes on: first everything, then what has changed since.
 * Then the guest stops for the rest and the state.  The destination answers when it has the whole
 * machine, the source tells it to go and ends.  Until then any trouble on the other side only ends
 * the attempt: the source goes on.
 *
 *     source       CONF, regions (INDX without rows), PAGE..., STAT, DONE          go
 *     destination                         ready                        whole
 *
 * Disks that are written in place do not move: both sides would have them open.
 */
#ifndef MACHINE_MIGRATE_H
#define MACHINE_MIGRATE_H

#include "machine/machine.h"

/* The source.  Begins to move the machine; migrate_poll() does the rest. */
bool migrate_begin(struct machine *machine, const char *address, struct status *status);
bool migrate_running(const struct machine *machine);
void migrate_poll(struct machine *machine);
/* Readable when migrate_poll() has something to do; -1: nothing. */
int migrate_descriptor(const struct machine *machine);
/* How the last attempt ended: text (malloc'd) when the machine is gone, else the message. */
bool migrate_outcome(const struct machine *machine, char **text, struct status *status);
/* Gives up; frees. */
void migrate_close(struct machine *machine);

/* The destination. */
struct incoming;

/* Waits for a source and takes the configuration from it; NULL: message in status. */
struct incoming *incoming_wait(struct config *config, struct status *status);
/* Receives the machine, made by that configuration, until the source says go. */
bool incoming_receive(struct incoming *incoming, struct machine *machine, struct status *status);
/* Tells the source, if there is trouble, and ends the connection. */
void incoming_close(struct incoming *incoming, const struct status *status);

#endif
