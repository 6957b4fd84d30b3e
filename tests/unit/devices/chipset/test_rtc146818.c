/* MC146818: rollovers, formats, UIP, alarm, periodic and update interrupts, what resets keep. */
#include "devices/chipset/calendar.h"
#include "devices/chipset/rtc146818.h"
#include "tests/support/device_lifecycle.h"

#include <stdlib.h>

struct fixture {
    struct clock *clock;
    struct rtc146818 *rtc;
    unsigned rises;
    bool level;
};

static void irq_changed(void *listener, unsigned n, bool level)
{
    struct fixture *f = listener;
    (void)n;
    f->rises += level && !f->level;
    f->level = level;
}

static struct fixture *setup(int64_t year, int month, int day, int hour, int minute, int second)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->clock = clock_create(NULL);
    struct rtc146818_wires wires = {.clock = f->clock,
                                    .irq = {.set = irq_changed, .listener = f},
                                    .start = calendar_to_days(year, month, day) * 86400 +
                                             hour * 3600 + minute * 60 + second};
    f->rtc = rtc146818_create(&wires);
    struct device device = rtc146818_device(f->rtc, "rtc");
    device_reset(&device, RESET_POWER);
    return f;
}

static void teardown(struct fixture *f)
{
    rtc146818_device(f->rtc, "rtc").ops->destroy(f->rtc);
    clock_destroy(f->clock);
    free(f);
}

static void put(struct fixture *f, uint8_t index, uint8_t value)
{
    rtc146818_io.write(f->rtc, 0, index, 1);
    rtc146818_io.write(f->rtc, 1, value, 1);
}

static uint8_t get(struct fixture *f, uint8_t index)
{
    rtc146818_io.write(f->rtc, 0, index, 1);
    return (uint8_t)rtc146818_io.read(f->rtc, 1, 1);
}

/* Compares century, year, month, day, weekday, hour, minute, second as the registers show them. */
static void assert_shows(struct fixture *f, const uint8_t want[8])
{
    static const uint8_t index[8] = {0x32, 9, 8, 7, 6, 4, 2, 0};
    for (unsigned i = 0; i < 8; i++) {
        ck_assert_msg(get(f, index[i]) == want[i], "register %u is %02x, not %02x", index[i],
                      get(f, index[i]), want[i]);
    }
}

static void seconds(struct fixture *f, unsigned n)
{
    clock_advance(f->clock, n * CLOCK_NS_PER_S);
}

START_TEST(year_rolls_over)
{
    struct fixture *f = setup(1999, 12, 31, 23, 59, 58);
    assert_shows(f, (uint8_t[]){0x19, 0x99, 0x12, 0x31, 6, 0x23, 0x59, 0x58});
    seconds(f, 2);
    assert_shows(f, (uint8_t[]){0x20, 0x00, 0x01, 0x01, 7, 0x00, 0x00, 0x00});
    teardown(f);
}
END_TEST

START_TEST(february_knows_leap_years)
{
    static const struct {
        int year;
        uint8_t month, day;
    } rows[] = {{2000, 2, 0x29}, {1996, 2, 0x29}, {2100, 3, 0x01}, {1995, 3, 0x01}};
    for (unsigned i = 0; i < 4; i++) {
        struct fixture *f = setup(rows[i].year, 2, 28, 23, 59, 59);
        seconds(f, 1);
        ck_assert_uint_eq(get(f, 8), rows[i].month);
        ck_assert_uint_eq(get(f, 7), rows[i].day);
        teardown(f);
    }
}
END_TEST

START_TEST(calendar_counts_every_day_of_800_years)
{
    static const uint8_t lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t days = calendar_to_days(1601, 1, 1);
    unsigned weekday = 1; /* a Monday */
    unsigned bad = 0;
    for (int64_t year = 1601; year <= 2400; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (unsigned month = 1; month <= 12; month++) {
            unsigned last = lengths[month - 1] + (month == 2 && leap);
            for (unsigned day = 1; day <= last; day++) {
                struct calendar_date date = calendar_from_days(days);
                bad += date.year != year || date.month != month || date.day != day;
                bad += date.weekday != weekday || calendar_to_days(year, month, day) != days;
                days++;
                weekday = (weekday + 1) % 7;
            }
        }
    }
    ck_assert_uint_eq(bad, 0);
    ck_assert(calendar_to_days(1970, 1, 1) == 0);
}
END_TEST

