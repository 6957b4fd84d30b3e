/* The only user of LibVNCServer, with keysyms.c. */
#define _GNU_SOURCE
#include "machine/ui/vnc.h"

#include "machine/ui/keysyms.h"

#include <rfb/rfb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FIRST_WIDTH = 640, /* until the first picture comes */
    FIRST_HEIGHT = 480,
    SAMPLE_BITS = 8,
    SAMPLES = 3,
    PIXEL_BYTES = 4,
    TILE = 32, /* pixels a side: what is compared and sent as one */
    MOST_VIEWERS = 8,
    PATIENCE_MS = 500, /* for the rest of a message, and for a full socket */
};

struct vnc {
    struct viewer_callbacks callbacks;
    rfbScreenInfoPtr screen;
    int listener;
    uint32_t *sent; /* the picture in the server's pixel format */
    bool held[KEYS_COUNT];
    int x, y;         /* last place of the pointer; negative: none yet */
    unsigned buttons; /* the protocol's */
};

static struct vnc *vnc_of(rfbClientPtr client)
{
    return client->screen->screenData;
}

/* Input. */

static void send_key(struct vnc *vnc, enum key_code key, bool down)
{
    bool repeat = down && vnc->held[key];
    vnc->held[key] = down;
    if (vnc->callbacks.key) {
        vnc->callbacks.key(vnc->callbacks.user, key_row(key)->name, down, repeat);
    }
}

static void on_key(rfbBool down, rfbKeySym keysym, rfbClientPtr client)
{
    enum key_code key;
    if (keysym_key(keysym, &key)) {
        send_key(vnc_of(client), key, down != 0);
    }
}

static unsigned viewer_buttons(unsigned mask)
{
    return (mask & 1 ? VIEWER_LEFT : 0u) | (mask & 2 ? VIEWER_MIDDLE : 0u) |
           (mask & 4 ? VIEWER_RIGHT : 0u);
}

static void on_pointer(int mask, int x, int y, rfbClientPtr client)
{
    enum { WHEEL_UP = 8, WHEEL_DOWN = 16 };
    struct vnc *vnc = vnc_of(client);
    unsigned buttons = (unsigned)mask;
    unsigned pressed = buttons & ~vnc->buttons;
    int dx = vnc->x < 0 ? 0 : x - vnc->x;
    int dy = vnc->x < 0 ? 0 : y - vnc->y;
    int wheel = (pressed & WHEEL_UP ? 1 : 0) - (pressed & WHEEL_DOWN ? 1 : 0);
    bool changed = viewer_buttons(buttons) != viewer_buttons(vnc->buttons);
    vnc->x = x;
    vnc->y = y;
    vnc->buttons = buttons;
    if (vnc->callbacks.mouse && (dx || dy || wheel || changed)) {
        vnc->callbacks.mouse(vnc->callbacks.user, dx, dy, wheel, viewer_buttons(buttons));
    }
}

/* A viewer that leaves lets go of everything. */
static void on_gone(rfbClientPtr client)
{
    struct vnc *vnc = vnc_of(client);
    for (unsigned key = 0; key < KEYS_COUNT; key++) {
        if (vnc->held[key]) {
            send_key(vnc, (enum key_code)key, false);
        }
    }
    if (viewer_buttons(vnc->buttons) && vnc->callbacks.mouse) {
        vnc->callbacks.mouse(vnc->callbacks.user, 0, 0, 0, 0);
    }
    vnc->buttons = 0;
    vnc->x = -1;
}

static enum rfbNewClientAction on_new(rfbClientPtr client)
{
    client->clientGoneHook = on_gone;
    return RFB_CLIENT_ACCEPT;
}

/* Creation. */

static bool make_screen(struct vnc *vnc)
{
    vnc->sent = calloc((size_t)FIRST_WIDTH * FIRST_HEIGHT, sizeof(*vnc->sent));
    vnc->screen =
        rfbGetScreen(NULL, NULL, FIRST_WIDTH, FIRST_HEIGHT, SAMPLE_BITS, SAMPLES, PIXEL_BYTES);
    if (!vnc->sent || !vnc->screen) {
        return false;
    }
    rfbScreenInfoPtr screen = vnc->screen;
    screen->frameBuffer = (char *)vnc->sent;
    screen->screenData = vnc;
    screen->desktopName = "Vestige";
    screen->alwaysShared = TRUE;
    screen->autoPort = FALSE;
    screen->port = screen->ipv6port = -1; /* connections come through the listener given */
    screen->cursor = NULL;
    screen->handleEventsEagerly = TRUE;
    screen->deferUpdateTime = 0;
    screen->maxClientWait = PATIENCE_MS;
    screen->kbdAddEvent = on_key;
    screen->ptrAddEvent = on_pointer;
    screen->newClientHook = on_new;
    rfbInitServer(screen);
    return true;
}

