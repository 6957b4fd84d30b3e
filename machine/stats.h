/* Counters at the end of a run (--stats): to standard error as text, or to a file as JSON. */
#ifndef MACHINE_STATS_H
#define MACHINE_STATS_H

#include "base/status.h"

#include <stdint.h>

struct machine;

/* False with a message when the file (NULL: none) cannot be written; asked before the run. */
bool stats_check(const char *path, struct status *status);

/* host_ns: wall time of the run.  path NULL: text. */
bool stats_write(struct machine *machine, uint64_t host_ns, const char *path,
                 struct status *status);

#endif
