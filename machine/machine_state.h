/*
 * The state of a whole machine as named fields (snapshots/fields.h): processor and its TLB,
 * devices, board, time, timers and inputs that wait.  RAM, video memory and disks are not in it;
 * checkpoint.h and snapshot.h add them.
 *
 * Saving changes nothing in the machine.  Loading is parse, then apply: machine_state_parse() puts
 * everything into copies and refuses what does not fit; machine_state_apply() cannot fail.  Both
 * may be called between two slices only (machine_run_until() is not running).
 */
#ifndef MACHINE_MACHINE_STATE_H
#define MACHINE_MACHINE_STATE_H

#include "machine/machine.h"
#include "snapshots/fields.h"

/* Appends all sections; check writer->failed afterwards. */
void machine_state_save(struct machine *machine, struct fields_writer *writer);

struct machine_state;

/* The machine tells which sections and fields there can be; it is not changed.  NULL: message in
 * status. */
struct machine_state *machine_state_parse(const struct machine *machine, const uint8_t *bytes,
                                          size_t count, struct status *status);
void machine_state_free(struct machine_state *state);

/* Makes it the state of the machine.  RAM, video memory and media must be in place already; all
 * translated code is dropped. */
void machine_state_apply(struct machine *machine, const struct machine_state *state);

/* The instruction count of a parsed state. */
uint64_t machine_state_icount(const struct machine_state *state);

#endif
