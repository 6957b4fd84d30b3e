#define _GNU_SOURCE
#include "machine/ctl.h"

#include "machine/control.h"
#include "machine/escapes.h"
#include "machine/host_socket.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STATUS_OK = 0, STATUS_USER = 2 };

static void help(FILE *out)
{
    fputs("usage: vestige ctl SOCKET VERB [ARGUMENT]...\n\n", out);
    for (const struct control_verb *verb = control_verbs; verb->name; verb++) {
        char left[64];
        snprintf(left, sizeof(left), "  %s %s", verb->name, verb->arguments);
        fprintf(out, "%-36s%s\n", left, verb->meaning);
    }
}

static const struct control_verb *find(const char *name)
{
    for (const struct control_verb *verb = control_verbs; verb->name; verb++) {
        if (strcmp(verb->name, name) == 0) {
            return verb;
        }
    }
    return NULL;
}

/* Files are written by the emulator, which may run in another folder. */
static char *absolute(const char *path)
{
    char *folder = path[0] == '/' ? NULL : getcwd(NULL, 0);
    char *out = NULL;
    if (!folder) {
        return strdup(path);
    }
    if (asprintf(&out, "%s/%s", folder, path) < 0) {
        out = NULL;
    }
    free(folder);
    return out;
}

/* Which argument is a file name, or -1. */
static int file_argument(const char *verb, int count)
{
    static const char *const last[] = {"screenshot", "mem", "insert", "load"};
    if (strcmp(verb, "save") == 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++) {
        if (strcmp(verb, last[i]) == 0) {
            return count - 1;
        }
    }
    return -1;
}

static cJSON *request_of(const char *verb, int argc, char **argv)
{
    cJSON *request = cJSON_CreateObject();
    cJSON_AddStringToObject(request, "verb", verb);
    cJSON *args = cJSON_AddArrayToObject(request, "args");
    int file = file_argument(verb, argc);
    for (int i = 0; i < argc; i++) {
        char *text = i == file                   ? absolute(argv[i])
                     : strcmp(verb, "type") == 0 ? escapes_resolve(argv[i])
                                                 : strdup(argv[i]);
        cJSON_AddItemToArray(args, cJSON_CreateString(text ? text : ""));
        free(text);
    }
    return request;
}

/* Sends the request and reads the reply; NULL when the emulator went away. */
static cJSON *exchange(int fd, cJSON *request)
{
    char *text = cJSON_PrintUnformatted(request);
    char *reply = NULL;
    size_t room = 0;
    cJSON *parsed = NULL;
    FILE *stream = fdopen(dup(fd), "r");
    if (text && stream && send(fd, text, strlen(text), MSG_NOSIGNAL) > 0 &&
        send(fd, "\n", 1, MSG_NOSIGNAL) == 1 && getline(&reply, &room, stream) > 0) {
        parsed = cJSON_Parse(reply);
    }
    free(reply);
    if (stream) {
        fclose(stream);
    }
    cJSON_free(text);
    return parsed;
}

static int print_reply(const cJSON *reply)
{
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(reply, "text");
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(reply, "error");
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "ok"))) {
        fprintf(stderr, "vestige: %s\n", cJSON_IsString(error) ? error->valuestring : "refused");
        return STATUS_USER;
    }
    if (cJSON_IsString(text)) {
        size_t length = strlen(text->valuestring);
        fputs(text->valuestring, stdout);
        if (length && text->valuestring[length - 1] != '\n') {
            fputc('\n', stdout);
        }
    }
    return STATUS_OK;
}

int ctl_command(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        help(argc < 2 ? stderr : stdout);
        return argc < 2 ? STATUS_USER : STATUS_OK;
    }
    const struct control_verb *verb = argc > 2 ? find(argv[2]) : NULL;
    unsigned given = argc > 3 ? (unsigned)argc - 3 : 0;
    if (argc == 2) {
        fputs("vestige: ctl needs a verb (`vestige ctl --help` lists them)\n", stderr);
        return STATUS_USER;
    }
    if (!verb) {
        fprintf(stderr, "vestige: unknown verb %s (`vestige ctl --help` lists them)\n", argv[2]);
        return STATUS_USER;
    }
    if (given < verb->least || given > verb->most) {
        fprintf(stderr, "vestige: wrong number of arguments; the form is: ctl SOCKET %s%s%s\n",
                verb->name, *verb->arguments ? " " : "", verb->arguments);
        return STATUS_USER;
    }
    struct status status = {0};
    int fd = host_socket_connect(argv[1], &status);
    if (fd < 0) {
        fprintf(stderr, "vestige: %s\n", status.text);
        return STATUS_USER;
    }
    cJSON *request = request_of(verb->name, argc - 3, argv + 3);
    cJSON *reply = exchange(fd, request);
    int result = STATUS_USER;
    if (reply) {
        result = print_reply(reply);
    } else {
        fprintf(stderr, "vestige: the emulator behind %s did not answer\n", argv[1]);
    }
    cJSON_Delete(request);
    cJSON_Delete(reply);
    close(fd);
    return result;
}
