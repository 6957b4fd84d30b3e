/*
 * Interval timer, Intel 8254, clocked at 1193182 Hz derived from virtual time.
 *
 * Counter 0 drives a line.  Counters 0 and 1 have their gate tied high; the gate of counter 2 is an
 * input (port 61h).  Counts are computed from the clock when read; nothing ticks.
 */
#ifndef DEVICES_CHIPSET_PIT8254_H
#define DEVICES_CHIPSET_PIT8254_H

#include "devices/core/bus.h"
#include "devices/core/clock.h"
#include "devices/core/device.h"
#include "devices/core/irq.h"

#define PIT8254_HZ UINT64_C(1193182)

struct pit8254;

struct pit8254_wires {
    struct clock *clock;
    struct irq_line out0; /* IRQ 0 */
};

extern const struct io_ops pit8254_io; /* 4 ports, 40h */

struct pit8254 *pit8254_create(const struct pit8254_wires *wires);
struct device pit8254_device(struct pit8254 *pit, const char *instance);

/* Drives the gate pin of counter 2. */
void pit8254_set_gate2(struct pit8254 *pit, bool level);

/* Level of OUT of counter n (0..2) now. */
bool pit8254_output(const struct pit8254 *pit, unsigned n);

/* PIT clocks since power-on, rounded down. */
uint64_t pit8254_ticks(const struct pit8254 *pit);

/* Clocks between rising edges of OUT of counter n when it oscillates (modes 2 and 3, gate high);
 * 0 when it does not.  For whoever makes sound of counter 2. */
uint32_t pit8254_period(const struct pit8254 *pit, unsigned n);

#endif
