/*
 * Power management function of the 82371AB (PIIX4) at 00:01.3, beside a PIIX3 as QEMU's `pc` board
 * has it: ACPI PM1 and general-purpose event registers, the PM timer, the SMI command port, and an
 * SMBus host with nothing on its bus.
 *
 * Intel 82371AB data sheet, order number 290562; ACPI Specification 1.0b chapter 4.
 */
#ifndef DEVICES_CHIPSET_ACPI_PM_H
#define DEVICES_CHIPSET_ACPI_PM_H

#include "devices/core/clock.h"
#include "devices/core/pci.h"

struct acpi_pm;

struct acpi_pm_wires {
    struct bus *io;
    struct pci_bus *pci;
    struct clock *clock;
    struct irq_line sci; /* level, active high; the board wires it to IRQ 9 */
    /* The guest entered soft-off (S5) or hibernated (S4); may be NULL.  Called within the port
     * write, which the guest may survive by a few instructions. */
    void (*power_off)(void *machine);
    void *machine;
    /* What the ACPI tables shall find on the board. */
    bool has_parallel, has_serial1, has_serial2;
};

/* wires are copied; function and fixed ports are added to the buses.  Freed by the destroy hook. */
struct acpi_pm *acpi_pm_create(const struct acpi_pm_wires *wires);
struct device acpi_pm_device(struct acpi_pm *pm);

/* The power button was pressed.  True when the guest has ACPI on and listens to the button. */
bool acpi_pm_press_power_button(struct acpi_pm *pm);

#endif
