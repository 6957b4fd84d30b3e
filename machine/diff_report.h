/* What `vestige diff` found, for the reader. */
#ifndef MACHINE_DIFF_REPORT_H
#define MACHINE_DIFF_REPORT_H

#include "machine/diff_search.h"

#include <stdio.h>

/* The sides and what the right one took from the left. */
void diff_report_sides(const struct diff *diff, FILE *out);

/* The instructions between good and bad, what is different after them, and the registers before
 * and after.  Both sides stand at good, and at bad when it returns.  False: a side failed. */
bool diff_report(struct diff *diff, FILE *out);

#endif
