/*
 * From registers and video memory to a picture: colours, the CRTC's walk over scan lines, panning.
 *
 * The picture has the size of the programmed display in dots and scan lines, so 320x200 in 256
 * colours comes out as 640x400, as a monitor shows it.  Lines are drawn in a scratch line of cells
 * and copied with pixel panning; a halved dot clock doubles dots.
 */
#include "devices/display/vga_render.h"

#include <string.h>

enum {
    BLANK_WIDTH = 720,
    BLANK_HEIGHT = 400,
    BLINK_FRAMES_HZ = 60,
    CURSOR_BLINK_BIT = 3, /* of the frame count: 8 frames on, 8 off */
    TEXT_BLINK_BIT = 4,
};

static uint32_t component(uint8_t value, bool eight_bits)
{
    return eight_bits ? value : (uint32_t)((value & 0x3f) << 2 | (value & 0x3f) >> 4);
}

static void init_colours(struct view *view)
{
    const struct vga_registers *regs = &view->regs;
    bool eight = regs->dispi[DISPI_ENABLE] & DISPI_8BIT_DAC;
    for (unsigned i = 0; i < 256; i++) {
        const uint8_t *rgb = &regs->dac[(i & regs->dac_mask) * 3];
        view->dac[i] = component(rgb[0], eight) << 16 | component(rgb[1], eight) << 8 |
                       component(rgb[2], eight);
    }
    unsigned select = regs->attr[AR_COLOUR_SELECT];
    for (unsigned i = 0; i < 16; i++) {
        unsigned colour = regs->attr[i & regs->attr[AR_PLANE_ENABLE]] & 0x3f;
        if (bit_test(regs->attr[AR_MODE], 7)) {
            colour = (colour & 0x0f) | (select & 3) << 4;
        }
        view->attribute[i] = view->dac[colour | (select >> 2 & 3) << 6];
    }
}

void view_init(struct view *view, const struct vga *vga, uint64_t now_ns)
{
    view->regs = vga->regs[0];
    view->vram = vga->wires.vram;
    view->vram_bytes = vga->wires.vram_bytes;
    const struct vga_registers *regs = &view->regs;
    view->text =
        !vbe_enabled(regs) && !bit_test(regs->gc[GR_MISC], 0) && !bit_test(regs->attr[AR_MODE], 0);
    uint64_t frames = clock_scale(now_ns, BLINK_FRAMES_HZ, CLOCK_NS_PER_S);
    view->blink_off = bit_test(frames, TEXT_BLINK_BIT);
    view->cursor_shown = !bit_test(frames, CURSOR_BLINK_BIT);
    view->cells = regs->crtc[CR_HORIZONTAL_END] + 1U;
    view->cell_dots = view->text && !bit_test(regs->seq[SR_CLOCKING], 0) ? 9 : 8;
    view->dot_repeat = bit_test(regs->seq[SR_CLOCKING], 3) ? 2 : 1;
    view->lines = vga_visible_lines(regs);
    init_colours(view);
}

uint32_t view_start(const struct view *view)
{
    const uint8_t *crtc = view->regs.crtc;
    return (uint32_t)crtc[CR_START_HIGH] << 8 | crtc[CR_START_LOW];
}

uint32_t view_pitch(const struct view *view)
{
    return view->regs.crtc[CR_OFFSET] * 2U;
}

/* Bit n of count replaced by that bit. */
static uint32_t substitute(uint32_t count, unsigned n, bool bit)
{
    return (count & ~(UINT32_C(1) << n)) | (uint32_t)bit << n;
}

uint32_t view_fetch(const struct view *view, uint32_t count, uint32_t row_scan)
{
    const uint8_t *crtc = view->regs.crtc;
    /* Bit 13 of the memory address; in word and double-word modes that is a lower count bit. */
    unsigned bit13 = bit_test(crtc[CR_UNDERLINE], 6) ? 11 : bit_test(crtc[CR_MODE], 6) ? 13 : 12;
    if (!bit_test(crtc[CR_MODE], 0)) {
        count = substitute(count, bit13, row_scan & 1);
    }
    if (!bit_test(crtc[CR_MODE], 1)) {
        count = substitute(count, bit13 + 1, row_scan & 2);
    }
    return load_le32(view->vram + (count << 2 & VGA_LEGACY_MASK));
}

