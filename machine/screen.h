/*
 * The machine's window or VNC server: frames out, keys and mouse in, about thirty times a second.
 */
#ifndef MACHINE_SCREEN_H
#define MACHINE_SCREEN_H

#include "base/status.h"

#include <stdint.h>

struct machine;
struct screen;

/* display: "sdl", "vnc", "vnc=HOST:PORT", "none" or NULL (a window where there is a desktop, else
 * none).  *screen is NULL when there is nothing to show on. */
bool screen_open(struct screen **screen, struct machine *machine, const char *display,
                 struct status *status);
void screen_close(struct screen *screen);

/* Handles events and shows a new picture when it is time.  NULL does nothing. */
void screen_poll(struct screen *screen);

/* How long the caller may sleep before the next poll, ns. */
uint64_t screen_wait_ns(const struct screen *screen);

#endif
