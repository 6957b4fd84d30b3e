#define _GNU_SOURCE
#include "machine/screen.h"

#include "machine/machine.h"
#include "machine/ui/screenshot.h"
#include "machine/ui/sdl_window.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_NS = 33000000, TITLE_NS = 1000000000 };

struct screen {
    struct machine *machine;
    struct window *window;
    struct display_frame frame;
    uint64_t frame_due_ns, title_due_ns, title_icount, title_ns;
    unsigned shots;
};

static uint64_t host_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * CLOCK_NS_PER_S + (uint64_t)now.tv_nsec;
}

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
    return getenv("DISPLAY") || getenv("WAYLAND_DISPLAY");
}

bool screen_open(struct screen **out, struct machine *machine, const char *display,
                 struct status *status)
{
    *out = NULL;
    if (display ? strcmp(display, "none") == 0 : !has_desktop()) {
        return true;
    }
    if (display && strcmp(display, "sdl") != 0) {
        return status_fail(status, "--display %s is not one of sdl, none", display);
    }
    struct screen *screen = calloc(1, sizeof(*screen));
    struct window_callbacks callbacks = {.user = screen,
                                         .key = on_key,
                                         .mouse = on_mouse,
                                         .close_request = on_close,
                                         .screenshot = on_screenshot};
    if (!screen) {
        return status_fail(status, "no memory for the window");
    }
    screen->machine = machine;
    screen->frame.pixels = malloc((size_t)DISPLAY_MAX_WIDTH * DISPLAY_MAX_HEIGHT * sizeof(uint32_t));
    screen->window = screen->frame.pixels ? window_create(&callbacks, status) : NULL;
    if (!screen->window) {
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
        window_destroy(screen->window);
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
    window_set_title(screen->window, title);
    screen->title_icount = icount;
    screen->title_ns = now;
    screen->title_due_ns = now + TITLE_NS;
}

void screen_poll(struct screen *screen)
{
    uint64_t now = screen ? host_ns() : 0;
    if (!screen || now < screen->frame_due_ns) {
        return;
    }
    screen->frame_due_ns = now + FRAME_NS;
    window_poll(screen->window);
    render(screen);
    window_show(screen->window, &screen->frame);
    if (now >= screen->title_due_ns) {
        update_title(screen, now);
    }
}

uint64_t screen_wait_ns(const struct screen *screen)
{
    return screen ? FRAME_NS / 2 : CLOCK_NS_PER_S;
}
