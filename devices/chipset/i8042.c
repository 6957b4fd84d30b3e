/*
 * Keyboard controller, IBM PS/2 Hardware Interface Technical Reference (keyboard and auxiliary
 * device controller).
 *
 * There is one output buffer for both devices and the controller's own answers.  A device's byte
 * takes one frame (11 bits) to arrive, counted from the moment the buffer was read: a handler that
 * reads port 60h twice gets the same byte twice, as programs that hook IRQ 1 rely on.  An answer of
 * the controller replaces what is in the buffer.
 *
 * Not modelled: the input buffer's busy time, parity errors, passwords, the key lock, multiplexing
 * of four mice, the reading of test inputs beyond the clock lines.
 */
#include "devices/chipset/i8042.h"

#include <stdlib.h>

#define FRAME_NS (880 * CLOCK_NS_PER_US)

#define STATUS_FULL     0x01
#define STATUS_SYSTEM   0x04
#define STATUS_COMMAND  0x08
#define STATUS_UNLOCKED 0x10
#define STATUS_AUX      0x20

#define MODE_IRQ(port)     (1u << (port))
#define MODE_SYSTEM        0x04u
#define MODE_DISABLE(port) (0x10u << (port))
#define MODE_TRANSLATE     0x40u

#define OUT_RESET 0x01
#define OUT_A20   0x02

#define KEYBOARD   0
#define MOUSE      1
#define CONTROLLER 2

#define BREAK_PREFIX 0xf0
#define RESEND       0xfe

/* clang-format off */
#define I8042_STATE(S, VAL, ARR, SUB)                                                        \
    ARR(S, u8,   ram,    32, 0,     "memory of commands 20h and 60h; byte 0 is `mode`")      \
    VAL(S, u64,  due,    CLOCK_NEVER, "instant (ns) at which a device's byte may arrive")    \
    VAL(S, u8,   mode,   0x03,      "command byte")                                          \
    VAL(S, u8,   output, OUT_RESET | OUT_A20, "output port, bits 0 and 1")                   \
    VAL(S, u8,   data,   0,         "output buffer; stays after the read")                   \
    VAL(S, u8,   source, 0,         "who filled the buffer: 0 keyboard, 1 mouse, 2 itself")  \
    VAL(S, u8,   command, 0,        "command waiting for its data byte, or 0")               \
    VAL(S, bool, full,   false,     "the output buffer holds an unread byte")                \
    VAL(S, bool, aux,    false,     "the buffer is flagged as the mouse's")                  \
    VAL(S, bool, was_command, false, "the last write was to port 64h")                       \
    VAL(S, bool, release, false,    "translation swallowed a break prefix")
/* clang-format on */

struct i8042 {
    /* wires */
    struct i8042_wires wires;
    struct ps2_device device[2];
    /* state */
    STATE_MEMBERS(I8042_STATE)
    /* derived */
    struct clock_timer timer;
};

STATE_DESC(i8042, I8042_STATE);

/* Scan set 2 to set 1; codes from 88h on stay. */
static const uint8_t translation[0x88] = {
    0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59,
    0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b,
    0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d,
    0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f,
    0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61,
    0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76,
    0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f,
    0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
    0x80, 0x81, 0x82, 0x41, 0x54, 0x85, 0x86, 0x87,
};

static void drive_irqs(const struct i8042 *kbc)
{
    for (unsigned port = 0; port < 2; port++) {
        bool level = kbc->full && kbc->aux == (port == MOUSE) && (kbc->mode & MODE_IRQ(port));
        irq_set(&kbc->wires.irq[port], level);
    }
}

static void fill(struct i8042 *kbc, uint8_t byte, uint8_t source, bool aux)
{
    if (kbc->full) { /* the new byte is a new edge */
        kbc->full = false;
        drive_irqs(kbc);
    }
    kbc->data = byte;
    kbc->source = source;
    kbc->aux = aux;
    kbc->full = true;
    drive_irqs(kbc);
}

static void answer(struct i8042 *kbc, uint8_t byte)
{
    fill(kbc, byte, CONTROLLER, false);
}

/* A frame from now a device may deliver, unless one is on its way already. */
static void schedule(struct i8042 *kbc)
{
    if (!kbc->full && kbc->due == CLOCK_NEVER) {
        kbc->due = clock_now(kbc->wires.clock) + FRAME_NS;
        clock_arm(&kbc->timer, kbc->due);
    }
}

