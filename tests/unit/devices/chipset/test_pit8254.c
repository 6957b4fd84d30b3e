/* 8254: the six modes, exact periods, latches, BCD, gates; port 61h. */
#include "devices/chipset/pit8254.h"

#include "devices/chipset/port61.h"
#include "tests/support/device_lifecycle.h"

#include <stdlib.h>

struct fixture {
    struct clock *clock;
    struct pit8254 *pit;
    struct port61 *port61;
    unsigned rises;
    uint64_t last_rise; /* ns */
    bool level;
};

static void out0_changed(void *listener, unsigned n, bool level)
{
    struct fixture *f = listener;
    (void)n;
    if (level && !f->level) {
        f->rises++;
        f->last_rise = clock_now(f->clock);
    }
    f->level = level;
}

static struct fixture *setup(void)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->clock = clock_create(NULL);
    struct pit8254_wires wires = {.clock = f->clock, .out0 = {.set = out0_changed, .listener = f}};
    f->pit = pit8254_create(&wires);
    f->port61 = port61_create(&(struct port61_wires){.pit = f->pit});
    struct device pit = pit8254_device(f->pit, "pit");
    device_reset(&pit, RESET_POWER);
    return f;
}

static void teardown(struct fixture *f)
{
    pit8254_device(f->pit, "pit").ops->destroy(f->pit);
    port61_device(f->port61, "port61").ops->destroy(f->port61);
    clock_destroy(f->clock);
    free(f);
}

static void out(struct fixture *f, unsigned port, uint8_t value)
{
    pit8254_io.write(f->pit, port - 0x40, value, 1);
}

static uint8_t in(struct fixture *f, unsigned port)
{
    return (uint8_t)pit8254_io.read(f->pit, port - 0x40, 1);
}

static void gate2(struct fixture *f, bool level)
{
    port61_io.write(f->port61, 0, level, 1);
}

static void program(struct fixture *f, unsigned counter, unsigned mode, uint16_t count)
{
    out(f, 0x43, (uint8_t)(counter << 6 | 0x30 | mode << 1));
    out(f, 0x40 + counter, (uint8_t)count);
    out(f, 0x40 + counter, (uint8_t)(count >> 8));
}

/* Moves the clock to the first instant at which the chip has seen that many clocks. */
static void to_tick(struct fixture *f, uint64_t tick)
{
    while (pit8254_ticks(f->pit) < tick) {
        uint64_t left = tick - pit8254_ticks(f->pit);
        clock_advance(f->clock, left > 2 ? (left - 1) * 838 : 1);
    }
}

static unsigned count_of(struct fixture *f, unsigned counter)
{
    out(f, 0x43, (uint8_t)(counter << 6));
    unsigned low = in(f, 0x40 + counter);
    return low | (unsigned)in(f, 0x40 + counter) << 8;
}

START_TEST(mode_2_is_exactly_periodic)
{
    struct fixture *f = setup();
    program(f, 0, 2, 11932);
    f->rises = 0;
    clock_advance(f->clock, 1000 * CLOCK_NS_PER_S);
    /* 1000 s are 1193182000 clocks; the element was loaded at clock 1 */
    ck_assert_uint_eq(f->rises, (1193182000u - 1) / 11932);
    uint64_t edge = 1 + (uint64_t)f->rises * 11932;
    ck_assert_uint_eq(f->last_rise, (edge * CLOCK_NS_PER_S + PIT8254_HZ - 1) / PIT8254_HZ);
    teardown(f);
}
END_TEST

START_TEST(mode_3_is_exactly_periodic)
{
    struct fixture *f = setup();
    program(f, 0, 3, 0); /* 65536: the 18.2 Hz tick */
    f->rises = 0;
    clock_advance(f->clock, 24 * 3600 * CLOCK_NS_PER_S);
    ck_assert_uint_eq(f->rises, (UINT64_C(86400) * 1193182 - 1) / 65536);
    teardown(f);
}
END_TEST

