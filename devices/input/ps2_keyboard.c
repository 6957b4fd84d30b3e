/*
 * PS/2 keyboard, IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101- and 102-key)".
 *
 * Answers to commands have a queue of their own and go first.  The key queue holds 16 bytes; a key
 * that finds no room leaves one overrun code.  A repetition that comes while the guest has not read
 * the last byte is dropped and the delay starts over: a guest that is busy sees no run of repeats.
 *
 * Not modelled: the fake shifts that the grey keys send around their codes with Num Lock or Shift;
 * the time of the self test (it passes at once); holding back keys between the bytes of a command.
 */
#include "devices/input/ps2_keyboard.h"

#include "devices/input/ps2_queue.h"

#include <stdlib.h>
#include <string.h>

#define KEY_QUEUE    16
#define MAX_KEYS     128
#define NO_KEY       0xff
#define RATE_RESET   0x2b /* 500 ms, 10.9 a second */
#define TYPEMATIC_HZ 240

#define ACK    0xfa
#define RESEND 0xfe
#define PASSED 0xaa

_Static_assert(KEYS_COUNT <= MAX_KEYS, "arrays of the state are too short");

/* clang-format off */
#define KEYBOARD_STATE(S, VAL, ARR, SUB)                                                \
    SUB(S, ps2_queue, answers, 1,            "answers to commands")                     \
    SUB(S, ps2_queue, keys,    1,            "scan codes")                              \
    ARR(S, u8,   types, MAX_KEYS, 0,         "what each key does in set 3")             \
    ARR(S, bool, down,  MAX_KEYS, false,     "keys held")                               \
    VAL(S, u64,  repeat_at,  CLOCK_NEVER,    "instant (ns) of the next repetition")     \
    VAL(S, u8,   repeat_key, NO_KEY,         "key that repeats")                        \
    VAL(S, u8,   set,        2,              "scan code set")                           \
    VAL(S, u8,   leds,       0,              "lights")                                  \
    VAL(S, u8,   rate,       RATE_RESET,     "typematic delay and rate")                \
    VAL(S, u8,   command,    0,              "command waiting for its argument, or 0")  \
    VAL(S, u8,   last,       0,              "last byte sent, for resend")              \
    VAL(S, bool, scanning,   true,           "keys are reported")                       \
    VAL(S, bool, overrun,    false,          "the newest key did not fit")
/* clang-format on */

struct ps2_keyboard {
    /* wires */
    struct ps2_keyboard_wires wires;
    /* state */
    STATE_MEMBERS(KEYBOARD_STATE)
    /* derived */
    struct clock_timer timer;
};

STATE_DESC(ps2_keyboard, KEYBOARD_STATE);

struct sequence {
    uint8_t bytes[8];
    unsigned count;
};

static void put(struct sequence *sequence, uint8_t byte)
{
    sequence->bytes[sequence->count++] = byte;
}

static void put_all(struct sequence *sequence, const char *bytes)
{
    for (; *bytes; bytes++) {
        put(sequence, (uint8_t)*bytes);
    }
}

/* Make or break of a plain key in set 1 or 2. */
static void plain_key(struct sequence *out, unsigned set, uint16_t code, bool down)
{
    if (code >> 8) {
        put(out, (uint8_t)(code >> 8));
    }
    if (set == 1) {
        put(out, (uint8_t)(down ? code : code | 0x80));
        return;
    }
    if (!down) {
        put(out, 0xf0);
    }
    put(out, (uint8_t)code);
}

static bool held(const struct ps2_keyboard *kb, enum key_code left, enum key_code right)
{
    return kb->down[left] || kb->down[right];
}

