/*
 * ISA bridge of the 82371SB (PIIX3) at 00:01.0: routes the four PCI interrupts to ISA interrupts
 * and resets the board through port CF9h.
 *
 * Made in two steps, because the PCI bus needs the bridge's inputs and the bridge the bus:
 * piix3_create(), then pci_bus_create() with lines to piix3_set_pirq, then piix3_plug().
 *
 * Intel 82371FB/82371SB data sheet, order number 290550.
 */
#ifndef DEVICES_CHIPSET_PIIX3_H
#define DEVICES_CHIPSET_PIIX3_H

#include "devices/core/pci.h"

struct piix3;

struct piix3_wires {
    struct bus *io;
    /* By ISA interrupt: high while a PIRQ routed there is.  0, 1, 2, 8 and 13 are never driven.
     * The listener ORs them with what ISA devices drive. */
    struct irq_line isa_irq[16];
    /* RESET# of the whole board was asked for; may be NULL.  Called within the port write. */
    void (*reset)(void *machine);
    void *machine;
};

struct piix3 *piix3_create(const struct piix3_wires *wires);
struct device piix3_device(struct piix3 *bridge);

/* Adds the function 00:01.0; once, before the first reset. */
void piix3_plug(struct piix3 *bridge, struct pci_bus *pci);

/* Input PIRQA..D (n 0..3); has the shape of irq_line.set. */
void piix3_set_pirq(void *dev, unsigned n, bool level);

#endif