START_TEST(mode_2_counts_down_and_out_is_low_for_one_clock)
{
    struct fixture *f = setup();
    gate2(f, true);
    program(f, 2, 2, 10);
    for (unsigned i = 0; i < 25; i++) {
        to_tick(f, 1 + i);
        ck_assert_uint_eq(count_of(f, 2), 10 - i % 10);
        ck_assert(pit8254_output(f->pit, 2) == (i % 10 != 9));
    }
    teardown(f);
}
END_TEST

START_TEST(mode_3_counts_by_two_and_halves_the_period)
{
    struct fixture *f = setup();
    gate2(f, true);
    program(f, 2, 3, 5); /* high 3, low 2 */
    static const bool level[5] = {true, true, true, false, false};
    static const uint8_t value[5] = {4, 2, 0, 4, 2};
    for (unsigned i = 0; i < 15; i++) {
        to_tick(f, 1 + i);
        ck_assert_uint_eq(count_of(f, 2), value[i % 5]);
        ck_assert(pit8254_output(f->pit, 2) == level[i % 5]);
    }
    ck_assert_uint_eq(pit8254_period(f->pit, 2), 5);
    teardown(f);
}
END_TEST

START_TEST(mode_2_new_count_waits_for_the_end_of_the_period)
{
    struct fixture *f = setup();
    program(f, 0, 2, 100);
    to_tick(f, 50);
    f->rises = 0;
    out(f, 0x40, 20);
    out(f, 0x40, 0);
    out(f, 0x43, 0xe2); /* read back the status of counter 0 */
    ck_assert_uint_eq(in(f, 0x40) & 0x40, 0x40);
    to_tick(f, 100);
    ck_assert_uint_eq(f->rises, 0);
    to_tick(f, 101);
    ck_assert_uint_eq(f->rises, 1);
    to_tick(f, 121);
    ck_assert_uint_eq(f->rises, 2);
    ck_assert_uint_eq(count_of(f, 0), 20);
    teardown(f);
}
END_TEST

START_TEST(mode_3_new_count_starts_with_the_next_half)
{
    struct fixture *f = setup();
    gate2(f, true);
    program(f, 2, 3, 100);
    to_tick(f, 1 + 10);
    out(f, 0x42, 20);
    out(f, 0x42, 0);
    to_tick(f, 1 + 49);
    ck_assert(pit8254_output(f->pit, 2));
    to_tick(f, 1 + 59);
    ck_assert(!pit8254_output(f->pit, 2));
    to_tick(f, 1 + 60);
    ck_assert(pit8254_output(f->pit, 2));
    teardown(f);
}
END_TEST

START_TEST(mode_0_rises_once_and_a_first_byte_stops_it)
{
    struct fixture *f = setup();
    program(f, 0, 0, 1000);
    ck_assert(!f->level);
    to_tick(f, 1000);
    ck_assert(!f->level);
    to_tick(f, 1001);
    ck_assert(f->level);
    ck_assert_uint_eq(count_of(f, 0), 0);
    to_tick(f, 1002);
    ck_assert_uint_eq(count_of(f, 0), 0xffff); /* goes on counting */
    out(f, 0x40, 10);
    ck_assert(!f->level);
    clock_advance(f->clock, CLOCK_NS_PER_S);
    ck_assert(!f->level);
    out(f, 0x40, 0);
    clock_advance(f->clock, CLOCK_NS_PER_S);
    ck_assert(f->level);
    ck_assert_uint_eq(f->rises, 2);
    teardown(f);
}
END_TEST

START_TEST(mode_0_gate_holds_the_count)
{
    struct fixture *f = setup();
    gate2(f, true);
    program(f, 2, 0, 1000);
    to_tick(f, 101);
    gate2(f, false);
    ck_assert_uint_eq(count_of(f, 2), 900);
    to_tick(f, 5000);
    ck_assert_uint_eq(count_of(f, 2), 900);
    gate2(f, true);
    to_tick(f, 5899);
    ck_assert(!pit8254_output(f->pit, 2));
    to_tick(f, 5900);
    ck_assert(pit8254_output(f->pit, 2));
    teardown(f);
}
END_TEST