static bool pull(struct i8042 *kbc, unsigned port, uint8_t *byte)
{
    const struct ps2_device *device = &kbc->device[port];
    return device->pull && !(kbc->mode & MODE_DISABLE(port)) && device->pull(device->dev, byte);
}

/* True when the byte goes to the guest, translated if that is on. */
static bool translate(struct i8042 *kbc, uint8_t *byte)
{
    if (!(kbc->mode & MODE_TRANSLATE)) {
        kbc->release = false;
        return true;
    }
    if (*byte == BREAK_PREFIX) {
        kbc->release = true;
        return false;
    }
    uint8_t code = *byte < sizeof(translation) ? translation[*byte] : *byte;
    *byte = kbc->release ? code | 0x80 : code;
    kbc->release = false;
    return true;
}

static void deliver(void *owner)
{
    struct i8042 *kbc = owner;
    uint8_t byte;
    kbc->due = CLOCK_NEVER;
    if (kbc->full) {
        return;
    }
    while (pull(kbc, KEYBOARD, &byte)) {
        if (translate(kbc, &byte)) {
            fill(kbc, byte, KEYBOARD, false);
            return;
        }
    }
    if (pull(kbc, MOUSE, &byte)) {
        fill(kbc, byte, MOUSE, true);
    }
}

static void available(void *host, unsigned port)
{
    (void)port;
    schedule(host);
}

static bool busy(void *host, unsigned port)
{
    const struct i8042 *kbc = host;
    return kbc->full && kbc->source == port;
}

struct ps2_host i8042_host(struct i8042 *kbc, unsigned port)
{
    return (struct ps2_host){
        .available = available, .busy = busy, .host = kbc, .port = port == MOUSE};
}

void i8042_connect(struct i8042 *kbc, unsigned port, const struct ps2_device *device)
{
    kbc->device[port == MOUSE] = *device;
}

/* Sends a byte to a device; this opens its port.  An empty socket answers with a timeout. */
static void send(struct i8042 *kbc, unsigned port, uint8_t byte)
{
    const struct ps2_device *device = &kbc->device[port];
    kbc->mode = (uint8_t)(kbc->mode & ~MODE_DISABLE(port));
    if (device->receive) {
        device->receive(device->dev, byte);
        schedule(kbc);
    } else {
        fill(kbc, RESEND, CONTROLLER, port == MOUSE);
    }
}

static void set_output(struct i8042 *kbc, uint8_t value)
{
    kbc->output = (value & OUT_A20) | OUT_RESET;
    irq_set(&kbc->wires.a20, value & OUT_A20);
    if (!(value & OUT_RESET)) {
        irq_pulse(&kbc->wires.reset);
    }
}

static uint8_t output_port(const struct i8042 *kbc)
{
    bool irq1 = kbc->full && !kbc->aux && (kbc->mode & MODE_IRQ(KEYBOARD));
    bool irq12 = kbc->full && kbc->aux && (kbc->mode & MODE_IRQ(MOUSE));
    return (uint8_t)(kbc->output | (irq1 ? 0x10 : 0) | (irq12 ? 0x20 : 0) | 0xc0);
}

static void set_mode(struct i8042 *kbc, uint8_t value)
{
    kbc->mode = value;
    drive_irqs(kbc);
    schedule(kbc);
}

/* The data byte of a two-byte command. */
static void command_data(struct i8042 *kbc, uint8_t command, uint8_t value)
{
    if (command == 0x60) {
        set_mode(kbc, value);
    } else if (command > 0x60 && command < 0x80) {
        kbc->ram[command & 0x1f] = value;
    } else if (command == 0xd1) {
        set_output(kbc, value);
    } else if (command == 0xd2) {
        fill(kbc, value, CONTROLLER, false);
    } else if (command == 0xd3) {
        fill(kbc, value, CONTROLLER, true);
    } else { /* D4h */
        send(kbc, MOUSE, value);
    }
}

static void other_command(struct i8042 *kbc, uint8_t command)
{
    if (command >= 0x20 && command < 0x40) {
        answer(kbc, command == 0x20 ? kbc->mode : kbc->ram[command & 0x1f]);
    } else if (command >= 0x60 && command < 0x80) {
        kbc->command = command;
    } else if (command >= 0xf0 && !(command & 1)) { /* pulse bits that are 0 */
        irq_pulse(&kbc->wires.reset);
    }
}

