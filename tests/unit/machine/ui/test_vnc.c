/* The VNC server, spoken to in raw RFB 3.8 by a client in the same thread. */
#include "base/endian.h"
#include "machine/ui/vnc.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 100, HEIGHT = 70, PATIENCE = 2000 };

struct world {
    struct vnc *vnc;
    struct sockaddr_in address;
    char keys[256]; /* "+a -a " */
    int dx, dy, wheel;
    unsigned buttons;
    uint32_t pixels[WIDTH * HEIGHT];
    struct display_frame frame;
};

static void on_key(void *user, const char *name, bool down, bool repeat)
{
    struct world *world = user;
    size_t used = strlen(world->keys);
    snprintf(world->keys + used, sizeof(world->keys) - used, "%s%s ",
             repeat ? "*"
             : down ? "+"
                    : "-",
             name);
}

static void on_mouse(void *user, int dx, int dy, int wheel, unsigned buttons)
{
    struct world *world = user;
    world->dx += dx;
    world->dy += dy;
    world->wheel += wheel;
    world->buttons = buttons;
}

static struct world *start(void)
{
    struct world *world = calloc(1, sizeof(*world));
    struct viewer_callbacks callbacks = {.user = world, .key = on_key, .mouse = on_mouse};
    struct status status = {0};
    socklen_t length = sizeof(world->address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    world->address.sin_family = AF_INET;
    world->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&world->address, length), 0);
    ck_assert_int_eq(listen(listener, 4), 0);
    getsockname(listener, (struct sockaddr *)&world->address, &length);
    world->vnc = vnc_create(listener, &callbacks, &status);
    ck_assert_msg(world->vnc != NULL, "%s", status.text);
    world->frame = (struct display_frame){WIDTH, HEIGHT, world->pixels};
    vnc_show(world->vnc, &world->frame);
    return world;
}

static void stop(struct world *world)
{
    vnc_destroy(world->vnc);
    free(world);
}

static void turn(struct world *world)
{
    struct timespec moment = {0, 1000000};
    vnc_poll(world->vnc);
    nanosleep(&moment, NULL);
}

/* Receives exactly that many bytes; false: the server hung up or is silent. */
static bool receive(struct world *world, int fd, void *to, size_t bytes)
{
    uint8_t *at = to;
    for (int i = 0; bytes && i < PATIENCE; i++) {
        ssize_t count = recv(fd, at, bytes, MSG_DONTWAIT);
        if (count == 0) {
            return false;
        }
        if (count > 0) {
            at += count;
            bytes -= (size_t)count;
        } else {
            turn(world);
        }
    }
    return bytes == 0;
}

static int dial(struct world *world)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&world->address, sizeof(world->address)), 0);
    return fd;
}

static void send_bytes(int fd, const void *bytes, size_t count)
{
    ck_assert_int_eq(send(fd, bytes, count, MSG_NOSIGNAL), (ssize_t)count);
}

/* Connects and goes through the handshake; *shift: of red, green, blue. */
static int handshake(struct world *world, uint8_t shift[3])
{
    uint8_t bytes[64];
    int fd = dial(world);
    ck_assert(receive(world, fd, bytes, 12));
    ck_assert_mem_eq(bytes, "RFB 003.008\n", 12);
    send_bytes(fd, "RFB 003.008\n", 12);
    ck_assert(receive(world, fd, bytes, 2));
    ck_assert_uint_eq(bytes[0], 1); /* one security type: none */
    ck_assert_uint_eq(bytes[1], 1);
    send_bytes(fd, "\1", 1);
    ck_assert(receive(world, fd, bytes, 4));
    ck_assert_uint_eq(load_be32(bytes), 0);
    send_bytes(fd, "\1", 1);
    ck_assert(receive(world, fd, bytes, 24 + 7));
    ck_assert_uint_eq(load_be16(bytes), WIDTH);
    ck_assert_uint_eq(load_be16(bytes + 2), HEIGHT);
    ck_assert_uint_eq(bytes[4], 32);
    memcpy(shift, bytes + 14, 3);
    ck_assert_mem_eq(bytes + 24, "Vestige", 7);
    return fd;
}

