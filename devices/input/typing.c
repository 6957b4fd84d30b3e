/* Text as key strokes. */
#include "devices/input/typing.h"

/* Finds the key of a character; *shifted tells whether Shift is needed. */
static bool find(char character, enum key_code *key, bool *shifted)
{
    if (character == '\0') {
        return false;
    }
    for (unsigned i = 0; i < KEYS_COUNT; i++) {
        const struct key_row *row = key_row((enum key_code)i);
        if (row->plain == character || row->shifted == character) {
            *key = (enum key_code)i;
            *shifted = row->plain != character;
            return true;
        }
    }
    return false;
}

static unsigned stroke(enum key_code key, const enum key_code *modifier,
                       struct typing_event events[TYPING_MOST])
{
    unsigned count = 0;
    if (modifier) {
        events[count++] = (struct typing_event){*modifier, true};
    }
    events[count++] = (struct typing_event){key, true};
    events[count++] = (struct typing_event){key, false};
    if (modifier) {
        events[count++] = (struct typing_event){*modifier, false};
    }
    return count;
}

unsigned typing_character(char character, struct typing_event events[TYPING_MOST])
{
    static const enum key_code shift = KEYS_SHIFT;
    static const enum key_code ctrl = KEYS_CTRL;
    enum key_code key;
    bool shifted;
    if (find(character == '\r' ? '\n' : character, &key, &shifted)) {
        return stroke(key, shifted ? &shift : NULL, events);
    }
    if (character > 0 && character < 0x20 && find((char)(character + 0x60), &key, &shifted) &&
        !shifted) {
        return stroke(key, &ctrl, events);
    }
    return 0;
}

bool typing_next(struct typing *typing, struct typing_event *event)
{
    while (*typing->text) {
        struct typing_event events[TYPING_MOST];
        unsigned count = typing_character(*typing->text, events);
        if (typing->step < count) {
            *event = events[typing->step++];
            return true;
        }
        typing->text++;
        typing->step = 0;
    }
    return false;
}
