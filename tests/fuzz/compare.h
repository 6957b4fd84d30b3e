/* Did the host and the emulator end alike? */
#ifndef TESTS_FUZZ_COMPARE_H
#define TESTS_FUZZ_COMPARE_H

#include "tests/fuzz/generate.h"

#include <stddef.h>

struct outcome {
    const struct fuzz_state *state;
    const uint8_t *memory;
};

/* True: alike, in all that is defined (all_flags: in undefined arithmetic flags, too).  Else the
 * differences are in why, a line each, cut to room.  loose: the class `transcendental`. */
bool compare(const struct fuzz_slot *slot, bool loose, bool all_flags, struct outcome host,
             struct outcome guest, char *why, size_t room);

/* Arithmetic flags that are undefined once EIP has come to `eip`. */
unsigned case_flags_undefined(const struct fuzz_slot *slot, uint32_t eip);

#endif
