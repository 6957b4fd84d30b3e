/*
 * Replaying: a recording (machine/record.h) lets its inputs enter at the positions where they
 * entered, so the run is the same to the last bit.
 *
 *     replay_open()       reads the head, checks the files, fills in the options
 *     machine_create()
 *     replay_start()      closes the door for other inputs
 *     replay_run_until()  instead of machine_run_until()
 *     replay_verdict()
 *
 * A recording that was cut off is replayed to its last record.
 */
#ifndef MACHINE_REPLAY_H
#define MACHINE_REPLAY_H

#include "machine/machine.h"

struct replay;

/* Opens the recording and adds the options it holds to config, which has only those of this run;
 * a file that moved is looked for beside the recording.  NULL with the reason; replay_close(). */
struct replay *replay_open(const char *path, struct config *config, struct status *status);
void replay_close(struct replay *replay);

/* The machine was made.  False: it is not the one that was recorded. */
bool replay_start(struct replay *replay, struct machine *machine, struct status *status);

/* Stop there (UINT64_MAX: at the end), and then pause instead of ending the program. */
void replay_limit(struct replay *replay, uint64_t icount, bool pause);

/* Runs until the virtual instant or the end; true when the processor is idle. */
bool replay_run_until(struct replay *replay, uint64_t until_ns);

/* When the next recorded input enters, on the guest's clock. */
uint64_t replay_next_ns(const struct replay *replay);

/* Where a replay stands in its recording, to come back to together with the machine's state. */
struct replay_place {
    uint64_t offset, number; /* of the record that enters next */
    struct machine_position last;
    uint64_t checked;
};
struct replay_place replay_place(const struct replay *replay);
/* The machine stands where it stood then; the replay goes on from there. */
void replay_return(struct replay *replay, const struct replay_place *place);
/* The last position that the recording knows, and whether the run ended there. */
struct machine_position replay_end(const struct replay *replay, bool *whole);

enum replay_state {
    REPLAY_RUNNING,
    REPLAY_STOPPED,  /* at the limit */
    REPLAY_SAME,     /* at the recorded end, in the recorded state */
    REPLAY_CUT,      /* at the last record of a recording without an end */
    REPLAY_DIVERGED, /* this run is another one */
    REPLAY_DAMAGED,  /* the recording cannot be read on */
};

enum replay_state replay_state(const struct replay *replay);

/* One line about where the replay stands, into text; the exit status that goes with it. */
enum replay_state replay_verdict(struct replay *replay, struct status *text, int *exit_status);

#endif
