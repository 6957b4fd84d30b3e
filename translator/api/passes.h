/* The optimisations that can be switched off, as sets of bits. */
#ifndef TRANSLATOR_API_PASSES_H
#define TRANSLATOR_API_PASSES_H

#include <stdbool.h>
#include <stdint.h>

enum pass {
#define PASS(name, text, what) PASS_##name,
#include "translator/api/passes.def"
    PASSES
};

struct pass_set {
    uint32_t off;       /* passes that are off: bit n for enum pass n */
    uint32_t hot_every; /* for tests: what runs at every so manieth instruction is hot at once; 0:
                           as translator/core/hot.c finds fit */
};

static inline bool pass_on(struct pass_set set, enum pass pass)
{
    return !(set.off >> pass & 1);
}

#endif
