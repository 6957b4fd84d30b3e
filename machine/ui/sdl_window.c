/* The only user of SDL2's video. */
#include "machine/ui/sdl_window.h"

#include "machine/ui/key_names.h"

#include <SDL.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_WIDTH = 720, FIRST_HEIGHT = 400, TITLE_BYTES = 256 };

struct window {
    struct viewer_callbacks callbacks;
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *texture; /* of the size below */
    uint32_t width, height;
    bool captured;
    bool full_screen;
    bool integer_scaling;
    bool held[SDL_NUM_SCANCODES]; /* keys the guest was told are down */
    unsigned buttons;
    int dx, dy, wheel; /* gathered since the last mouse callback */
    char title[TITLE_BYTES];
};

static void update_title(struct window *window)
{
    char text[TITLE_BYTES + 64];
    snprintf(text, sizeof(text), "%s - %s", window->title,
             window->captured ? "Ctrl+Alt+G releases the mouse" : "click to capture the mouse");
    SDL_SetWindowTitle(window->window, text);
}

static bool open_renderer(struct window *window)
{
    window->window = SDL_CreateWindow("Vestige", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED,
                                      FIRST_WIDTH, FIRST_HEIGHT, SDL_WINDOW_RESIZABLE);
    if (!window->window) {
        return false;
    }
    window->renderer = SDL_CreateRenderer(window->window, -1, SDL_RENDERER_ACCELERATED);
    if (!window->renderer) {
        window->renderer = SDL_CreateRenderer(window->window, -1, SDL_RENDERER_SOFTWARE);
    }
    return window->renderer != NULL;
}

/* SDL falls back to drivers that show nothing; they count only where they were asked for. */
static bool visible(void)
{
    const char *driver = SDL_GetCurrentVideoDriver();
    bool shows = driver && SDL_strcmp(driver, "offscreen") != 0 && SDL_strcmp(driver, "dummy") != 0;
    return shows || SDL_getenv("SDL_VIDEODRIVER") || SDL_SetError("no display was found") == 0;
}

struct window *window_create(const struct viewer_callbacks *callbacks, struct status *status)
{
    struct window *window = calloc(1, sizeof(*window));
    if (!window) {
        status_fail(status, "cannot open a window: out of memory");
        return NULL;
    }
    window->callbacks = *callbacks;
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
    SDL_SetHint(SDL_HINT_GRAB_KEYBOARD, "1"); /* with the mouse: Alt+Tab goes to the guest */
    if (SDL_InitSubSystem(SDL_INIT_VIDEO) != 0 || !visible() || !open_renderer(window)) {
        status_fail(status, "cannot open a window: %s (try --display none)", SDL_GetError());
        window_destroy(window);
        return NULL;
    }
    window_set_title(window, "Vestige");
    return window;
}

void window_destroy(struct window *window)
{
    if (!window) {
        return;
    }
    if (window->texture) {
        SDL_DestroyTexture(window->texture);
    }
    if (window->renderer) {
        SDL_DestroyRenderer(window->renderer);
    }
    if (window->window) {
        SDL_DestroyWindow(window->window);
    }
    if (SDL_WasInit(SDL_INIT_VIDEO)) {
        SDL_QuitSubSystem(SDL_INIT_VIDEO);
    }
    free(window);
}

void window_set_title(struct window *window, const char *text)
{
    snprintf(window->title, sizeof(window->title), "%s", text);
    update_title(window);
}

void window_set_integer_scaling(struct window *window, bool integer)
{
    window->integer_scaling = integer;
}

bool window_captured(const struct window *window)
{
    return window->captured;
}

/* Mouse. */

static void flush_mouse(struct window *window)
{
    if (window->callbacks.mouse && (window->dx || window->dy || window->wheel)) {
        window->callbacks.mouse(window->callbacks.user, window->dx, window->dy, window->wheel,
                                window->buttons);
    }
    window->dx = 0;
    window->dy = 0;
    window->wheel = 0;
}

