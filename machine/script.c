#define _GNU_SOURCE
#include "machine/script.h"

#include "machine/escapes.h"
#include "machine/machine.h"
#include "machine/snapshot.h"
#include "machine/verbs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_S = 120, SCREEN_TEXT_BYTES = 256 * 1024, SERIAL_KEEP = 1 << 20 };
#define POLL_NS (UINT64_C(20) * CLOCK_NS_PER_MS)

enum outcome { NEXT, WAIT, FAILED };

struct command {
    const struct command_row *row;
    char *text; /* argument, escapes resolved */
    unsigned line;
};

struct script {
    struct machine *machine;
    const char *path;
    struct command *commands;
    size_t count, at;
    uint64_t deadline_ns, timeout_ns, wake_ns; /* deadline 0: the current command has not begun */
    char *serial; /* NUL-terminated output of COM1 since the last match */
    size_t serial_used;
};

struct command_row {
    const char *name;
    bool argument;
    enum outcome (*run)(struct script *script, const struct command *command);
};

static char *screen(struct machine *machine)
{
    struct status status = {0};
    char *text = NULL;
    if (!verb_screen_text(machine, NULL, 0, &text, &status)) {
        free(text);
        text = strdup("(graphics mode)");
    }
    return text;
}

static enum outcome fail(struct script *script, const struct command *command, const char *why)
{
    fprintf(stderr, "vestige: %s:%u: %s: %s\n", script->path, command->line, command->row->name,
            why);
    machine_quit(script->machine, 1);
    return FAILED;
}

/* Not there yet: wait on, or give up with what is on the screen. */
static enum outcome wait_more(struct script *script, const struct command *command)
{
    uint64_t now = machine_now(script->machine);
    if (now < script->deadline_ns) {
        script->wake_ns = now + POLL_NS;
        return WAIT;
    }
    char *text = screen(script->machine);
    char why[256];
    snprintf(why, sizeof(why), "\"%.200s\" did not come", command->text);
    fail(script, command, why);
    fprintf(stderr, "--- screen ---\n%s--- serial ---\n%s\n", text ? text : "", script->serial);
    free(text);
    return FAILED;
}

static enum outcome run_wait_text(struct script *script, const struct command *command)
{
    char *text = screen(script->machine);
    bool there = text && strstr(text, command->text);
    free(text);
    return there ? NEXT : wait_more(script, command);
}

static enum outcome run_wait_serial(struct script *script, const struct command *command)
{
    char *at = strstr(script->serial, command->text);
    if (!at) {
        return wait_more(script, command);
    }
    char *rest = at + strlen(command->text);
    script->serial_used -= (size_t)(rest - script->serial);
    memmove(script->serial, rest, script->serial_used + 1);
    return NEXT;
}

static enum outcome run_timeout(struct script *script, const struct command *command)
{
    script->timeout_ns = (uint64_t)(strtod(command->text, NULL) * 1e9);
    return NEXT;
}

static enum outcome run_sleep(struct script *script, const struct command *command)
{
    uint64_t ns = (uint64_t)(strtod(command->text, NULL) * 1e9);
    if (script->wake_ns == 0) {
        script->wake_ns = machine_now(script->machine) + ns;
        return WAIT;
    }
    return NEXT;
}

static enum outcome run_send(struct script *script, const struct command *command)
{
    return inputs_serial(script->machine, 0, (const uint8_t *)command->text, strlen(command->text))
               ? NEXT
               : fail(script, command, "too much is waiting already");
}

static enum outcome run_screen_text(struct script *script, const struct command *command)
{
    char *text = screen(script->machine);
    FILE *out = strcmp(command->text, "-") == 0 ? stderr : fopen(command->text, "w");
    bool done = out && text && fputs(text, out) >= 0;
    if (out && out != stderr) {
        done = fclose(out) == 0 && done;
    }
    free(text);
    return done ? NEXT : fail(script, command, "cannot write");
}

static enum outcome run_hash(struct script *script, const struct command *command)
{
    (void)command;
    fprintf(stderr, "hash instructions=%" PRIu64 " state=%016" PRIx64 "\n",
            machine_icount(script->machine), machine_hash(script->machine));
    return NEXT;
}

static enum outcome run_save(struct script *script, const struct command *command)
{
    struct status status = {0};
    return snapshot_save(script->machine, command->text, false, &status)
               ? NEXT
               : fail(script, command, status.text);
}

static enum outcome run_quit(struct script *script, const struct command *command)
{
    machine_quit(script->machine, (int)strtol(command->text, NULL, 10));
    return NEXT;
}

