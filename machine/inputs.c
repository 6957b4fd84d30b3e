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

static void enter_serial(struct uart16550 *uart, struct input *input)
{
    size_t offered = input->serial.count;
    input->serial.count = uart16550_receive(uart, input->serial.bytes, offered);
    input->serial.more = input->serial.count < offered;
}

static bool enter(struct machine *machine, struct input *input, struct status *status)
{
    struct pc *pc = machine->pc;
    switch (input->kind) {
    case INPUT_KEY:
        ps2_keyboard_key(pc->keyboard, (enum key_code)input->key.key, input->key.down);
        return true;
    case INPUT_MOUSE:
        ps2_mouse_move(pc->mouse, input->mouse.dx, input->mouse.dy, input->mouse.dz,
                       input->mouse.buttons);
        return true;
    case INPUT_SERIAL:
        enter_serial(pc->uart[input->serial.line], input);
        return true;
    case INPUT_MEDIA:
        return drives_change(&pc->drives, input->media.drive, input->media.path, status);
    case INPUT_RESET:
        machine_reset(machine);
        return true;
    case INPUT_POWER_BUTTON:
        machine_power_button(machine);
        return true;
    }
    return true;
}

bool inputs_enter(struct machine *machine, struct input *input, struct status *status)
{
    bool done = enter(machine, input, status);
    if (machine->door.observer) {
        machine->door.observer(machine->door.observer_user, input, done);
    }
    return done;
}

/* For inputs that cannot fail. */
static void let_in(struct machine *machine, struct input input)
{
    struct status status = {0};
    if (!machine->door.closed) {
        inputs_enter(machine, &input, &status);
    }
}

bool inputs_key(struct machine *machine, enum key_code key, bool down)
{
    if (machine->door.closed) {
        return true;
    }
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
    if (line >= INPUT_SERIAL_LINES || machine->door.closed) {
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
    let_in(machine, (struct input){.kind = INPUT_MOUSE, .mouse = {dx, dy, dz, buttons}});
}

void inputs_reset(struct machine *machine)
{
    let_in(machine, (struct input){.kind = INPUT_RESET});
}

void inputs_power_button(struct machine *machine)
{
    let_in(machine, (struct input){.kind = INPUT_POWER_BUTTON});
}

bool inputs_media(struct machine *machine, const char *drive, const char *path,
                  struct status *status)
{
    struct input input = {.kind = INPUT_MEDIA, .media = {drive, path}};
    return machine->door.closed || inputs_enter(machine, &input, status);
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
    let_in(machine, (struct input){.kind = INPUT_KEY, .key = key});
}

static void deliver_line(struct machine *machine, unsigned n)
{
    struct input_line *line = &machine->inputs.lines[n];
    while (line->count && uart16550_has_room(machine->pc->uart[n])) {
        uint32_t run = INPUT_SERIAL_BYTES - line->head;
        struct status status = {0};
        struct input input = {
            .kind = INPUT_SERIAL,
            .serial = {n, line->bytes + line->head, line->count < run ? line->count : run, false}};
        inputs_enter(machine, &input, &status);
        line->head = (line->head + (uint32_t)input.serial.count) % INPUT_SERIAL_BYTES;
        line->count -= (uint32_t)input.serial.count;
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
