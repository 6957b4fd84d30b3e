/*
 * The VGA's ports 3B0h-3DFh: indexed register files, colour table, status.
 *
 * Each register file has a table of the bits that exist; others read as zero.  Ports of the colour
 * or monochrome group that the miscellaneous output register does not select, and index values
 * without a register, read as all ones or zero and ignore writes, as the IBM VGA does.
 */
#include "devices/display/vga_state.h"

static const uint8_t seq_bits[SR_COUNT] = {0x03, 0x3d, 0x0f, 0x3f, 0x0e, 0x00, 0x00, 0x00};

static const uint8_t gc_bits[GR_COUNT] = {
    0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff,
};

static const uint8_t attr_bits[AR_COUNT] = {
    0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
    0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0xef, 0xff, 0x3f, 0x0f, 0x0f,
};

enum {
    FLOATING = 0xff,
    CR11_PROTECT = 0x80, /* CR0-CR7 are read-only, except bit 4 of CR7 */
    CR11_INTERRUPT_DISABLE = 0x20,
    CR11_INTERRUPT_ENABLE = 0x10, /* 0 clears the pending retrace interrupt */
    CR7_LINE_COMPARE_8 = 0x10,
    SENSE_THRESHOLD = 0x4e, /* the comparator's trip point as a sum of 6-bit components */
};

static uint8_t read_status_0(const struct vga *vga)
{
    const struct vga_registers *regs = vga->regs;
    uint8_t control = regs->crtc[CR_RETRACE_END];
    bool pending = (control & CR11_INTERRUPT_ENABLE) && !(control & CR11_INTERRUPT_DISABLE) &&
                   vga_retrace_count(regs, clock_now(vga->wires.clock)) !=
                       vga_retrace_count(regs, regs->retrace_clear_ns);
    unsigned sum = 0U + regs->dac[0] + regs->dac[1] + regs->dac[2];
    return (uint8_t)((pending ? 0x80 : 0) | (sum < SENSE_THRESHOLD ? 0x10 : 0));
}

static uint8_t dac_mask_of(const struct vga_registers *regs)
{
    return regs->dispi[DISPI_ENABLE] & DISPI_8BIT_DAC ? 0xff : 0x3f;
}

static uint8_t dac_read(struct vga_registers *regs)
{
    uint8_t value = regs->dac[regs->dac_address * 3 + regs->dac_component % 3];
    if (++regs->dac_component >= 3) {
        regs->dac_component = 0;
        regs->dac_address++;
    }
    return value & dac_mask_of(regs);
}

static void dac_write(struct vga_registers *regs, uint8_t value)
{
    regs->dac_hold[regs->dac_component % 3] = value & dac_mask_of(regs);
    if (++regs->dac_component < 3) {
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        regs->dac[regs->dac_address * 3 + i] = regs->dac_hold[i];
    }
    regs->dac_component = 0;
    regs->dac_address++;
}

static void dac_seek(struct vga_registers *regs, uint8_t address, bool reading)
{
    regs->dac_address = address;
    regs->dac_component = 0;
    regs->dac_reading = reading;
}

static void attr_write(struct vga_registers *regs, uint8_t value)
{
    if (!regs->attr_data) {
        regs->attr_index = value & 0x3f;
    } else {
        unsigned index = regs->attr_index & 0x1f;
        if (index < AR_COUNT) {
            regs->attr[index] = value & attr_bits[index];
        }
    }
    regs->attr_data = !regs->attr_data;
}

static uint8_t attr_read(const struct vga_registers *regs)
{
    unsigned index = regs->attr_index & 0x1f;
    return index < AR_COUNT ? regs->attr[index] : 0;
}

static uint8_t crtc_read(const struct vga_registers *regs)
{
    switch (regs->crtc_index) {
    case 0x22: /* undocumented: the latch of the plane selected for reading */
        return (uint8_t)(regs->latch >> 8 * (regs->gc[GR_READ_MAP] & 3));
    case 0x24: /* undocumented: the attribute flip-flop */
        return regs->attr_data ? 0x80 : 0;
    default:
        return regs->crtc_index < CR_COUNT ? regs->crtc[regs->crtc_index] : 0;
    }
}

static void crtc_write(struct vga *vga, uint8_t value)
{
    struct vga_registers *regs = vga->regs;
    unsigned index = regs->crtc_index;
    if (index >= CR_COUNT) {
        return;
    }
    if (index <= CR_OVERFLOW && (regs->crtc[CR_RETRACE_END] & CR11_PROTECT)) {
        if (index == CR_OVERFLOW) {
            uint8_t kept = regs->crtc[index] & (uint8_t)~CR7_LINE_COMPARE_8;
            regs->crtc[index] = (uint8_t)(kept | (value & CR7_LINE_COMPARE_8));
        }
        return;
    }
    regs->crtc[index] = value;
    if (index == CR_RETRACE_END && !(value & CR11_INTERRUPT_ENABLE)) {
        regs->retrace_clear_ns = clock_now(vga->wires.clock);
    }
}