START_TEST(mode_1_is_a_retriggerable_one_shot)
{
    struct fixture *f = setup();
    program(f, 2, 1, 100);
    ck_assert(pit8254_output(f->pit, 2));
    to_tick(f, 1000);
    gate2(f, true);
    to_tick(f, 1001);
    ck_assert(!pit8254_output(f->pit, 2));
    to_tick(f, 1050);
    gate2(f, false);
    gate2(f, true);
    to_tick(f, 1150);
    ck_assert(!pit8254_output(f->pit, 2));
    to_tick(f, 1151);
    ck_assert(pit8254_output(f->pit, 2));
    teardown(f);
}
END_TEST

START_TEST(modes_4_and_5_strobe_low_for_one_clock)
{
    struct fixture *f = setup();
    program(f, 0, 4, 100);
    ck_assert(f->level);
    f->rises = 0;
    to_tick(f, 101);
    ck_assert(!pit8254_output(f->pit, 0));
    to_tick(f, 102);
    ck_assert(pit8254_output(f->pit, 0));
    ck_assert_uint_eq(f->rises, 1);
    clock_advance(f->clock, CLOCK_NS_PER_S);
    ck_assert_uint_eq(f->rises, 1);
    program(f, 2, 5, 100);
    uint64_t now = pit8254_ticks(f->pit);
    gate2(f, true);
    to_tick(f, now + 101);
    ck_assert(!pit8254_output(f->pit, 2));
    to_tick(f, now + 102);
    ck_assert(pit8254_output(f->pit, 2));
    teardown(f);
}
END_TEST

START_TEST(mode_2_gate_restarts_the_period)
{
    struct fixture *f = setup();
    gate2(f, true);
    program(f, 2, 2, 100);
    to_tick(f, 51);
    gate2(f, false);
    ck_assert(pit8254_output(f->pit, 2));
    to_tick(f, 500);
    gate2(f, true);
    to_tick(f, 501);
    ck_assert_uint_eq(count_of(f, 2), 100);
    teardown(f);
}
END_TEST

START_TEST(bcd_counts_in_decimal)
{
    struct fixture *f = setup();
    out(f, 0x43, 0x35);
    out(f, 0x40, 0x00);
    out(f, 0x40, 0x00); /* 10000 */
    to_tick(f, 2);
    ck_assert_uint_eq(count_of(f, 0), 0x9999);
    to_tick(f, 1 + 1234);
    ck_assert_uint_eq(count_of(f, 0), 0x8766);
    teardown(f);
}
END_TEST

START_TEST(read_back_gives_status_then_count)
{
    struct fixture *f = setup();
    program(f, 0, 2, 0x1234);
    to_tick(f, 1 + 0x34);
    out(f, 0x43, 0xc2); /* both, counter 0 */
    to_tick(f, 0x200);
    out(f, 0x43, 0xc2); /* a second latch is ignored */
    ck_assert_uint_eq(in(f, 0x40), 0x80 | 0x30 | 0x04);
    ck_assert_uint_eq(in(f, 0x40), 0x00);
    ck_assert_uint_eq(in(f, 0x40), 0x12);
    teardown(f);
}
END_TEST

START_TEST(byte_access_reads_and_writes_one_byte)
{
    struct fixture *f = setup();
    out(f, 0x43, 0x14); /* counter 0, low byte, mode 2 */
    out(f, 0x40, 18);
    to_tick(f, 4);
    ck_assert_uint_eq(in(f, 0x40), 15);
    ck_assert_uint_eq(in(f, 0x40), 15);
    out(f, 0x43, 0x24); /* high byte */
    out(f, 0x40, 0x10);
    uint64_t now = pit8254_ticks(f->pit);
    to_tick(f, now + 2);
    ck_assert_uint_eq(in(f, 0x40), 0x0f);
    teardown(f);
}
END_TEST

START_TEST(port_61_toggles_refresh_and_shows_out2)
{
    struct fixture *f = setup();
    port61_io.write(f->port61, 0, 0xff, 1);
    ck_assert_uint_eq(port61_io.read(f->port61, 0, 1) & 0xcf, 0x0f);
    program(f, 2, 3, 1000);
    unsigned toggles = 0;
    uint32_t last = port61_io.read(f->port61, 0, 1);
    for (unsigned i = 0; i < 1000; i++) {
        clock_advance(f->clock, CLOCK_NS_PER_US);
        uint32_t now = port61_io.read(f->port61, 0, 1);
        toggles += (now ^ last) >> 4 & 1;
        ck_assert(!(now & 0x20) == !pit8254_output(f->pit, 2));
        last = now;
    }
    ck_assert_uint_eq(toggles, 66); /* 1 ms at 15.09 us */
    teardown(f);
}
END_TEST