/* The sequences of Print Screen, which depend on the shift keys; again: it is a repetition. */
static void print_key(const struct ps2_keyboard *kb, struct sequence *out, bool down, bool again)
{
    bool first = kb->set == 1;
    if (held(kb, KEYS_ALT, KEYS_ALT_R)) {
        plain_key(out, kb->set, first ? 0x54 : 0x84, down);
    } else if (again || held(kb, KEYS_CTRL, KEYS_CTRL_R) || held(kb, KEYS_SHIFT, KEYS_SHIFT_R)) {
        plain_key(out, kb->set, first ? 0xe037 : 0xe07c, down);
    } else if (down) {
        put_all(out, first ? "\xe0\x2a\xe0\x37" : "\xe0\x12\xe0\x7c");
    } else {
        put_all(out, first ? "\xe0\xb7\xe0\xaa" : "\xe0\xf0\x7c\xe0\xf0\x12");
    }
}

/* Pause sends make and break at once and nothing when it goes up. */
static void pause_key(const struct ps2_keyboard *kb, struct sequence *out, bool down)
{
    bool first = kb->set == 1;
    if (!down) {
        return;
    }
    if (held(kb, KEYS_CTRL, KEYS_CTRL_R)) {
        put_all(out, first ? "\xe0\x46\xe0\xc6" : "\xe0\x7e\xe0\xf0\x7e");
    } else {
        put_all(out, first ? "\xe1\x1d\x45\xe1\x9d\xc5" : "\xe1\x14\x77\xe1\xf0\x14\xf0\x77");
    }
}

static struct sequence key_sequence(const struct ps2_keyboard *kb, enum key_code key, bool down,
                                    bool again)
{
    struct sequence out = {.count = 0};
    const struct key_row *row = key_row(key);
    if (kb->set == 3) {
        if (row->set3 && (down || (kb->types[key] & KEY_TYPE_BREAK))) {
            plain_key(&out, 3, row->set3, down);
        }
    } else if (key == KEYS_PRINT) {
        print_key(kb, &out, down, again);
    } else if (key == KEYS_PAUSE) {
        pause_key(kb, &out, down);
    } else {
        plain_key(&out, kb->set, kb->set == 1 ? row->set1 : row->set2, down);
    }
    return out;
}

static void queue_keys(struct ps2_keyboard *kb, const struct sequence *sequence)
{
    if (sequence->count == 0) {
        return;
    }
    bool fits = kb->keys->count + sequence->count <= KEY_QUEUE;
    if (fits) {
        for (unsigned i = 0; i < sequence->count; i++) {
            ps2_queue_put(kb->keys, sequence->bytes[i]);
        }
    } else if (!kb->overrun) {
        ps2_queue_put(kb->keys, kb->set == 1 ? 0xff : 0x00);
    }
    kb->overrun = !fits;
    ps2_available(&kb->wires.host);
}

static void repeat_from(struct ps2_keyboard *kb, uint8_t key, uint64_t deadline)
{
    kb->repeat_key = key;
    kb->repeat_at = deadline;
    clock_arm(&kb->timer, deadline);
}

static void stop_repeat(struct ps2_keyboard *kb)
{
    repeat_from(kb, NO_KEY, CLOCK_NEVER);
}

static uint64_t repeat_delay(const struct ps2_keyboard *kb)
{
    return ((kb->rate >> 5 & 3) + UINT64_C(1)) * 250 * CLOCK_NS_PER_MS;
}

static uint64_t repeat_period(const struct ps2_keyboard *kb)
{
    uint64_t units = (UINT64_C(8) + (kb->rate & 7)) << (kb->rate >> 3 & 3);
    return units * CLOCK_NS_PER_S / TYPEMATIC_HZ;
}

static bool repeats(const struct ps2_keyboard *kb, enum key_code key)
{
    return kb->set == 3 ? kb->types[key] & KEY_TYPE_REPEAT : key != KEYS_PAUSE;
}

