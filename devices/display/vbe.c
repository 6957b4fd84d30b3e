/*
 * The Bochs VBE extension: DISPI registers at ports 1CEh-1D0h and in the register page.
 *
 * The index port is 1CEh; data is at 1CFh (as PCs use it) and 1D0h, sixteen bits wide.  Two byte
 * accesses at 1CFh and 1D0h make one word.  Enabling a mode brings impossible values to the
 * nearest possible ones, and programs the VGA registers that matter for memory access, so that the
 * legacy window behaves as the mode needs.
 *
 * The register page (PCI region 2): 400h-41Fh ports 3C0h-3DFh, 500h-515h the DISPI registers flat,
 * 600h-607h size of this group and the byte order.  The EDID area 000h-3FFh is absent (zeros).
 */
#include "devices/display/vga_state.h"

#include <string.h>

enum {
    MAX_BPP = 32,
    MMIO_PORTS = 0x400,
    MMIO_DISPI = 0x500,
    MMIO_DISPI_BYTES = 0x16,
    MMIO_EXTENDED = 0x600,
    MMIO_EXTENDED_BYTES = 8,
    LITTLE_ENDIAN_MARK = 0x1e1e1e1e,
};

static uint16_t clamp16(uint32_t value, uint32_t low, uint32_t high)
{
    return (uint16_t)(value < low ? low : value > high ? high : value);
}

/* Makes the enabled mode consistent: sizes within limits, everything shown inside memory. */
static void fix_mode(struct vga *vga)
{
    uint16_t *dispi = vga->regs->dispi;
    if (!vbe_enabled(vga->regs)) {
        return;
    }
    uint32_t bits = vbe_stored_bits(dispi[DISPI_BPP]);
    if (bits == 8) {
        dispi[DISPI_BPP] = 8;
    }
    dispi[DISPI_XRES] = clamp16(dispi[DISPI_XRES] & ~7U, 8, DISPLAY_MAX_WIDTH);
    uint32_t virtual_width = dispi[DISPI_VIRTUAL_WIDTH] & ~7U;
    dispi[DISPI_VIRTUAL_WIDTH] = clamp16(virtual_width, dispi[DISPI_XRES], 0x7ff8);

    uint32_t line = dispi[DISPI_VIRTUAL_WIDTH] * bits / 8;
    uint32_t lines = vga->wires.vram_bytes / line;
    uint32_t most = lines < DISPLAY_MAX_HEIGHT ? lines : DISPLAY_MAX_HEIGHT;
    dispi[DISPI_YRES] = clamp16(dispi[DISPI_YRES], 1, most ? most : 1);
    dispi[DISPI_VIRTUAL_HEIGHT] = clamp16(lines, 1, UINT16_MAX);

    uint64_t shown = (uint64_t)dispi[DISPI_YRES] * line;
    uint64_t x_bytes = (uint64_t)dispi[DISPI_X_OFFSET] * bits / 8;
    uint64_t y_bytes = (uint64_t)dispi[DISPI_Y_OFFSET] * line;
    if (y_bytes + x_bytes + shown > vga->wires.vram_bytes) {
        dispi[DISPI_Y_OFFSET] = 0;
    }
    if (x_bytes + shown > vga->wires.vram_bytes) {
        dispi[DISPI_X_OFFSET] = 0;
    }
}

