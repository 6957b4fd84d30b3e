/* PS/2 mouse on its own: packets, identities, modes, sample rate. */
#include "devices/input/ps2_mouse.h"

#include "tests/support/device_lifecycle.h"

#include <stdlib.h>

struct fixture {
    struct clock *clock;
    struct ps2_mouse *mouse;
    struct ps2_device port;
};

static struct fixture *setup(void)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->clock = clock_create(NULL);
    f->mouse = ps2_mouse_create(&(struct ps2_mouse_wires){.clock = f->clock});
    f->port = ps2_mouse_port(f->mouse);
    return f;
}

static void teardown(struct fixture *f)
{
    ps2_mouse_device(f->mouse, "").ops->destroy(f->mouse);
    clock_destroy(f->clock);
    free(f);
}

static void assert_sends(struct fixture *f, const char *want, unsigned count)
{
    uint8_t byte;
    for (unsigned i = 0; i < count; i++) {
        ck_assert(f->port.pull(f->port.dev, &byte));
        ck_assert_uint_eq(byte, (uint8_t)want[i]);
    }
    ck_assert(!f->port.pull(f->port.dev, &byte));
}

static void command(struct fixture *f, uint8_t byte)
{
    f->port.receive(f->port.dev, byte);
    assert_sends(f, "\xfa", 1);
}

static void sample_rates(struct fixture *f, uint8_t a, uint8_t b, uint8_t c)
{
    uint8_t rates[3] = {a, b, c};
    for (unsigned i = 0; i < 3; i++) {
        command(f, 0xf3);
        command(f, rates[i]);
    }
}

static void assert_id(struct fixture *f, char id)
{
    const char want[2] = {(char)0xfa, id};
    f->port.receive(f->port.dev, 0xf2);
    assert_sends(f, want, 2);
}

START_TEST(packet_has_signs_and_buttons)
{
    struct fixture *f = setup();
    ps2_mouse_move(f->mouse, 5, 5, 0, 0); /* not reporting yet */
    assert_sends(f, "", 0);
    command(f, 0xf4);
    ps2_mouse_move(f->mouse, 5, 3, 0, PS2_MOUSE_LEFT);
    assert_sends(f, "\x29\x05\xfd", 3);
    clock_advance(f->clock, 20 * CLOCK_NS_PER_MS);
    ps2_mouse_move(f->mouse, -1, -2, 0, PS2_MOUSE_RIGHT | PS2_MOUSE_MIDDLE);
    assert_sends(f, "\x1e\xff\x02", 3);
    teardown(f);
}
END_TEST

START_TEST(motion_adds_up_between_samples)
{
    struct fixture *f = setup();
    command(f, 0xf4);
    for (unsigned i = 0; i < 10; i++) {
        ps2_mouse_move(f->mouse, 1, 0, 0, 0);
    }
    assert_sends(f, "\x08\x01\x00", 3);
    ck_assert(!ps2_mouse_idle(f->mouse));
    clock_advance(f->clock, 10 * CLOCK_NS_PER_MS);
    assert_sends(f, "\x08\x09\x00", 3);
    ck_assert(ps2_mouse_idle(f->mouse));
    clock_advance(f->clock, CLOCK_NS_PER_S);
    assert_sends(f, "", 0);
    ps2_mouse_move(f->mouse, 300, 0, 0, 0);
    clock_advance(f->clock, 10 * CLOCK_NS_PER_MS);
    assert_sends(f, "\x08\xff\x00\x08\x2d\x00", 6);
    teardown(f);
}
END_TEST

