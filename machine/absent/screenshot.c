/* In place of machine/ui/screenshot.c: no libpng. */
#include "machine/ui/screenshot.h"

bool screenshot_write(const struct display_frame *frame, const char *path, struct status *status)
{
    (void)frame;
    return status_fail(status, "%s: this vestige was built without libpng", path);
}
