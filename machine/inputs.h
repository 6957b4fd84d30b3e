/*
 * The one door for everything that enters from outside: keys, mouse, bytes on serial lines, changed
 * media.  Inputs are queued by whoever has them and enter the machine between two instructions, at
 * an instruction count that could be recorded.
 *
 * Keys are paced by the guest: the next one enters when the keyboard has been read empty, so that a
 * typed text is never cut.
 */
#ifndef MACHINE_INPUTS_H
#define MACHINE_INPUTS_H

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

struct inputs {
    struct input_key keys[INPUT_KEYS];
    uint32_t key_head, key_count;
    uint64_t key_ready_ns; /* not before: a guest that polls needs a moment between strokes */
    struct input_line lines[INPUT_SERIAL_LINES];
};

/* Queue; false when there is no room (nothing was queued). */
bool inputs_key(struct machine *machine, enum key_code key, bool down);
bool inputs_type(struct machine *machine, const char *text);
/* A chord such as "ctrl-alt-delete": all down, then all up.  False: unknown name or no room. */
bool inputs_chord(struct machine *machine, const char *chord);
bool inputs_serial(struct machine *machine, unsigned line, const uint8_t *bytes, size_t count);
/* Mouse motion enters at once (it adds up in the mouse). */
void inputs_mouse(struct machine *machine, int dx, int dy, int dz, unsigned buttons);

/* Lets enter what can; called between instructions. */
void inputs_deliver(struct machine *machine);
bool inputs_pending(const struct machine *machine);

#endif
