#define _GNU_SOURCE
#include "machine/host_socket.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_un local;
    struct sockaddr_storage storage;
};

/* getaddrinfo() takes larger numbers and cuts them. */
static bool is_port(const char *text)
{
    enum { DIGITS = 5, LAST_PORT = 65535 };
    unsigned value = 0;
    size_t length = strlen(text);
    if (length == 0 || length > DIGITS || strspn(text, "0123456789") != length) {
        return false;
    }
    while (*text) {
        value = value * 10 + (unsigned)(*text++ - '0');
    }
    return value >= 1 && value <= LAST_PORT;
}

/* Parses text; returns the length of the address, 0 on failure. */
static socklen_t parse_tcp(const char *text, union address *address, struct status *status)
{
    char host[256];
    const char *colon = strrchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof(host) || !is_port(colon + 1)) {
        status_fail(status, "tcp:%s is not tcp:HOST:PORT with a port from 1 to 65535", text);
        return 0;
    }
    snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(host[0] ? host : "127.0.0.1", colon + 1, &hints, &found);
    if (error) {
        status_fail(status, "tcp:%s: %s", text, gai_strerror(error));
        return 0;
    }
    socklen_t length = found->ai_addrlen;
    memcpy(address, found->ai_addr, length);
    freeaddrinfo(found);
    return length;
}

static socklen_t parse(const char *text, union address *address, struct status *status)
{
    memset(address, 0, sizeof(*address));
    if (strncmp(text, "tcp:", 4) == 0) {
        return parse_tcp(text + 4, address, status);
    }
    const char *path = strncmp(text, "unix:", 5) == 0 ? text + 5 : text;
    if (!*path || strlen(path) >= sizeof(address->local.sun_path)) {
        status_fail(status, "%s: a socket path has 1 to %zu characters", text,
                    sizeof(address->local.sun_path) - 1);
        return 0;
    }
    address->local.sun_family = AF_UNIX;
    memcpy(address->local.sun_path, path, strlen(path) + 1);
    return sizeof(address->local);
}

/* Removes a unix socket that was left behind by a process that is gone; false when the path is
 * something else, which is never touched. */
static bool remove_stale(const union address *address, socklen_t length, struct status *status)
{
    struct stat info;
    if (address->any.sa_family != AF_UNIX || lstat(address->local.sun_path, &info) != 0) {
        return true;
    }
    if (!S_ISSOCK(info.st_mode)) {
        return status_fail(status, "%s is there already and is no socket", address->local.sun_path);
    }
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) {
        return true;
    }
    if (connect(probe, &address->any, length) != 0 && errno == ECONNREFUSED) {
        unlink(address->local.sun_path);
    }
    close(probe);
    return true;
}

int host_socket_listen(const char *text, struct status *status)
{
    union address address;
    int on = 1;
    socklen_t length = parse(text, &address, status);
    if (!length || !remove_stale(&address, length, status)) {
        return -1;
    }
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && address.any.sa_family != AF_UNIX) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }
    if (fd < 0 || bind(fd, &address.any, length) != 0 || listen(fd, 4) != 0) {
        status_fail_errno(status, "cannot listen on %s", text);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

int host_socket_connect(const char *text, struct status *status)
{
    union address address;
    socklen_t length = parse(text, &address, status);
    if (!length) {
        return -1;
    }
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, &address.any, length) != 0) {
        status_fail_errno(status, "cannot connect to %s", text);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}
