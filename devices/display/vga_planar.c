/*
 * The legacy memory window A0000h-BFFFFh: map selection, planes, latches, write and read modes.
 *
 * A planar address is one 32-bit word of video memory, plane 0 in its lowest byte; all plane work
 * is done on that word at once.  Chain-4 spreads processor bytes over the planes by address bits
 * 0-1, odd/even by bit 0; both pack planar addresses (address / 4, address / 2) so that video
 * memory is linear.  Without VBE everything wraps at 256 KiB.
 *
 * IBM VGA technical reference, graphics controller; sequencer memory mode register.
 */
#include "devices/display/vga_state.h"

#define OUTSIDE UINT32_MAX

struct map {
    uint32_t base, length; /* bytes from A0000h */
};

/* By GR6 bits 2-3. */
static const struct map maps[4] = {
    {0x00000, 0x20000},
    {0x00000, 0x10000},
    {0x10000, 0x08000},
    {0x18000, 0x08000},
};

/* Four bits to four bytes: bit n fills byte n. */
static const uint32_t spread[16] = {
    0x00000000, 0x000000ff, 0x0000ff00, 0x0000ffff, 0x00ff0000, 0x00ff00ff, 0x00ffff00, 0x00ffffff,
    0xff000000, 0xff0000ff, 0xff00ff00, 0xff00ffff, 0xffff0000, 0xffff00ff, 0xffffff00, 0xffffffff,
};

static bool chain4(const struct vga_registers *regs)
{
    return bit_test(regs->seq[SR_MEMORY], 3);
}

static const struct map *current_map(const struct vga_registers *regs)
{
    return &maps[regs->gc[GR_MISC] >> 2 & 3];
}

static uint32_t bank_offset(const struct vga_registers *regs)
{
    return vbe_enabled(regs) ? (uint32_t)regs->dispi[DISPI_BANK] << 16 : 0;
}

/* Mask of byte offsets into video memory. */
static uint32_t memory_mask(const struct vga *vga)
{
    return vbe_enabled(vga->regs) ? vga->wires.vram_bytes - 1 : VGA_LEGACY_MASK;
}

/* Window offset to address within the map, bank included; OUTSIDE when the map does not cover it.
 */
static uint32_t locate(const struct vga_registers *regs, uint32_t offset)
{
    const struct map *map = current_map(regs);
    if (!(regs->misc & MISC_ENABLE_RAM) || offset - map->base >= map->length) {
        return OUTSIDE;
    }
    return offset - map->base + bank_offset(regs);
}

static uint8_t rotate_right(uint8_t value, unsigned count)
{
    return (uint8_t)(value >> count | value << (8 - count));
}

static uint32_t every_plane(uint8_t value)
{
    return value * UINT32_C(0x01010101);
}

static uint32_t apply_function(const struct vga_registers *regs, uint32_t data)
{
    switch (regs->gc[GR_ROTATE] >> 3 & 3) {
    case 1:
        return data & regs->latch;
    case 2:
        return data | regs->latch;
    case 3:
        return data ^ regs->latch;
    default:
        return data;
    }
}

/* What a written byte becomes on the four planes, before the map mask. */
static uint32_t write_data(const struct vga_registers *regs, uint8_t value)
{
    const uint8_t *gc = regs->gc;
    uint8_t rotated = rotate_right(value, gc[GR_ROTATE] & 7);
    uint32_t set_reset = spread[gc[GR_SET_RESET] & 15];
    uint32_t bits = every_plane(gc[GR_BIT_MASK]);
    uint32_t data = 0;
    switch (gc[GR_MODE] & 3) {
    case 0: {
        uint32_t forced = spread[gc[GR_ENABLE_SET_RESET] & 15];
        data = (every_plane(rotated) & ~forced) | (set_reset & forced);
        break;
    }
    case 1:
        return regs->latch;
    case 2:
        data = spread[value & 15];
        break;
    default:
        data = set_reset;
        bits &= every_plane(rotated);
        break;
    }
    data = apply_function(regs, data);
    return (data & bits) | (regs->latch & ~bits);
}

