#define _GNU_SOURCE
#include "machine/diff_side.h"

#include "machine/agent.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS_NO_COMMAND = 127 };

/* In the child: never returns. */
static void become_agent(const struct side *side, int in, int out)
{
    if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0) {
        _exit(STATUS_NO_COMMAND);
    }
    if (!side->command) {
        _exit(agent_serve(stdin, stdout));
    }
    char *line;
    if (asprintf(&line, "%s agent", side->command) > 0) {
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    }
    _exit(STATUS_NO_COMMAND);
}

bool side_open(struct side *side, struct status *status)
{
    int requests[2], answers[2];
    if (pipe2(requests, O_CLOEXEC) != 0 || pipe2(answers, O_CLOEXEC) != 0) {
        return status_fail_errno(status, "cannot make a pipe");
    }
    side->process = fork();
    if (side->process == 0) {
        close(requests[1]);
        close(answers[0]);
        become_agent(side, requests[0], answers[1]);
    }
    close(requests[0]);
    close(answers[1]);
    side->to = fdopen(requests[1], "w");
    side->from = fdopen(answers[0], "r");
    return (side->process > 0 && side->to && side->from) ||
           status_fail_errno(status, "cannot start the %s side", side->name);
}

void side_close(struct side *side)
{
    if (side->to) {
        fputs("quit\n", side->to); /* the other side may be a copy that holds this pipe, too */
        fclose(side->to);
    }
    if (side->from) {
        fclose(side->from);
    }
    if (side->process > 0) {
        waitpid(side->process, NULL, 0);
    }
    *side = (struct side){.name = side->name};
}

void side_ask(struct side *side, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool good = vfprintf(side->to, format, arguments) >= 0;
    va_end(arguments);
    good = good && fputc('\n', side->to) != EOF && fflush(side->to) == 0;
    side->dead = side->dead || !good;
}

/* All lines up to the full stop, one after the other with their NULs; false: the side is gone. */
static bool read_lines(struct side *side, struct answer *answer)
{
    char *text = NULL;
    char *line = NULL;
    size_t bytes = 0;
    size_t room = 0;
    bool complete = false;
    FILE *gathered = open_memstream(&text, &bytes);
    ssize_t got;
    while (gathered && !complete && (got = getline(&line, &room, side->from)) > 0) {
        line[got - (line[got - 1] == '\n')] = 0;
        complete = strcmp(line, ".") == 0;
        if (!complete) {
            fwrite(line, 1, strlen(line) + 1, gathered);
            answer->count++;
        }
    }
    free(line);
    if (gathered) {
        fclose(gathered);
    }
    answer->text = text;
    return complete;
}

static bool index_lines(struct answer *answer)
{
    answer->lines = calloc(answer->count + 1, sizeof(*answer->lines));
    char *at = answer->text;
    for (size_t i = 0; answer->lines && i < answer->count; i++) {
        answer->lines[i] = at;
        at += strlen(at) + 1;
    }
    return answer->lines != NULL;
}

bool side_answer(struct side *side, struct answer *answer, struct status *status)
{
    *answer = (struct answer){0};
    if (side->dead || !read_lines(side, answer) || !index_lines(answer)) {
        side->dead = true;
        answer_free(answer);
        return status_fail(status, "the %s side has ended%s%s", side->name,
                           side->command ? ": " : "", side->command ? side->command : "");
    }
    const char *last = answer->count ? answer->lines[answer->count - 1] : "";
    if (*last == '!') {
        status_fail(status, "%s side: %s", side->name, last + 1);
        answer_free(answer);
        return false;
    }
    return true;
}

const char *answer_line(const struct answer *answer)
{
    return answer->count ? answer->lines[0] : "";
}

void answer_free(struct answer *answer)
{
    free(answer->text);
    free(answer->lines);
    *answer = (struct answer){0};
}
