/*
 * Interrupt controller pair, Intel 8259A, as on the PC: master at 20h, slave at A0h on the master's
 * input 2, with the edge/level registers of the PIIX at 4D0h.
 *
 * Inputs 0..15 are levels; an input in edge mode latches its rising edge until it is acknowledged.
 */
#ifndef DEVICES_CHIPSET_PIC8259_H
#define DEVICES_CHIPSET_PIC8259_H

#include "devices/core/bus.h"
#include "devices/core/device.h"
#include "devices/core/irq.h"

struct pic8259;

struct pic8259_wires {
    struct irq_line intr; /* the CPU's INTR pin (or LAPIC LINT0) */
};

extern const struct io_ops pic8259_master_io; /* 2 ports, 20h */
extern const struct io_ops pic8259_slave_io;  /* 2 ports, A0h */
extern const struct io_ops pic8259_elcr_io;   /* 2 ports, 4D0h */

struct pic8259 *pic8259_create(const struct pic8259_wires *wires);
struct device pic8259_device(struct pic8259 *pic, const char *instance);

/* Input n, 0..15.  Input 2 is the cascade and swallows levels. */
struct irq_line pic8259_line(struct pic8259 *pic, unsigned n);

/* The INTA cycle: takes the highest request into service and returns its vector.  With no request
 * left it is the spurious vector (input 7 of the chip concerned). */
uint8_t pic8259_acknowledge(struct pic8259 *pic);

/* Level of the INTR output. */
bool pic8259_intr(const struct pic8259 *pic);

#endif