/* Verbs of the control socket: the argument is cut into words where the verb takes several. */
static enum outcome run_verb(struct script *script, const struct command *command,
                             verb_function *verb, unsigned most)
{
    const char *args[4] = {0};
    struct status status = {0};
    char *text = NULL;
    char *copy = strdup(command->text);
    char *rest = copy;
    unsigned count = 0;
    while (count + 1 < most && rest && strchr(rest, ' ')) {
        args[count++] = strsep(&rest, " ");
    }
    if (rest && *rest) {
        args[count++] = rest;
    }
    bool done = verb(script->machine, args, count, &text, &status);
    free(text);
    free(copy);
    return done ? NEXT : fail(script, command, status.text);
}

#define RUN_VERB(name, most)                                                             \
    static enum outcome run_##name(struct script *script, const struct command *command) \
    {                                                                                    \
        return run_verb(script, command, verb_##name, most);                             \
    }
RUN_VERB(type, 1)
RUN_VERB(key, 1)
RUN_VERB(mouse, 3)
RUN_VERB(screenshot, 1)
RUN_VERB(insert, 2)
RUN_VERB(eject, 1)
RUN_VERB(reset, 1)
RUN_VERB(powerdown, 1)

static const struct command_row rows[] = {
    {"wait-text", true, run_wait_text},
    {"wait-serial", true, run_wait_serial},
    {"timeout", true, run_timeout},
    {"sleep", true, run_sleep},
    {"type", true, run_type},
    {"key", true, run_key},
    {"send", true, run_send},
    {"mouse", true, run_mouse},
    {"screenshot", true, run_screenshot},
    {"screen-text", true, run_screen_text},
    {"insert", true, run_insert},
    {"eject", true, run_eject},
    {"hash", false, run_hash},
    {"save", true, run_save},
    {"reset", false, run_reset},
    {"powerdown", false, run_powerdown},
    {"quit", false, run_quit},
};

static const struct command_row *row_of(const char *name)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static bool add(struct script *script, char *line, unsigned number, struct status *status)
{
    line += strspn(line, " \t");
    line[strcspn(line, "\r\n")] = 0;
    if (!*line || *line == '#') {
        return true;
    }
    char *argument = line;
    const char *name = strsep(&argument, " ");
    const struct command_row *row = row_of(name);
    if (!row) {
        return status_fail(status, "%s:%u: unknown command %s", script->path, number, name);
    }
    if (row->argument && (!argument || !*argument)) {
        return status_fail(status, "%s:%u: %s needs an argument", script->path, number, name);
    }
    struct command *grown =
        realloc(script->commands, (script->count + 1) * sizeof(*script->commands));
    if (!grown) {
        return status_fail(status, "no memory for the script");
    }
    script->commands = grown;
    script->commands[script->count++] =
        (struct command){row, escapes_resolve(argument ? argument : ""), number};
    return true;
}

struct script *script_open(struct machine *machine, const char *path, struct status *status)
{
    struct script *script = calloc(1, sizeof(*script));
    FILE *in = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    unsigned number = 0;
    bool good = script && in;
    if (!in) {
        status_fail_errno(status, "cannot open %s", path);
    }
    if (script) {
        script->machine = machine;
        script->path = path;
        script->timeout_ns = DEFAULT_TIMEOUT_S * CLOCK_NS_PER_S;
        script->serial = calloc(1, SERIAL_KEEP + 1);
        good = good && script->serial;
    }
    while (good && getline(&line, &room, in) >= 0) {
        good = add(script, line, ++number, status);
    }
    free(line);
    if (in) {
        fclose(in);
    }
    if (!good) {
        script_close(script);
        return NULL;
    }
    machine->script = script;
    return script;
}

void script_close(struct script *script)
{
    if (!script) {
        return;
    }
    for (size_t i = 0; i < script->count; i++) {
        free(script->commands[i].text);
    }
    free(script->commands);
    free(script->serial);
    free(script);
}

void script_run(struct script *script)
{
    while (script && script->at < script->count && !script->machine->quit) {
        uint64_t now = machine_now(script->machine);
        if (inputs_pending(script->machine) || now < script->wake_ns) {
            return; /* what was typed enters first */
        }
        const struct command *command = &script->commands[script->at];
        if (!script->deadline_ns) {
            script->deadline_ns = now + script->timeout_ns;
        }
        if (command->row->run(script, command) != NEXT) {
            return;
        }
        script->at++;
        script->deadline_ns = 0;
        script->wake_ns = 0;
    }
}

void script_serial(struct script *script, const unsigned char *bytes, unsigned long count)
{
    if (!script || count > SERIAL_KEEP) {
        return;
    }
    if (script->serial_used + count > SERIAL_KEEP) {
        size_t drop = script->serial_used / 2;
        script->serial_used -= drop;
        memmove(script->serial, script->serial + drop, script->serial_used);
        if (script->serial_used + count > SERIAL_KEEP) {
            script->serial_used = 0;
        }
    }
    for (unsigned long i = 0; i < count; i++) {
        script->serial[script->serial_used++] = bytes[i] ? (char)bytes[i] : ' ';
    }
    script->serial[script->serial_used] = 0;
}