/* The VGA registers follow the mode: linear or planar memory at A0000h, sizes, no CGA tricks. */
static void program_vga(struct vga *vga)
{
    struct vga_registers *regs = vga->regs;
    const uint16_t *dispi = regs->dispi;
    bool planar = dispi[DISPI_BPP] == 4;
    uint32_t line = dispi[DISPI_VIRTUAL_WIDTH] * vbe_stored_bits(dispi[DISPI_BPP]) / 8;
    uint32_t last = dispi[DISPI_YRES] - 1U;
    uint8_t overflow = regs->crtc[CR_OVERFLOW] & (uint8_t)~0x42;

    regs->gc[GR_MISC] = (uint8_t)((regs->gc[GR_MISC] & ~0x0c) | 0x05);
    regs->gc[GR_MODE] = (uint8_t)((regs->gc[GR_MODE] & ~0x60) | (planar ? 0 : 0x40));
    regs->crtc[CR_MODE] |= 0x03;
    regs->crtc[CR_OFFSET] = (uint8_t)(line >> 3);
    regs->crtc[CR_HORIZONTAL_END] = (uint8_t)((dispi[DISPI_XRES] >> 3) - 1);
    regs->crtc[CR_VERTICAL_END] = (uint8_t)last;
    regs->crtc[CR_LINE_COMPARE] = 0xff;
    regs->crtc[CR_OVERFLOW] =
        (uint8_t)(overflow | 0x10 | (last >> 8 & 1) << 1 | (last >> 9 & 1) << 6);
    regs->crtc[CR_MAXIMUM_SCAN] = (uint8_t)((regs->crtc[CR_MAXIMUM_SCAN] & ~0x9f) | 0x40);
    if (planar) {
        regs->seq[SR_CLOCKING] &= (uint8_t)~0x08;
    } else {
        regs->seq[SR_MEMORY] |= 0x08;
        regs->seq[SR_MAP_MASK] = 0x0f;
    }
}

static void clear_screen(struct vga *vga)
{
    const uint16_t *dispi = vga->regs->dispi;
    uint64_t line = dispi[DISPI_VIRTUAL_WIDTH] * vbe_stored_bits(dispi[DISPI_BPP]) / 8;
    uint64_t bytes = line * dispi[DISPI_YRES];
    memset(vga->wires.vram, 0,
           (size_t)(bytes < vga->wires.vram_bytes ? bytes : vga->wires.vram_bytes));
}

static void write_enable(struct vga *vga, uint16_t value)
{
    uint16_t *dispi = vga->regs->dispi;
    bool starts = (value & DISPI_ENABLED) && !vbe_enabled(vga->regs);
    dispi[DISPI_ENABLE] = value;
    dispi[DISPI_BANK] = 0;
    if (starts) {
        dispi[DISPI_VIRTUAL_WIDTH] = 0;
        dispi[DISPI_X_OFFSET] = 0;
        dispi[DISPI_Y_OFFSET] = 0;
        fix_mode(vga);
        program_vga(vga);
        if (!(value & DISPI_NOCLEARMEM)) {
            clear_screen(vga);
        }
    }
    log_print(vga->wires.log, LOG_vga, "vbe enable %04x: %ux%ux%u", value, dispi[DISPI_XRES],
              dispi[DISPI_YRES], dispi[DISPI_BPP]);
}

static uint16_t bank_limit(const struct vga *vga)
{
    uint32_t banks = vga->wires.vram_bytes >> 16;
    return (uint16_t)((vga->regs->dispi[DISPI_BPP] == 4 ? banks >> 2 : banks) - 1);
}

uint16_t vbe_read(const struct vga *vga, uint32_t index)
{
    const struct vga_registers *regs = vga->regs;
    bool limits = regs->dispi[DISPI_ENABLE] & DISPI_GETCAPS;
    switch (index) {
    case DISPI_ID:
        return regs->dispi_id;
    case DISPI_XRES:
        return limits ? DISPLAY_MAX_WIDTH : regs->dispi[DISPI_XRES];
    case DISPI_YRES:
        return limits ? DISPLAY_MAX_HEIGHT : regs->dispi[DISPI_YRES];
    case DISPI_BPP:
        return limits ? MAX_BPP : regs->dispi[DISPI_BPP];
    case DISPI_MEMORY_64K:
        return (uint16_t)(vga->wires.vram_bytes >> 16);
    default:
        return index < DISPI_COUNT ? regs->dispi[index] : 0;
    }
}

