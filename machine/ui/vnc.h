/*
 * The screen over VNC (RFB 3.8): as many viewers as want to, all of the same picture.
 *
 * Everything is called on one thread.  Nothing listens here: vnc_create() is given a listening
 * socket, so that addresses and their errors are the caller's.  No password: listen on the local
 * host only, or behind something that asks for one.
 *
 * Not modelled: clipboard, absolute pointing devices (a PS/2 mouse gets the differences, so the
 * guest's arrow and the viewer's part ways where the guest accelerates), national key layouts.
 */
#ifndef MACHINE_UI_VNC_H
#define MACHINE_UI_VNC_H

#include "machine/ui/viewer.h"

struct vnc;

/* Serves connections to the non-blocking listening socket, which becomes the server's, also on
 * failure.  The callbacks are copied.  NULL with the reason in status. */
struct vnc *vnc_create(int listener, const struct viewer_callbacks *callbacks,
                       struct status *status);

/* Disconnects everybody. */
void vnc_destroy(struct vnc *vnc);

/* Accepts viewers, takes their input, sends them what they lack.  Never waits for an idle viewer;
 * one that stops in the middle of a message costs at most half a second and its connection. */
void vnc_poll(struct vnc *vnc);

/* The new picture; only what changed is sent. */
void vnc_show(struct vnc *vnc, const struct display_frame *frame);

/* True while at least one viewer is connected. */
bool vnc_watched(const struct vnc *vnc);

/* The server as a viewer. */
struct viewer vnc_viewer(struct vnc *vnc);

#endif
