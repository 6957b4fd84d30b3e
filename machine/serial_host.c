#define _GNU_SOURCE
#include "machine/serial_host.h"

#include "machine/host_socket.h"
#include "machine/machine.h"
#include "machine/script.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONTROL_A = 1, READ_BYTES = 4096, WRITE_WAIT_MS = 1000 };

static const char *after(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

static void make_raw(struct serial_host *host)
{
    struct termios raw;
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &host->saved) != 0) {
        return;
    }
    raw = host->saved;
    cfmakeraw(&raw);
    raw.c_oflag |= OPOST;
    host->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static bool open_pty(struct serial_host *host, struct status *status)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    char name[128];
    struct termios raw;
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
        ptsname_r(master, name, sizeof(name)) != 0) {
        return status_fail_errno(status, "cannot make a pseudo-terminal");
    }
    if (tcgetattr(master, &raw) == 0) {
        cfmakeraw(&raw);
        tcsetattr(master, TCSANOW, &raw);
    }
    dprintf(STDERR_FILENO, "vestige: serial line %u is %s\n", host->line + 1, name);
    host->in = host->out = master;
    return true;
}

static bool open_listener(struct serial_host *host, const char *what, struct status *status)
{
    const char *path = after(what, "unix:");
    host->listener = host_socket_listen(what, status);
    host->socket = true;
    if (host->listener >= 0 && path) {
        snprintf(host->path, sizeof(host->path), "%s", path);
    }
    return host->listener >= 0;
}

bool serial_host_open(struct serial_host *host, struct machine *machine, unsigned line,
                      const char *what, struct status *status)
{
    const char *path = after(what, "file:");
    *host =
        (struct serial_host){.machine = machine, .line = line, .in = -1, .out = -1, .listener = -1};
    if (strcmp(what, "null") == 0) {
        return true;
    }
    if (strcmp(what, "stdio") == 0) {
        host->out = STDOUT_FILENO;
        host->stdio = true;
        if (line < INPUT_SERIAL_LINES) {
            host->in = STDIN_FILENO;
            make_raw(host);
        }
        return true;
    }
    if (path) {
        host->out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        return host->out >= 0 || status_fail_errno(status, "cannot write %s", path);
    }
    if (strcmp(what, "pty") == 0) {
        return open_pty(host, status);
    }
    if (after(what, "unix:") || after(what, "tcp:")) {
        return open_listener(host, what, status);
    }
    return status_fail(status,
                       "unknown serial line \"%s\" (stdio, null, file:PATH, unix:PATH, "
                       "tcp:HOST:PORT or pty)",
                       what);
}

static void drop_client(struct serial_host *host)
{
    if (host->socket && host->in >= 0) {
        close(host->in);
        host->in = host->out = -1;
    }
}

static void close_output(struct serial_host *host)
{
    if (!host->stdio && host->out >= 0 && host->out != host->in) {
        close(host->out);
    }
    host->out = -1;
}

void serial_host_close(struct serial_host *host)
{
    if (!host->machine) {
        return;
    }
    if (host->raw) {
        tcsetattr(STDIN_FILENO, TCSANOW, &host->saved);
    }
    drop_client(host);
    close_output(host);
    if (!host->stdio && host->in >= 0) {
        close(host->in);
    }
    if (host->listener >= 0) {
        close(host->listener);
    }
    if (host->path[0]) {
        unlink(host->path);
    }
    *host = (struct serial_host){.in = -1, .out = -1, .listener = -1};
}

bool serial_host_forked(struct serial_host *host, const char *what, unsigned n,
                        struct status *status)
{
    char own[256];
    host->raw = false; /* the terminal is the parent's */
    host->path[0] = 0; /* and so is the socket */
    struct machine *machine = host->machine;
    unsigned line = host->line;
    serial_host_close(host);
    bool named = after(what, "file:") || after(what, "unix:");
    if (named && snprintf(own, sizeof(own), "%s.%u", what, n) >= (int)sizeof(own)) {
        return status_fail(status, "%s.%u: too long", what, n);
    }
    return serial_host_open(host, machine, line, named ? own : "null", status);
}

/* What is not a client that may come again is told once, and nothing more is written. */
static void lost_output(struct serial_host *host)
{
    if (host->socket) {
        drop_client(host);
    } else if (errno != EAGAIN) {
        char line[32] = "debug console";
        if (host->line < INPUT_SERIAL_LINES) {
            snprintf(line, sizeof(line), "serial line %u", host->line + 1);
        }
        dprintf(STDERR_FILENO, "vestige: %s: cannot write to %s: %s\n", line,
                host->stdio ? "standard output" : "its file", strerror(errno));
        close_output(host);
    }
}

static void write_bytes(void *chardev, const uint8_t *bytes, size_t count)
{
    struct serial_host *host = chardev;
    host->sent += count;
    if (host->sent <= host->written) {
        return;
    }
    size_t fresh =
        host->sent - host->written < count ? (size_t)(host->sent - host->written) : count;
    bytes += count - fresh;
    count = fresh;
    host->written = host->sent;
    if (host->line == 0) {
        script_serial(host->machine->script, bytes, count);
    }
    while (count && host->out >= 0) {
        ssize_t done = host->socket ? send(host->out, bytes, count, MSG_NOSIGNAL)
                                    : write(host->out, bytes, count);
        if (done > 0) {
            bytes += done;
            count -= (size_t)done;
            continue;
        }
        struct pollfd wait = {.fd = host->out, .events = POLLOUT};
        if (errno != EAGAIN || poll(&wait, 1, WRITE_WAIT_MS) <= 0) {
            lost_output(host);
            return;
        }
    }
}

struct chardev serial_host_chardev(struct serial_host *host)
{
    return (struct chardev){.write = write_bytes, .chardev = host};
}

/* Ctrl-A x leaves, Ctrl-A Ctrl-A sends one Ctrl-A; returns the bytes that remain. */
static size_t take_escapes(struct serial_host *host, uint8_t *bytes, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (host->escape) {
            host->escape = false;
            if (bytes[i] == 'x' || bytes[i] == 'X') {
                machine_quit(host->machine, EXIT_OK);
                continue;
            }
        } else if (bytes[i] == CONTROL_A) {
            host->escape = true;
            continue;
        }
        bytes[kept++] = bytes[i];
    }
    return kept;
}

static void accept_client(struct serial_host *host)
{
    if (host->listener < 0 || host->in >= 0) {
        return;
    }
    int client = accept4(host->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client >= 0) {
        host->in = host->out = client;
    }
}

void serial_host_poll(struct serial_host *host)
{
    uint8_t bytes[READ_BYTES];
    accept_client(host);
    if (host->in < 0) {
        return;
    }
    struct pollfd ready = {.fd = host->in, .events = POLLIN};
    if (poll(&ready, 1, 0) <= 0) {
        return;
    }
    ssize_t count = read(host->in, bytes, sizeof(bytes));
    if (count <= 0) {
        if (host->stdio) {
            host->in = -1; /* end of a piped standard input */
        } else if (count == 0 || errno != EAGAIN) {
            drop_client(host);
        }
        return;
    }
    size_t kept =
        host->stdio && host->raw ? take_escapes(host, bytes, (size_t)count) : (size_t)count;
    inputs_serial(host->machine, host->line, bytes, kept);
}

int serial_host_descriptor(const struct serial_host *host)
{
    return host->in >= 0 ? host->in : host->listener;
}
