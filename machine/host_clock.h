/* The host's monotonic clock, for pacing and the window; never for the guest. */
#ifndef MACHINE_HOST_CLOCK_H
#define MACHINE_HOST_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds since some fixed instant. */
static inline uint64_t host_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

#endif
