/* The parent's side of host_cpu: starts it, hands it batches of cases, starts it again when a case
 * killed it. */
#ifndef TESTS_FUZZ_NATIVE_H
#define TESTS_FUZZ_NATIVE_H

#include "tests/fuzz/world.h"

#include <sys/types.h>

struct native {
    struct fuzz_shared *shared;
    char program[4096]; /* of host_cpu */
    int memory, go, done;
    pid_t pid;
    bool code64; /* this host runs cases in 64-bit code only: see same64.c */
};

/* False with a word why: this host cannot, or forbids it. */
bool native_create(struct native *native, const char *program, const char **why);
void native_destroy(struct native *native);
/* Runs shared->slot[0..count); between the two calls the slots' `after` are not to be read. */
void native_begin(struct native *native, uint32_t count);
/* False when a case killed the process: that slot is FUZZ_NOT_RUN, and so are those after it. */
bool native_wait(struct native *native);

#endif
