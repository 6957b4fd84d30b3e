/* The program: which command, and nothing else. */
#include "machine/agent.h"
#include "machine/ctl.h"
#include "machine/diff.h"
#include "machine/doctor.h"
#include "machine/run.h"
#include "machine/snap.h"

#include <stdio.h>
#include <string.h>

enum { STATUS_USER = 2 };

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments, *meaning;
} commands[] = {
    {"run", run_command, "[IMAGE]... [options]",
     "run an operating system (run --help: all options)"},
    {"ctl", ctl_command, "SOCKET VERB ...", "ask a running one (ctl --help: all verbs)"},
    {"replay", replay_command, "LOG [options]", "repeat what run --record LOG recorded"},
    {"snap", snap_command, "VERB ...", "look into saved machines (snap --help: all verbs)"},
    {"doctor", doctor_command, "", "what is installed, what is missing"},
    {"diff", diff_command, "[IMAGE]... [options]",
     "run two machines side by side, find the first difference (diff --help)"},
    {"agent", agent_command, "", "one side of diff, for where another program starts it"},
    {"lockstep", lockstep_command, "[IMAGE]... [options]",
     "diff between the two engines of this host"},
};

static void help(FILE *out)
{
    fputs("usage: vestige COMMAND ...\n\n", out);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        fprintf(out, "  %-9s %-22s %s\n", commands[i].name, commands[i].arguments,
                commands[i].meaning);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return STATUS_USER;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return 0;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "vestige: unknown command %s (vestige --help)\n", argv[1]);
    return STATUS_USER;
}