static void set_buttons(struct window *window, unsigned buttons)
{
    if (buttons == window->buttons) {
        return;
    }
    flush_mouse(window);
    window->buttons = buttons;
    if (window->callbacks.mouse) {
        window->callbacks.mouse(window->callbacks.user, 0, 0, 0, buttons);
    }
}

static void set_captured(struct window *window, bool captured)
{
    if (!captured) {
        set_buttons(window, 0);
    }
    window->captured = captured;
    SDL_SetRelativeMouseMode(captured ? SDL_TRUE : SDL_FALSE);
    SDL_SetWindowGrab(window->window, captured ? SDL_TRUE : SDL_FALSE);
    update_title(window);
}

static unsigned button_bit(uint8_t button)
{
    switch (button) {
    case SDL_BUTTON_LEFT:
        return VIEWER_LEFT;
    case SDL_BUTTON_RIGHT:
        return VIEWER_RIGHT;
    case SDL_BUTTON_MIDDLE:
        return VIEWER_MIDDLE;
    default:
        return 0;
    }
}

static void on_button(struct window *window, const SDL_MouseButtonEvent *event)
{
    bool down = event->state == SDL_PRESSED;
    if (!window->captured) {
        if (down && event->button == SDL_BUTTON_LEFT) {
            set_captured(window, true);
        }
        return;
    }
    unsigned bit = button_bit(event->button);
    set_buttons(window, down ? window->buttons | bit : window->buttons & ~bit);
}

static void on_motion(struct window *window, const SDL_MouseMotionEvent *event)
{
    if (window->captured) {
        window->dx += event->xrel;
        window->dy += event->yrel;
    }
}

static void on_wheel(struct window *window, const SDL_MouseWheelEvent *event)
{
    if (window->captured) {
        window->wheel += event->direction == SDL_MOUSEWHEEL_FLIPPED ? -event->y : event->y;
    }
}

/* Keyboard. */

static void send_key(struct window *window, unsigned scancode, bool down, bool repeat)
{
    const char *name = key_name(scancode);
    if (!name) {
        return;
    }
    window->held[scancode] = down;
    flush_mouse(window);
    if (window->callbacks.key) {
        window->callbacks.key(window->callbacks.user, name, down, repeat);
    }
}

static void release_keys(struct window *window)
{
    for (unsigned scancode = 0; scancode < SDL_NUM_SCANCODES; scancode++) {
        if (window->held[scancode]) {
            send_key(window, scancode, false, false);
        }
    }
}

static void toggle_full_screen(struct window *window)
{
    uint32_t flags = window->full_screen ? 0 : SDL_WINDOW_FULLSCREEN_DESKTOP;
    if (SDL_SetWindowFullscreen(window->window, flags) == 0) {
        window->full_screen = !window->full_screen;
    }
}

/* True when the key with Ctrl+Alt is ours. */
static bool own_key(struct window *window, SDL_Scancode scancode)
{
    if (scancode == SDL_SCANCODE_G) {
        set_captured(window, !window->captured);
    } else if (scancode == SDL_SCANCODE_F) {
        toggle_full_screen(window);
    } else if (scancode == SDL_SCANCODE_S) {
        if (window->callbacks.screenshot) {
            window->callbacks.screenshot(window->callbacks.user);
        }
    } else {
        return false;
    }
    return true;
}

static void on_key(struct window *window, const SDL_KeyboardEvent *event)
{
    SDL_Scancode scancode = event->keysym.scancode;
    unsigned modifiers = event->keysym.mod;
    bool down = event->state == SDL_PRESSED;
    if ((unsigned)scancode >= SDL_NUM_SCANCODES) {
        return;
    }
    if (!down) {
        if (window->held[scancode]) {
            send_key(window, scancode, false, false);
        }
        return;
    }
    bool ours = (modifiers & KMOD_CTRL) && (modifiers & KMOD_ALT) && !event->repeat;
    if (ours && own_key(window, scancode)) {
        release_keys(window);
        return;
    }
    if (event->repeat && !window->held[scancode]) {
        return;
    }
    send_key(window, scancode, true, event->repeat != 0);
}

