/* 8042 with keyboard and mouse plugged in: commands, translation, interrupts, A20, reset. */
#include "devices/chipset/i8042.h"

#include "devices/chipset/port92.h"
#include "devices/input/ps2_keyboard.h"
#include "devices/input/ps2_mouse.h"
#include "tests/support/device_lifecycle.h"

#include <stdlib.h>

enum { IRQ_KEYBOARD, IRQ_MOUSE, A20, RESET, LINES };

struct fixture {
    struct clock *clock;
    struct i8042 *kbc;
    struct ps2_keyboard *keyboard;
    struct ps2_mouse *mouse;
    bool level[LINES];
    unsigned rises[LINES];
};

static void line_changed(void *listener, unsigned n, bool level)
{
    struct fixture *f = listener;
    f->rises[n] += level && !f->level[n];
    f->level[n] = level;
}

static struct irq_line line_to(struct fixture *f, unsigned n)
{
    return (struct irq_line){.set = line_changed, .listener = f, .n = n};
}

static struct fixture *setup(void)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->clock = clock_create(NULL);
    struct i8042_wires wires = {.clock = f->clock,
                                .irq = {line_to(f, IRQ_KEYBOARD), line_to(f, IRQ_MOUSE)},
                                .a20 = line_to(f, A20),
                                .reset = line_to(f, RESET)};
    f->kbc = i8042_create(&wires);
    f->keyboard = ps2_keyboard_create(
        &(struct ps2_keyboard_wires){.clock = f->clock, .host = i8042_host(f->kbc, 0)});
    f->mouse = ps2_mouse_create(
        &(struct ps2_mouse_wires){.clock = f->clock, .host = i8042_host(f->kbc, 1)});
    struct ps2_device keyboard = ps2_keyboard_port(f->keyboard);
    struct ps2_device mouse = ps2_mouse_port(f->mouse);
    i8042_connect(f->kbc, 0, &keyboard);
    i8042_connect(f->kbc, 1, &mouse);
    struct device devices[3] = {i8042_device(f->kbc, "kbc"),
                                ps2_keyboard_device(f->keyboard, "keyboard"),
                                ps2_mouse_device(f->mouse, "mouse")};
    for (unsigned i = 0; i < 3; i++) {
        device_reset(&devices[i], RESET_POWER);
    }
    return f;
}

static void teardown(struct fixture *f)
{
    i8042_device(f->kbc, "").ops->destroy(f->kbc);
    ps2_keyboard_device(f->keyboard, "").ops->destroy(f->keyboard);
    ps2_mouse_device(f->mouse, "").ops->destroy(f->mouse);
    clock_destroy(f->clock);
    free(f);
}

static void command(struct fixture *f, uint8_t value)
{
    i8042_command_io.write(f->kbc, 0, value, 1);
}

static void data(struct fixture *f, uint8_t value)
{
    i8042_data_io.write(f->kbc, 0, value, 1);
}

static uint8_t status(struct fixture *f)
{
    return (uint8_t)i8042_command_io.read(f->kbc, 0, 1);
}

static uint8_t get(struct fixture *f)
{
    return (uint8_t)i8042_data_io.read(f->kbc, 0, 1);
}

/* Waits for a byte and reads it; -1 when none comes. */
static int wait(struct fixture *f)
{
    for (unsigned i = 0; i < 20; i++) {
        if (status(f) & 1) {
            return get(f);
        }
        clock_advance(f->clock, 100 * CLOCK_NS_PER_US);
    }
    return -1;
}

static void assert_bytes(struct fixture *f, const char *want, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        ck_assert_int_eq(wait(f), (uint8_t)want[i]);
    }
    ck_assert_int_eq(wait(f), -1);
}

START_TEST(controller_answers_its_tests)
{
    struct fixture *f = setup();
    ck_assert_uint_eq(status(f) & 0x04, 0);
    command(f, 0xaa);
    ck_assert_uint_eq(status(f) & 0x2d, 0x0d);
    ck_assert_int_eq(wait(f), 0x55);
    command(f, 0xab);
    ck_assert_int_eq(wait(f), 0x00);
    command(f, 0xa9);
    ck_assert_int_eq(wait(f), 0x00);
    command(f, 0xa4);
    ck_assert_int_eq(wait(f), 0xf1);
    command(f, 0x60);
    data(f, 0x65);
    ck_assert_uint_eq(status(f) & 0x08, 0);
    command(f, 0x20);
    ck_assert_int_eq(wait(f), 0x65);
    command(f, 0xa7);
    command(f, 0xad);
    command(f, 0x20);
    ck_assert_int_eq(wait(f), 0x75);
    command(f, 0xa8);
    command(f, 0xae);
    command(f, 0x20);
    ck_assert_int_eq(wait(f), 0x45);
    command(f, 0x77);
    data(f, 0x5a);
    command(f, 0x37);
    ck_assert_int_eq(wait(f), 0x5a);
    teardown(f);
}
END_TEST