START_TEST(count_of_one_does_not_hang)
{
    struct fixture *f = setup();
    for (unsigned mode = 0; mode < 6; mode++) {
        program(f, 0, mode, 1);
        clock_advance(f->clock, CLOCK_NS_PER_MS);
        program(f, 0, mode, 2);
        clock_advance(f->clock, CLOCK_NS_PER_MS);
        out(f, 0x40, 1);
        out(f, 0x40, 0);
        clock_advance(f->clock, CLOCK_NS_PER_MS);
        count_of(f, 0);
    }
    teardown(f);
}
END_TEST

static uint64_t late_now(void *source)
{
    return *(uint64_t *)source;
}

/* The machine fires timers between blocks; a write may come first. */
START_TEST(edge_that_is_due_is_not_lost_to_a_write)
{
    uint64_t now = 0;
    struct clock *clock = clock_create(&(struct clock_source){.now = late_now, .source = &now});
    struct fixture f = {.clock = clock};
    struct pit8254_wires wires = {.clock = clock, .out0 = {.set = out0_changed, .listener = &f}};
    f.pit = pit8254_create(&wires);
    program(&f, 0, 2, 1000);
    f.rises = 0;
    now = CLOCK_NS_PER_MS; /* one edge is behind us */
    out(&f, 0x40, 0x00);
    ck_assert_uint_eq(f.rises, 1);
    clock_run(clock);
    ck_assert_uint_eq(f.rises, 1);
    pit8254_device(f.pit, "").ops->destroy(f.pit);
    clock_destroy(clock);
}
END_TEST

START_TEST(lifecycle)
{
    static const struct lifecycle_window window[] = {{&pit8254_io, 4}};
    struct fixture *f = setup();
    struct fixture *g = setup();
    struct device a = pit8254_device(f->pit, "a");
    struct device b = pit8254_device(g->pit, "b");
    uint32_t seed = 7;
    for (unsigned i = 0; i < 5000; i++) { /* steps are short: counts may be tiny */
        lifecycle_random(&seed);
        out(f, 0x40 + (seed & 3), (uint8_t)(seed >> 8));
        gate2(f, seed >> 20 & 1);
        in(f, 0x40 + (seed >> 16 & 3));
        clock_advance(f->clock, seed >> 24 << 4);
    }
    lifecycle_survives_any_state(&a, f->clock, window, 1);
    lifecycle_check(&a, &b, NULL, window, 1);
    static const struct lifecycle_window window61[] = {{&port61_io, 1}};
    struct device c = port61_device(f->port61, "c");
    struct device d = port61_device(g->port61, "d");
    lifecycle_check(&c, &d, f->clock, window61, 1);
    teardown(f);
    teardown(g);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        mode_2_is_exactly_periodic,
        mode_3_is_exactly_periodic,
        mode_2_counts_down_and_out_is_low_for_one_clock,
        mode_3_counts_by_two_and_halves_the_period,
        mode_2_new_count_waits_for_the_end_of_the_period,
        mode_3_new_count_starts_with_the_next_half,
        mode_0_rises_once_and_a_first_byte_stops_it,
        mode_0_gate_holds_the_count,
        mode_1_is_a_retriggerable_one_shot,
        modes_4_and_5_strobe_low_for_one_clock,
        mode_2_gate_restarts_the_period,
        bcd_counts_in_decimal,
        read_back_gives_status_then_count,
        byte_access_reads_and_writes_one_byte,
        port_61_toggles_refresh_and_shows_out2,
        count_of_one_does_not_hang,
        edge_that_is_due_is_not_lost_to_a_write,
        lifecycle,
    };
    return lifecycle_main("pit8254", tests, sizeof(tests) / sizeof(tests[0]));
}
