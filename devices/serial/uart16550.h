/*
 * Serial port, National PC16550D, clocked at 1.8432 MHz: 8 ports at 3F8h and the like.
 */
#ifndef DEVICES_SERIAL_UART16550_H
#define DEVICES_SERIAL_UART16550_H

#include "devices/core/bus.h"
#include "devices/core/chardev.h"
#include "devices/core/clock.h"
#include "devices/core/device.h"
#include "devices/core/irq.h"

struct uart16550;

struct uart16550_wires {
    struct clock *clock;
    struct irq_line irq;
    struct chardev line; /* the far end */
    uint64_t
        character_most_ns; /* no character takes longer, whatever the divisor; 0: as programmed */
};

extern const struct io_ops uart16550_io; /* 8 ports */

struct uart16550 *uart16550_create(const struct uart16550_wires *wires);
struct device uart16550_device(struct uart16550 *uart, const char *instance);

/* Bytes arrive on the line; returns how many fit.  If that is less than count, line.ready is called
 * once there is room again. */
size_t uart16550_receive(struct uart16550 *uart, const uint8_t *bytes, size_t count);
/* Whether a byte would be taken now; looking changes nothing. */
bool uart16550_has_room(const struct uart16550 *uart);

#endif
