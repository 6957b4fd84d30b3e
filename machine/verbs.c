#define _GNU_SOURCE
#include "machine/verbs.h"

#include "machine/fork.h"
#include "machine/migrate.h"
#include "machine/pc.h"
#include "machine/snapshot.h"
#include "machine/timeline.h"
#include "machine/ui/screenshot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SCREEN_TEXT_BYTES = 256 * 1024, MEM_MOST = 1 << 30, PIECE = 65536 };

bool verb_screen_text(struct machine *machine, const char *const *args, unsigned count, char **text,
                      struct status *status)
{
    const struct display_source *display = machine_display(machine);
    (void)args;
    (void)count;
    *text = malloc(SCREEN_TEXT_BYTES);
    if (*text && display->text(display->adapter, *text, SCREEN_TEXT_BYTES)) {
        return true;
    }
    return status_fail(status, "the screen is in a graphics mode");
}

bool verb_screenshot(struct machine *machine, const char *const *args, unsigned count, char **text,
                     struct status *status)
{
    const struct display_source *display = machine_display(machine);
    struct display_frame frame = {
        .pixels = malloc((size_t)DISPLAY_MAX_WIDTH * DISPLAY_MAX_HEIGHT * sizeof(uint32_t))};
    (void)count;
    (void)text;
    if (!frame.pixels) {
        return status_fail(status, "no memory for the picture");
    }
    display->render(display->adapter, machine_now(machine), &frame);
    bool done = screenshot_write(&frame, args[0], status);
    free(frame.pixels);
    return done;
}

/* While a recording is replayed, only what it holds enters. */
static bool door_open(const struct machine *machine, struct status *status)
{
    return !machine->door.closed || status_fail(status, "a replay takes no input from outside");
}

bool verb_type(struct machine *machine, const char *const *args, unsigned count, char **text,
               struct status *status)
{
    (void)count;
    (void)text;
    return door_open(machine, status) &&
           (inputs_type(machine, args[0]) ||
            status_fail(status, "too much typed text is waiting already"));
}

bool verb_key(struct machine *machine, const char *const *args, unsigned count, char **text,
              struct status *status)
{
    (void)count;
    (void)text;
    return door_open(machine, status) &&
           (inputs_chord(machine, args[0]) || status_fail(status, "no such key: %s", args[0]));
}

static bool number(const char *text, long long least, long long most, long long *value,
                   struct status *status)
{
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 0);
    if (end == text || *end || errno || *value < least || *value > most) {
        return status_fail(status, "%s is not a number from %lld to %lld", text, least, most);
    }
    return true;
}

bool verb_mouse(struct machine *machine, const char *const *args, unsigned count, char **text,
                struct status *status)
{
    enum { FAR = 100000, BUTTONS = 31 };
    long long dx;
    long long dy;
    long long buttons = 0;
    (void)text;
    if (!door_open(machine, status)) {
        return false;
    }
    if (!number(args[0], -FAR, FAR, &dx, status) || !number(args[1], -FAR, FAR, &dy, status) ||
        (count > 2 && !number(args[2], 0, BUTTONS, &buttons, status))) {
        return false;
    }
    inputs_mouse(machine, (int)dx, (int)dy, 0, (unsigned)buttons);
    return true;
}

bool verb_pause(struct machine *machine, const char *const *args, unsigned count, char **text,
                struct status *status)
{
    (void)args;
    (void)count;
    (void)text;
    (void)status;
    machine->paused = true;
    return true;
}

bool verb_resume(struct machine *machine, const char *const *args, unsigned count, char **text,
                 struct status *status)
{
    (void)args;
    (void)count;
    (void)text;
    (void)status;
    machine->paused = false;
    return true;
}

bool verb_reset(struct machine *machine, const char *const *args, unsigned count, char **text,
                struct status *status)
{
    (void)args;
    (void)count;
    (void)text;
    if (!door_open(machine, status)) {
        return false;
    }
    inputs_reset(machine);
    return true;
}

bool verb_powerdown(struct machine *machine, const char *const *args, unsigned count, char **text,
                    struct status *status)
{
    (void)args;
    (void)count;
    (void)text;
    if (!door_open(machine, status)) {
        return false;
    }
    inputs_power_button(machine);
    return true;
}

