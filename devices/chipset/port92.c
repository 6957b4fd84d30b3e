/*
 * System control port A, as on the PS/2 and in the 82C206 class chip sets.
 *
 * Not modelled: the security lock, the watchdog, the disk lights (their bits are kept as written).
 */
#include "devices/chipset/port92.h"

#include <stdlib.h>

#define RESET 0x01
#define A20   0x02

/* clang-format off */
#define PORT92_STATE(S, VAL, ARR, SUB) \
    VAL(S, u8, value, 0, "as written")
/* clang-format on */

struct port92 {
    /* wires */
    struct port92_wires wires;
    /* state */
    STATE_MEMBERS(PORT92_STATE)
};

STATE_DESC(port92, PORT92_STATE);

static uint32_t port92_read(void *dev, uint32_t offset, unsigned size)
{
    const struct port92 *port = dev;
    (void)offset;
    (void)size;
    return port->value;
}

static void port92_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct port92 *port = dev;
    (void)offset;
    (void)size;
    bool reset = value & ~port->value & RESET;
    port->value = (uint8_t)value;
    irq_set(&port->wires.a20, value & A20);
    if (reset) {
        irq_pulse(&port->wires.reset);
    }
}

const struct io_ops port92_io = {port92_read, port92_write, 1, 4, 1, 1};

static void port92_reset(void *dev, enum reset_kind kind)
{
    const struct port92 *port = dev;
    (void)kind;
    irq_set(&port->wires.a20, port->value & A20);
}

static void port92_loaded(void *dev)
{
    port92_reset(dev, RESET_HARD);
}

static const struct device_ops port92_ops = {
    .name = "port92",
    .state = &port92_state,
    .reset = port92_reset,
    .loaded = port92_loaded,
    .destroy = free,
};

struct port92 *port92_create(const struct port92_wires *wires)
{
    struct port92 *port = calloc(1, sizeof(*port));
    if (!port) {
        abort();
    }
    port->wires = *wires;
    return port;
}

struct device port92_device(struct port92 *port, const char *instance)
{
    return (struct device){.ops = &port92_ops, .dev = port, .instance = instance};
}
