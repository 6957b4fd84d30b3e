/*
 * The inside of the VGA adapter, shared by its files: register names, the state list, the struct.
 *
 * Registers are called by the IBM manual's names: SR sequencer, CR CRT controller, GR graphics
 * controller, AR attribute controller.
 */
#ifndef DEVICES_DISPLAY_VGA_STATE_H
#define DEVICES_DISPLAY_VGA_STATE_H

#include "base/bits.h"
#include "base/endian.h"
#include "devices/display/vga.h"

enum {
    SR_RESET = 0,
    SR_CLOCKING = 1, /* 0: 8-dot characters, 3: dot clock halved, 5: screen off */
    SR_MAP_MASK = 2,
    SR_FONT = 3,
    SR_MEMORY = 4, /* 2: odd/even off, 3: chain 4 */
    SR_COUNT = 8,
};

enum {
    GR_SET_RESET = 0,
    GR_ENABLE_SET_RESET = 1,
    GR_COMPARE = 2,
    GR_ROTATE = 3, /* 0-2: rotate count, 3-4: function */
    GR_READ_MAP = 4,
    GR_MODE = 5, /* 0-1: write mode, 3: read mode, 4: odd/even, 5: interleaved, 6: 256 colours */
    GR_MISC = 6, /* 0: graphics, 1: chain odd/even, 2-3: memory map */
    GR_DONT_CARE = 7,
    GR_BIT_MASK = 8,
    GR_COUNT = 16,
};

enum {
    CR_HORIZONTAL_TOTAL = 0x00,
    CR_HORIZONTAL_END = 0x01,
    CR_OVERFLOW = 0x07,
    CR_PRESET_ROW_SCAN = 0x08,
    CR_MAXIMUM_SCAN = 0x09,
    CR_CURSOR_START = 0x0a,
    CR_CURSOR_END = 0x0b,
    CR_START_HIGH = 0x0c,
    CR_START_LOW = 0x0d,
    CR_CURSOR_HIGH = 0x0e,
    CR_CURSOR_LOW = 0x0f,
    CR_RETRACE_START = 0x10,
    CR_RETRACE_END = 0x11,
    CR_VERTICAL_END = 0x12,
    CR_OFFSET = 0x13,
    CR_UNDERLINE = 0x14,
    CR_MODE = 0x17,
    CR_LINE_COMPARE = 0x18,
    CR_COUNT = 0x19,
};

enum {
    AR_MODE = 0x10, /* 0: graphics, 2: line graphics, 3: blink, 5: pan split, 6: 8 bit, 7: P5-P4 */
    AR_OVERSCAN = 0x11,
    AR_PLANE_ENABLE = 0x12,
    AR_PAN = 0x13,
    AR_COLOUR_SELECT = 0x14,
    AR_COUNT = 0x15,
};

enum {
    MISC_COLOUR_PORTS = 0x01,
    MISC_ENABLE_RAM = 0x02,
    ATTRIBUTE_SCREEN_ON = 0x20, /* bit 5 of the attribute index */
};

enum dispi_register {
    DISPI_ID,
    DISPI_XRES,
    DISPI_YRES,
    DISPI_BPP,
    DISPI_ENABLE,
    DISPI_BANK,
    DISPI_VIRTUAL_WIDTH,
    DISPI_VIRTUAL_HEIGHT,
    DISPI_X_OFFSET,
    DISPI_Y_OFFSET,
    DISPI_MEMORY_64K,
    DISPI_COUNT = DISPI_MEMORY_64K,
};

enum {
    DISPI_OLDEST_ID = 0xb0c0,
    DISPI_NEWEST_ID = 0xb0c5,
    DISPI_ENABLED = 0x01,
    DISPI_GETCAPS = 0x02,
    DISPI_8BIT_DAC = 0x20,
    DISPI_LFB_ENABLED = 0x40,
    DISPI_NOCLEARMEM = 0x80,
};

/* Standard VGA memory: four planes of 64 KiB.  Beyond it only VBE modes reach. */
enum { VGA_LEGACY_MASK = 0x3ffff };