/* The monochrome group has the CRTC at 3Bxh, the colour group at 3Dxh; the rest is common. */
static bool selected(const struct vga_registers *regs, uint32_t port)
{
    if (port >= 0x3c0 && port < 0x3d0) {
        return true;
    }
    return (port >= 0x3d0) == ((regs->misc & MISC_COLOUR_PORTS) != 0);
}

/* Both groups as the colour one. */
static uint32_t unified(uint32_t port)
{
    return port < 0x3c0 ? port + 0x20 : port;
}

uint8_t vga_port_read(struct vga *vga, uint32_t port)
{
    struct vga_registers *regs = vga->regs;
    if (!selected(regs, port)) {
        return FLOATING;
    }
    switch (unified(port)) {
    case 0x3c0:
        return regs->attr_index;
    case 0x3c1:
        return attr_read(regs);
    case 0x3c2:
        return read_status_0(vga);
    case 0x3c3:
        return regs->subsystem;
    case 0x3c4:
        return regs->seq_index;
    case 0x3c5:
        return regs->seq[regs->seq_index & 7];
    case 0x3c6:
        return regs->dac_mask;
    case 0x3c7:
        return regs->dac_reading ? 3 : 0;
    case 0x3c8:
        return (uint8_t)(regs->dac_address + regs->dac_reading);
    case 0x3c9:
        return dac_read(regs);
    case 0x3ca:
        return regs->feature;
    case 0x3cc:
        return regs->misc;
    case 0x3ce:
        return regs->gc_index;
    case 0x3cf:
        return regs->gc[regs->gc_index & 15];
    case 0x3d0:
    case 0x3d2:
    case 0x3d4:
        return regs->crtc_index;
    case 0x3d1:
    case 0x3d3:
    case 0x3d5:
        return crtc_read(regs);
    case 0x3da:
        regs->attr_data = false;
        return vga_retrace_status(regs, clock_now(vga->wires.clock));
    default:
        return FLOATING;
    }
}

static void write_common(struct vga *vga, uint32_t port, uint8_t value)
{
    struct vga_registers *regs = vga->regs;
    switch (port) {
    case 0x3c0:
        attr_write(regs, value);
        break;
    case 0x3c2:
        regs->misc = value;
        vga_update_window(vga);
        break;
    case 0x3c3:
        regs->subsystem = value & 1;
        break;
    case 0x3c4:
        regs->seq_index = value & 7;
        break;
    case 0x3c5:
        regs->seq[regs->seq_index & 7] = value & seq_bits[regs->seq_index & 7];
        vga_update_window(vga);
        break;
    case 0x3c6:
        regs->dac_mask = value;
        break;
    case 0x3c7:
    case 0x3c8:
        dac_seek(regs, value, port == 0x3c7);
        break;
    case 0x3c9:
        dac_write(regs, value);
        break;
    case 0x3ce:
        regs->gc_index = value & 15;
        break;
    case 0x3cf:
        regs->gc[regs->gc_index & 15] = value & gc_bits[regs->gc_index & 15];
        vga_update_window(vga);
        break;
    default:
        break;
    }
}

void vga_port_write(struct vga *vga, uint32_t port, uint8_t value)
{
    if (!selected(vga->regs, port)) {
        return;
    }
    switch (unified(port)) {
    case 0x3d0:
    case 0x3d2:
    case 0x3d4:
        vga->regs->crtc_index = value;
        break;
    case 0x3d1:
    case 0x3d3:
    case 0x3d5:
        crtc_write(vga, value);
        break;
    case 0x3da:
        vga->regs->feature = value & 0x10;
        break;
    default:
        write_common(vga, port, value);
        break;
    }
}

static uint32_t mono_read(void *dev, uint32_t offset, unsigned size)
{
    (void)size;
    return vga_port_read(dev, VGA_MONO_PORTS + offset);
}

static void mono_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)size;
    vga_port_write(dev, VGA_MONO_PORTS + offset, (uint8_t)value);
}

static uint32_t port_read(void *dev, uint32_t offset, unsigned size)
{
    (void)size;
    return vga_port_read(dev, VGA_PORTS + offset);
}

static void port_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)size;
    vga_port_write(dev, VGA_PORTS + offset, (uint8_t)value);
}

const struct io_ops vga_mono_port_ops = {mono_read, mono_write, 1, 4, 1, 1};
const struct io_ops vga_port_ops = {port_read, port_write, 1, 4, 1, 1};
