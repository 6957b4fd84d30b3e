/* PS/2 keyboard on its own: scan sets, commands, typematic repeat, queue; typing. */
#include "devices/input/ps2_keyboard.h"

#include "devices/input/typing.h"
#include "tests/support/device_lifecycle.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
    struct clock *clock;
    struct ps2_keyboard *kb;
    struct ps2_device port;
    bool busy;
};

static bool is_busy(void *host, unsigned port)
{
    (void)port;
    return ((struct fixture *)host)->busy;
}

static void ignore(void *host, unsigned port)
{
    (void)host;
    (void)port;
}

static struct fixture *setup(void)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->clock = clock_create(NULL);
    struct ps2_keyboard_wires wires = {.clock = f->clock,
                                       .host = {.available = ignore, .busy = is_busy, .host = f}};
    f->kb = ps2_keyboard_create(&wires);
    f->port = ps2_keyboard_port(f->kb);
    struct device device = ps2_keyboard_device(f->kb, "keyboard");
    device_reset(&device, RESET_POWER);
    return f;
}

static void teardown(struct fixture *f)
{
    ps2_keyboard_device(f->kb, "").ops->destroy(f->kb);
    clock_destroy(f->clock);
    free(f);
}

/* All that waits equals the bytes. */
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

static void press(struct fixture *f, enum key_code key)
{
    ps2_keyboard_key(f->kb, key, true);
}

static void release(struct fixture *f, enum key_code key)
{
    ps2_keyboard_key(f->kb, key, false);
}

static void use_set(struct fixture *f, uint8_t set)
{
    command(f, 0xf0);
    command(f, set);
}

START_TEST(set_2_make_and_break)
{
    struct fixture *f = setup();
    press(f, KEYS_A);
    press(f, KEYS_A); /* the host's own repeat is not ours */
    release(f, KEYS_A);
    release(f, KEYS_A);
    assert_sends(f, "\x1c\xf0\x1c", 3);
    press(f, KEYS_UP);
    release(f, KEYS_UP);
    assert_sends(f, "\xe0\x75\xe0\xf0\x75", 5);
    teardown(f);
}
END_TEST

START_TEST(pause_and_print_screen)
{
    struct fixture *f = setup();
    press(f, KEYS_PAUSE);
    release(f, KEYS_PAUSE);
    assert_sends(f, "\xe1\x14\x77\xe1\xf0\x14\xf0\x77", 8);
    press(f, KEYS_PRINT);
    release(f, KEYS_PRINT);
    assert_sends(f, "\xe0\x12\xe0\x7c\xe0\xf0\x7c\xe0\xf0\x12", 10);
    press(f, KEYS_CTRL);
    press(f, KEYS_PAUSE);
    press(f, KEYS_PRINT);
    assert_sends(f, "\x14\xe0\x7e\xe0\xf0\x7e\xe0\x7c", 8);
    release(f, KEYS_CTRL);
    release(f, KEYS_PRINT);
    f->port.receive(f->port.dev, 0xf4);
    assert_sends(f, "\xfa", 1);
    press(f, KEYS_ALT);
    press(f, KEYS_PRINT);
    assert_sends(f, "\x11\x84", 2);
    teardown(f);
}
END_TEST

START_TEST(set_1_and_set_3)
{
    struct fixture *f = setup();
    use_set(f, 1);
    press(f, KEYS_DELETE);
    release(f, KEYS_DELETE);
    assert_sends(f, "\xe0\x53\xe0\xd3", 4);
    use_set(f, 3);
    press(f, KEYS_A);
    release(f, KEYS_A); /* typing keys have no break code */
    press(f, KEYS_CTRL);
    release(f, KEYS_CTRL);
    assert_sends(f, "\x1c\x11\xf0\x11", 4);
    command(f, 0xf8); /* all make and break */
    press(f, KEYS_F1);
    release(f, KEYS_F1);
    assert_sends(f, "\x07\xf0\x07", 3);
    command(f, 0xfd); /* F1 make only */
    command(f, 0x07);
    command(f, 0xf4);
    press(f, KEYS_F1);
    release(f, KEYS_F1);
    assert_sends(f, "\x07", 1);
    f->port.receive(f->port.dev, 0xf0);
    f->port.receive(f->port.dev, 0x00);
    assert_sends(f, "\xfa\x03", 2);
    teardown(f);
}
END_TEST

START_TEST(commands_are_answered)
{
    static const struct {
        uint8_t command;
        const char *answer;
        unsigned count;
    } rows[] = {{0xee, "\xee", 1}, {0xf2, "\xfa\xab\x83", 3}, {0xff, "\xfa\xaa", 2},
                {0xfe, "\xaa", 1}, {0xf4, "\xfa", 1},         {0xf5, "\xfa", 1},
                {0xf6, "\xfa", 1}, {0xef, "\xfe", 1},         {0x12, "\xfe", 1},
                {0xf3, "\xfa", 1}, {0xf4, "\xfa", 1}};
    struct fixture *f = setup();
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        f->port.receive(f->port.dev, rows[i].command);
        assert_sends(f, rows[i].answer, rows[i].count);
    }
    teardown(f);
}
END_TEST

START_TEST(disabled_scanning_reports_nothing)
{
    struct fixture *f = setup();
    command(f, 0xf5);
    ck_assert(!ps2_keyboard_idle(f->kb));
    press(f, KEYS_A);
    assert_sends(f, "", 0);
    command(f, 0xf4);
    press(f, KEYS_B);
    assert_sends(f, "\x32", 1);
    ck_assert(ps2_keyboard_idle(f->kb));
    f->busy = true;
    ck_assert(!ps2_keyboard_idle(f->kb));
    teardown(f);
}
END_TEST

