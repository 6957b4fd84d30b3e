#define _GNU_SOURCE
#include "machine/control.h"

#include "machine/host_socket.h"
#include "machine/migrate.h"
#include "machine/snapshot.h"
#include "machine/verbs.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 8, LINE_BYTES = 1 << 20, READ_BYTES = 4096, ARGUMENTS = 4 };

enum waits { WAITS_NOT, WAITS_SAVE, WAITS_FORK, WAITS_MIGRATE };

struct client {
    int fd; /* -1: free */
    char *line;
    size_t used;
    enum waits waits; /* it is answered when that is done */
};

struct control {
    struct machine *machine;
    int listener;
    char path[108]; /* unix socket to remove, or "" */
    struct client clients[CLIENTS];
};

const struct control_verb control_verbs[] = {
#define VERB(function, name, least, most, arguments, meaning) \
    {name, arguments, meaning, least, most},
#include "machine/verbs.def"
#undef VERB
    {0}};

static verb_function *const functions[] = {
#define VERB(function, name, least, most, arguments, meaning) verb_##function,
#include "machine/verbs.def"
#undef VERB
};

static bool listen_at(struct control *control, const char *address, struct status *status)
{
    control->listener = host_socket_listen(address, status);
    control->path[0] = 0;
    if (control->listener >= 0 && strncmp(address, "tcp:", 4) != 0) {
        const char *path = strncmp(address, "unix:", 5) == 0 ? address + 5 : address;
        snprintf(control->path, sizeof(control->path), "%s", path);
    }
    return control->listener >= 0;
}

struct control *control_create(struct machine *machine, const char *address, struct status *status)
{
    struct control *control = calloc(1, sizeof(*control));
    if (!control) {
        status_fail(status, "no memory for the control socket");
        return NULL;
    }
    control->machine = machine;
    for (unsigned i = 0; i < CLIENTS; i++) {
        control->clients[i].fd = -1;
    }
    if (!listen_at(control, address, status)) {
        free(control);
        return NULL;
    }
    return control;
}

static void drop(struct client *client)
{
    if (client->fd >= 0) {
        close(client->fd);
    }
    free(client->line);
    *client = (struct client){.fd = -1};
}

bool control_forked(struct control *control, const char *address, struct status *status)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        drop(&control->clients[i]);
    }
    close(control->listener);
    return listen_at(control, address, status);
}

void control_destroy(struct control *control)
{
    if (!control) {
        return;
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        drop(&control->clients[i]);
    }
    close(control->listener);
    if (control->path[0]) {
        unlink(control->path);
    }
    free(control);
}

/* Sends the whole reply; a client that does not read loses its connection. */
static void send_all(struct client *client, const char *text, size_t bytes)
{
    while (bytes) {
        ssize_t done = send(client->fd, text, bytes, MSG_NOSIGNAL);
        if (done <= 0) {
            struct pollfd wait = {.fd = client->fd, .events = POLLOUT};
            if (errno == EAGAIN && poll(&wait, 1, 1000) > 0) {
                continue;
            }
            drop(client);
            return;
        }
        text += done;
        bytes -= (size_t)done;
    }
}

static void answer(struct client *client, cJSON *reply)
{
    char *text = cJSON_PrintUnformatted(reply);
    cJSON_Delete(reply);
    if (text) {
        send_all(client, text, strlen(text));
        if (client->fd >= 0) {
            send_all(client, "\n", 1);
        }
    }
    cJSON_free(text);
}

static void answer_error(struct client *client, const char *error)
{
    cJSON *reply = cJSON_CreateObject();
    cJSON_AddBoolToObject(reply, "ok", false);
    cJSON_AddStringToObject(reply, "error", error);
    answer(client, reply);
}

static void answer_outcome(struct client *client, bool done, const char *text,
                           const struct status *status)
{
    if (!done) {
        answer_error(client, status->text);
        return;
    }
    cJSON *reply = cJSON_CreateObject();
    cJSON_AddBoolToObject(reply, "ok", true);
    if (text) {
        cJSON_AddStringToObject(reply, "text", text);
    }
    answer(client, reply);
}

/* Collects string arguments; false: they are not an array of at most ARGUMENTS strings. */
static bool arguments_of(const cJSON *request, const char *args[ARGUMENTS + 1], unsigned *count)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(request, "args");
    const cJSON *item;
    *count = 0;
    if (list && !cJSON_IsArray(list)) {
        return false;
    }
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item) || *count == ARGUMENTS) {
            return false;
        }
        args[(*count)++] = item->valuestring;
    }
    return true;
}

/* What is answered later. */
static enum waits waits_for(verb_function *verb)
{
    return verb == verb_save      ? WAITS_SAVE
           : verb == verb_fork    ? WAITS_FORK
           : verb == verb_migrate ? WAITS_MIGRATE
                                  : WAITS_NOT;
}

