/*
 * I/O APIC 82093AA: 24 interrupt inputs, each routed by an entry of the redirection table to a
 * message for the local APIC.
 *
 * Intel 82093AA data sheet, order number 290566.
 */
#ifndef DEVICES_CHIPSET_IOAPIC_H
#define DEVICES_CHIPSET_IOAPIC_H

#include "devices/core/bus.h"
#include "devices/core/device.h"

#define IOAPIC_MMIO_BASE UINT32_C(0xfec00000)

enum { IOAPIC_MMIO_BYTES = 0x1000, IOAPIC_PINS = 24 };

struct ioapic;

struct ioapic_wires {
    /* Sends a message; shaped as lapic_deliver.  mode: 0 fixed, 1 lowest priority, 2 SMI, 4 NMI,
     * 5 INIT, 7 external interrupt. */
    void (*deliver)(void *lapic, uint8_t vector, uint8_t mode, bool level_triggered,
                    uint8_t destination, bool logical);
    void *lapic;
};

/* wires are copied.  Freed by the device's destroy hook. */
struct ioapic *ioapic_create(const struct ioapic_wires *wires);
struct device ioapic_device(struct ioapic *apic);

/* Registers at FEC00000h; the machine maps them with the ioapic as dev. */
extern const struct io_ops ioapic_mmio_ops;

/* Input pin 0..23, shaped as irq_line.set.  level true: asserted, whatever the polarity bit says.
 */
void ioapic_set_irq(void *dev, unsigned pin, bool level);

/* A local APIC finished a level-triggered vector. */
void ioapic_eoi(void *dev, uint8_t vector);

#endif
