/*
 * Which pages of the host's memory were ever touched.
 *
 * Reading private memory that nobody wrote makes the kernel find a page for it, a large one of
 * zeros where large pages are on; so a look at empty RAM would cost its whole size.  Linux tells by
 * /proc/self/pagemap; elsewhere every page counts as touched.
 */
#ifndef MACHINE_HOST_PAGES_H
#define MACHINE_HOST_PAGES_H

#include <stdint.h>

enum { HOST_PAGES_MOST = 64 };

/* A descriptor for host_pages_touched(); -1: it cannot be told. */
int host_pages_open(void);
/* -1 does nothing. */
void host_pages_close(int pagemap);
/* Bit n: page n of 4096 bytes from `at` on may have other bytes than zeros.  count: at most
 * HOST_PAGES_MOST.  Any thread. */
uint64_t host_pages_touched(int pagemap, const void *at, unsigned count);

#endif
