/*
 * The two agents of `vestige diff`: processes that are asked and answer (agent.h).
 */
#ifndef MACHINE_DIFF_SIDE_H
#define MACHINE_DIFF_SIDE_H

#include "base/status.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* What a request was answered with. */
struct answer {
    char *text;   /* owned: the lines, each ended by a NUL */
    char **lines; /* owned */
    size_t count;
};

struct side {
    const char *name; /* "left", "right" */
    pid_t process;
    FILE *to, *from;
    char *command;  /* that starts it, or NULL: a copy of this process; borrowed */
    char what[160]; /* host, engine and model, for the reader */
    bool dead;
};

/* Starts the process: the command with " agent" after it, run by the shell, or, without one, a copy
 * of this process. */
bool side_open(struct side *side, struct status *status);
void side_close(struct side *side);

/* Sends a request (printf style); the answer is fetched by side_answer(), which waits for it.
 * Both sides work at once when both are asked before either is waited for. */
__attribute__((format(printf, 2, 3))) void side_ask(struct side *side, const char *format, ...);
/* False: the side is gone, or refused; the reason, with its name, in status. */
bool side_answer(struct side *side, struct answer *answer, struct status *status);
void answer_free(struct answer *answer);
/* Its first line, or "". */
const char *answer_line(const struct answer *answer);

#endif
