/*
 * Drawing, inside the VGA adapter.  A picture is drawn from a copy of the registers, so that a
 * guest reprogramming the adapter meanwhile can spoil a frame but not a bound.
 */
#ifndef DEVICES_DISPLAY_VGA_RENDER_H
#define DEVICES_DISPLAY_VGA_RENDER_H

#include "devices/display/vga_state.h"

enum {
    VIEW_MAX_CELLS = 257, /* 256 characters and one more for panning */
    VIEW_MAX_DOTS = VIEW_MAX_CELLS * 9,
};

/* Everything one picture needs; derived values are computed once. */
struct view {
    struct vga_registers regs;
    const uint8_t *vram;
    uint32_t vram_bytes;
    uint32_t dac[256];      /* colour of a DAC index, pixel mask applied */
    uint32_t attribute[16]; /* colour of a 4-bit pixel, palette registers applied */
    bool text;              /* text, not graphics */
    bool blink_off;         /* blinking things are in their dark half */
    bool cursor_shown;
    uint32_t cells;      /* characters (8 or 9 dots) a line */
    uint32_t cell_dots;  /* 8 or 9 */
    uint32_t dot_repeat; /* 2 when the dot clock is halved */
    uint32_t lines;      /* scan lines of the CRTC */
};

/* display_source's render: adapter is a struct vga. */
void vga_render(void *adapter, uint64_t now_ns, struct display_frame *frame);
/* display_source's text. */
bool vga_text(void *adapter, char *out, size_t bytes);

/* vga_render.c */
void view_init(struct view *view, const struct vga *vga, uint64_t now_ns);
/* The four planes' bytes at a CRTC address count, with the row-scan substitutions of CR17. */
uint32_t view_fetch(const struct view *view, uint32_t count, uint32_t row_scan);
/* First address count of the picture (start address). */
uint32_t view_start(const struct view *view);
/* Address counts from one character row to the next. */
uint32_t view_pitch(const struct view *view);

/* vga_text.c: one scan line of text into dots[cells * cell_dots]. */
void text_draw_line(const struct view *view, uint32_t count, uint32_t row_scan, uint32_t cells,
                    uint32_t *dots);

/* vga_graphics.c: one scan line of graphics into dots[cells * 8]. */
void graphics_draw_line(const struct view *view, uint32_t count, uint32_t row_scan, uint32_t cells,
                        uint32_t *dots);

/* vbe_render.c: the whole picture of an enabled VBE mode. */
void vbe_render(const struct view *view, struct display_frame *frame);

/* Eight 4-bit pixels of a planar word, leftmost first, into pixels[8]. */
void planar_pixels(uint32_t planes, uint8_t pixels[8]);

#endif