bool verb_quit(struct machine *machine, const char *const *args, unsigned count, char **text,
               struct status *status)
{
    (void)args;
    (void)count;
    (void)text;
    (void)status;
    machine_quit(machine, EXIT_OK);
    return true;
}

bool verb_eject(struct machine *machine, const char *const *args, unsigned count, char **text,
                struct status *status)
{
    (void)count;
    (void)text;
    return door_open(machine, status) && inputs_media(machine, args[0], NULL, status);
}

bool verb_insert(struct machine *machine, const char *const *args, unsigned count, char **text,
                 struct status *status)
{
    (void)count;
    (void)text;
    return door_open(machine, status) && inputs_media(machine, args[0], args[1], status);
}

bool verb_info(struct machine *machine, const char *const *args, unsigned count, char **text,
               struct status *status)
{
    size_t bytes;
    FILE *out = open_memstream(text, &bytes);
    if (!out) {
        return status_fail(status, "no memory");
    }
    bool replay = count && strcmp(args[0], "replay") == 0;
    if (replay && machine->timeline) {
        timeline_info(machine->timeline, out);
    }
    bool known =
        replay ? machine->timeline != NULL : machine_info(machine, count ? args[0] : NULL, out);
    fclose(out);
    return known || status_fail(status, "no device \"%s\" (`info` lists them)", args[0]);
}

bool verb_mem(struct machine *machine, const char *const *args, unsigned count, char **text,
              struct status *status)
{
    long long address;
    long long length;
    uint8_t piece[PIECE];
    (void)count;
    (void)text;
    if (!number(args[0], 0, INT64_MAX, &address, status) ||
        !number(args[1], 1, MEM_MOST, &length, status)) {
        return false;
    }
    FILE *out = fopen(args[2], "wb");
    if (!out) {
        return status_fail_errno(status, "cannot write %s", args[2]);
    }
    bool done = true;
    while (length && done) {
        size_t bytes = length < PIECE ? (size_t)length : PIECE;
        memory_map_peek(&machine->memory, (uint64_t)address, piece, bytes);
        done = fwrite(piece, 1, bytes, out) == bytes;
        address += (long long)bytes;
        length -= (long long)bytes;
    }
    done = fclose(out) == 0 && done;
    return done || status_fail_errno(status, "cannot write %s", args[2]);
}

bool verb_status(struct machine *machine, const char *const *args, unsigned count, char **text,
                 struct status *status)
{
    (void)args;
    (void)count;
    int used = asprintf(text, "%s instructions=%" PRIu64 " virtual_ns=%" PRIu64,
                        machine->paused ? "paused" : "running", machine_icount(machine),
                        machine_now(machine));
    return used >= 0 || status_fail(status, "no memory");
}

bool verb_save(struct machine *machine, const char *const *args, unsigned count, char **text,
               struct status *status)
{
    bool whole = count > 1 && strcmp(args[1], "whole") == 0;
    (void)text;
    if (count > 1 && !whole) {
        return status_fail(status, "save FILE or save FILE whole, not %s", args[1]);
    }
    return snapshot_save_live(machine, args[0], whole, status);
}

bool verb_load(struct machine *machine, const char *const *args, unsigned count, char **text,
               struct status *status)
{
    (void)count;
    (void)text;
    if (machine->door.observer || machine->door.closed) {
        return status_fail(status, "a machine that is recorded or replayed goes its own way");
    }
    return snapshot_load(machine, args[0], status);
}

bool verb_hash(struct machine *machine, const char *const *args, unsigned count, char **text,
               struct status *status)
{
    (void)args;
    (void)count;
    int used = asprintf(text, "instructions=%" PRIu64 " state=%016" PRIx64, machine_icount(machine),
                        machine_hash(machine));
    return used >= 0 || status_fail(status, "no memory");
}

bool verb_fork(struct machine *machine, const char *const *args, unsigned count, char **text,
               struct status *status)
{
    enum { FORKS_MOST = 64 };
    long long forks;
    (void)count;
    (void)text;
    if (!number(args[0], 1, FORKS_MOST, &forks, status) || !fork_possible(machine, status)) {
        return false;
    }
    machine->forks_wanted = (unsigned)forks;
    return true;
}

bool verb_migrate(struct machine *machine, const char *const *args, unsigned count, char **text,
                  struct status *status)
{
    (void)count;
    (void)text;
    return migrate_begin(machine, args[0], status);
}