struct vnc *vnc_create(int listener, const struct viewer_callbacks *callbacks,
                       struct status *status)
{
    struct vnc *vnc = calloc(1, sizeof(*vnc));
    if (!vnc) {
        close(listener);
        status_fail(status, "no memory for VNC");
        return NULL;
    }
    vnc->callbacks = *callbacks;
    vnc->listener = listener;
    vnc->x = -1;
    rfbLogEnable(FALSE);
    if (!make_screen(vnc)) {
        vnc_destroy(vnc);
        status_fail(status, "no memory for VNC");
        return NULL;
    }
    return vnc;
}

void vnc_destroy(struct vnc *vnc)
{
    if (!vnc) {
        return;
    }
    if (vnc->screen) {
        rfbShutdownServer(vnc->screen, TRUE);
        vnc->screen->frameBuffer = NULL;
        rfbScreenCleanup(vnc->screen);
    }
    close(vnc->listener);
    free(vnc->sent);
    free(vnc);
}

/* Connections. */

static unsigned count_viewers(const struct vnc *vnc)
{
    unsigned count = 0;
    for (rfbClientPtr client = vnc->screen->clientHead; client; client = client->next) {
        count++;
    }
    return count;
}

bool vnc_watched(const struct vnc *vnc)
{
    return vnc->screen->clientHead != NULL;
}

void vnc_poll(struct vnc *vnc)
{
    int fd;
    while ((fd = accept4(vnc->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        if (count_viewers(vnc) < MOST_VIEWERS) {
            rfbNewClient(vnc->screen, fd); /* takes fd, also when it fails */
        } else {
            close(fd);
        }
    }
    rfbProcessEvents(vnc->screen, 0);
}

/* Picture. */

static bool resize(struct vnc *vnc, uint32_t width, uint32_t height)
{
    if ((uint32_t)vnc->screen->width == width && (uint32_t)vnc->screen->height == height) {
        return true;
    }
    uint32_t *pixels = calloc((size_t)width * height, sizeof(*pixels));
    if (!pixels) {
        return false;
    }
    rfbNewFramebuffer(vnc->screen, (char *)pixels, (int)width, (int)height, SAMPLE_BITS, SAMPLES,
                      PIXEL_BYTES);
    free(vnc->sent);
    vnc->sent = pixels;
    vnc->x = -1;
    return true;
}

/* Copies one row of a tile in the server's pixel format; true when it was another. */
static bool copy_row(const rfbPixelFormat *format, uint32_t *to, const uint32_t *from,
                     uint32_t count)
{
    uint32_t changed = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t pixel = (from[i] >> 16 & 0xff) << format->redShift |
                         (from[i] >> 8 & 0xff) << format->greenShift |
                         (from[i] & 0xff) << format->blueShift;
        changed |= to[i] ^ pixel;
        to[i] = pixel;
    }
    return changed != 0;
}

void vnc_show(struct vnc *vnc, const struct display_frame *frame)
{
    uint32_t width = frame->width;
    uint32_t height = frame->height;
    if (!width || !height || !resize(vnc, width, height)) {
        return;
    }
    for (uint32_t y = 0; y < height; y += TILE) {
        uint32_t y_end = y + TILE < height ? y + TILE : height;
        for (uint32_t x = 0; x < width; x += TILE) {
            uint32_t x_end = x + TILE < width ? x + TILE : width;
            bool changed = false;
            for (uint32_t row = y; row < y_end; row++) {
                size_t at = (size_t)row * width + x;
                changed |= copy_row(&vnc->screen->serverFormat, vnc->sent + at, frame->pixels + at,
                                    x_end - x);
            }
            if (changed) {
                rfbMarkRectAsModified(vnc->screen, (int)x, (int)y, (int)x_end, (int)y_end);
            }
        }
    }
}

/* As a viewer. */

static void viewer_poll(void *ui)
{
    vnc_poll(ui);
}

static void viewer_show(void *ui, const struct display_frame *frame)
{
    vnc_show(ui, frame);
}

static bool viewer_watched(const void *ui)
{
    return vnc_watched(ui);
}

static void viewer_destroy(void *ui)
{
    vnc_destroy(ui);
}

struct viewer vnc_viewer(struct vnc *vnc)
{
    return (struct viewer){.poll = viewer_poll,
                           .show = viewer_show,
                           .watched = viewer_watched,
                           .destroy = viewer_destroy,
                           .ui = vnc};
}
