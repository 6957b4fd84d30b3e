/* A host, the engines beside it, and the judgement over one case. */
#ifndef TESTS_FUZZ_SESSION_H
#define TESTS_FUZZ_SESSION_H

#include "tests/fuzz/compare.h"
#include "tests/fuzz/guest.h"
#include "tests/fuzz/native.h"

enum { ENGINES = 2, WHY = 4000 };

struct session {
    struct native native;
    struct guest *guest[ENGINES]; /* NULL: not asked for */
    bool all_flags;
    struct fuzz_slot scratch;
    uint8_t memory_after[FUZZ_BYTES];
    char why[WHY]; /* of the last case that differed */
};

/* engines: "native", "portable" or "both"; plain: see guest_create.  False with a word why. */
bool session_create(struct session *s, const char *host_cpu, const char *engines, bool plain,
                    const char **why);
void session_destroy(struct session *s);
/* CPUID says that the host and the emulated processor have the class. */
bool session_has(const struct session *s, enum fuzz_class class);

/* Runs slots 0..count of the batch on the host. */
void session_run_host(struct session *s, uint32_t count);
/* Bit per engine asked for, and the name of one. */
unsigned session_engines(const struct session *s);
const char *session_engine_name(unsigned engine);
/* Runs a slot the host has run on each engine; which engines end differently, the first in why. */
unsigned session_judge(struct session *s, const struct fuzz_slot *slot, bool loose);
/* Both of one case; slot 0 of the batch is used for it. */
bool session_agrees(struct session *s, const struct fuzz_slot *slot, const struct shape *shape);

/* Makes a case that differs as small as it can be and still differ; false when it does not differ
 * every time.  shrink.c */
bool session_shrink(struct session *s, struct fuzz_slot *slot, struct shape *shape);

#endif