void vbe_write(struct vga *vga, uint32_t index, uint16_t value)
{
    struct vga_registers *regs = vga->regs;
    switch (index) {
    case DISPI_ID:
        if (value >= DISPI_OLDEST_ID && value <= DISPI_NEWEST_ID) {
            regs->dispi_id = value;
        }
        break;
    case DISPI_XRES:
    case DISPI_YRES:
    case DISPI_BPP:
    case DISPI_VIRTUAL_WIDTH:
    case DISPI_X_OFFSET:
    case DISPI_Y_OFFSET:
        regs->dispi[index] = value;
        fix_mode(vga);
        break;
    case DISPI_BANK:
        regs->dispi[DISPI_BANK] = value & bank_limit(vga);
        vga_update_window(vga);
        break;
    case DISPI_ENABLE:
        write_enable(vga, value);
        vga_update_window(vga);
        break;
    default:
        break;
    }
}

/* Offsets from 1CEh: 0 index, 1 data, 2 data (or, as a byte, the high byte of 1). */
static uint32_t dispi_read(void *dev, uint32_t offset, unsigned size)
{
    const struct vga *vga = dev;
    if (offset == 0) {
        return vga->regs->dispi_index;
    }
    uint32_t data = vbe_read(vga, vga->regs->dispi_index);
    if (size == 1) {
        return offset >= 2 ? data >> 8 : data & 0xff;
    }
    return data;
}

static void dispi_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct vga *vga = dev;
    struct vga_registers *regs = vga->regs;
    if (offset == 0) {
        regs->dispi_index = (uint16_t)value;
        return;
    }
    if (size == 2) {
        vbe_write(vga, regs->dispi_index, (uint16_t)value);
    } else if (offset == 1) {
        regs->dispi_low = (uint8_t)value;
    } else if (offset == 2 && regs->dispi_half) {
        vbe_write(vga, regs->dispi_index, (uint16_t)(regs->dispi_low | (value & 0xff) << 8));
    }
    regs->dispi_half = size == 1 && offset == 1;
}

const struct io_ops vga_dispi_ops = {dispi_read, dispi_write, 1, 4, 1, 2};

static uint32_t extended_read(uint32_t offset, unsigned size)
{
    uint32_t value = offset < 4 ? MMIO_EXTENDED_BYTES : LITTLE_ENDIAN_MARK;
    return value >> 8 * (offset & 3) & (size == 2 ? 0xffff : 0xff);
}

static uint32_t mmio_read(void *dev, uint32_t offset, unsigned size)
{
    struct vga *vga = dev;
    if (offset - MMIO_PORTS < VGA_PORT_COUNT) {
        uint32_t low = vga_port_read(vga, VGA_PORTS + offset - MMIO_PORTS);
        if (size == 1 || (offset & (VGA_PORT_COUNT - 1)) == VGA_PORT_COUNT - 1) {
            return low;
        }
        return low | (uint32_t)vga_port_read(vga, VGA_PORTS + offset + 1 - MMIO_PORTS) << 8;
    }
    if (offset - MMIO_DISPI < MMIO_DISPI_BYTES) {
        uint32_t data = vbe_read(vga, (offset - MMIO_DISPI) / 2);
        return size == 1 ? data >> 8 * (offset & 1) & 0xff : data;
    }
    if (offset - MMIO_EXTENDED < MMIO_EXTENDED_BYTES) {
        return extended_read(offset - MMIO_EXTENDED, size);
    }
    return 0;
}

static void mmio_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct vga *vga = dev;
    if (offset - MMIO_PORTS < VGA_PORT_COUNT) {
        for (unsigned i = 0; i < size && offset + i - MMIO_PORTS < VGA_PORT_COUNT; i++) {
            vga_port_write(vga, VGA_PORTS + offset + i - MMIO_PORTS, (uint8_t)(value >> 8 * i));
        }
    } else if (offset - MMIO_DISPI < MMIO_DISPI_BYTES && size == 2) {
        vbe_write(vga, (offset - MMIO_DISPI) / 2, (uint16_t)value);
    }
}

const struct io_ops vga_mmio_ops = {mmio_read, mmio_write, 1, 4, 1, 2};
