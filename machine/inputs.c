#include "machine/inputs.h"

#include "devices/input/typing.h"
#include "machine/pc.h"

#include <string.h>

/* Between two strokes; BIOS and DOS programs poll the buffer a few hundred times a second. */
enum { KEY_GAP_NS = 4000000, CHORD_MAX = 8 };

static bool room(const struct inputs *inputs, size_t keys)
{
    return INPUT_KEYS - inputs->key_count >= keys;
}

static void push(struct inputs *inputs, enum key_code key, bool down)
{
    uint32_t at = (inputs->key_head + inputs->key_count++) % INPUT_KEYS;
    inputs->keys[at] = (struct input_key){(uint16_t)key, down};
}

bool inputs_key(struct machine *machine, enum key_code key, bool down)
{
    if (!room(&machine->inputs, 1)) {
        return false;
    }
    push(&machine->inputs, key, down);
    return true;
}

bool inputs_type(struct machine *machine, const char *text)
{
    struct typing typing = {.text = text};
    struct typing_event event;
    if (!room(&machine->inputs, strlen(text) * TYPING_MOST)) {
        return false;
    }
    while (typing_next(&typing, &event)) {
        push(&machine->inputs, event.key, event.down);
    }
    return true;
}

bool inputs_chord(struct machine *machine, const char *chord)
{
    enum key_code keys[CHORD_MAX];
    size_t count = key_parse_chord(chord, keys, CHORD_MAX);
    if (!count || !room(&machine->inputs, 2 * count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        push(&machine->inputs, keys[i], true);
    }
    for (size_t i = count; i-- > 0;) {
        push(&machine->inputs, keys[i], false);
    }
    return true;
}

bool inputs_serial(struct machine *machine, unsigned line, const uint8_t *bytes, size_t count)
{
    if (line >= INPUT_SERIAL_LINES) {
        return true;
    }
    struct input_line *to = &machine->inputs.lines[line];
    if (INPUT_SERIAL_BYTES - to->count < count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        to->bytes[(to->head + to->count++) % INPUT_SERIAL_BYTES] = bytes[i];
    }
    return true;
}

void inputs_mouse(struct machine *machine, int dx, int dy, int dz, unsigned buttons)
{
    ps2_mouse_move(machine->pc->mouse, dx, dy, dz, buttons);
}

static void deliver_keys(struct machine *machine)
{
    struct inputs *inputs = &machine->inputs;
    uint64_t now = machine_now(machine);
    if (!inputs->key_count || now < inputs->key_ready_ns ||
        !ps2_keyboard_idle(machine->pc->keyboard)) {
        return;
    }
    struct input_key key = inputs->keys[inputs->key_head];
    inputs->key_head = (inputs->key_head + 1) % INPUT_KEYS;
    inputs->key_count--;
    inputs->key_ready_ns = now + KEY_GAP_NS;
    ps2_keyboard_key(machine->pc->keyboard, (enum key_code)key.key, key.down);
}

static void deliver_line(struct machine *machine, unsigned n)
{
    struct input_line *line = &machine->inputs.lines[n];
    while (line->count) {
        uint32_t run = INPUT_SERIAL_BYTES - line->head;
        size_t taken = uart16550_receive(machine->pc->uart[n], line->bytes + line->head,
                                         line->count < run ? line->count : run);
        if (!taken) {
            return;
        }
        line->head = (line->head + (uint32_t)taken) % INPUT_SERIAL_BYTES;
        line->count -= (uint32_t)taken;
    }
}

void inputs_deliver(struct machine *machine)
{
    deliver_keys(machine);
    for (unsigned n = 0; n < INPUT_SERIAL_LINES; n++) {
        deliver_line(machine, n);
    }
}

bool inputs_pending(const struct machine *machine)
{
    bool pending = machine->inputs.key_count != 0;
    for (unsigned n = 0; n < INPUT_SERIAL_LINES; n++) {
        pending |= machine->inputs.lines[n].count != 0;
    }
    return pending;
}