static void write_byte(struct vga *vga, uint32_t address, uint8_t value)
{
    const struct vga_registers *regs = vga->regs;
    unsigned planes = regs->seq[SR_MAP_MASK] & 15;
    uint32_t word;
    if (chain4(regs)) {
        planes &= 1U << (address & 3);
        word = address;
    } else if (!bit_test(regs->seq[SR_MEMORY], 2)) {
        planes &= address & 1 ? 0xaU : 0x5U;
        word = address << 1;
    } else {
        word = address << 2;
    }
    if (!planes) {
        return;
    }
    uint8_t *at = vga->wires.vram + (word & memory_mask(vga) & ~UINT32_C(3));
    uint32_t mask = spread[planes];
    store_le32(at, (load_le32(at) & ~mask) | (write_data(regs, value) & mask));
}

/* Read mode 1: a one for each pixel whose planes equal the compare colour. */
static uint8_t compare(const struct vga_registers *regs)
{
    uint32_t differs =
        (regs->latch ^ spread[regs->gc[GR_COMPARE] & 15]) & spread[regs->gc[GR_DONT_CARE] & 15];
    differs |= differs >> 16;
    differs |= differs >> 8;
    return (uint8_t)~differs;
}

static uint8_t read_byte(struct vga *vga, uint32_t address)
{
    struct vga_registers *regs = vga->regs;
    unsigned plane = regs->gc[GR_READ_MAP] & 3;
    uint32_t word;
    if (chain4(regs)) {
        plane = address & 3;
        word = address;
    } else if (bit_test(regs->gc[GR_MODE], 4)) {
        plane = (plane & 2) | (address & 1);
        word = address << 1;
    } else {
        word = address << 2;
    }
    regs->latch = load_le32(vga->wires.vram + (word & memory_mask(vga) & ~UINT32_C(3)));
    if (bit_test(regs->gc[GR_MODE], 3)) {
        return compare(regs);
    }
    return (uint8_t)(regs->latch >> 8 * plane);
}

/* True when bytes written in chain-4 arrive as they are and reads return them. */
static bool plain_linear(const struct vga_registers *regs)
{
    const uint8_t *gc = regs->gc;
    return chain4(regs) && (regs->misc & MISC_ENABLE_RAM) && (regs->seq[SR_MAP_MASK] & 15) == 15 &&
           (gc[GR_MODE] & 0x0b) == 0 && (gc[GR_ROTATE] & 0x1f) == 0 &&
           (gc[GR_ENABLE_SET_RESET] & 15) == 0 && gc[GR_BIT_MASK] == 0xff;
}

struct vga_window vga_current_window(const struct vga *vga)
{
    const struct vga_registers *regs = vga->regs;
    const struct map *map = current_map(regs);
    uint32_t offset = bank_offset(regs) & memory_mask(vga);
    if (!plain_linear(regs) || offset + map->length > memory_mask(vga) + 1) {
        return (struct vga_window){.direct = false};
    }
    return (struct vga_window){.direct = true,
                               .base = VGA_WINDOW_BASE + map->base,
                               .length = map->length,
                               .vram_offset = offset};
}

void vga_update_window(struct vga *vga)
{
    struct vga_window now = vga_current_window(vga);
    const struct vga_window *was = &vga->window;
    if (now.direct == was->direct && now.base == was->base && now.length == was->length &&
        now.vram_offset == was->vram_offset) {
        return;
    }
    vga->window = now;
    if (vga->wires.window_changed) {
        vga->wires.window_changed(vga->wires.machine, &now);
    }
}

static uint32_t window_read(void *dev, uint32_t offset, unsigned size)
{
    struct vga *vga = dev;
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        uint32_t address = locate(vga->regs, offset + i);
        uint32_t byte = address == OUTSIDE ? 0xff : read_byte(vga, address);
        value |= byte << 8 * i;
    }
    return value;
}

static void window_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct vga *vga = dev;
    uint32_t address = locate(vga->regs, offset);
    if (address != OUTSIDE && offset % size == 0 && plain_linear(vga->regs)) {
        store_le(vga->wires.vram + (address & memory_mask(vga) & ~(size - 1)), value, size);
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        address = locate(vga->regs, offset + i);
        if (address != OUTSIDE) {
            write_byte(vga, address, (uint8_t)(value >> 8 * i));
        }
    }
}

const struct io_ops vga_window_ops = {window_read, window_write, 1, 4, 1, 4};
