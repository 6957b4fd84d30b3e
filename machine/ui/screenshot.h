/* Pictures of the screen as PNG files. */
#ifndef MACHINE_UI_SCREENSHOT_H
#define MACHINE_UI_SCREENSHOT_H

#include "base/status.h"
#include "devices/core/display.h"

/* Writes the frame to path (8-bit RGB), replacing what stands there.  On failure the file is
 * removed if it was begun. */
bool screenshot_write(const struct display_frame *frame, const char *path, struct status *status);

#endif
