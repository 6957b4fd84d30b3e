/*
 * Guests that wait for a key by asking again and again.
 *
 * DOS and many of its programs never execute HLT: at a prompt they ask the BIOS (INT 16h, AH=01h or
 * 11h) or tell whoever listens that they are idle (INT 28h; INT 2Fh, AX=1680h), round and round.
 * When such *polls* follow each other closely and nothing else happens, the processor stands still
 * before the next one until an interrupt comes, as it would in HLT: the guest sees the same
 * answers, and the host's processor is free.
 *
 * Whatever shows that the guest does something (a port is touched, more than POLL_APART
 * instructions pass) begins the count anew, so programs that poll devices keep their speed.  All of
 * it depends on the guest's own instructions alone and is saved: runs repeat exactly.
 *
 * Not recognised: loops that look at the BIOS data area or the keyboard controller themselves.
 */
#ifndef MACHINE_IDLE_H
#define MACHINE_IDLE_H

#include "devices/core/device.h"

struct idle;

/* Never NULL. */
struct idle *idle_create(void);
struct device idle_device(struct idle *idle);

/* The guest asks at that instruction count; true: the processor is to stand still first. */
bool idle_poll(struct idle *idle, uint64_t icount);
/* The guest did something. */
void idle_busy(struct idle *idle);

#endif
