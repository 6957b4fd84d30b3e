/*
 * The host's end of a serial line or debug port: standard streams, a file, a socket, a
 * pseudo-terminal.
 *
 *   null | stdio | file:PATH (output only) | unix:PATH | tcp:HOST:PORT (both listen, one client at
 * a time) | pty (its name goes to standard error)
 *
 * Output is written at once and dropped when nobody takes it.  Input is read by serial_host_poll()
 * between slices and enters through machine/inputs.
 */
#ifndef MACHINE_SERIAL_HOST_H
#define MACHINE_SERIAL_HOST_H

#include "base/status.h"
#include "devices/core/chardev.h"

#include <termios.h>

struct machine;

struct serial_host {
    struct machine *machine;
    unsigned line; /* number for machine/inputs; INPUT_SERIAL_LINES: output only */
    int in, out;   /* -1: none */
    int listener;  /* -1: none */
    bool stdio, raw, escape;
    bool socket;
    uint64_t sent;    /* bytes that the guest has sent, in the past it has now */
    uint64_t written; /* the most it ever had: a replay that went back says nothing twice */
    struct termios saved;
    char path[108]; /* unix socket to remove, or "" */
};

bool serial_host_open(struct serial_host *host, struct machine *machine, unsigned line,
                      const char *what, struct status *status);
/* In the n-th child after fork(): lets go of what the parent goes on using; a file or unix socket
 * is opened under its own name, PATH.n, anything else is null from now on. */
bool serial_host_forked(struct serial_host *host, const char *what, unsigned n,
                        struct status *status);
void serial_host_close(struct serial_host *host);

struct chardev serial_host_chardev(struct serial_host *host);

/* Takes what has arrived; never waits. */
void serial_host_poll(struct serial_host *host);

/* The descriptor to wait on for input, or -1. */
int serial_host_descriptor(const struct serial_host *host);

#endif
