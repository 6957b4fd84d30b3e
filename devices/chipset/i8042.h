/*
 * Keyboard controller, Intel 8042 with the PS/2 program: ports 60h and 64h, a keyboard on port 0
 * and a mouse on port 1.
 */
#ifndef DEVICES_CHIPSET_I8042_H
#define DEVICES_CHIPSET_I8042_H

#include "devices/core/bus.h"
#include "devices/core/clock.h"
#include "devices/core/device.h"
#include "devices/core/irq.h"
#include "devices/core/ps2.h"

struct i8042;

struct i8042_wires {
    struct clock *clock;
    struct irq_line irq[2]; /* 0: keyboard, IRQ 1; 1: mouse, IRQ 12 */
    struct irq_line a20;    /* level of the gate output; the board ORs it with port 92h's */
    struct irq_line reset;  /* pulsed to reset the CPU */
};

extern const struct io_ops i8042_data_io;    /* 1 port, 60h */
extern const struct io_ops i8042_command_io; /* 1 port, 64h */

struct i8042 *i8042_create(const struct i8042_wires *wires);
struct device i8042_device(struct i8042 *kbc, const char *instance);

/* The host end of socket 0 (keyboard) or 1 (mouse), for the device's wires. */
struct ps2_host i8042_host(struct i8042 *kbc, unsigned port);

/* Plugs a device into socket 0 or 1. */
void i8042_connect(struct i8042 *kbc, unsigned port, const struct ps2_device *device);

#endif
