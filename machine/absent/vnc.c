/* In place of machine/ui/vnc.c: no LibVNCServer. */
#include "machine/ui/vnc.h"

#include <unistd.h>

struct vnc *vnc_create(int listener, const struct viewer_callbacks *callbacks,
                       struct status *status)
{
    (void)callbacks;
    close(listener);
    status_fail(status, "--display vnc: this vestige was built without LibVNCServer");
    return NULL;
}

struct viewer vnc_viewer(struct vnc *vnc)
{
    (void)vnc;
    return (struct viewer){0};
}