/* The CRTC's counters while it walks down the picture. */
struct walk {
    uint32_t row;      /* address count of the current row's first cell */
    uint32_t row_scan; /* 0..31 within the row */
    bool repeated;     /* second showing of a double-scanned line */
    uint32_t pan;      /* dots */
};

static uint32_t pan_dots(const struct view *view)
{
    uint32_t pan = view->regs.attr[AR_PAN] & 15;
    if (view->cell_dots == 9) {
        return pan < 8 ? pan + 1 : 0;
    }
    return pan & 7;
}

static struct walk walk_begin(const struct view *view)
{
    uint8_t preset = view->regs.crtc[CR_PRESET_ROW_SCAN];
    return (struct walk){.row = view_start(view) + (preset >> 5 & 3U),
                         .row_scan = preset & 0x1fU,
                         .pan = pan_dots(view)};
}

static uint32_t line_compare(const struct view *view)
{
    const uint8_t *crtc = view->regs.crtc;
    return crtc[CR_LINE_COMPARE] | (uint32_t)bit_test(crtc[CR_OVERFLOW], 4) << 8 |
           (uint32_t)bit_test(crtc[CR_MAXIMUM_SCAN], 6) << 9;
}

/* Moves to the scan line after y. */
static void walk_on(const struct view *view, struct walk *walk, uint32_t y)
{
    uint8_t scan = view->regs.crtc[CR_MAXIMUM_SCAN];
    if (y == line_compare(view)) {
        bool keeps_pan = !bit_test(view->regs.attr[AR_MODE], 5);
        uint32_t none = 0;
        *walk = (struct walk){.pan = keeps_pan ? walk->pan : none};
        return;
    }
    if (bit_test(scan, 7) && !walk->repeated) {
        walk->repeated = true;
        return;
    }
    walk->repeated = false;
    if (walk->row_scan == (scan & 0x1fU)) {
        walk->row_scan = 0;
        walk->row += view_pitch(view);
    } else {
        walk->row_scan = (walk->row_scan + 1) & 0x1f;
    }
}

static void draw_line(const struct view *view, const struct walk *walk, uint32_t width,
                      uint32_t *out)
{
    uint32_t dots[VIEW_MAX_DOTS];
    uint32_t cells = view->cells + 1;
    if (view->text) {
        text_draw_line(view, walk->row, walk->row_scan, cells, dots);
    } else {
        graphics_draw_line(view, walk->row, walk->row_scan, cells, dots);
    }
    const uint32_t *from = dots + walk->pan;
    if (view->dot_repeat == 1) {
        memcpy(out, from, width * sizeof(*out));
        return;
    }
    for (uint32_t x = 0; x < width; x++) {
        out[x] = from[x / 2];
    }
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void render_crtc(const struct view *view, struct display_frame *frame)
{
    frame->width = smaller(view->cells * view->cell_dots * view->dot_repeat, DISPLAY_MAX_WIDTH);
    frame->height = smaller(view->lines, DISPLAY_MAX_HEIGHT);
    struct walk walk = walk_begin(view);
    for (uint32_t y = 0; y < frame->height; y++) {
        draw_line(view, &walk, frame->width, frame->pixels + (size_t)y * frame->width);
        walk_on(view, &walk, y);
    }
}

/* The display shows nothing: palette taken by the processor, screen off, or no sync pulses. */
static bool blanked(const struct vga_registers *regs)
{
    bool sync = vbe_enabled(regs) || bit_test(regs->crtc[CR_MODE], 7);
    return !(regs->attr_index & ATTRIBUTE_SCREEN_ON) || bit_test(regs->seq[SR_CLOCKING], 5) ||
           !sync;
}

static void render_blank(struct display_frame *frame)
{
    frame->width = BLANK_WIDTH;
    frame->height = BLANK_HEIGHT;
    memset(frame->pixels, 0, sizeof(*frame->pixels) * BLANK_WIDTH * BLANK_HEIGHT);
}

void vga_render(void *adapter, uint64_t now_ns, struct display_frame *frame)
{
    struct view view;
    view_init(&view, adapter, now_ns);
    if (blanked(&view.regs)) {
        render_blank(frame);
    } else if (vbe_enabled(&view.regs)) {
        vbe_render(&view, frame);
    } else {
        render_crtc(&view, frame);
    }
}
