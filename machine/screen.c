#define _GNU_SOURCE
#include "machine/screen.h"

#include "machine/host_clock.h"
#include "machine/host_socket.h"
#include "machine/machine.h"
#include "machine/ui/screenshot.h"
#include "machine/ui/sdl_window.h"
#include "machine/ui/vnc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_NS = 33000000, UNWATCHED_NS = 100000000, TITLE_NS = 1000000000 };

#define VNC_ADDRESS "127.0.0.1:5900"

struct screen {
    struct machine *machine;
    struct viewer viewer;
    struct display_frame frame;
    uint64_t frame_due_ns, title_due_ns, title_icount, title_ns;
    unsigned shots;
};

static void on_key(void *user, const char *name, bool down, bool repeat)
{
    struct screen *screen = user;
    enum key_code key;
    if (!repeat && key_by_name(name, strlen(name), &key)) {
        inputs_key(screen->machine, key, down);
    }
}

static void on_mouse(void *user, int dx, int dy, int wheel, unsigned buttons)
{
    struct screen *screen = user;
    inputs_mouse(screen->machine, dx, dy, -wheel, buttons);
}

static void on_close(void *user)
{
    struct screen *screen = user;
    machine_quit(screen->machine, EXIT_OK);
}

static void render(struct screen *screen)
{
    const struct display_source *display = machine_display(screen->machine);
    display->render(display->adapter, machine_now(screen->machine), &screen->frame);
}

/* vestige-N.png in the current folder, the first number that is free. */
static void on_screenshot(void *user)
{
    struct screen *screen = user;
    struct status status = {0};
    char path[64];
    do {
        snprintf(path, sizeof(path), "vestige-%u.png", ++screen->shots);
    } while (access(path, F_OK) == 0);
    render(screen);
    if (screenshot_write(&screen->frame, path, &status)) {
        fprintf(stderr, "vestige: screen saved as %s\n", path);
    } else {
        fprintf(stderr, "vestige: %s\n", status.text);
    }
}

static bool has_desktop(void)
{
    return HAVE_SDL && (getenv("DISPLAY") || getenv("WAYLAND_DISPLAY"));
}

static bool open_window(struct screen *screen, const struct viewer_callbacks *callbacks,
                        struct status *status)
{
    struct window *window = window_create(callbacks, status);
    if (window) {
        screen->viewer = window_viewer(window);
    }
    return window != NULL;
}

/* where: HOST:PORT, or :PORT on this host only. */
static bool open_vnc(struct screen *screen, const char *where,
                     const struct viewer_callbacks *callbacks, struct status *status)
{
    char address[300];
    if (strlen(where) >= sizeof(address) - 4) {
        return status_fail(status, "--display vnc=%s is not vnc=HOST:PORT", where);
    }
    snprintf(address, sizeof(address), "tcp:%s", where);
    int listener = host_socket_listen(address, status);
    struct vnc *vnc = listener < 0 ? NULL : vnc_create(listener, callbacks, status);
    if (vnc) {
        screen->viewer = vnc_viewer(vnc);
        fprintf(stderr, "vestige: the screen is at vnc://%s\n", where);
    }
    return vnc != NULL;
}

static bool open_viewer(struct screen *screen, const char *display, struct status *status)
{
    struct viewer_callbacks callbacks = {.user = screen,
                                         .key = on_key,
                                         .mouse = on_mouse,
                                         .close_request = on_close,
                                         .screenshot = on_screenshot};
    if (!display || strcmp(display, "sdl") == 0) {
        return open_window(screen, &callbacks, status);
    }
    if (strcmp(display, "vnc") == 0) {
        return open_vnc(screen, VNC_ADDRESS, &callbacks, status);
    }
    if (strncmp(display, "vnc=", 4) == 0) {
        return open_vnc(screen, display + 4, &callbacks, status);
    }
    return status_fail(status, "--display %s is not one of sdl, vnc, vnc=HOST:PORT, none", display);
}

bool screen_open(struct screen **out, struct machine *machine, const char *display,
                 struct status *status)
{
    *out = NULL;
    if (display ? strcmp(display, "none") == 0 : !has_desktop()) {
        return true;
    }
    struct screen *screen = calloc(1, sizeof(*screen));
    if (!screen) {
        return status_fail(status, "no memory for the display");
    }
    screen->machine = machine;
    screen->frame.pixels =
        malloc((size_t)DISPLAY_MAX_WIDTH * DISPLAY_MAX_HEIGHT * sizeof(uint32_t));
    if (!screen->frame.pixels) {
        free(screen);
        return status_fail(status, "no memory for the display");
    }
    if (!open_viewer(screen, display, status)) {
        free(screen->frame.pixels);
        free(screen);
        return false;
    }
    *out = screen;
    return true;
}

void screen_close(struct screen *screen)
{
    if (screen) {
        screen->viewer.destroy(screen->viewer.ui);
        free(screen->frame.pixels);
        free(screen);
    }
}

static void update_title(struct screen *screen, uint64_t now)
{
    char title[64];
    uint64_t icount = machine_icount(screen->machine);
    uint64_t ns = now - screen->title_ns;
    snprintf(title, sizeof(title), "Vestige - %" PRIu64 " MIPS%s",
             (icount - screen->title_icount) * 1000 / (ns ? ns : 1),
             screen->machine->paused ? " (paused)" : "");
    screen->viewer.set_title(screen->viewer.ui, title);
    screen->title_icount = icount;
    screen->title_ns = now;
    screen->title_due_ns = now + TITLE_NS;
}

static bool watched(const struct screen *screen)
{
    return !screen->viewer.watched || screen->viewer.watched(screen->viewer.ui);
}

void screen_poll(struct screen *screen)
{
    uint64_t now = screen ? host_ns() : 0;
    if (!screen || now < screen->frame_due_ns) {
        return;
    }
    screen->frame_due_ns = now + FRAME_NS;
    screen->viewer.poll(screen->viewer.ui);
    if (!watched(screen)) {
        screen->frame_due_ns = now + UNWATCHED_NS;
        return;
    }
    render(screen);
    screen->viewer.show(screen->viewer.ui, &screen->frame);
    if (now >= screen->title_due_ns && screen->viewer.set_title) {
        update_title(screen, now);
    }
}

uint64_t screen_wait_ns(const struct screen *screen)
{
    uint64_t now = screen ? host_ns() : 0;
    if (!screen) {
        return CLOCK_NS_PER_S;
    }
    return screen->frame_due_ns > now ? screen->frame_due_ns - now : 0;
}
