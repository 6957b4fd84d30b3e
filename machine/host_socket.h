/* Listening and connecting by address text: "unix:PATH" or "tcp:HOST:PORT" (or a bare path). */
#ifndef MACHINE_HOST_SOCKET_H
#define MACHINE_HOST_SOCKET_H

#include "base/status.h"

/* A non-blocking listening socket, or -1 with the reason (an address in use included).  A stale
 * unix socket that nobody listens on is replaced. */
int host_socket_listen(const char *text, struct status *status);

/* A connected blocking socket, or -1 with the reason. */
int host_socket_connect(const char *text, struct status *status);

#endif