static void perform(struct control *control, struct client *client, const cJSON *request)
{
    const cJSON *verb = cJSON_GetObjectItemCaseSensitive(request, "verb");
    const char *args[ARGUMENTS + 1] = {0};
    unsigned count;
    if (!cJSON_IsString(verb) || !arguments_of(request, args, &count)) {
        answer_error(client, "a request is {\"verb\": TEXT, \"args\": [TEXT...]}");
        return;
    }
    unsigned row = 0;
    while (control_verbs[row].name && strcmp(control_verbs[row].name, verb->valuestring) != 0) {
        row++;
    }
    if (!control_verbs[row].name) {
        answer_error(client, "unknown verb");
        return;
    }
    if (count < control_verbs[row].least || count > control_verbs[row].most) {
        answer_error(client, "wrong number of arguments");
        return;
    }
    struct status status = {0};
    char *text = NULL;
    bool done = functions[row](control->machine, args, count, &text, &status);
    client->waits = done ? waits_for(functions[row]) : WAITS_NOT;
    if (client->waits == WAITS_NOT) {
        answer_outcome(client, done, text, &status);
    }
    free(text);
}

static void take_line(struct control *control, struct client *client, const char *line)
{
    cJSON *request = cJSON_Parse(line);
    if (request) {
        perform(control, client, request);
    } else {
        answer_error(client, "that line is not JSON");
    }
    cJSON_Delete(request);
}

static void take_lines(struct control *control, struct client *client)
{
    char *end;
    while (client->fd >= 0 && client->waits == WAITS_NOT &&
           (end = memchr(client->line, '\n', client->used))) {
        size_t length = (size_t)(end - client->line) + 1;
        *end = 0;
        take_line(control, client, client->line);
        if (client->fd >= 0) {
            client->used -= length;
            memmove(client->line, client->line + length, client->used);
        }
    }
}

static void read_client(struct control *control, struct client *client)
{
    take_lines(control, client); /* that came while it waited */
    while (client->fd >= 0 && client->waits == WAITS_NOT) {
        if (LINE_BYTES - client->used < READ_BYTES) {
            answer_error(client, "that line is too long");
            drop(client);
            return;
        }
        ssize_t count = recv(client->fd, client->line + client->used, READ_BYTES, MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (count <= 0) {
            drop(client);
            return;
        }
        client->used += (size_t)count;
        take_lines(control, client);
    }
}

/* What a client waits for may have ended. */
static void end_wait(struct control *control, struct client *client)
{
    const struct machine *machine = control->machine;
    struct status status = {0};
    char *text = NULL;
    bool save = client->waits == WAITS_SAVE && !snapshot_saving(machine);
    bool move = client->waits == WAITS_MIGRATE && !migrate_running(machine);
    if (save || move) {
        client->waits = WAITS_NOT;
        bool done = save ? snapshot_outcome(machine, &text, &status)
                         : migrate_outcome(machine, &text, &status);
        answer_outcome(client, done, text, &status);
        free(text);
    }
}

void control_forks_done(struct control *control, bool done, const char *text,
                        const struct status *status)
{
    for (unsigned i = 0; control && i < CLIENTS; i++) {
        struct client *client = &control->clients[i];
        if (client->fd >= 0 && client->waits == WAITS_FORK) {
            client->waits = WAITS_NOT;
            answer_outcome(client, done, text, status);
        }
    }
}

static void accept_clients(struct control *control)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct client *client = &control->clients[i];
        if (client->fd >= 0) {
            continue;
        }
        int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            return;
        }
        *client = (struct client){.fd = fd, .line = malloc(LINE_BYTES)};
        if (!client->line) {
            drop(client);
        }
    }
}

void control_poll(struct control *control)
{
    if (!control) {
        return;
    }
    accept_clients(control);
    for (unsigned i = 0; i < CLIENTS; i++) {
        if (control->clients[i].fd >= 0) {
            end_wait(control, &control->clients[i]);
            read_client(control, &control->clients[i]);
        }
    }
}

nfds_t control_descriptors(const struct control *control, struct pollfd *fds, nfds_t most)
{
    nfds_t count = 0;
    if (!control || !most) {
        return 0;
    }
    fds[count++] = (struct pollfd){.fd = control->listener, .events = POLLIN};
    for (unsigned i = 0; i < CLIENTS && count < most; i++) {
        if (control->clients[i].fd >= 0 && control->clients[i].waits == WAITS_NOT) {
            fds[count++] = (struct pollfd){.fd = control->clients[i].fd, .events = POLLIN};
        }
    }
    return count;
}
