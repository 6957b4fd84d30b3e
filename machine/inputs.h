/*
 * The one door for everything that enters from outside: keys, mouse, bytes on serial lines, changed
 * media, the buttons of the case.  Keys and bytes are queued by whoever has them; each input enters
 * the machine between two instructions as a struct input, which is what a recording holds and a
 * replay lets in again.
 *
 * Keys are paced by the guest: the next one enters when the keyboard has been read empty, so that a
 * typed text is never cut.
 */
#ifndef MACHINE_INPUTS_H
#define MACHINE_INPUTS_H

#include "base/status.h"
#include "devices/core/keys.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

enum { INPUT_KEYS = 8192, INPUT_SERIAL_BYTES = 65536, INPUT_SERIAL_LINES = 4 };

struct input_key {
    uint16_t key; /* enum key_code */
    bool down;
};

struct input_line {
    uint8_t bytes[INPUT_SERIAL_BYTES];
    uint32_t head, count;
};

enum input_kind {
    INPUT_KEY,
    INPUT_MOUSE,
    INPUT_SERIAL,
    INPUT_MEDIA,
    INPUT_RESET,
    INPUT_POWER_BUTTON,
};

/* What enters, as the device gets it. */
struct input {
    enum input_kind kind;
    union {
        struct input_key key;
        struct {
            int dx, dy, dz;
            unsigned buttons;
        } mouse;
        struct {
            unsigned line;
            const uint8_t *bytes; /* borrowed */
            size_t count;         /* offered; then, how many the line took */
            bool more;            /* then: it did not take all */
        } serial;
        struct {
            const char *drive; /* "fda", "cdrom", ...; borrowed, as is the path */
            const char *path;  /* NULL: taken out */
        } media;
    };
};

/* Is told each input that entered; `done` is false when a medium could not be changed. */
typedef void input_observer(void *user, const struct input *input, bool done);

struct inputs {
    struct input_key keys[INPUT_KEYS];
    uint32_t key_head, key_count;
    uint64_t key_ready_ns; /* not before: a guest that polls needs a moment between strokes */
    struct input_line lines[INPUT_SERIAL_LINES];
};

/* Who watches the door; no state of the machine. */
struct input_door {
    input_observer *observer; /* NULL: none */
    void *observer_user;
    bool closed; /* a replay: only what was recorded enters, the rest is refused */
};

/* Lets an input enter now; false with the reason when a medium cannot be changed. */
bool inputs_enter(struct machine *machine, struct input *input, struct status *status);

/* What follows does nothing while the door is closed.
 *
 * Queue; false when there is no room (nothing was queued). */
bool inputs_key(struct machine *machine, enum key_code key, bool down);
bool inputs_type(struct machine *machine, const char *text);
/* A chord such as "ctrl-alt-delete": all down, then all up.  False: unknown name or no room. */
bool inputs_chord(struct machine *machine, const char *chord);
bool inputs_serial(struct machine *machine, unsigned line, const uint8_t *bytes, size_t count);
/* Mouse motion enters at once (it adds up in the mouse). */
void inputs_mouse(struct machine *machine, int dx, int dy, int dz, unsigned buttons);
void inputs_reset(struct machine *machine);
void inputs_power_button(struct machine *machine);
/* Another medium into a removable drive; path NULL takes it out. */
bool inputs_media(struct machine *machine, const char *drive, const char *path,
                  struct status *status);

/* Lets enter what can; called between instructions. */
void inputs_deliver(struct machine *machine);
bool inputs_pending(const struct machine *machine);

#endif
