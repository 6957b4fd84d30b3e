/*
 * Host bridge 82441FX (i440FX) at 00:00.0, as far as firmware and guests use it: the attributes of
 * the shadow RAM areas between C0000h and FFFFFh and the window to the memory under the VGA.
 *
 * Intel 82441FX (PMC) data sheet, order number 290549.
 */
#ifndef DEVICES_CHIPSET_I440FX_H
#define DEVICES_CHIPSET_I440FX_H

#include "devices/core/pci.h"

struct i440fx;

struct i440fx_wires {
    struct pci_bus *pci;
    /* Who answers in [base, base + length), one of 13 areas: RAM, or (false) ROM and the PCI bus.
     * Told for every area at reset and after a restore, and whenever one changes. */
    void (*pam_changed)(void *machine, uint32_t base, uint32_t length, bool read_ram,
                        bool write_ram);
    /* open: A0000h..BFFFFh shows the RAM there instead of the display adapter.  May be NULL. */
    void (*smram_changed)(void *machine, bool open);
    void *machine;
    uint64_t ram_bytes; /* told to firmware that looks at the DRAM row boundaries */
};

/* wires are copied; the function is added to the bus.  Freed by the device's destroy hook. */
struct i440fx *i440fx_create(const struct i440fx_wires *wires);
struct device i440fx_device(struct i440fx *bridge);

#endif
