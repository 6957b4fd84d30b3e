/*
 * Debug output port and debug exit port: see debug_ports.h.
 *
 * The output port reads as E9h, by which programs find out that it is there.  The exit port reads
 * as zero.
 */
#include "devices/firmware/debug_ports.h"

#include <stdlib.h>

enum { READ_BACK = 0xe9, EXIT_PORTS = 4 };

/* clang-format off */
#define DEBUG_PORT_STATE(S, VAL, ARR, SUB) \
    VAL(S, u8, last, 0, "byte last written")
#define DEBUG_EXIT_STATE(S, VAL, ARR, SUB) \
    VAL(S, u32, last, 0, "value last written")
/* clang-format on */

struct debug_port {
    /* wires */
    struct debug_port_wires wires;
    /* state */
    STATE_MEMBERS(DEBUG_PORT_STATE)
};

struct debug_exit {
    /* wires */
    struct debug_exit_wires wires;
    /* state */
    STATE_MEMBERS(DEBUG_EXIT_STATE)
};

STATE_DESC(debug_port, DEBUG_PORT_STATE);
STATE_DESC(debug_exit, DEBUG_EXIT_STATE);

static uint32_t port_read(void *dev, uint32_t offset, unsigned size)
{
    (void)dev;
    (void)offset;
    (void)size;
    return READ_BACK;
}

static void port_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)offset;
    (void)size;
    struct debug_port *port = dev;
    port->last = (uint8_t)value;
    chardev_write(&port->wires.out, &port->last, 1);
}

static const struct io_ops port_ops = {
    .read = port_read,
    .write = port_write,
    .guest_min = 1,
    .guest_max = 1,
    .native_min = 1,
    .native_max = 1,
};

static uint32_t exit_read(void *dev, uint32_t offset, unsigned size)
{
    (void)dev;
    (void)offset;
    (void)size;
    return 0;
}

static void exit_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)offset;
    (void)size;
    struct debug_exit *port = dev;
    port->last = value;
    if (port->wires.exit) {
        port->wires.exit(port->wires.machine, value);
    }
}

static const struct io_ops exit_ops = {
    .read = exit_read,
    .write = exit_write,
    .guest_min = 1,
    .guest_max = 4,
    .native_min = 1,
    .native_max = 4,
};

static void port_destroy(void *dev)
{
    free(dev);
}

static const struct device_ops debug_port_ops = {
    .name = "debug_port",
    .state = &debug_port_state,
    .destroy = port_destroy,
};

static const struct device_ops debug_exit_ops = {
    .name = "debug_exit",
    .state = &debug_exit_state,
    .destroy = port_destroy,
};

struct debug_port *debug_port_create(const struct debug_port_wires *wires)
{
    struct debug_port *port = calloc(1, sizeof(*port));
    if (!port) {
        abort();
    }
    port->wires = *wires;
    bus_map(wires->io, port, wires->port, 1, &port_ops);
    return port;
}

struct device debug_port_device(struct debug_port *port)
{
    return (struct device){.ops = &debug_port_ops, .dev = port, .instance = port->wires.instance};
}

struct debug_exit *debug_exit_create(const struct debug_exit_wires *wires)
{
    struct debug_exit *port = calloc(1, sizeof(*port));
    if (!port) {
        abort();
    }
    port->wires = *wires;
    bus_map(wires->io, port, wires->port, EXIT_PORTS, &exit_ops);
    return port;
}

struct device debug_exit_device(struct debug_exit *exit)
{
    return (struct device){.ops = &debug_exit_ops, .dev = exit, .instance = "debug_exit"};
}
