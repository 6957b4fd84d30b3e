/*
 * Text modes: one scan line of characters, and the screen as a string.
 *
 * Plane 0 holds characters, plane 1 attributes, plane 2 eight fonts of 256 glyphs, 32 bytes each.
 * Attribute bit 3 chooses between two fonts (SR3) besides being intensity; bit 7 is blink or
 * intensity (AR10 bit 3).  In 9-dot cells the characters C0h-DFh may repeat their eighth dot.
 */
#include "devices/display/cp437.h"
#include "devices/display/vga_render.h"

#include <string.h>

enum {
    GLYPH_BYTES = 32,
    ATTRIBUTE_BLINK = 0x80,
    CURSOR_OFF = 0x20,
};

/* Where font n of SR3 begins in plane 2. */
static const uint16_t font_base[8] = {0x0000, 0x4000, 0x8000, 0xc000,
                                      0x2000, 0x6000, 0xa000, 0xe000};

struct style {
    uint32_t font[2]; /* plane 2 offset of the glyph row, by attribute bit 3 */
    uint32_t cursor;  /* address count of the cursor, or UINT32_MAX when not on this line */
    bool underlined;  /* this scan line is where underlines go */
    bool blinks;      /* attribute bit 7 blinks */
};

static uint32_t cursor_count(const struct view *view, uint32_t row_scan)
{
    const uint8_t *crtc = view->regs.crtc;
    uint32_t first = crtc[CR_CURSOR_START] & 0x1f;
    uint32_t last = crtc[CR_CURSOR_END] & 0x1f;
    if ((crtc[CR_CURSOR_START] & CURSOR_OFF) || !view->cursor_shown || row_scan < first ||
        row_scan > last) {
        return UINT32_MAX;
    }
    uint32_t skew = crtc[CR_CURSOR_END] >> 5 & 3;
    return (((uint32_t)crtc[CR_CURSOR_HIGH] << 8 | crtc[CR_CURSOR_LOW]) + skew) & 0xffff;
}

static struct style style_of_line(const struct view *view, uint32_t row_scan)
{
    uint8_t select = view->regs.seq[SR_FONT];
    unsigned normal = (select & 3U) | (select >> 2 & 4U);
    unsigned intense = (select >> 2 & 3U) | (select >> 3 & 4U);
    return (struct style){
        .font = {font_base[normal] + row_scan, font_base[intense] + row_scan},
        .cursor = cursor_count(view, row_scan),
        .underlined = row_scan == (view->regs.crtc[CR_UNDERLINE] & 0x1fU),
        .blinks = bit_test(view->regs.attr[AR_MODE], 3),
    };
}

/* Nine dots of a glyph row, leftmost in bit 8. */
static uint32_t glyph_dots(const struct view *view, const struct style *style, uint8_t character,
                           uint8_t attribute)
{
    uint32_t at = style->font[bit_test(attribute, 3)] + (uint32_t)character * GLYPH_BYTES;
    uint32_t row = view->vram[(at << 2 | 2) & VGA_LEGACY_MASK];
    bool joins = bit_test(view->regs.attr[AR_MODE], 2) && (character & 0xe0) == 0xc0;
    return row << 1 | (joins ? row & 1 : 0);
}

static void draw_cell(const struct view *view, const struct style *style, uint32_t planes,
                      bool cursor, uint32_t *dots)
{
    uint8_t character = (uint8_t)planes;
    uint8_t attribute = (uint8_t)(planes >> 8);
    uint32_t pattern = glyph_dots(view, style, character, attribute);
    unsigned back = attribute >> 4;
    if (style->blinks) {
        back &= 7;
        if ((attribute & ATTRIBUTE_BLINK) && view->blink_off) {
            pattern = 0;
        }
    }
    if (cursor || (style->underlined && (attribute & 0x77) == 0x01)) {
        pattern = 0x1ff;
    }
    uint32_t fore_colour = view->attribute[attribute & 15];
    uint32_t back_colour = view->attribute[back];
    for (uint32_t x = 0; x < view->cell_dots; x++) {
        dots[x] = bit_test(pattern, 8 - x) ? fore_colour : back_colour;
    }
}

void text_draw_line(const struct view *view, uint32_t count, uint32_t row_scan, uint32_t cells,
                    uint32_t *dots)
{
    struct style style = style_of_line(view, row_scan);
    for (uint32_t cell = 0; cell < cells; cell++, dots += view->cell_dots) {
        bool cursor = ((count + cell) & 0xffff) == style.cursor;
        draw_cell(view, &style, view_fetch(view, count + cell, row_scan), cursor, dots);
    }
}

/* One row of the screen, trailing blanks cut; returns how many bytes of out were used. */
static size_t text_row(const struct view *view, uint32_t count, char *out, size_t bytes)
{
    size_t used = 0;
    size_t kept = 0;
    for (uint32_t cell = 0; cell < view->cells; cell++) {
        char utf8[3];
        unsigned length = cp437_utf8((uint8_t)view_fetch(view, count + cell, 0), utf8);
        if (used + length > bytes) {
            break;
        }
        memcpy(out + used, utf8, length);
        used += length;
        if (utf8[0] != ' ') {
            kept = used;
        }
    }
    return kept;
}

bool vga_text(void *adapter, char *out, size_t bytes)
{
    struct view view;
    view_init(&view, adapter, 0);
    if (bytes == 0) {
        return view.text;
    }
    uint8_t scan = view.regs.crtc[CR_MAXIMUM_SCAN];
    uint32_t row_lines = ((scan & 0x1fU) + 1) << bit_test(scan, 7);
    uint32_t rows = view.text ? view.lines / row_lines : 0;
    uint32_t count = view_start(&view) + (view.regs.crtc[CR_PRESET_ROW_SCAN] >> 5 & 3U);
    size_t used = 0;
    for (uint32_t row = 0; row < rows && used + 2 < bytes; row++, count += view_pitch(&view)) {
        used += text_row(&view, count, out + used, bytes - used - 2);
        out[used++] = '\n';
    }
    out[used] = '\0';
    return view.text;
}