static void run_command(struct i8042 *kbc, uint8_t command)
{
    kbc->command = 0;
    switch (command) {
    case 0xa4: /* is there a password? no */
        answer(kbc, 0xf1);
        break;
    case 0xa7:
        set_mode(kbc, (uint8_t)(kbc->mode | MODE_DISABLE(MOUSE)));
        break;
    case 0xa8:
        set_mode(kbc, (uint8_t)(kbc->mode & ~MODE_DISABLE(MOUSE)));
        break;
    case 0xa9: /* lines of the mouse: no error */
    case 0xab: /* lines of the keyboard: no error */
        answer(kbc, 0x00);
        break;
    case 0xaa:
        kbc->mode |= MODE_SYSTEM;
        answer(kbc, 0x55);
        break;
    case 0xad:
        set_mode(kbc, (uint8_t)(kbc->mode | MODE_DISABLE(KEYBOARD)));
        break;
    case 0xae:
        set_mode(kbc, (uint8_t)(kbc->mode & ~MODE_DISABLE(KEYBOARD)));
        break;
    case 0xc0: /* input port: keyboard not locked, colour display jumper */
        answer(kbc, 0xa0);
        break;
    case 0xd0:
        answer(kbc, output_port(kbc));
        break;
    case 0xd1:
    case 0xd2:
    case 0xd3:
    case 0xd4:
        kbc->command = command;
        break;
    case 0xdd:
        set_output(kbc, OUT_RESET);
        break;
    case 0xdf:
        set_output(kbc, OUT_RESET | OUT_A20);
        break;
    case 0xe0: /* test inputs: clock lines, high when the port is open */
        answer(kbc, (uint8_t)(~kbc->mode >> 4 & 3));
        break;
    default:
        other_command(kbc, command);
        break;
    }
}

static uint32_t data_read(void *dev, uint32_t offset, unsigned size)
{
    struct i8042 *kbc = dev;
    (void)offset;
    (void)size;
    uint8_t value = kbc->data;
    if (kbc->full) {
        kbc->full = false;
        drive_irqs(kbc);
        schedule(kbc);
    }
    return value;
}

static void data_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct i8042 *kbc = dev;
    (void)offset;
    (void)size;
    uint8_t command = kbc->command;
    kbc->was_command = false;
    kbc->command = 0;
    if (command) {
        command_data(kbc, command, (uint8_t)value);
    } else {
        send(kbc, KEYBOARD, (uint8_t)value);
    }
}

static uint32_t status_read(void *dev, uint32_t offset, unsigned size)
{
    const struct i8042 *kbc = dev;
    (void)offset;
    (void)size;
    uint32_t status = STATUS_UNLOCKED | (kbc->mode & MODE_SYSTEM ? STATUS_SYSTEM : 0u) |
                      (kbc->was_command ? STATUS_COMMAND : 0u);
    if (kbc->full) {
        status |= STATUS_FULL | (kbc->aux ? STATUS_AUX : 0u);
    }
    return status;
}

static void command_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct i8042 *kbc = dev;
    (void)offset;
    (void)size;
    kbc->was_command = true;
    run_command(kbc, (uint8_t)value);
}

const struct io_ops i8042_data_io = {data_read, data_write, 1, 4, 1, 1};
const struct io_ops i8042_command_io = {status_read, command_write, 1, 4, 1, 1};

static void i8042_loaded(void *dev)
{
    struct i8042 *kbc = dev;
    kbc->source = kbc->source > CONTROLLER ? CONTROLLER : kbc->source;
    irq_set(&kbc->wires.a20, kbc->output & OUT_A20);
    drive_irqs(kbc);
    clock_arm(&kbc->timer, kbc->due);
}

static void i8042_reset(void *dev, enum reset_kind kind)
{
    (void)kind;
    i8042_loaded(dev);
}

static const struct device_ops i8042_ops = {
    .name = "i8042",
    .state = &i8042_state,
    .reset = i8042_reset,
    .loaded = i8042_loaded,
    .destroy = free,
};

struct i8042 *i8042_create(const struct i8042_wires *wires)
{
    struct i8042 *kbc = calloc(1, sizeof(*kbc));
    if (!kbc) {
        abort();
    }
    kbc->wires = *wires;
    clock_timer_init(wires->clock, &kbc->timer, deliver, kbc);
    state_reset(&i8042_state, kbc);
    return kbc;
}

struct device i8042_device(struct i8042 *kbc, const char *instance)
{
    return (struct device){.ops = &i8042_ops, .dev = kbc, .instance = instance};
}
