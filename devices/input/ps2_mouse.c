/*
 * PS/2 mouse, IBM PS/2 Hardware Interface Technical Reference, "Mouse"; wheel and extra buttons as
 * Microsoft's IntelliMouse and IntelliMouse Explorer send them.
 *
 * Motion adds up until a packet can be sent; what does not fit a packet goes into the next.  A byte
 * from the host abandons packets that wait.
 *
 * Not modelled: the resolution (kept and reported; motion arrives in counts), the time of the self
 * test.
 */
#include "devices/input/ps2_mouse.h"

#include "devices/input/ps2_queue.h"

#include <stdlib.h>

#define ACK    0xfa
#define RESEND 0xfe
#define PASSED 0xaa

#define ID_STANDARD 0
#define ID_WHEEL    3
#define ID_EXPLORER 4

#define PACKET_ROOM 12 /* packets stop being queued beyond this many bytes */
#define MOTION_MOST 0x7fff

/* clang-format off */
#define MOUSE_STATE(S, VAL, ARR, SUB)                                                     \
    SUB(S, ps2_queue, answers, 1,      "answers to commands")                             \
    SUB(S, ps2_queue, packets, 1,      "packets")                                         \
    VAL(S, u64,  sample_at, CLOCK_NEVER, "instant (ns) of the next sample after a packet") \
    VAL(S, u32,  dx,         0,        "motion to the right not sent (two's complement)") \
    VAL(S, u32,  dy,         0,        "motion up not sent")                              \
    VAL(S, u32,  dz,         0,        "wheel motion not sent")                           \
    VAL(S, u8,   buttons,    0,        "buttons held")                                    \
    VAL(S, u8,   sent,       0,        "buttons as last sent")                            \
    VAL(S, u8,   id,         ID_STANDARD, "device ID")                                    \
    VAL(S, u8,   knock,      0,        "steps done of the sample rates that change the ID") \
    VAL(S, u8,   rate,       100,      "samples a second")                                \
    VAL(S, u8,   resolution, 2,        "counts per mm, power of two")                     \
    VAL(S, u8,   command,    0,        "command waiting for its argument, or 0")          \
    VAL(S, u8,   last,       0,        "last byte sent, for resend")                      \
    VAL(S, bool, reporting,  false,    "stream mode sends packets")                       \
    VAL(S, bool, remote,     false,    "packets only when asked for")                     \
    VAL(S, bool, wrap,       false,    "echoes what it receives")                         \
    VAL(S, bool, scaling,    false,    "2:1")
/* clang-format on */

struct ps2_mouse {
    /* wires */
    struct ps2_mouse_wires wires;
    /* state */
    STATE_MEMBERS(MOUSE_STATE)
    /* derived */
    struct clock_timer timer;
};

STATE_DESC(ps2_mouse, MOUSE_STATE);

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* Takes what fits between low and high out of a sum. */
static int take(uint32_t *sum, int low, int high)
{
    int value = clamp((int)*sum, low, high);
    *sum -= (uint32_t)value;
    return value;
}

/* Data sheet table of 2:1 scaling. */
static int scaled(int value)
{
    static const int8_t table[6] = {0, 1, 1, 3, 6, 9};
    int size = abs(value);
    int result = size < 6 ? table[size] : 2 * size;
    return clamp(value < 0 ? -result : result, -256, 255);
}

static void put_packet(struct ps2_mouse *mouse, struct ps2_queue *to, bool scale)
{
    int dx = take(&mouse->dx, -255, 255);
    int dy = take(&mouse->dy, -255, 255);
    if (scale) {
        dx = scaled(dx);
        dy = scaled(dy);
    }
    ps2_queue_put(
        to, (uint8_t)(0x08 | (mouse->buttons & 7) | (dx < 0 ? 0x10 : 0) | (dy < 0 ? 0x20 : 0)));
    ps2_queue_put(to, (uint8_t)dx);
    ps2_queue_put(to, (uint8_t)dy);
    if (mouse->id == ID_WHEEL) {
        ps2_queue_put(to, (uint8_t)take(&mouse->dz, -8, 7));
    } else if (mouse->id == ID_EXPLORER) {
        unsigned wheel = (unsigned)take(&mouse->dz, -8, 7) & 0x0f;
        ps2_queue_put(to, (uint8_t)(wheel | (mouse->buttons & 0x18u) << 1));
    } else {
        mouse->dz = 0;
    }
    mouse->sent = mouse->buttons;
}

