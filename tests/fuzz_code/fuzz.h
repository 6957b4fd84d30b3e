/*
 * Targets for libFuzzer; replay.c runs the same on files, for builds without it.
 */
#ifndef TESTS_FUZZ_CODE_FUZZ_H
#define TESTS_FUZZ_CODE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, as a sanitizer would, when a property does not hold. */
static inline void fuzz_expect(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz: %s\n", what);
        abort();
    }
}

#endif
