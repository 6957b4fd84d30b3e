/*
 * Pages made present together: one by one, at their first touch, each costs a fault.
 */
#ifndef BASE_POPULATE_H
#define BASE_POPULATE_H

#include <stddef.h>

/* Makes the whole pages within writable memory [start, start + bytes) present.  A hint: where the
 * host does not know how, they come at their first touch. */
void populate(void *start, size_t bytes);

#endif