START_TEST(hours_in_12_hour_and_binary_form)
{
    static const struct {
        int hour;
        uint8_t bcd12, binary12;
    } rows[] = {{0, 0x12, 12}, {1, 0x01, 1}, {11, 0x11, 11}, {12, 0x92, 140}, {23, 0x91, 139}};
    for (unsigned i = 0; i < 5; i++) {
        struct fixture *f = setup(2001, 2, 3, rows[i].hour, 45, 56);
        put(f, 0x0b, 0x00);
        ck_assert_uint_eq(get(f, 4), rows[i].bcd12);
        put(f, 0x0b, 0x04);
        ck_assert_uint_eq(get(f, 4), rows[i].binary12);
        ck_assert_uint_eq(get(f, 2), 45);
        put(f, 0x0b, 0x02);
        ck_assert_uint_eq(get(f, 2), 0x45);
        put(f, 0x0b, 0x80); /* set a 12-hour time */
        put(f, 4, rows[i].bcd12);
        put(f, 0x0b, 0x00);
        put(f, 0x0b, 0x02);
        ck_assert_uint_eq(get(f, 4), rows[i].hour / 10 << 4 | rows[i].hour % 10);
        teardown(f);
    }
}
END_TEST

START_TEST(guest_sets_the_clock)
{
    struct fixture *f = setup(2001, 2, 3, 4, 5, 6);
    clock_advance(f->clock, 300 * CLOCK_NS_PER_MS);
    put(f, 0x0b, 0x82);
    seconds(f, 10);
    ck_assert_uint_eq(get(f, 0), 0x06); /* stands still */
    static const uint8_t set[][2] = {{0x32, 0x19}, {9, 0x95}, {8, 0x08}, {7, 0x31},
                                     {6, 3},       {4, 0x23}, {2, 0x59}, {0, 0x59}};
    for (unsigned i = 0; i < 8; i++) {
        put(f, set[i][0], set[i][1]);
    }
    put(f, 0x0b, 0x02);
    assert_shows(f, (uint8_t[]){0x19, 0x95, 0x08, 0x31, 3, 0x23, 0x59, 0x59});
    clock_advance(f->clock, 699 * CLOCK_NS_PER_MS); /* the divider ran on */
    ck_assert_uint_eq(get(f, 0), 0x59);
    clock_advance(f->clock, 2 * CLOCK_NS_PER_MS);
    assert_shows(f, (uint8_t[]){0x19, 0x95, 0x09, 0x01, 4, 0x00, 0x00, 0x00});
    teardown(f);
}
END_TEST

START_TEST(divider_reset_restarts_half_a_second_before_an_update)
{
    struct fixture *f = setup(2001, 2, 3, 4, 5, 6);
    clock_advance(f->clock, 100 * CLOCK_NS_PER_MS);
    put(f, 0x0a, 0x76);
    seconds(f, 3);
    ck_assert_uint_eq(get(f, 0), 0x06);
    put(f, 0x0a, 0x26);
    clock_advance(f->clock, 499 * CLOCK_NS_PER_MS);
    ck_assert_uint_eq(get(f, 0), 0x06);
    clock_advance(f->clock, 2 * CLOCK_NS_PER_MS);
    ck_assert_uint_eq(get(f, 0), 0x07);
    teardown(f);
}
END_TEST

START_TEST(uip_shows_before_the_update)
{
    struct fixture *f = setup(2001, 2, 3, 4, 5, 6);
    clock_advance(f->clock, 997 * CLOCK_NS_PER_MS);
    ck_assert_uint_eq(get(f, 0x0a), 0x26);
    clock_advance(f->clock, CLOCK_NS_PER_MS);
    ck_assert_uint_eq(get(f, 0x0a), 0xa6);
    clock_advance(f->clock, 2 * CLOCK_NS_PER_MS);
    ck_assert_uint_eq(get(f, 0x0a), 0x26);
    ck_assert_uint_eq(get(f, 0), 0x07);
    teardown(f);
}
END_TEST

START_TEST(update_interrupt_once_a_second)
{
    struct fixture *f = setup(2001, 2, 3, 4, 5, 6);
    put(f, 0x0b, 0x12);
    seconds(f, 1);
    ck_assert(f->level);
    ck_assert_uint_eq(get(f, 0x0c) & 0xb0, 0x90);
    ck_assert(!f->level);
    ck_assert_uint_eq(get(f, 0x0c), 0x00);
    seconds(f, 3);
    ck_assert_uint_eq(f->rises, 2); /* not read: stays up */
    teardown(f);
}
END_TEST

START_TEST(flags_rise_without_interrupts)
{
    struct fixture *f = setup(2001, 2, 3, 4, 5, 6);
    get(f, 0x0c);
    seconds(f, 1);
    ck_assert_uint_eq(get(f, 0x0c) & 0xd0, 0x50);
    ck_assert_uint_eq(f->rises, 0);
    teardown(f);
}
END_TEST

