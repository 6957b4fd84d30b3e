#define _GNU_SOURCE
#include "machine/diff.h"

#include "machine/config.h"
#include "machine/diff_report.h"
#include "machine/resolve.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { DIFFERENT = 1, NAME_MOST = 32 };

#define DEFAULT_LIMIT  UINT64_C(100000000)
#define LOCKSTEP_LIMIT UINT64_C(20000000)

static const char help_text[] =
    "usage: vestige diff [IMAGE]... [options]\n\n"
    "Runs the machine twice and tells the first instruction after which the two are different.\n"
    "An image may be a recording (run --record) or a saved machine.\n\n"
    "  --left CMD, --right CMD   the program of that side, as the shell knows it, e.g.\n"
    "                            'ssh host vestige', 'qemu-aarch64 -L ROOT "
    "build/aarch64/vestige';\n"
    "                            images have the same names there (default: this program)\n"
    "  --OPTION-left VALUE, --OPTION-right VALUE\n"
    "                            an option of `vestige run` for that side: --cpu-right p3,-sse\n"
    "  --for N                   instructions to compare (default 100M)\n"
    "  other options             of `vestige run`, for both\n\n"
    "Disks are not written.  Status 0: no difference, 1: one, 2: it cannot be told.\n";

/* ---- the command line ---- */

struct parsed {
    struct diff *diff;
    const char *limit; /* --for */
    int argc;
    char **argv;
    int at; /* the argument that is looked at */
};

/* The value of an option: behind its =, or the next argument. */
static const char *value_of(struct parsed *parsed, const char *equals)
{
    if (equals) {
        return equals + 1;
    }
    if (parsed->at + 1 >= parsed->argc) {
        status_fail(&parsed->diff->status, "%s needs a value", parsed->argv[parsed->at]);
        return NULL;
    }
    return parsed->argv[++parsed->at];
}

static bool give(struct parsed *parsed, unsigned side, const char *text)
{
    struct answer answer;
    side_ask(&parsed->diff->side[side], "option %s", text);
    bool good = side_answer(&parsed->diff->side[side], &answer, &parsed->diff->status);
    answer_free(&answer);
    return good;
}

static bool give_both(struct parsed *parsed, const char *text)
{
    return give(parsed, 0, text) && give(parsed, 1, text);
}

/* An option of one side: name without its ending. */
static bool give_one(struct parsed *parsed, unsigned side, const char *name, const char *equals)
{
    const struct config_row *row = config_row(name);
    char text[NAME_MOST + 3];
    if (!row) {
        return status_fail(&parsed->diff->status, "unknown option --%s (vestige run --help)", name);
    }
    snprintf(text, sizeof(text), "--%.*s", NAME_MOST, name);
    if (row->kind == CONFIG_FLAG) {
        return give(parsed, side, text);
    }
    const char *value = value_of(parsed, equals);
    return value && give(parsed, side, text) && give(parsed, side, value);
}

/* An argument that is for both, with the value that belongs to it. */
static bool give_plain(struct parsed *parsed, const char *name, const char *equals)
{
    const char *text = parsed->argv[parsed->at];
    const struct config_row *row = name ? config_row(name) : NULL;
    bool valued = row && !equals && (row->kind == CONFIG_TEXT || row->kind == CONFIG_LIST);
    if (!give_both(parsed, text)) {
        return false;
    }
    const char *value = valued ? value_of(parsed, NULL) : "";
    return value && (!valued || give_both(parsed, value));
}

static bool ends_with(char *name, const char *end)
{
    size_t length = strlen(name);
    size_t most = strlen(end);
    if (length <= most || strcmp(name + length - most, end) != 0) {
        return false;
    }
    name[length - most] = 0;
    return true;
}

