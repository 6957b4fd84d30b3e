/*
 * What shows the screen and brings keys and mouse: a window (sdl_window.h) or VNC (vnc.h).
 *
 * Everything is called on one thread.  poll() calls back; show() takes each new picture.
 */
#ifndef MACHINE_UI_VIEWER_H
#define MACHINE_UI_VIEWER_H

#include "base/status.h"
#include "devices/core/display.h"

/* Mouse buttons as a set. */
enum { VIEWER_LEFT = 1, VIEWER_RIGHT = 2, VIEWER_MIDDLE = 4 };

/* Any callback may be NULL. */
struct viewer_callbacks {
    void *user;
    /* name: of the key as in devices/core/keys.def or an alias, a static string; repeat: the host's
     * auto-repeat of a held key. */
    void (*key)(void *user, const char *name, bool down, bool repeat);
    /* Motion since the last call (right and down positive), wheel notches (up positive), and the
     * buttons held now. */
    void (*mouse)(void *user, int dx, int dy, int wheel, unsigned buttons);
    void (*close_request)(void *user);
    void (*screenshot)(void *user);
};

struct viewer {
    void (*poll)(void *ui); /* handles what happened */
    void (*show)(void *ui, const struct display_frame *frame);
    void (*set_title)(void *ui, const char *text); /* NULL: shows none */
    bool (*watched)(const void *ui);               /* NULL: always */
    void (*destroy)(void *ui);
    void *ui;
};

#endif
