/*
 * Code memory: anonymous memory mapped twice, once writable and once executable, so that no page is
 * ever both and nothing has to be re-protected while running.
 *
 * The two views differ by a constant.  Offsets name places in either.  Owned by the engine.
 */
#ifndef BACKEND_HOST_EMIT_CODEMEM_H
#define BACKEND_HOST_EMIT_CODEMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct codemem {
    uint8_t *write; /* read-write view */
    uint8_t *exec;  /* read-execute view */
    size_t bytes;
};

/* Maps both views of `bytes` (rounded up to pages).  false: the host refuses; nothing is mapped. */
bool codemem_init(struct codemem *memory, size_t bytes);
/* Backs [from, from + bytes), whole pages, of both views in one go, which is cheaper than a fault
 * for each page; nothing depends on it. */
void codemem_populate(const struct codemem *memory, size_t from, size_t bytes);
/* Lets go of the writable view's page-table entries: what was written stays, and comes back when
 * it is written again.  Otherwise everything counts twice as resident. */
void codemem_written(struct codemem *memory);

void codemem_free(struct codemem *memory);

#endif