static bool take_argument(struct parsed *parsed)
{
    const char *text = parsed->argv[parsed->at];
    char name[NAME_MOST] = "";
    if (strncmp(text, "--", 2) != 0) {
        return give_plain(parsed, NULL, NULL);
    }
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) - 2 : strlen(text) - 2;
    memcpy(name, text + 2, length < NAME_MOST ? length : NAME_MOST - 1);
    if (strcmp(name, "left") == 0 || strcmp(name, "right") == 0) {
        return value_of(parsed, equals) != NULL; /* find_commands() took it */
    }
    if (strcmp(name, "for") == 0) {
        parsed->limit = value_of(parsed, equals);
        return parsed->limit != NULL;
    }
    if (ends_with(name, "-left")) {
        return give_one(parsed, 0, name, equals);
    }
    return ends_with(name, "-right") ? give_one(parsed, 1, name, equals)
                                     : give_plain(parsed, name, equals);
}

/* --left and --right: before the sides are started. */
static void find_commands(struct diff *diff, int argc, char **argv)
{
    static const char *const names[] = {"--left", "--right"};
    for (int i = 1; i < argc; i++) {
        for (unsigned side = 0; side < 2; side++) {
            size_t length = strlen(names[side]);
            if (strncmp(argv[i], names[side], length) != 0) {
                continue;
            }
            if (argv[i][length] == '=') {
                diff->side[side].command = argv[i] + length + 1;
            } else if (!argv[i][length] && i + 1 < argc) {
                diff->side[side].command = argv[i + 1];
            }
        }
    }
}

static bool set_limit(struct parsed *parsed)
{
    double seconds;
    return !parsed->limit ||
           (resolve_limit(parsed->limit, &seconds, &parsed->diff->limit) && parsed->diff->limit) ||
           status_fail(&parsed->diff->status, "--for %s is no instruction count", parsed->limit);
}

/* ---- the run ---- */

static bool wants_help(int argc, char **argv)
{
    return argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
}

static int compare(struct diff *diff)
{
    if (!diff_start(diff) || !diff_search(diff)) {
        return EXIT_USER;
    }
    diff_report_sides(diff, stdout);
    if (!diff->bad) {
        printf("no difference up to instruction %" PRIu64 "%s\n", diff->good,
               diff->ended ? ", where both end or wait for ever" : "");
        return EXIT_OK;
    }
    return diff_report(diff, stdout) ? DIFFERENT : EXIT_USER;
}

static bool open_sides(struct diff *diff)
{
    signal(SIGPIPE, SIG_IGN); /* a side that died is a message */
    return side_open(&diff->side[0], &diff->status) && side_open(&diff->side[1], &diff->status);
}

static int run(struct diff *diff, int argc, char **argv, const char *const engines[2])
{
    struct parsed parsed = {.diff = diff, .argc = argc, .argv = argv};
    int result = EXIT_USER;
    bool good = open_sides(diff);
    for (unsigned i = 0; i < 2 && good && engines; i++) {
        good = give(&parsed, i, "--engine") && give(&parsed, i, engines[i]);
    }
    for (parsed.at = 1; good && parsed.at < argc; parsed.at++) {
        good = take_argument(&parsed);
    }
    if (good && set_limit(&parsed)) {
        result = compare(diff);
    }
    if (diff->status.failed) {
        fprintf(stderr, "vestige: %s\n", diff->status.text);
    }
    side_close(&diff->side[0]);
    side_close(&diff->side[1]);
    free(diff->adopted);
    return result;
}

int diff_command(int argc, char **argv)
{
    struct diff diff = {.side = {{.name = "left"}, {.name = "right"}}, .limit = DEFAULT_LIMIT};
    if (wants_help(argc, argv)) {
        fputs(help_text, stdout);
        return EXIT_OK;
    }
    find_commands(&diff, argc, argv);
    return run(&diff, argc, argv, NULL);
}

int lockstep_command(int argc, char **argv)
{
    static const char *const engines[] = {"portable", "native"};
    struct diff diff = {.side = {{.name = "left"}, {.name = "right"}}, .limit = LOCKSTEP_LIMIT};
    if (wants_help(argc, argv)) {
        printf("usage: vestige lockstep [IMAGE]... [options]\n\nThe options of `vestige run`; "
               "--for takes a number of instructions.\n");
        return EXIT_OK;
    }
    return run(&diff, argc, argv, engines);
}
