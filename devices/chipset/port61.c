/*
 * System control port B, IBM PC/AT Technical Reference and the PIIX3 data sheet (NMISC).
 *
 *   7 SERR#  6 IOCHK#  5 OUT2  4 refresh  3 IOCHK off  2 SERR off  1 speaker data  0 gate 2
 *
 * Bit 4 changes every 18 PIT clocks (15.09 us), the refresh rate that every BIOS programs.
 *
 * Not modelled: NMI sources (bits 6 and 7 read 0).
 */
#include "devices/chipset/port61.h"

#include <stdlib.h>

#define GATE           0x01
#define SPEAKER        0x02
#define WRITABLE       0x0f
#define REFRESH        0x10
#define OUT2           0x20
#define REFRESH_CLOCKS 18

/* clang-format off */
#define PORT61_STATE(S, VAL, ARR, SUB) \
    VAL(S, u8, control, 0, "bits 0..3 as written")
/* clang-format on */

struct port61 {
    /* wires */
    struct port61_wires wires;
    /* state */
    STATE_MEMBERS(PORT61_STATE)
};

STATE_DESC(port61, PORT61_STATE);

static void drive(const struct port61 *port)
{
    pit8254_set_gate2(port->wires.pit, port->control & GATE);
    irq_set(&port->wires.speaker, (port->control & (GATE | SPEAKER)) == (GATE | SPEAKER));
}

static uint32_t port61_read(void *dev, uint32_t offset, unsigned size)
{
    const struct port61 *port = dev;
    (void)offset;
    (void)size;
    bool refresh = pit8254_ticks(port->wires.pit) / REFRESH_CLOCKS & 1;
    bool out2 = pit8254_output(port->wires.pit, 2);
    return port->control | (refresh ? REFRESH : 0u) | (out2 ? OUT2 : 0u);
}

static void port61_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct port61 *port = dev;
    (void)offset;
    (void)size;
    port->control = value & WRITABLE;
    drive(port);
}

const struct io_ops port61_io = {port61_read, port61_write, 1, 4, 1, 1};

static void port61_reset(void *dev, enum reset_kind kind)
{
    (void)kind;
    drive(dev);
}

static void port61_loaded(void *dev)
{
    struct port61 *port = dev;
    port->control &= WRITABLE;
    irq_set(&port->wires.speaker, (port->control & (GATE | SPEAKER)) == (GATE | SPEAKER));
}

static const struct device_ops port61_ops = {
    .name = "port61",
    .state = &port61_state,
    .reset = port61_reset,
    .loaded = port61_loaded,
    .destroy = free,
};

struct port61 *port61_create(const struct port61_wires *wires)
{
    struct port61 *port = calloc(1, sizeof(*port));
    if (!port) {
        abort();
    }
    port->wires = *wires;
    return port;
}

struct device port61_device(struct port61 *port, const char *instance)
{
    return (struct device){.ops = &port61_ops, .dev = port, .instance = instance};
}
