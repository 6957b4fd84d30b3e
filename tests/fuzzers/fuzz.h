/* What a fuzzed program consists of: see README.md. */
#ifndef TESTS_FUZZERS_FUZZ_H
#define TESTS_FUZZERS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t room, unsigned seed);

/* A valid file to begin with, allocated. */
uint8_t *fuzz_seed(size_t *count);

#endif