static bool has_news(const struct ps2_mouse *mouse)
{
    return mouse->dx || mouse->dy || mouse->dz || mouse->buttons != mouse->sent;
}

static bool streaming(const struct ps2_mouse *mouse)
{
    return mouse->reporting && !mouse->remote && !mouse->wrap;
}

static void next_sample(struct ps2_mouse *mouse, uint64_t at)
{
    mouse->sample_at = at;
    clock_arm(&mouse->timer, at);
}

/* Sends a packet if there is news and the sample interval since the last one is over. */
static void sample(struct ps2_mouse *mouse)
{
    if (mouse->sample_at != CLOCK_NEVER || !streaming(mouse) || !has_news(mouse)) {
        return;
    }
    if (mouse->packets->count < PACKET_ROOM) {
        put_packet(mouse, mouse->packets, mouse->scaling);
    }
    unsigned rate = mouse->rate ? mouse->rate : 100;
    next_sample(mouse, clock_now(mouse->wires.clock) + CLOCK_NS_PER_S / rate);
    ps2_available(&mouse->wires.host);
}

static void sample_expired(void *owner)
{
    struct ps2_mouse *mouse = owner;
    mouse->sample_at = CLOCK_NEVER;
    sample(mouse);
}

static void add(uint32_t *sum, int more)
{
    int most = clamp(more, -MOTION_MOST, MOTION_MOST);
    *sum = (uint32_t)clamp((int)*sum + most, -MOTION_MOST, MOTION_MOST);
}

void ps2_mouse_move(struct ps2_mouse *mouse, int dx, int dy, int dz, unsigned buttons)
{
    mouse->buttons = buttons & 0x1f;
    if (!mouse->reporting && !mouse->remote) {
        mouse->sent = mouse->buttons;
        return;
    }
    add(&mouse->dx, dx);
    add(&mouse->dy, dy < -MOTION_MOST ? MOTION_MOST : -dy);
    if (mouse->id != ID_STANDARD) {
        add(&mouse->dz, dz);
    }
    sample(mouse);
}

bool ps2_mouse_idle(const struct ps2_mouse *mouse)
{
    bool waiting = streaming(mouse) && has_news(mouse);
    return !waiting && mouse->answers->count == 0 && mouse->packets->count == 0 &&
           !ps2_busy(&mouse->wires.host);
}

static void answer(struct ps2_mouse *mouse, uint8_t byte)
{
    ps2_queue_put(mouse->answers, byte);
}

static void forget_motion(struct ps2_mouse *mouse)
{
    mouse->dx = 0;
    mouse->dy = 0;
    mouse->dz = 0;
    mouse->sent = mouse->buttons;
    next_sample(mouse, CLOCK_NEVER);
}

static void defaults(struct ps2_mouse *mouse)
{
    mouse->rate = 100;
    mouse->resolution = 2;
    mouse->scaling = false;
    mouse->remote = false;
    mouse->wrap = false;
    mouse->reporting = false;
    mouse->knock = 0;
    forget_motion(mouse);
}

/* 200, 100, 80 makes it a wheel mouse; 200, 200, 80 after that one with five buttons. */
static void knock(struct ps2_mouse *mouse, uint8_t rate)
{
    enum { NOTHING, FIRST, SECOND_WHEEL, SECOND_EXPLORER };
    uint8_t step = mouse->knock;
    mouse->knock = NOTHING;
    if (rate == 200) {
        mouse->knock = step == FIRST || step == SECOND_EXPLORER ? SECOND_EXPLORER : FIRST;
    } else if (rate == 100 && (step == FIRST || step == SECOND_EXPLORER)) {
        mouse->knock = SECOND_WHEEL;
    } else if (rate == 80 && step == SECOND_WHEEL && mouse->id == ID_STANDARD) {
        mouse->id = ID_WHEEL;
    } else if (rate == 80 && step == SECOND_EXPLORER && mouse->id == ID_WHEEL) {
        mouse->id = ID_EXPLORER;
    }
}

static void status_request(struct ps2_mouse *mouse)
{
    uint8_t buttons = mouse->buttons;
    answer(mouse, ACK);
    answer(mouse, (uint8_t)((mouse->remote ? 0x40 : 0) | (mouse->reporting ? 0x20 : 0) |
                            (mouse->scaling ? 0x10 : 0) | (buttons & 1) << 2 | (buttons >> 1 & 2) |
                            (buttons >> 1 & 1)));
    answer(mouse, mouse->resolution);
    answer(mouse, mouse->rate);
}