START_TEST(keys_are_translated_to_set_1)
{
    struct fixture *f = setup();
    command(f, 0x60);
    data(f, 0x47);
    for (unsigned i = 0; i < KEYS_COUNT; i++) {
        enum key_code key = (enum key_code)i;
        if (key == KEYS_PAUSE || key == KEYS_PRINT) {
            continue;
        }
        uint16_t code = key_row(key)->set1;
        ps2_keyboard_key(f->keyboard, key, true);
        if (code >> 8) {
            ck_assert_int_eq(wait(f), 0xe0);
        }
        ck_assert_int_eq(wait(f), code & 0xff);
        ps2_keyboard_key(f->keyboard, key, false);
        if (code >> 8) {
            ck_assert_int_eq(wait(f), 0xe0);
        }
        ck_assert_int_eq(wait(f), (code & 0xff) | 0x80);
    }
    ps2_keyboard_key(f->keyboard, KEYS_PAUSE, true);
    assert_bytes(f, "\xe1\x1d\x45\xe1\x9d\xc5", 6);
    ps2_keyboard_key(f->keyboard, KEYS_PRINT, true);
    ps2_keyboard_key(f->keyboard, KEYS_PRINT, false);
    assert_bytes(f, "\xe0\x2a\xe0\x37\xe0\xb7\xe0\xaa", 8);
    teardown(f);
}
END_TEST

START_TEST(each_byte_is_an_interrupt_and_stays_after_the_read)
{
    struct fixture *f = setup();
    command(f, 0x60);
    data(f, 0x47);
    ps2_keyboard_key(f->keyboard, KEYS_A, true);
    ps2_keyboard_key(f->keyboard, KEYS_A, false);
    clock_advance(f->clock, CLOCK_NS_PER_MS);
    ck_assert(f->level[IRQ_KEYBOARD]);
    ck_assert_uint_eq(get(f), 0x1e);
    ck_assert(!f->level[IRQ_KEYBOARD]);
    ck_assert_uint_eq(get(f), 0x1e); /* the next has not arrived yet */
    ck_assert(!ps2_keyboard_idle(f->keyboard));
    clock_advance(f->clock, CLOCK_NS_PER_MS);
    ck_assert_uint_eq(f->rises[IRQ_KEYBOARD], 2);
    ck_assert(!ps2_keyboard_idle(f->keyboard));
    ck_assert_uint_eq(get(f), 0x9e);
    ck_assert(ps2_keyboard_idle(f->keyboard));
    teardown(f);
}
END_TEST

START_TEST(disabled_keyboard_keeps_its_bytes)
{
    struct fixture *f = setup();
    command(f, 0xad);
    ps2_keyboard_key(f->keyboard, KEYS_A, true);
    ck_assert_int_eq(wait(f), -1);
    command(f, 0xae);
    ck_assert_int_eq(wait(f), 0x1c);
    teardown(f);
}
END_TEST

START_TEST(commands_reach_the_keyboard)
{
    struct fixture *f = setup();
    command(f, 0xad);
    data(f, 0xf2); /* opens the port */
    assert_bytes(f, "\xfa\xab\x83", 3);
    command(f, 0x60);
    data(f, 0x47);
    data(f, 0xf2);
    assert_bytes(f, "\xfa\xab\x41", 3);
    data(f, 0xff);
    assert_bytes(f, "\xfa\xaa", 2);
    data(f, 0xed);
    ck_assert_int_eq(wait(f), 0xfa);
    data(f, 0x05);
    ck_assert_int_eq(wait(f), 0xfa);
    ck_assert_uint_eq(ps2_keyboard_leds(f->keyboard), 5);
    teardown(f);
}
END_TEST

START_TEST(mouse_bytes_carry_the_aux_bit)
{
    struct fixture *f = setup();
    command(f, 0xd4);
    data(f, 0xff);
    clock_advance(f->clock, CLOCK_NS_PER_MS);
    ck_assert_uint_eq(status(f) & 0x21, 0x21);
    ck_assert(f->level[IRQ_MOUSE]);
    ck_assert(!f->level[IRQ_KEYBOARD]);
    assert_bytes(f, "\xfa\xaa\x00", 3);
    command(f, 0xd3);
    data(f, 0x5a); /* loop back */
    ck_assert_uint_eq(status(f) & 0x21, 0x21);
    ck_assert_int_eq(wait(f), 0x5a);
    command(f, 0xd2);
    data(f, 0xa5);
    ck_assert_uint_eq(status(f) & 0x21, 0x01);
    ck_assert_int_eq(wait(f), 0xa5);
    teardown(f);
}
END_TEST

