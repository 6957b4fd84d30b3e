/*
 * System control port A (92h): fast A20 gate and fast reset.
 */
#ifndef DEVICES_CHIPSET_PORT92_H
#define DEVICES_CHIPSET_PORT92_H

#include "devices/core/bus.h"
#include "devices/core/device.h"
#include "devices/core/irq.h"

struct port92;

struct port92_wires {
    struct irq_line a20;   /* level of bit 1; the board ORs it with the keyboard controller's */
    struct irq_line reset; /* pulsed when bit 0 goes from 0 to 1 */
};

extern const struct io_ops port92_io; /* 1 port, 92h */

struct port92 *port92_create(const struct port92_wires *wires);
struct device port92_device(struct port92 *port, const char *instance);

#endif