START_TEST(sample_rates_unlock_wheel_and_buttons)
{
    struct fixture *f = setup();
    assert_id(f, 0);
    sample_rates(f, 200, 200, 80);
    assert_id(f, 0); /* not before the wheel */
    sample_rates(f, 200, 100, 80);
    assert_id(f, 3);
    command(f, 0xf4);
    ps2_mouse_move(f->mouse, 0, 0, -1, 0);
    assert_sends(f, "\x08\x00\x00\xff", 4);
    sample_rates(f, 200, 200, 80);
    assert_id(f, 4);
    clock_advance(f->clock, CLOCK_NS_PER_S);
    ps2_mouse_move(f->mouse, 0, 0, 1, PS2_MOUSE_SIDE);
    assert_sends(f, "\x08\x00\x00\x11", 4);
    f->port.receive(f->port.dev, 0xff);
    assert_sends(f, "\xfa\xaa\x00", 3);
    assert_id(f, 0);
    teardown(f);
}
END_TEST

START_TEST(remote_mode_sends_when_asked)
{
    struct fixture *f = setup();
    command(f, 0xf0);
    ps2_mouse_move(f->mouse, 7, 0, 0, PS2_MOUSE_LEFT);
    assert_sends(f, "", 0);
    f->port.receive(f->port.dev, 0xeb);
    assert_sends(f, "\xfa\x09\x07\x00", 4);
    f->port.receive(f->port.dev, 0xe9);
    assert_sends(f, "\xfa\x44\x02\x64", 4);
    teardown(f);
}
END_TEST

START_TEST(wrap_mode_echoes)
{
    struct fixture *f = setup();
    command(f, 0xee);
    f->port.receive(f->port.dev, 0xf2);
    assert_sends(f, "\xf2", 1);
    command(f, 0xec);
    assert_id(f, 0);
    teardown(f);
}
END_TEST

START_TEST(scaling_two_to_one_is_not_linear)
{
    static const char want[7] = {0, 1, 1, 3, 6, 9, 12};
    struct fixture *f = setup();
    command(f, 0xe7);
    command(f, 0xf4);
    for (int i = 1; i < 7; i++) {
        char packet[3] = {0x08, want[i], 0};
        ps2_mouse_move(f->mouse, i, 0, 0, 0);
        assert_sends(f, packet, 3);
        clock_advance(f->clock, 20 * CLOCK_NS_PER_MS);
    }
    teardown(f);
}
END_TEST

START_TEST(settings_are_reported_and_bad_commands_refused)
{
    struct fixture *f = setup();
    command(f, 0xe8);
    command(f, 3);
    command(f, 0xf3);
    command(f, 40);
    command(f, 0xe7);
    command(f, 0xf4);
    f->port.receive(f->port.dev, 0xe9);
    assert_sends(f, "\xfa\x30\x03\x28", 4);
    f->port.receive(f->port.dev, 0x77);
    assert_sends(f, "\xfe", 1);
    f->port.receive(f->port.dev, 0xfe);
    assert_sends(f, "\xfe", 1);
    teardown(f);
}
END_TEST

START_TEST(extreme_motion_is_safe)
{
    struct fixture *f = setup();
    command(f, 0xf4);
    for (unsigned i = 0; i < 100; i++) {
        ps2_mouse_move(f->mouse, i & 1 ? INT32_MAX : INT32_MIN, INT32_MIN, INT32_MIN, i);
        clock_advance(f->clock, 5 * CLOCK_NS_PER_MS);
    }
    uint8_t byte;
    unsigned count = 0;
    while (f->port.pull(f->port.dev, &byte)) {
        count++;
    }
    ck_assert_uint_eq(count % 3, 0); /* whole packets */
    ck_assert_uint_gt(count, 0);
    teardown(f);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        packet_has_signs_and_buttons,
        motion_adds_up_between_samples,
        sample_rates_unlock_wheel_and_buttons,
        remote_mode_sends_when_asked,
        wrap_mode_echoes,
        scaling_two_to_one_is_not_linear,
        settings_are_reported_and_bad_commands_refused,
        extreme_motion_is_safe,
    };
    return lifecycle_main("ps2_mouse", tests, sizeof(tests) / sizeof(tests[0]));
}