/* clang-format off */
#define VGA_REGISTERS_STATE(S, VAL, ARR, SUB)                                                    \
    VAL(S, u8,   misc,          0,    "miscellaneous output (3C2h, read at 3CCh)")               \
    VAL(S, u8,   feature,       0,    "feature control (3xAh, read at 3CAh)")                    \
    VAL(S, u8,   subsystem,     1,    "video subsystem enable (3C3h)")                           \
    VAL(S, u8,   seq_index,     0,    "sequencer index")                                         \
    ARR(S, u8,   seq, 8,        0,    "sequencer registers")                                     \
    VAL(S, u8,   gc_index,      0,    "graphics controller index")                               \
    ARR(S, u8,   gc, 16,        0,    "graphics controller registers")                           \
    VAL(S, u8,   crtc_index,    0,    "CRT controller index")                                    \
    ARR(S, u8,   crtc, 25,      0,    "CRT controller registers")                                \
    VAL(S, u8,   attr_index,    0,    "attribute index, bit 5: palette belongs to the display")  \
    VAL(S, bool, attr_data,     false,"flip-flop: the next write to 3C0h is data")               \
    ARR(S, u8,   attr, 21,      0,    "attribute controller registers")                          \
    VAL(S, u8,   dac_mask,      0xff, "pixel mask (3C6h)")                                       \
    VAL(S, u8,   dac_address,   0,    "colour the data port is at")                              \
    VAL(S, u8,   dac_component, 0,    "0 red, 1 green, 2 blue comes next")                       \
    VAL(S, bool, dac_reading,   false,"3C7h was written last, not 3C8h")                         \
    ARR(S, u8,   dac_hold, 3,   0,    "components written before the third commits them")        \
    ARR(S, u8,   dac, 768,      0,    "colours: red, green, blue of 6 (or 8) bits")              \
    VAL(S, u32,  latch,         0,    "the four planes' bytes read last, plane 0 lowest")        \
    VAL(S, u64,  retrace_clear_ns, 0, "when CR11 bit 4 last allowed the retrace interrupt")      \
    VAL(S, u16,  dispi_index,   0,    "DISPI index (1CEh)")                                      \
    VAL(S, u16,  dispi_id,  0xb0c5,   "DISPI identity the guest asked for")                      \
    ARR(S, u16,  dispi, 10,     0,    "DISPI registers; 0 unused, see dispi_id")                 \
    VAL(S, bool, dispi_half,    false,"a low byte waits for its high byte")                      \
    VAL(S, u8,   dispi_low,     0,    "that low byte")
#define VGA_STATE(S, VAL, ARR, SUB) \
    SUB(S, vga_registers, regs, 1, "all registers")
/* clang-format on */

struct vga_registers {
    STATE_MEMBERS(VGA_REGISTERS_STATE)
};

struct vga {
    /* wires */
    struct vga_wires wires;
    /* state */
    STATE_MEMBERS(VGA_STATE)
    /* derived */
    struct vga_window window;
};

/* vga_timing.c: input status 1 bits 0 and 3 at that instant. */
uint8_t vga_retrace_status(const struct vga_registers *regs, uint64_t now_ns);
/* Number of vertical retraces begun since time 0 with the present timing. */
uint64_t vga_retrace_count(const struct vga_registers *regs, uint64_t now_ns);
/* Scan lines shown by the programmed CRTC (not VBE), 1..2048. */
uint32_t vga_visible_lines(const struct vga_registers *regs);

/* vga_regs.c */
uint8_t vga_port_read(struct vga *vga, uint32_t port);
void vga_port_write(struct vga *vga, uint32_t port, uint8_t value);

/* vga_planar.c: recomputes the direct window and tells the machine when it differs. */
void vga_update_window(struct vga *vga);

/* vbe.c */
uint16_t vbe_read(const struct vga *vga, uint32_t index);
void vbe_write(struct vga *vga, uint32_t index, uint16_t value);

static inline bool vbe_enabled(const struct vga_registers *regs)
{
    return regs->dispi[DISPI_ENABLE] & DISPI_ENABLED;
}

/* Bits a pixel takes in memory for a DISPI depth: 15 is stored in 16; unknown depths count as 8. */
static inline uint32_t vbe_stored_bits(uint32_t bpp)
{
    switch (bpp) {
    case 4:
    case 16:
    case 24:
    case 32:
        return bpp;
    case 15:
        return 16;
    default:
        return 8;
    }
}

#endif
