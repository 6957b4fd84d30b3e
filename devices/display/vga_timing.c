/*
 * Where the beam is: retrace bits derived from virtual time and the programmed CRTC timing.
 *
 * Frames are counted from time 0.  When the CRTC holds no plausible timing (VBE modes leave parts
 * of it unset) a 60 Hz frame of 525 lines stands in, so that a guest waiting for retrace goes on.
 */
#include "devices/display/vga_state.h"

enum {
    CLOCK_25_HZ = 25175000,
    CLOCK_28_HZ = 28322000,
    SLOWEST_REFRESH_HZ = 30,
    FASTEST_REFRESH_HZ = 160,
};

struct timing {
    uint64_t dot_hz;
    uint32_t line_dots, shown_dots;
    uint32_t lines, shown_lines, retrace_start, retrace_lines;
};

static const struct timing substitute = {
    .dot_hz = CLOCK_25_HZ,
    .line_dots = 800,
    .shown_dots = 640,
    .lines = 525,
    .shown_lines = 480,
    .retrace_start = 490,
    .retrace_lines = 2,
};

/* A vertical count: the low byte plus bits 8 and 9 that stand in the overflow register. */
static uint32_t vertical(const struct vga_registers *regs, unsigned low, unsigned bit8,
                         unsigned bit9)
{
    uint8_t overflow = regs->crtc[CR_OVERFLOW];
    return regs->crtc[low] | (uint32_t)bit_test(overflow, bit8) << 8 |
           (uint32_t)bit_test(overflow, bit9) << 9;
}

uint32_t vga_visible_lines(const struct vga_registers *regs)
{
    uint32_t lines = vertical(regs, CR_VERTICAL_END, 1, 6) + 1;
    return bit_test(regs->crtc[CR_MODE], 2) ? lines * 2 : lines;
}

static struct timing programmed(const struct vga_registers *regs)
{
    uint32_t character = bit_test(regs->seq[SR_CLOCKING], 0) ? 8 : 9;
    uint32_t scale = bit_test(regs->crtc[CR_MODE], 2) ? 2 : 1;
    uint64_t hz = (regs->misc >> 2 & 3) == 1 ? CLOCK_28_HZ : CLOCK_25_HZ;
    struct timing timing = {
        .dot_hz = bit_test(regs->seq[SR_CLOCKING], 3) ? hz / 2 : hz,
        .line_dots = (regs->crtc[CR_HORIZONTAL_TOTAL] + 5U) * character,
        .shown_dots = (regs->crtc[CR_HORIZONTAL_END] + 1U) * character,
        .lines = (vertical(regs, 0x06, 0, 5) + 2) * scale,
        .shown_lines = vga_visible_lines(regs),
        .retrace_start = vertical(regs, CR_RETRACE_START, 2, 7) * scale,
    };
    uint32_t end = regs->crtc[CR_RETRACE_END];
    uint32_t length = (end - regs->crtc[CR_RETRACE_START]) & 0xf;
    timing.retrace_lines = (length ? length : 16) * scale;
    return timing;
}

static bool plausible(const struct timing *timing)
{
    uint64_t frame_dots = (uint64_t)timing->line_dots * timing->lines;
    return timing->retrace_start + timing->retrace_lines <= timing->lines &&
           timing->shown_lines <= timing->retrace_start && timing->shown_dots < timing->line_dots &&
           frame_dots * SLOWEST_REFRESH_HZ <= timing->dot_hz &&
           frame_dots * FASTEST_REFRESH_HZ >= timing->dot_hz;
}

static struct timing current(const struct vga_registers *regs)
{
    struct timing timing = programmed(regs);
    return vbe_enabled(regs) || !plausible(&timing) ? substitute : timing;
}

uint8_t vga_retrace_status(const struct vga_registers *regs, uint64_t now_ns)
{
    struct timing timing = current(regs);
    uint64_t dots = clock_scale(now_ns, timing.dot_hz, CLOCK_NS_PER_S);
    uint64_t dot = dots % timing.line_dots;
    uint64_t line = dots / timing.line_dots % timing.lines;
    bool shown = line < timing.shown_lines && dot < timing.shown_dots;
    bool retrace =
        line >= timing.retrace_start && line < timing.retrace_start + timing.retrace_lines;
    return (uint8_t)((shown ? 0 : 0x01) | (retrace ? 0x08 : 0));
}

uint64_t vga_retrace_count(const struct vga_registers *regs, uint64_t now_ns)
{
    struct timing timing = current(regs);
    uint64_t lines = clock_scale(now_ns, timing.dot_hz, CLOCK_NS_PER_S) / timing.line_dots;
    return (lines + timing.lines - timing.retrace_start) / timing.lines;
}
