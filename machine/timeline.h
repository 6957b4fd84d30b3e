/*
 * Going back and forth in a replay: checkpoints are taken as it runs, and any earlier instruction
 * is reached by returning to the checkpoint before it and running forward again.
 *
 * Positions are instruction counts: "at N" is before the instruction that would be the N-th to
 * retire, counted from 0, with the timers and DMA that are due by then done.  Breakpoints stop
 * before the instruction at their address, watchpoints after the one that wrote; going back, a
 * watchpoint stops before it.
 *
 * Checkpoints are bounded in number and memory: when there are too many, the ones that lie closest
 * together for their distance from the present are dropped, so that the far past has few.
 */
#ifndef MACHINE_TIMELINE_H
#define MACHINE_TIMELINE_H

#include "machine/replay.h"

struct timeline;

/* The replay has started; the first checkpoint is here.  NULL with the reason. */
struct timeline *timeline_create(struct machine *machine, struct replay *replay,
                                 struct status *status);
void timeline_destroy(struct timeline *timeline);

/* Between two slices: takes a checkpoint when it is time.  NULL does nothing. */
void timeline_tick(struct timeline *timeline);

/* Each leaves the machine paused.  False with the reason when the replay cannot go there. */
bool timeline_goto(struct timeline *timeline, uint64_t icount, struct status *status);
/* To the next, or the last, breakpoint or write to watched memory; none: the end or the start. */
bool timeline_continue(struct timeline *timeline, struct status *status);
bool timeline_reverse(struct timeline *timeline, struct status *status);

/* Breakpoints by linear address.  False: too many, or there is none there. */
bool timeline_break(struct timeline *timeline, uint64_t linear, struct status *status);
bool timeline_unbreak(struct timeline *timeline, uint64_t linear, struct status *status);
void timeline_unbreak_all(struct timeline *timeline);

/* Watches bytes at a linear address as it is mapped now, within one page; length 0: nothing. */
bool timeline_watch(struct timeline *timeline, uint64_t linear, uint64_t bytes,
                    struct status *status);

/* One line: where the machine stands, why, and the next instruction. */
void timeline_where(struct timeline *timeline, FILE *out);
/* Position, end, checkpoints, breakpoints. */
void timeline_info(struct timeline *timeline, FILE *out);

#endif
