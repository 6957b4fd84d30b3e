/*
 * Where two agents part: driving both to the same instruction and comparing.
 */
#ifndef MACHINE_DIFF_SEARCH_H
#define MACHINE_DIFF_SEARCH_H

#include "machine/diff_side.h"

#include <stdint.h>

struct diff {
    struct side side[2];
    uint64_t limit; /* instructions to compare, from the start */
    uint64_t good;  /* both were the same there */
    uint64_t bad;   /* and different there; 0: nowhere */
    uint64_t at;    /* where both went last */
    bool ended;     /* both came to an end, or idle for ever, at good */
    char *adopted;  /* fields that the right side took from the left at the start; "" none; owned */
    struct status status;
};

/* Asks both, then waits for both.  False: see diff->status. */
__attribute__((format(printf, 3, 4))) bool diff_both(struct diff *diff, struct answer answer[2],
                                                     const char *format, ...);
/* The same where only its success counts. */
bool diff_do(struct diff *diff, const char *request);
/* The same and whether the first lines of both are equal. */
__attribute__((format(printf, 3, 4))) bool diff_equal(struct diff *diff, bool *equal,
                                                      const char *format, ...);

/* Makes both machines.  Fields of the processor that differ before the first instruction, because
 * the models do, become what they are on the left: the search is for what instructions do.  */
bool diff_start(struct diff *diff);

/* Sets good, bad and ended: after one run up to limit, and where they differ narrowed down to
 * where the block that makes the difference begins and ends.  Both stand at good then. */
bool diff_search(struct diff *diff);

#endif
