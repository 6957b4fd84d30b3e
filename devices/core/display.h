/*
 * What a display adapter shows, for whoever draws it (window, screenshot, VNC, tests).  Reading a
 * frame has no side effect on the device.
 */
#ifndef DEVICES_CORE_DISPLAY_H
#define DEVICES_CORE_DISPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DISPLAY_MAX_WIDTH = 2560, DISPLAY_MAX_HEIGHT = 1600 };

/* One picture: 32-bit pixels 0x00RRGGBB in host order, rows of `width` pixels without gaps. */
struct display_frame {
    uint32_t width, height;
    uint32_t *pixels; /* caller's buffer of at least DISPLAY_MAX_WIDTH * DISPLAY_MAX_HEIGHT */
};

struct display_source {
    /* Fills width, height and pixels with the current picture.  now_ns drives cursor and attribute
     * blinking only. */
    void (*render)(void *adapter, uint64_t now_ns, struct display_frame *frame);
    /* Text mode: writes rows of UTF-8 text (code page 437), each ended by '\n' with trailing blanks
     * cut, into out (NUL-terminated, at most bytes); returns false in graphics modes. */
    bool (*text)(void *adapter, char *out, size_t bytes);
    void *adapter;
};

#endif