static void argument(struct ps2_mouse *mouse, uint8_t command, uint8_t value)
{
    mouse->command = 0;
    if (command == 0xe8) {
        mouse->resolution = value & 3;
    } else { /* F3h */
        mouse->rate = value;
        knock(mouse, value);
    }
    answer(mouse, ACK);
}

/* Commands that set a mode and are acknowledged. */
static bool mode_command(struct ps2_mouse *mouse, uint8_t command)
{
    switch (command) {
    case 0xe6:
    case 0xe7:
        mouse->scaling = command == 0xe7;
        break;
    case 0xe8:
    case 0xf3:
        mouse->command = command;
        break;
    case 0xea:
    case 0xf0:
        mouse->remote = command == 0xf0;
        forget_motion(mouse);
        break;
    case 0xec:
        mouse->wrap = false;
        break;
    case 0xee:
        mouse->wrap = true;
        break;
    case 0xf4:
    case 0xf5:
        mouse->reporting = command == 0xf4;
        forget_motion(mouse);
        break;
    case 0xf6:
        defaults(mouse);
        break;
    default:
        return false;
    }
    answer(mouse, ACK);
    return true;
}

static void run_command(struct ps2_mouse *mouse, uint8_t command)
{
    if (mode_command(mouse, command)) {
        return;
    }
    switch (command) {
    case 0xe9:
        status_request(mouse);
        break;
    case 0xeb:
        answer(mouse, ACK);
        put_packet(mouse, mouse->answers, false);
        break;
    case 0xf2:
        answer(mouse, ACK);
        answer(mouse, mouse->id);
        break;
    case 0xfe:
        answer(mouse, mouse->last);
        break;
    case 0xff:
        defaults(mouse);
        mouse->id = ID_STANDARD;
        answer(mouse, ACK);
        answer(mouse, PASSED);
        answer(mouse, ID_STANDARD);
        break;
    default:
        answer(mouse, RESEND);
        break;
    }
}

static void receive(void *dev, uint8_t byte)
{
    struct ps2_mouse *mouse = dev;
    ps2_queue_clear(mouse->packets);
    if (byte != RESEND) {
        ps2_queue_clear(mouse->answers);
    }
    if (mouse->wrap && byte != 0xec && byte != 0xff) {
        answer(mouse, byte);
    } else if (mouse->command) {
        argument(mouse, mouse->command, byte);
    } else {
        run_command(mouse, byte);
    }
    ps2_available(&mouse->wires.host);
}

static bool pull(void *dev, uint8_t *byte)
{
    struct ps2_mouse *mouse = dev;
    if (!ps2_queue_get(mouse->answers, byte) && !ps2_queue_get(mouse->packets, byte)) {
        return false;
    }
    mouse->last = *byte;
    return true;
}

struct ps2_device ps2_mouse_port(struct ps2_mouse *mouse)
{
    return (struct ps2_device){.receive = receive, .pull = pull, .dev = mouse};
}

static void mouse_loaded(void *dev)
{
    struct ps2_mouse *mouse = dev;
    uint32_t *sums[3] = {&mouse->dx, &mouse->dy, &mouse->dz};
    ps2_queue_check(mouse->answers);
    ps2_queue_check(mouse->packets);
    for (unsigned i = 0; i < 3; i++) {
        *sums[i] = (uint32_t)clamp((int)*sums[i], -MOTION_MOST, MOTION_MOST);
    }
    clock_arm(&mouse->timer, mouse->sample_at);
}

static void mouse_reset(void *dev, enum reset_kind kind)
{
    (void)kind;
    mouse_loaded(dev);
}

static const struct device_ops mouse_ops = {
    .name = "ps2_mouse",
    .state = &ps2_mouse_state,
    .reset = mouse_reset,
    .loaded = mouse_loaded,
    .destroy = free,
};

struct ps2_mouse *ps2_mouse_create(const struct ps2_mouse_wires *wires)
{
    struct ps2_mouse *mouse = calloc(1, sizeof(*mouse));
    if (!mouse) {
        abort();
    }
    mouse->wires = *wires;
    clock_timer_init(wires->clock, &mouse->timer, sample_expired, mouse);
    state_reset(&ps2_mouse_state, mouse);
    return mouse;
}

struct device ps2_mouse_device(struct ps2_mouse *mouse, const char *instance)
{
    return (struct device){.ops = &mouse_ops, .dev = mouse, .instance = instance};
}
