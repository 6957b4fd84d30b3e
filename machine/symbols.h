/* Names of a guest kernel's functions, from the System.map that its build made. */
#ifndef MACHINE_SYMBOLS_H
#define MACHINE_SYMBOLS_H

#include "base/status.h"

#include <stdint.h>

struct symbols;

/* Reads lines "ADDRESS TYPE NAME" (hexadecimal; those of text are kept).  NULL with a message. */
struct symbols *symbols_read(const char *path, struct status *status);
void symbols_free(struct symbols *symbols);

/* The function at an address, and how far into it; NULL: none is near. */
const char *symbols_find(const struct symbols *symbols, uint64_t address, uint64_t *offset);

#endif
