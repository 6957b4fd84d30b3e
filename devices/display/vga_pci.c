/* The adapter's place on the buses: legacy ranges and PCI function 1234:1111.  See vga_pci.h. */
#include "devices/display/vga_pci.h"

#include "devices/display/vga_state.h"

enum {
    QEMU_VENDOR_ID = 0x1234,
    QEMU_STANDARD_VGA_ID = 0x1111,
    SUBSYSTEM_VENDOR_ID = 0x1af4,
    SUBSYSTEM_ID = 0x1100,
    DISPLAY_CLASS = 3,
    REVISION_WITH_EXTENDED_REGISTERS = 2,
};

void vga_map_legacy(struct vga *vga, struct bus *io, struct bus *memory)
{
    bus_map(io, vga, VGA_MONO_PORTS, VGA_MONO_PORT_COUNT, &vga_mono_port_ops);
    bus_map(io, vga, VGA_PORTS, VGA_PORT_COUNT, &vga_port_ops);
    bus_map(io, vga, VGA_DISPI_PORTS, VGA_DISPI_PORT_COUNT, &vga_dispi_ops);
    bus_map(memory, vga, VGA_WINDOW_BASE, VGA_WINDOW_BYTES, &vga_window_ops);
}

static void framebuffer_mapped(void *dev, unsigned bar, uint32_t base, bool enabled)
{
    const struct vga *vga = dev;
    if (bar == 0 && vga->wires.framebuffer_mapped) {
        vga->wires.framebuffer_mapped(vga->wires.machine, base, enabled);
    }
}

struct pci_function *vga_pci_add(struct vga *vga, struct pci_bus *bus, uint8_t device)
{
    const struct pci_function_config config = {
        .device = device,
        .vendor_id = QEMU_VENDOR_ID,
        .device_id = QEMU_STANDARD_VGA_ID,
        .subsystem_vendor_id = SUBSYSTEM_VENDOR_ID,
        .subsystem_id = SUBSYSTEM_ID,
        .revision = REVISION_WITH_EXTENDED_REGISTERS,
        .class_code = DISPLAY_CLASS,
        .bars[0] = {.size = vga->wires.vram_bytes,
                    .prefetchable = true,
                    .mapped = framebuffer_mapped},
        .bars[2] = {.size = VGA_MMIO_BYTES, .ops = &vga_mmio_ops},
    };
    return pci_add(bus, &config, vga);
}