static void request(int fd, bool incremental)
{
    uint8_t message[10] = {3, incremental, 0, 0, 0, 0, 0, WIDTH, 0, HEIGHT};
    send_bytes(fd, message, sizeof(message));
}

struct area {
    unsigned x, y, width, height;
};

/* One update of raw rectangles into pixels; returns their bounds. */
static struct area update(struct world *world, int fd, uint32_t *pixels)
{
    uint8_t head[12];
    unsigned left = WIDTH, top = HEIGHT, right = 0, bottom = 0;
    ck_assert(receive(world, fd, head, 4));
    ck_assert_uint_eq(head[0], 0);
    for (unsigned n = load_be16(head + 2); n > 0; n--) {
        ck_assert(receive(world, fd, head, 12));
        unsigned x = load_be16(head), y = load_be16(head + 2);
        unsigned width = load_be16(head + 4), height = load_be16(head + 6);
        ck_assert_uint_eq(load_be32(head + 8), 0);
        ck_assert(x + width <= WIDTH && y + height <= HEIGHT);
        for (unsigned row = y; row < y + height; row++) {
            ck_assert(receive(world, fd, pixels + row * WIDTH + x, width * 4));
        }
        left = x < left ? x : left;
        top = y < top ? y : top;
        right = x + width > right ? x + width : right;
        bottom = y + height > bottom ? y + height : bottom;
    }
    return (struct area){left, top, right - left, bottom - top};
}

START_TEST(a_viewer_gets_the_picture)
{
    struct world *world = start();
    uint8_t shift[3];
    static uint32_t seen[WIDTH * HEIGHT];
    world->pixels[5 * WIDTH + 7] = 0x00123456;
    ck_assert(!vnc_watched(world->vnc));
    int fd = handshake(world, shift);
    ck_assert(vnc_watched(world->vnc));
    vnc_show(world->vnc, &world->frame);
    request(fd, false);
    struct area area = update(world, fd, seen);
    ck_assert_uint_eq(area.width, WIDTH);
    ck_assert_uint_eq(area.height, HEIGHT);
    uint32_t pixel = seen[5 * WIDTH + 7];
    ck_assert_uint_eq(pixel >> shift[0] & 0xff, 0x12);
    ck_assert_uint_eq(pixel >> shift[1] & 0xff, 0x34);
    ck_assert_uint_eq(pixel >> shift[2] & 0xff, 0x56);
    ck_assert_uint_eq(seen[0], 0);
    close(fd);
    stop(world);
}
END_TEST

START_TEST(only_what_changed_is_sent_again)
{
    struct world *world = start();
    uint8_t shift[3];
    static uint32_t seen[WIDTH * HEIGHT];
    int fd = handshake(world, shift);
    request(fd, false);
    update(world, fd, seen);
    request(fd, true);
    for (int i = 0; i < 20; i++) {
        vnc_show(world->vnc, &world->frame);
        turn(world);
    }
    ck_assert_int_eq(recv(fd, seen, 1, MSG_DONTWAIT), -1);
    world->pixels[60 * WIDTH + 90] = 0xffffff;
    vnc_show(world->vnc, &world->frame);
    struct area area = update(world, fd, seen);
    ck_assert_uint_lt(area.width, WIDTH);
    ck_assert_uint_lt(area.height, HEIGHT);
    ck_assert(area.x <= 90 && area.x + area.width > 90);
    ck_assert(area.y <= 60 && area.y + area.height > 60);
    ck_assert_uint_ne(seen[60 * WIDTH + 90], 0);
    close(fd);
    stop(world);
}
END_TEST

static void key(int fd, bool down, uint32_t keysym)
{
    uint8_t message[8] = {4, down};
    store_be32(message + 4, keysym);
    send_bytes(fd, message, sizeof(message));
}

static void pointer(int fd, uint8_t buttons, unsigned x, unsigned y)
{
    uint8_t message[6] = {5, buttons, 0, (uint8_t)x, 0, (uint8_t)y};
    send_bytes(fd, message, sizeof(message));
}

