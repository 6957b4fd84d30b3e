/* In place of machine/ui/sdl_window.c: no SDL 2. */
#include "machine/ui/sdl_window.h"

struct window *window_create(const struct viewer_callbacks *callbacks, struct status *status)
{
    (void)callbacks;
    status_fail(status, "--display sdl: this vestige was built without SDL 2");
    return NULL;
}

struct viewer window_viewer(struct window *window)
{
    (void)window;
    return (struct viewer){0};
}
