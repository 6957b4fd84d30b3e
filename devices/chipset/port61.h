/*
 * System control port B (61h): gate and data of the speaker, refresh toggle, OUT2 of the timer.
 */
#ifndef DEVICES_CHIPSET_PORT61_H
#define DEVICES_CHIPSET_PORT61_H

#include "devices/chipset/pit8254.h"

struct port61;

struct port61_wires {
    struct pit8254 *pit;     /* borrowed; gate 2 is driven, OUT2 is read */
    struct irq_line speaker; /* level: bits 0 and 1 are both set, so OUT2 reaches the speaker */
};

extern const struct io_ops port61_io; /* 1 port, 61h */

struct port61 *port61_create(const struct port61_wires *wires);
struct device port61_device(struct port61 *port, const char *instance);

#endif