static void repeat_expired(void *owner)
{
    struct ps2_keyboard *kb = owner;
    if (kb->repeat_key >= KEYS_COUNT) {
        return;
    }
    uint64_t now = clock_now(kb->wires.clock);
    if (kb->keys->count > 0 || ps2_busy(&kb->wires.host)) {
        repeat_from(kb, kb->repeat_key, now + repeat_delay(kb));
        return;
    }
    struct sequence out = key_sequence(kb, (enum key_code)kb->repeat_key, true, true);
    repeat_from(kb, kb->repeat_key, now + repeat_period(kb));
    queue_keys(kb, &out);
}

void ps2_keyboard_key(struct ps2_keyboard *kb, enum key_code key, bool down)
{
    if ((unsigned)key >= KEYS_COUNT || kb->down[key] == down) {
        return;
    }
    kb->down[key] = down;
    if (!down && kb->repeat_key == key) {
        stop_repeat(kb);
    }
    if (!kb->scanning) {
        return;
    }
    struct sequence out = key_sequence(kb, key, down, false);
    if (down) {
        if (repeats(kb, key)) {
            repeat_from(kb, (uint8_t)key, clock_now(kb->wires.clock) + repeat_delay(kb));
        } else {
            stop_repeat(kb);
        }
    }
    queue_keys(kb, &out);
}

bool ps2_keyboard_idle(const struct ps2_keyboard *kb)
{
    return kb->scanning && kb->answers->count == 0 && kb->keys->count == 0 &&
           !ps2_busy(&kb->wires.host);
}

uint8_t ps2_keyboard_leds(const struct ps2_keyboard *kb)
{
    return kb->leds;
}

static void default_types(struct ps2_keyboard *kb)
{
    for (unsigned i = 0; i < KEYS_COUNT; i++) {
        kb->types[i] = key_row((enum key_code)i)->type;
    }
}

static void all_types(struct ps2_keyboard *kb, uint8_t type)
{
    memset(kb->types, type, KEYS_COUNT);
}

/* Settings of power-on; the lights and the scan set belong to a reset only. */
static void defaults(struct ps2_keyboard *kb, bool scanning)
{
    kb->rate = RATE_RESET;
    kb->scanning = scanning;
    default_types(kb);
    ps2_queue_clear(kb->keys);
    kb->overrun = false;
    stop_repeat(kb);
}

static void answer(struct ps2_keyboard *kb, uint8_t byte)
{
    ps2_queue_put(kb->answers, byte);
}

/* Commands FBh, FCh, FDh: the type of the key with that code of set 3. */
static void key_type(struct ps2_keyboard *kb, uint8_t command, uint8_t code)
{
    static const uint8_t types[3] = {KEY_TYPE_REPEAT, KEY_TYPE_BREAK, KEY_TYPE_MAKE};
    for (unsigned i = 0; i < KEYS_COUNT; i++) {
        if (key_row((enum key_code)i)->set3 == code) {
            kb->types[i] = types[command - 0xfb];
        }
    }
}

/* The argument of the waiting command.  FBh..FDh take codes until another command comes. */
static void argument(struct ps2_keyboard *kb, uint8_t command, uint8_t value)
{
    kb->command = 0;
    switch (command) {
    case 0xed:
        kb->leds = value & 7;
        answer(kb, ACK);
        break;
    case 0xf0:
        answer(kb, value <= 3 ? ACK : RESEND);
        if (value == 0) {
            answer(kb, kb->set);
        } else if (value <= 3) {
            kb->set = value;
            ps2_queue_clear(kb->keys);
        }
        break;
    case 0xf3:
        kb->rate = value & 0x7f;
        answer(kb, ACK);
        break;
    default: /* FBh..FDh */
        key_type(kb, command, value);
        kb->command = command;
        answer(kb, ACK);
        break;
    }
}

static void reset_command(struct ps2_keyboard *kb)
{
    defaults(kb, true);
    kb->leds = 0;
    kb->set = 2;
    answer(kb, ACK);
    answer(kb, PASSED);
}

static void type_command(struct ps2_keyboard *kb, uint8_t command)
{
    static const uint8_t types[4] = {KEY_TYPE_REPEAT, KEY_TYPE_BREAK, KEY_TYPE_MAKE,
                                     KEY_TYPE_REPEAT | KEY_TYPE_BREAK};
    all_types(kb, types[command - 0xf7]);
    answer(kb, ACK);
}