START_TEST(periodic_interrupt_at_all_rates)
{
    static const unsigned hz[16] = {0,   256, 128, 8192, 4096, 2048, 1024, 512,
                                    256, 128, 64,  32,   16,   8,    4,    2};
    for (unsigned rate = 0; rate < 16; rate++) {
        struct fixture *f = setup(2001, 2, 3, 4, 5, 6);
        put(f, 0x0a, (uint8_t)(0x20 | rate));
        put(f, 0x0b, 0x42);
        unsigned seen = 0;
        for (unsigned step = 0; step < 20000; step++) { /* 50 us a step, 1 s in all */
            clock_advance(f->clock, 50 * CLOCK_NS_PER_US);
            seen += get(f, 0x0c) >> 6 & 1;
        }
        ck_assert_uint_eq(seen, hz[rate]);
        teardown(f);
    }
}
END_TEST

START_TEST(alarm_matches_with_wildcards)
{
    struct fixture *f = setup(2001, 2, 3, 4, 59, 50);
    put(f, 1, 0x00);
    put(f, 3, 0x00);
    put(f, 5, 0x05);
    put(f, 0x0b, 0x22);
    seconds(f, 9);
    ck_assert(!f->level);
    seconds(f, 1);
    ck_assert(f->level);
    ck_assert_uint_eq(get(f, 0x0c) & 0xa0, 0xa0);
    put(f, 5, 0xff);
    put(f, 3, 0xc0);
    put(f, 1, 0x30);
    seconds(f, 29);
    ck_assert(!f->level);
    seconds(f, 1);
    ck_assert(f->level);
    get(f, 0x0c);
    seconds(f, 60);
    ck_assert(f->level);
    teardown(f);
}
END_TEST

START_TEST(board_bytes_and_battery_survive_resets)
{
    struct fixture *f = setup(2001, 2, 3, 4, 5, 6);
    struct device device = rtc146818_device(f->rtc, "rtc");
    rtc146818_set_cmos(f->rtc, 0x10, 0x40);
    put(f, 0x40, 0x77);
    put(f, 0x0b, 0x82);
    put(f, 9, 0x95);
    put(f, 0x0b, 0x72);
    seconds(f, 5);
    device_reset(&device, RESET_HARD);
    ck_assert(!f->level);
    ck_assert_uint_eq(get(f, 0x0b), 0x02);
    ck_assert_uint_eq(get(f, 0x40), 0x77);
    ck_assert_uint_eq(get(f, 0x10), 0x40);
    ck_assert_uint_eq(get(f, 9), 0x95);
    ck_assert_uint_eq(get(f, 0), 0x11);
    device_reset(&device, RESET_POWER);
    ck_assert_uint_eq(get(f, 0x10), 0x40);
    ck_assert_uint_eq(get(f, 0x40), 0x00);
    ck_assert_uint_eq(get(f, 9), 0x01);
    teardown(f);
}
END_TEST

START_TEST(nmi_mask_is_bit_7_of_the_index)
{
    struct fixture *f = setup(2001, 2, 3, 4, 5, 6);
    ck_assert_uint_eq(get(f, 0x8d), 0x80); /* register D: valid */
    ck_assert(rtc146818_nmi_masked(f->rtc));
    get(f, 0x0d);
    ck_assert(!rtc146818_nmi_masked(f->rtc));
    teardown(f);
}
END_TEST

START_TEST(lifecycle)
{
    static const struct lifecycle_window window[] = {{&rtc146818_io, 2}};
    struct fixture *f = setup(2001, 2, 3, 4, 5, 6);
    struct fixture *g = setup(2001, 2, 3, 4, 5, 6);
    struct device a = rtc146818_device(f->rtc, "a");
    struct device b = rtc146818_device(g->rtc, "b");
    lifecycle_survives_any_state(&a, f->clock, window, 1);
    lifecycle_check(&a, &b, f->clock, window, 1);
    teardown(f);
    teardown(g);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        year_rolls_over,
        february_knows_leap_years,
        calendar_counts_every_day_of_800_years,
        hours_in_12_hour_and_binary_form,
        guest_sets_the_clock,
        divider_reset_restarts_half_a_second_before_an_update,
        uip_shows_before_the_update,
        update_interrupt_once_a_second,
        flags_rise_without_interrupts,
        periodic_interrupt_at_all_rates,
        alarm_matches_with_wildcards,
        board_bytes_and_battery_survive_resets,
        nmi_mask_is_bit_7_of_the_index,
        lifecycle,
    };
    return lifecycle_main("rtc146818", tests, sizeof(tests) / sizeof(tests[0]));
}
