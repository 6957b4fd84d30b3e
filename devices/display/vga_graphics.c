/*
 * One scan line of a graphics mode: the shift registers and the attribute controller.
 *
 * A character clock fetches four plane bytes and shifts out eight dots of four bits, in one of
 * three ways (GR5 bits 5-6): a bit from each plane; bit pairs, planes 0 and 2 before 1 and 3, as
 * CGA had them; nibbles of whole bytes.  In 8-bit mode (AR10 bit 6) two successive dots make one
 * pixel that goes to the colour table directly and is two dots wide.
 */
#include "devices/display/vga_render.h"

/* The bits of a byte as the low bits of eight bytes, leftmost (bit 7) in the lowest byte. */
static uint64_t bits_to_bytes(uint64_t byte)
{
    uint64_t scattered = byte * UINT64_C(0x8040201008040201);
    return scattered >> 7 & UINT64_C(0x0101010101010101);
}

void planar_pixels(uint32_t planes, uint8_t pixels[8])
{
    uint64_t eight = 0;
    for (unsigned plane = 0; plane < 4; plane++) {
        eight |= bits_to_bytes(planes >> 8 * plane & 0xff) << plane;
    }
    store_le64(pixels, eight);
}

static void interleaved_pixels(uint32_t planes, uint8_t pixels[8])
{
    for (unsigned x = 0; x < 8; x++) {
        unsigned odd = x >= 4 ? 8 : 0;
        unsigned shift = 6 - 2 * (x & 3);
        unsigned low = planes >> (odd + shift) & 3;
        unsigned high = planes >> (odd + 16 + shift) & 3;
        pixels[x] = (uint8_t)(low | high << 2);
    }
}

static void nibble_pixels(uint32_t planes, uint8_t pixels[8])
{
    for (unsigned x = 0; x < 8; x += 2) {
        uint8_t byte = (uint8_t)(planes >> 4 * x);
        pixels[x] = byte >> 4;
        pixels[x + 1] = byte & 15;
    }
}

static void cell_pixels(const struct view *view, uint32_t planes, uint8_t pixels[8])
{
    switch (view->regs.gc[GR_MODE] >> 5 & 3) {
    case 0:
        planar_pixels(planes, pixels);
        break;
    case 1:
        interleaved_pixels(planes, pixels);
        break;
    default:
        nibble_pixels(planes, pixels);
        break;
    }
}

/* Character clocks that share one address count, as a shift (CR17 bit 3, CR14 bit 5). */
static unsigned count_shift(const struct view *view)
{
    const uint8_t *crtc = view->regs.crtc;
    if (bit_test(crtc[CR_UNDERLINE], 5)) {
        return 2;
    }
    return bit_test(crtc[CR_MODE], 3) ? 1 : 0;
}

void graphics_draw_line(const struct view *view, uint32_t count, uint32_t row_scan, uint32_t cells,
                        uint32_t *dots)
{
    uint8_t mode = view->regs.attr[AR_MODE];
    unsigned shift = count_shift(view);
    uint8_t kept = bit_test(mode, 3) && view->blink_off ? 7 : 15;
    for (uint32_t cell = 0; cell < cells; cell++, dots += 8) {
        uint8_t pixels[8];
        cell_pixels(view, view_fetch(view, count + (cell >> shift), row_scan), pixels);
        for (unsigned x = 0; x < 8; x++) {
            if (bit_test(mode, 6)) {
                dots[x] = view->dac[pixels[x & ~1U] << 4 | pixels[x | 1]];
            } else {
                dots[x] = view->attribute[pixels[x] & kept];
            }
        }
    }
}
