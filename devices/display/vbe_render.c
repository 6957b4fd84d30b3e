/*
 * The picture of an enabled VBE mode: 4 bits planar, 8 bits through the colour table, and direct
 * colours of 15, 16, 24 and 32 bits.  A row that would leave video memory is black.
 */
#include "devices/display/vga_render.h"

#include <string.h>

typedef void row_drawer(const struct view *view, const uint8_t *from, uint32_t width,
                        uint32_t *out);

static void row_4(const struct view *view, const uint8_t *from, uint32_t width, uint32_t *out)
{
    for (uint32_t x = 0; x < width; x += 8, from += 4) {
        uint8_t pixels[8];
        planar_pixels(load_le32(from), pixels);
        for (uint32_t i = 0; i < 8 && x + i < width; i++) {
            out[x + i] = view->attribute[pixels[i]];
        }
    }
}

static void row_8(const struct view *view, const uint8_t *from, uint32_t width, uint32_t *out)
{
    for (uint32_t x = 0; x < width; x++) {
        out[x] = view->dac[from[x]];
    }
}

static uint32_t widen5(uint32_t value)
{
    return (value & 31) << 3 | (value & 31) >> 2;
}

static uint32_t widen6(uint32_t value)
{
    return (value & 63) << 2 | (value & 63) >> 4;
}

static void row_15(const struct view *view, const uint8_t *from, uint32_t width, uint32_t *out)
{
    (void)view;
    for (uint32_t x = 0; x < width; x++) {
        uint32_t pixel = load_le16(from + (size_t)2 * x);
        out[x] = widen5(pixel >> 10) << 16 | widen5(pixel >> 5) << 8 | widen5(pixel);
    }
}

static void row_16(const struct view *view, const uint8_t *from, uint32_t width, uint32_t *out)
{
    (void)view;
    for (uint32_t x = 0; x < width; x++) {
        uint32_t pixel = load_le16(from + (size_t)2 * x);
        out[x] = widen5(pixel >> 11) << 16 | widen6(pixel >> 5) << 8 | widen5(pixel);
    }
}

static void row_24(const struct view *view, const uint8_t *from, uint32_t width, uint32_t *out)
{
    (void)view;
    for (uint32_t x = 0; x < width; x++, from += 3) {
        out[x] = (uint32_t)from[2] << 16 | (uint32_t)from[1] << 8 | from[0];
    }
}

static void row_32(const struct view *view, const uint8_t *from, uint32_t width, uint32_t *out)
{
    (void)view;
    for (uint32_t x = 0; x < width; x++) {
        out[x] = load_le32(from + (size_t)4 * x) & 0xffffff;
    }
}

static row_drawer *drawer_of(uint32_t bpp)
{
    switch (bpp) {
    case 4:
        return row_4;
    case 15:
        return row_15;
    case 16:
        return row_16;
    case 24:
        return row_24;
    case 32:
        return row_32;
    default:
        return row_8;
    }
}

static uint32_t clamp(uint32_t value, uint32_t most)
{
    return value == 0 ? 1 : value > most ? most : value;
}

void vbe_render(const struct view *view, struct display_frame *frame)
{
    const uint16_t *dispi = view->regs.dispi;
    uint32_t bits = vbe_stored_bits(dispi[DISPI_BPP]);
    uint64_t pitch = (uint64_t)dispi[DISPI_VIRTUAL_WIDTH] * bits / 8;
    uint64_t left = (uint64_t)dispi[DISPI_X_OFFSET] * bits / 8;
    if (bits == 4) {
        left &= ~UINT64_C(3);
    }
    frame->width = clamp(dispi[DISPI_XRES], DISPLAY_MAX_WIDTH);
    frame->height = clamp(dispi[DISPI_YRES], DISPLAY_MAX_HEIGHT);
    uint64_t row_bytes = (uint64_t)(frame->width + 7) / 8 * bits;
    row_drawer *draw = drawer_of(dispi[DISPI_BPP]);
    for (uint32_t y = 0; y < frame->height; y++) {
        uint32_t *out = frame->pixels + (size_t)y * frame->width;
        uint64_t at = left + (dispi[DISPI_Y_OFFSET] + (uint64_t)y) * pitch;
        if (at + row_bytes > view->vram_bytes) {
            memset(out, 0, frame->width * sizeof(*out));
        } else {
            draw(view, view->vram + at, frame->width, out);
        }
    }
}
