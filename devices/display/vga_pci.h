/* Places a VGA adapter on the machine's buses: legacy ranges, and its PCI function. */
#ifndef DEVICES_DISPLAY_VGA_PCI_H
#define DEVICES_DISPLAY_VGA_PCI_H

#include "devices/core/pci.h"
#include "devices/display/vga.h"

/* Maps the legacy ports on io and the window A0000h-BFFFFh on memory. */
void vga_map_legacy(struct vga *vga, struct bus *io, struct bus *memory);

/* Adds function 1234:1111 at that device number of the bus: region 0 is the frame buffer (reported
 * through the framebuffer_mapped wire), region 2 the register page. */
struct pci_function *vga_pci_add(struct vga *vga, struct pci_bus *bus, uint8_t device);

#endif
