/*
 * PCI bus 0: configuration mechanism 1 (ports CF8h/CFCh) and the functions on it.
 *
 * A function is 256 bytes of configuration space with a write mask beside it, plus BARs that the
 * core moves on the machine's buses when the guest programs them.  PCI Local Bus Specification 2.2.
 */
#ifndef DEVICES_CORE_PCI_H
#define DEVICES_CORE_PCI_H

#include "devices/core/bus.h"
#include "devices/core/device.h"
#include "devices/core/irq.h"

enum { PCI_BARS = 6, PCI_CONFIG_BYTES = 256 };

struct pci_bus;
struct pci_function;

struct pci_bar {
    uint32_t size; /* power of two; 0: absent */
    bool io;       /* port space, else 32-bit memory space */
    bool prefetchable;
    const struct io_ops *ops; /* handlers; NULL for RAM-backed bars (see mapped) */
    /* Told the base when the bar is decoded (enabled true) or goes away; for RAM-backed bars. */
    void (*mapped)(void *dev, unsigned bar, uint32_t base, bool enabled);
};

struct pci_function_config {
    uint8_t device, function;
    uint16_t vendor_id, device_id, subsystem_vendor_id, subsystem_id;
    uint8_t revision, prog_if, subclass, class_code;
    uint8_t interrupt_pin; /* 0 none, 1 INTA# .. 4 */
    uint8_t header_type;   /* bit 7: multi-function */
    struct pci_bar bars[PCI_BARS];
    /* Called after a configuration write was merged; may be NULL. */
    void (*config_written)(void *dev, uint8_t offset, unsigned size);
};

/* The bus and its two ports; pirq lines 0..3 go to the south bridge.  io and memory are borrowed.
 */
struct pci_bus *pci_bus_create(struct bus *io, struct bus *memory, const struct irq_line pirq[4]);
struct device pci_bus_device(struct pci_bus *bus);

/* Adds a function.  Its configuration is part of the bus's saved state.  config is copied. */
struct pci_function *pci_add(struct pci_bus *bus, const struct pci_function_config *config,
                             void *dev);

/* Raw configuration bytes, for a device's own registers, and their write mask (1: guest may write).
 * After pci_add a device may set both; the values standing at the first reset are the reset values.
 * Call pci_config() at each use: before the first reset it gives the reset values, then the live
 * bytes, so the pointer must not be kept. */
uint8_t *pci_config(struct pci_function *function);
uint8_t *pci_write_mask(struct pci_function *function);

/* Drives the function's interrupt pin (level); the bus swizzles pin and slot to a PIRQ. */
void pci_set_irq(struct pci_function *function, bool level);

/* Re-evaluates where BARs are mapped (after a device changed its command register itself). */
void pci_update_mappings(struct pci_function *function);

#endif
