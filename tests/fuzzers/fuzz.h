/* What a fuzzed program consists of: see README.md. */
#ifndef TESTS_FUZZERS_FUZZ_H
#define TESTS_FUZZERS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t room, unsigned seed);

/* A valid file to begin with, allocated.  Its first byte is not the file's: bits of FUZZ_. */
enum { FUZZ_FIX = 1 }; /* checksums are put right before it is read */
uint8_t *fuzz_seed(size_t *count);

/* mutate.c, for every target */
/* Ends the program: what was fuzzed did wrong. */
_Noreturn void fuzz_fail(const char *what);
/* A file in memory with these bytes; *path names it.  To be closed. */
int fuzz_file(const uint8_t *bytes, size_t count, char path[64]);
/* The whole file behind a flags byte, allocated; count: with that byte. */
uint8_t *fuzz_input_of(int fd, size_t *count);

#endif