START_TEST(a20_and_reset_are_driven)
{
    struct fixture *f = setup();
    ck_assert(f->level[A20]);
    command(f, 0xdd);
    ck_assert(!f->level[A20]);
    command(f, 0xdf);
    ck_assert(f->level[A20]);
    command(f, 0xd1);
    data(f, 0xdd);
    ck_assert(!f->level[A20]);
    command(f, 0xd0);
    ck_assert_int_eq(wait(f) & 0x03, 0x01);
    ck_assert_uint_eq(f->rises[RESET], 0);
    command(f, 0xff); /* pulses nothing */
    ck_assert_uint_eq(f->rises[RESET], 0);
    command(f, 0xfe);
    ck_assert_uint_eq(f->rises[RESET], 1);
    command(f, 0xd1);
    data(f, 0xde);
    ck_assert_uint_eq(f->rises[RESET], 2);
    teardown(f);
}
END_TEST

START_TEST(empty_socket_times_out)
{
    struct fixture *f = setup();
    struct ps2_device none = {0};
    i8042_connect(f->kbc, 1, &none);
    command(f, 0xd4);
    data(f, 0xf2);
    ck_assert_uint_eq(status(f) & 0x21, 0x21);
    ck_assert_int_eq(wait(f), 0xfe);
    teardown(f);
}
END_TEST

START_TEST(port_92_drives_a20_and_resets_on_a_rising_bit)
{
    struct fixture *f = setup();
    struct port92 *port =
        port92_create(&(struct port92_wires){.a20 = line_to(f, A20), .reset = line_to(f, RESET)});
    struct device device = port92_device(port, "port92");
    device_reset(&device, RESET_POWER);
    ck_assert(!f->level[A20]);
    port92_io.write(port, 0, 0x02, 1);
    ck_assert(f->level[A20]);
    ck_assert_uint_eq(port92_io.read(port, 0, 1), 0x02);
    port92_io.write(port, 0, 0x03, 1);
    port92_io.write(port, 0, 0x03, 1);
    ck_assert_uint_eq(f->rises[RESET], 1);
    device.ops->destroy(port);
    teardown(f);
}
END_TEST

/* Random traffic on one port with devices plugged in, then the controller alone is compared. */
START_TEST(lifecycle)
{
    static const struct lifecycle_window windows[] = {{&i8042_data_io, 1}, {&i8042_command_io, 1}};
    struct fixture *f = setup();
    struct fixture *g = setup();
    struct device used[3] = {i8042_device(f->kbc, "a"), ps2_keyboard_device(f->keyboard, "b"),
                             ps2_mouse_device(f->mouse, "c")};
    struct device fresh[3] = {i8042_device(g->kbc, "a"), ps2_keyboard_device(g->keyboard, "b"),
                              ps2_mouse_device(g->mouse, "c")};
    for (uint32_t seed = 1; seed < 50; seed++) {
        lifecycle_hammer(&used[0], f->clock, 100000000, windows, 2, seed * 0x9e3779b9u);
        ps2_mouse_move(f->mouse, (int)seed, -(int)seed, 1, seed);
        ps2_keyboard_key(f->keyboard, (enum key_code)(seed % KEYS_COUNT), seed & 1);
        used[1].ops->loaded(used[1].dev);
        used[2].ops->loaded(used[2].dev);
    }
    for (unsigned i = 0; i < 3; i++) {
        lifecycle_survives_any_state(&used[i], f->clock, windows, i == 0 ? 2 : 0);
        device_reset(&used[i], RESET_POWER);
        lifecycle_assert_equal(&used[i], &fresh[i]);
    }
    lifecycle_check(&used[0], &fresh[0], f->clock, windows, 2);
    teardown(f);
    teardown(g);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        controller_answers_its_tests,
        keys_are_translated_to_set_1,
        each_byte_is_an_interrupt_and_stays_after_the_read,
        disabled_keyboard_keeps_its_bytes,
        commands_reach_the_keyboard,
        mouse_bytes_carry_the_aux_bit,
        a20_and_reset_are_driven,
        empty_socket_times_out,
        port_92_drives_a20_and_resets_on_a_rising_bit,
        lifecycle,
    };
    return lifecycle_main("i8042", tests, sizeof(tests) / sizeof(tests[0]));
}
