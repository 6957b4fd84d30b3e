/*
 * The control socket: one JSON object a line each way.
 *
 *     -> {"verb": "type", "args": ["dir\n"]}
 *     <- {"ok": true}                       or {"ok": true, "text": "..."}
 *     <- {"ok": false, "error": "what is wrong"}
 *
 * The verbs are rows of verbs.def.  Requests are carried out between two slices of the machine, on
 * its thread.
 */
#ifndef MACHINE_CONTROL_H
#define MACHINE_CONTROL_H

#include "base/status.h"

#include <poll.h>

struct machine;
struct control;

struct control_verb {
    const char *name, *arguments, *meaning;
    unsigned least, most;
};
/* Ends with a row without name. */
extern const struct control_verb control_verbs[];

/* Listens at "unix:PATH" (or tcp:HOST:PORT); NULL with the reason. */
struct control *control_create(struct machine *machine, const char *address, struct status *status);
/* In a child after fork(): lets the parent's socket and clients be and listens at address. */
bool control_forked(struct control *control, const char *address, struct status *status);
/* Answers whoever waits for the forks that were asked for. */
void control_forks_done(struct control *control, bool done, const char *text,
                        const struct status *status);
void control_destroy(struct control *control);

/* Accepts, reads, answers; never waits.  NULL does nothing. */
void control_poll(struct control *control);

/* Fills in what to wait on; returns how many. */
nfds_t control_descriptors(const struct control *control, struct pollfd *fds, nfds_t most);

#endif
