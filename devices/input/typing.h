/*
 * Text as key strokes of a US keyboard, from the key table.  Pure: no clock and no device.
 */
#ifndef DEVICES_INPUT_TYPING_H
#define DEVICES_INPUT_TYPING_H

#include "devices/core/keys.h"

struct typing_event {
    enum key_code key;
    bool down;
};

#define TYPING_MOST 4 /* events of one character */

/* The events that type a character: the key, with Shift for its upper character, or Ctrl and a
 * letter for the control characters that have no key; CR is Enter.  Returns their number, 0 for a
 * character that is not on the keyboard. */
unsigned typing_character(char character, struct typing_event events[TYPING_MOST]);

/* A position in a text. */
struct typing {
    const char *text; /* the rest, NUL-terminated, borrowed */
    unsigned step;    /* events done of its first character */
};

/* The next event, skipping characters that are not on the keyboard; false at the end. */
bool typing_next(struct typing *typing, struct typing_event *event);

#endif
