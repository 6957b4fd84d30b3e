/*
 * The screen in a window: shows frames, hands keys and mouse to callbacks.
 *
 * Everything is called on one thread, the one that created the window: window_poll() about sixty
 * times a second, which calls back, and window_show() with each new picture.
 *
 * A click captures the mouse; Ctrl+Alt+G releases it (and captures again), Ctrl+Alt+F switches to
 * full screen and back, Ctrl+Alt+S asks for a screenshot.  These keys do not reach the guest.
 * Losing the focus releases the mouse and every key held.
 */
#ifndef MACHINE_UI_SDL_WINDOW_H
#define MACHINE_UI_SDL_WINDOW_H

#include "machine/ui/viewer.h"

struct window;

/* The callbacks are copied; mouse is called only while the mouse is captured.  NULL with the reason
 * in status when there is no display to open. */
struct window *window_create(const struct viewer_callbacks *callbacks, struct status *status);
void window_destroy(struct window *window);

/* The window as a viewer. */
struct viewer window_viewer(struct window *window);

/* Handles what happened since the last call. */
void window_poll(struct window *window);

/* Shows the frame, scaled with its aspect ratio kept; a new size resizes the window. */
void window_show(struct window *window, const struct display_frame *frame);

/* Text of the title bar before the key hint, e.g. "Vestige - 120 MIPS". */
void window_set_title(struct window *window, const char *text);

/* Scale by whole factors only (sharp) instead of filling the window (smooth). */
void window_set_integer_scaling(struct window *window, bool integer);

bool window_captured(const struct window *window);

#endif
