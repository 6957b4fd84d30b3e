/* From option texts to checked values; every contradiction is one message. */
#ifndef MACHINE_RESOLVE_H
#define MACHINE_RESOLVE_H

#include "machine/machine.h"

#include <stdio.h>

struct resolved {
    uint64_t memory_bytes;
    struct x86_model model;
    const struct host_ops *host;
    struct pass_set passes;
    uint64_t mips;
    uint64_t stop_icount; /* UINT64_MAX: no limit */
};

bool resolve_options(const struct config *config, struct resolved *resolved, struct log *log,
                     struct status *status);

/* Why a host that has a native engine runs the portable one, unasked; else NULL. */
const char *resolve_engine_lost(const struct config *config);

/* The optimisations that --no-opt knows, one a line. */
void resolve_list_passes(FILE *out);

/* Pacing by --speed: true when virtual time may run ahead of the host's. */
bool resolve_unpaced(const struct config *config);

/* --for TEXT: host seconds or an instruction count (the other one 0); false when it is neither. */
bool resolve_limit(const char *text, double *seconds, uint64_t *instructions);

/* Host seconds of --for, or 0. */
double resolve_host_seconds(const struct config *config);

/* Allocates guest memory and loads the firmware into it. */
bool resolve_memory(struct machine *machine, const struct resolved *resolved,
                    struct status *status);

#endif