static void on_window_event(struct window *window, const SDL_WindowEvent *event)
{
    if (event->event == SDL_WINDOWEVENT_FOCUS_LOST) {
        release_keys(window);
        if (window->captured) {
            set_captured(window, false);
        }
    } else if (event->event == SDL_WINDOWEVENT_CLOSE && window->callbacks.close_request) {
        window->callbacks.close_request(window->callbacks.user);
    }
}

static void on_event(struct window *window, const SDL_Event *event)
{
    switch (event->type) {
    case SDL_KEYDOWN:
    case SDL_KEYUP:
        on_key(window, &event->key);
        break;
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP:
        on_button(window, &event->button);
        break;
    case SDL_MOUSEMOTION:
        on_motion(window, &event->motion);
        break;
    case SDL_MOUSEWHEEL:
        on_wheel(window, &event->wheel);
        break;
    case SDL_WINDOWEVENT:
        on_window_event(window, &event->window);
        break;
    default:
        break;
    }
}

void window_poll(struct window *window)
{
    SDL_Event event;
    while (SDL_PollEvent(&event)) {
        on_event(window, &event);
    }
    flush_mouse(window);
}

/* Picture. */

static bool fit_texture(struct window *window, const struct display_frame *frame)
{
    if (window->texture && window->width == frame->width && window->height == frame->height) {
        return true;
    }
    if (window->texture) {
        SDL_DestroyTexture(window->texture);
    }
    SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, window->integer_scaling ? "nearest" : "linear");
    window->texture =
        SDL_CreateTexture(window->renderer, SDL_PIXELFORMAT_RGB888, SDL_TEXTUREACCESS_STREAMING,
                          (int)frame->width, (int)frame->height);
    window->width = frame->width;
    window->height = frame->height;
    if (!window->full_screen) {
        SDL_SetWindowSize(window->window, (int)frame->width, (int)frame->height);
    }
    return window->texture != NULL;
}

/* Where the picture goes in an area of that size: centred, aspect ratio kept. */
static SDL_Rect placement(const struct window *window, int area_width, int area_height)
{
    int width = (int)window->width;
    int height = (int)window->height;
    if (window->integer_scaling && area_width >= width && area_height >= height) {
        int factor = SDL_min(area_width / width, area_height / height);
        width *= factor;
        height *= factor;
    } else if ((int64_t)area_width * height <= (int64_t)area_height * width) {
        height = (int)((int64_t)area_width * height / width);
        width = area_width;
    } else {
        width = (int)((int64_t)area_height * width / height);
        height = area_height;
    }
    return (SDL_Rect){(area_width - width) / 2, (area_height - height) / 2, width, height};
}

void window_show(struct window *window, const struct display_frame *frame)
{
    int area_width = 0;
    int area_height = 0;
    if (frame->width == 0 || frame->height == 0 || !fit_texture(window, frame)) {
        return;
    }
    SDL_UpdateTexture(window->texture, NULL, frame->pixels,
                      (int)(frame->width * sizeof(*frame->pixels)));
    SDL_GetRendererOutputSize(window->renderer, &area_width, &area_height);
    SDL_Rect where = placement(window, area_width, area_height);
    SDL_SetRenderDrawColor(window->renderer, 0, 0, 0, 255);
    SDL_RenderClear(window->renderer);
    SDL_RenderCopy(window->renderer, window->texture, NULL, &where);
    SDL_RenderPresent(window->renderer);
}

/* As a viewer. */

static void viewer_poll(void *ui)
{
    window_poll(ui);
}

static void viewer_show(void *ui, const struct display_frame *frame)
{
    window_show(ui, frame);
}

static void viewer_set_title(void *ui, const char *text)
{
    window_set_title(ui, text);
}

static void viewer_destroy(void *ui)
{
    window_destroy(ui);
}

struct viewer window_viewer(struct window *window)
{
    return (struct viewer){.poll = viewer_poll,
                           .show = viewer_show,
                           .set_title = viewer_set_title,
                           .destroy = viewer_destroy,
                           .ui = window};
}