static void run_command(struct ps2_keyboard *kb, uint8_t command)
{
    kb->command = 0;
    switch (command) {
    case 0xed:
    case 0xf0:
    case 0xf3:
    case 0xfb:
    case 0xfc:
    case 0xfd:
        kb->command = command;
        answer(kb, ACK);
        break;
    case 0xee: /* echo */
        answer(kb, 0xee);
        break;
    case 0xf2: /* identify */
        answer(kb, ACK);
        answer(kb, 0xab);
        answer(kb, 0x83);
        break;
    case 0xf4:
        ps2_queue_clear(kb->keys);
        kb->overrun = false;
        kb->scanning = true;
        answer(kb, ACK);
        break;
    case 0xf5:
        defaults(kb, false);
        answer(kb, ACK);
        break;
    case 0xf6:
        defaults(kb, kb->scanning);
        answer(kb, ACK);
        break;
    case 0xf7:
    case 0xf8:
    case 0xf9:
    case 0xfa:
        type_command(kb, command);
        break;
    case 0xfe:
        answer(kb, kb->last);
        break;
    case 0xff:
        reset_command(kb);
        break;
    default:
        answer(kb, RESEND);
        break;
    }
}

static void receive(void *dev, uint8_t byte)
{
    struct ps2_keyboard *kb = dev;
    if (byte != RESEND) {
        ps2_queue_clear(kb->answers);
    }
    if (kb->command && byte < 0xed) {
        argument(kb, kb->command, byte);
    } else {
        run_command(kb, byte);
    }
    ps2_available(&kb->wires.host);
}

static bool pull(void *dev, uint8_t *byte)
{
    struct ps2_keyboard *kb = dev;
    if (!ps2_queue_get(kb->answers, byte) && !ps2_queue_get(kb->keys, byte)) {
        return false;
    }
    kb->last = *byte;
    return true;
}

struct ps2_device ps2_keyboard_port(struct ps2_keyboard *kb)
{
    return (struct ps2_device){.receive = receive, .pull = pull, .dev = kb};
}

static void keyboard_reset(void *dev, enum reset_kind kind)
{
    struct ps2_keyboard *kb = dev;
    (void)kind;
    default_types(kb);
    clock_disarm(&kb->timer);
}

static void keyboard_loaded(void *dev)
{
    struct ps2_keyboard *kb = dev;
    ps2_queue_check(kb->answers);
    ps2_queue_check(kb->keys);
    kb->set = kb->set >= 1 && kb->set <= 3 ? kb->set : 2;
    bool takes_argument = kb->command == 0xed || kb->command == 0xf0 || kb->command == 0xf3 ||
                          (kb->command >= 0xfb && kb->command <= 0xfd);
    kb->command = takes_argument ? kb->command : 0;
    clock_arm(&kb->timer, kb->repeat_key < KEYS_COUNT ? kb->repeat_at : CLOCK_NEVER);
}

static const struct device_ops keyboard_ops = {
    .name = "ps2_keyboard",
    .state = &ps2_keyboard_state,
    .reset = keyboard_reset,
    .loaded = keyboard_loaded,
    .destroy = free,
};

struct ps2_keyboard *ps2_keyboard_create(const struct ps2_keyboard_wires *wires)
{
    struct ps2_keyboard *kb = calloc(1, sizeof(*kb));
    if (!kb) {
        abort();
    }
    kb->wires = *wires;
    clock_timer_init(wires->clock, &kb->timer, repeat_expired, kb);
    state_reset(&ps2_keyboard_state, kb);
    default_types(kb);
    return kb;
}

struct device ps2_keyboard_device(struct ps2_keyboard *kb, const char *instance)
{
    return (struct device){.ops = &keyboard_ops, .dev = kb, .instance = instance};
}
