/*
 * Memory that follows from other memory and may begin anew at any time.
 *
 * A process that is made by fork(2) begins with zeros there, so neither the call nor what is
 * written afterwards costs anything for it, however large it is.
 */
#ifndef BASE_UNSHARED_H
#define BASE_UNSHARED_H

#include <stddef.h>

/* Zeros, page by page present when they are touched; NULL: none to be had. */
void *unshared_create(size_t bytes);
/* Zeros again, without a look at what is there; needed in a forked process, too, for a host that
 * copies this memory all the same.  Ends the process (base/arena.h) when the host fails. */
void unshared_renew(void *memory, size_t bytes);
/* NULL does nothing. */
void unshared_destroy(void *memory, size_t bytes);

#endif