START_TEST(held_key_repeats_by_the_clock)
{
    struct fixture *f = setup();
    command(f, 0xf3);
    command(f, 0x20); /* 500 ms, 30 a second */
    press(f, KEYS_SHIFT);
    press(f, KEYS_A);
    assert_sends(f, "\x12\x1c", 2);
    clock_advance(f->clock, 499 * CLOCK_NS_PER_MS);
    assert_sends(f, "", 0);
    clock_advance(f->clock, 2 * CLOCK_NS_PER_MS);
    assert_sends(f, "\x1c", 1);
    for (unsigned i = 0; i < 3; i++) {
        clock_advance(f->clock, 34 * CLOCK_NS_PER_MS);
        assert_sends(f, "\x1c", 1);
    }
    release(f, KEYS_SHIFT); /* another key going up does not matter */
    assert_sends(f, "\xf0\x12", 2);
    clock_advance(f->clock, 34 * CLOCK_NS_PER_MS);
    assert_sends(f, "\x1c", 1);
    release(f, KEYS_A);
    assert_sends(f, "\xf0\x1c", 2);
    clock_advance(f->clock, CLOCK_NS_PER_S);
    assert_sends(f, "", 0);
    teardown(f);
}
END_TEST

START_TEST(unread_key_does_not_repeat)
{
    struct fixture *f = setup();
    press(f, KEYS_A);
    clock_advance(f->clock, 10 * CLOCK_NS_PER_S);
    assert_sends(f, "\x1c", 1);
    f->busy = true;
    clock_advance(f->clock, 10 * CLOCK_NS_PER_S);
    assert_sends(f, "", 0);
    f->busy = false;
    clock_advance(f->clock, 501 * CLOCK_NS_PER_MS);
    assert_sends(f, "\x1c", 1);
    teardown(f);
}
END_TEST

START_TEST(full_queue_leaves_one_overrun_code)
{
    struct fixture *f = setup();
    for (unsigned i = 0; i < 5; i++) {
        press(f, KEYS_A);
        release(f, KEYS_A);
    }
    press(f, KEYS_B); /* 16 bytes */
    press(f, KEYS_C);
    press(f, KEYS_D);
    assert_sends(f,
                 "\x1c\xf0\x1c\x1c\xf0\x1c\x1c\xf0\x1c\x1c\xf0\x1c\x1c\xf0\x1c\x32"
                 "\x00",
                 17);
    press(f, KEYS_E);
    assert_sends(f, "\x24", 1);
    teardown(f);
}
END_TEST

START_TEST(keys_are_found_by_name)
{
    enum key_code keys[4];
    ck_assert_uint_eq(key_parse_chord("ctrl-alt-delete", keys, 4), 3);
    ck_assert(keys[0] == KEYS_CTRL && keys[1] == KEYS_ALT && keys[2] == KEYS_DELETE);
    ck_assert_uint_eq(key_parse_chord("ret", keys, 4), 1);
    ck_assert(keys[0] == KEYS_ENTER);
    ck_assert_uint_eq(key_parse_chord("F12", keys, 4), 1);
    ck_assert(keys[0] == KEYS_F12);
    ck_assert_uint_eq(key_parse_chord("kp_7", keys, 4), 1);
    ck_assert_uint_eq(key_parse_chord("nokey", keys, 4), 0);
    ck_assert_uint_eq(key_parse_chord("", keys, 4), 0);
    ck_assert_uint_eq(key_parse_chord("a-", keys, 4), 0);
    ck_assert_uint_eq(key_parse_chord("a-b-c-d-e", keys, 4), 0);
}
END_TEST

START_TEST(typing_gives_strokes)
{
    static const struct typing_event want[] = {
        {KEYS_A, true},     {KEYS_A, false},     {KEYS_SHIFT, true}, {KEYS_1, true},
        {KEYS_1, false},    {KEYS_SHIFT, false}, {KEYS_ENTER, true}, {KEYS_ENTER, false},
        {KEYS_CTRL, true},  {KEYS_C, true},      {KEYS_C, false},    {KEYS_CTRL, false},
        {KEYS_SHIFT, true}, {KEYS_Z, true},      {KEYS_Z, false},    {KEYS_SHIFT, false},
    };
    struct typing typing = {.text = "a\xff!\n\x03Z"};
    struct typing_event event;
    for (unsigned i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        ck_assert(typing_next(&typing, &event));
        ck_assert_uint_eq(event.key, want[i].key);
        ck_assert(event.down == want[i].down);
    }
    ck_assert(!typing_next(&typing, &event));
    for (int c = 0x20; c < 0x7f; c++) { /* every printable character can be typed */
        struct typing_event events[TYPING_MOST];
        ck_assert_uint_ge(typing_character((char)c, events), 2);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        set_2_make_and_break,
        pause_and_print_screen,
        set_1_and_set_3,
        commands_are_answered,
        disabled_scanning_reports_nothing,
        held_key_repeats_by_the_clock,
        unread_key_does_not_repeat,
        full_queue_leaves_one_overrun_code,
        keys_are_found_by_name,
        typing_gives_strokes,
    };
    return lifecycle_main("ps2_keyboard", tests, sizeof(tests) / sizeof(tests[0]));
}
