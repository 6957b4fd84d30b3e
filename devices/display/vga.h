/*
 * VGA display adapter with the Bochs VBE extension, as QEMU's "standard VGA" presents it.
 *
 * One adapter has the legacy ports 3B0h-3DFh, the legacy memory window A0000h-BFFFFh, the DISPI
 * ports 1CEh-1D0h, and two PCI regions: the frame buffer (all of video memory, mapped by the
 * machine as RAM) and a register page.  Video memory belongs to the machine; the adapter borrows
 * it.  A planar address p holds its four planes in the bytes 4p..4p+3, so that chain-4 modes and
 * the linear frame buffer see the same order.
 *
 * Whatever the guest programs, the adapter stays inside video memory and inside the largest frame.
 *
 * Not modelled: the overscan border, the light pen, the vertical interrupt line (its status bit
 * is), EDID, a big-endian frame buffer.  Because planes are stored in frame-buffer order, a display
 * whose CRTC counts in other units (byte, word, double word) than the processor wrote in shows the
 * processor's layout.
 *
 * IBM VGA technical reference; Bochs VBE DISPI interface; QEMU standard VGA specification.
 */
#ifndef DEVICES_DISPLAY_VGA_H
#define DEVICES_DISPLAY_VGA_H

#include "devices/core/bus.h"
#include "devices/core/clock.h"
#include "devices/core/device.h"
#include "devices/core/display.h"

struct vga;

/* What part of the legacy window is plain memory at the moment. */
struct vga_window {
    bool direct;          /* reads and writes of the range below reach video memory unchanged */
    uint32_t base;        /* guest physical address of the range */
    uint32_t length;      /* bytes */
    uint32_t vram_offset; /* byte of video memory behind base */
};

struct vga_wires {
    struct clock *clock;
    const struct log *log; /* may be NULL */
    uint8_t *vram;         /* borrowed; saved and restored by the machine */
    uint32_t vram_bytes;   /* power of two, 256 KiB to 64 MiB */
    void *machine;         /* handed to the callbacks */
    /* The legacy window became direct, moved, or stopped being direct; may be NULL. */
    void (*window_changed)(void *machine, const struct vga_window *window);
    /* The guest moved, enabled or disabled the frame buffer region (vga_pci.h); may be NULL. */
    void (*framebuffer_mapped)(void *machine, uint32_t base, bool enabled);
};

/* The wires are copied.  The caller resets the device before use. */
struct vga *vga_create(const struct vga_wires *wires);
struct device vga_device(struct vga *vga);
struct display_source vga_display(struct vga *vga);

/* The current answer to "is the legacy window memory?". */
struct vga_window vga_current_window(const struct vga *vga);

enum {
    VGA_MONO_PORTS = 0x3b0,
    VGA_MONO_PORT_COUNT = 12, /* 3BCh upward may be a parallel port */
    VGA_PORTS = 0x3c0,
    VGA_PORT_COUNT = 32,
    VGA_DISPI_PORTS = 0x1ce,
    VGA_DISPI_PORT_COUNT = 4, /* a word at 1D0h reaches 1D1h */
    VGA_WINDOW_BASE = 0xa0000,
    VGA_WINDOW_BYTES = 0x20000,
    VGA_MMIO_BYTES = 0x1000,
};

/* Handlers of the ranges above; the device pointer is the struct vga. */
extern const struct io_ops vga_mono_port_ops;
extern const struct io_ops vga_port_ops;
extern const struct io_ops vga_dispi_ops;
extern const struct io_ops vga_window_ops;
extern const struct io_ops vga_mmio_ops;

#endif
