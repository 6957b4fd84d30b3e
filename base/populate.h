/*
 * Pages made present together: one by one, at their first touch, each costs a fault.
 */
#ifndef BASE_POPULATE_H
#define BASE_POPULATE_H

#include <stddef.h>

/* Makes the whole pages within writable memory [start, start + bytes) present.  A hint: where the
 * host does not know how, they come at their first touch. */
void populate(void *start, size_t bytes);

/* The same by large pages, where the host has them and the memory is aligned to LARGE_PAGE: several
 * times cheaper. */
void populate_large(void *start, size_t bytes);

enum { LARGE_PAGE = 2 << 20 };

#endif