START_TEST(keys_arrive_by_name_and_are_let_go_when_the_viewer_leaves)
{
    struct world *world = start();
    uint8_t shift[3];
    int fd = handshake(world, shift);
    key(fd, true, 0xffe1); /* Shift_L */
    key(fd, true, 'A');
    key(fd, false, 'A');
    key(fd, false, 0xffe1);
    key(fd, true, 0xff0d); /* Return */
    key(fd, true, 0xff0d);
    key(fd, true, 0x20ac); /* no such key */
    key(fd, true, 0xffffffff);
    key(fd, true, 0xffbe); /* F1 */
    for (int i = 0; i < PATIENCE && !strstr(world->keys, "+f1"); i++) {
        turn(world);
    }
    ck_assert_str_eq(world->keys, "+shift +a -a -shift +enter *enter +f1 ");
    close(fd);
    for (int i = 0; i < PATIENCE && vnc_watched(world->vnc); i++) {
        turn(world);
    }
    ck_assert_str_eq(world->keys, "+shift +a -a -shift +enter *enter +f1 -enter -f1 ");
    stop(world);
}
END_TEST

START_TEST(the_pointer_moves_by_differences)
{
    struct world *world = start();
    uint8_t shift[3];
    int fd = handshake(world, shift);
    pointer(fd, 0, 50, 50); /* where it comes in is no motion */
    pointer(fd, 0, 57, 40);
    pointer(fd, 4, 57, 40);
    pointer(fd, 4 | 8, 57, 40);
    pointer(fd, 4, 57, 40);
    pointer(fd, 1 | 2, 60, 40);
    for (int i = 0; i < PATIENCE && world->buttons != (VIEWER_LEFT | VIEWER_MIDDLE); i++) {
        turn(world);
    }
    ck_assert_int_eq(world->dx, 10);
    ck_assert_int_eq(world->dy, -10);
    ck_assert_int_eq(world->wheel, 1);
    ck_assert_uint_eq(world->buttons, VIEWER_LEFT | VIEWER_MIDDLE);
    close(fd);
    stop(world);
}
END_TEST

START_TEST(a_client_of_another_protocol_is_dropped_and_others_go_on)
{
    struct world *world = start();
    uint8_t shift[3];
    static uint32_t seen[WIDTH * HEIGHT];
    uint8_t bytes[64];
    int bad = dial(world);
    send_bytes(bad, "HELO vestige\r\n\r\n", 16);
    int fd = handshake(world, shift);
    while (receive(world, bad, bytes, 1)) {
    }
    send_bytes(fd, "\3", 1); /* an update request, but for the rest of it */
    turn(world);
    uint8_t rest[9] = {0, 0, 0, 0, 0, 0, WIDTH, 0, HEIGHT};
    if (send(fd, rest, sizeof(rest), MSG_NOSIGNAL) == sizeof(rest)) {
        turn(world);
    }
    close(bad);
    close(fd);
    fd = handshake(world, shift);
    request(fd, false);
    update(world, fd, seen);
    close(fd);
    stop(world);
}
END_TEST

START_TEST(a_new_size_keeps_viewers_connected)
{
    struct world *world = start();
    uint8_t shift[3];
    static uint32_t small[16 * 16];
    int fd = handshake(world, shift);
    struct display_frame frame = {16, 16, small};
    vnc_show(world->vnc, &frame);
    turn(world);
    frame = (struct display_frame){0, 0, small};
    vnc_show(world->vnc, &frame);
    vnc_show(world->vnc, &world->frame);
    static uint32_t seen[WIDTH * HEIGHT];
    request(fd, false);
    update(world, fd, seen);
    ck_assert(vnc_watched(world->vnc));
    close(fd);
    stop(world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vnc");
    TCase *tests = tcase_create("vnc");
    tcase_add_test(tests, a_viewer_gets_the_picture);
    tcase_add_test(tests, only_what_changed_is_sent_again);
    tcase_add_test(tests, keys_arrive_by_name_and_are_let_go_when_the_viewer_leaves);
    tcase_add_test(tests, the_pointer_moves_by_differences);
    tcase_add_test(tests, a_client_of_another_protocol_is_dropped_and_others_go_on);
    tcase_add_test(tests, a_new_size_keeps_viewers_connected);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
