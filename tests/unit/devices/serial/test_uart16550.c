/* 16550A: identification, FIFOs, interrupts and their priority, pacing, loopback. */
#include "devices/serial/uart16550.h"

#include "tests/support/device_lifecycle.h"

#include <stdlib.h>
#include <string.h>

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };

struct fixture {
    struct clock *clock;
    struct uart16550 *uart;
    bool level;
    unsigned rises, invited;
    uint8_t sent[64];
    size_t sent_count;
};

static void irq_changed(void *listener, unsigned n, bool level)
{
    struct fixture *f = listener;
    (void)n;
    f->rises += level && !f->level;
    f->level = level;
}

static void far_write(void *chardev, const uint8_t *bytes, size_t count)
{
    struct fixture *f = chardev;
    for (size_t i = 0; i < count; i++) {
        f->sent[f->sent_count++ % sizeof(f->sent)] = bytes[i];
    }
}

static void far_ready(void *chardev)
{
    ((struct fixture *)chardev)->invited++;
}

static struct fixture *setup(void)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->clock = clock_create(NULL);
    struct uart16550_wires wires = {.clock = f->clock,
                                    .irq = {.set = irq_changed, .listener = f},
                                    .line = {far_write, far_ready, f}};
    f->uart = uart16550_create(&wires);
    return f;
}

static void teardown(struct fixture *f)
{
    uart16550_device(f->uart, "").ops->destroy(f->uart);
    clock_destroy(f->clock);
    free(f);
}

static void out(struct fixture *f, unsigned reg, uint8_t value)
{
    uart16550_io.write(f->uart, reg, value, 1);
}

static uint8_t in(struct fixture *f, unsigned reg)
{
    return (uint8_t)uart16550_io.read(f->uart, reg, 1);
}

/* 115200 8N1: a character takes 86.8 us. */
static void program(struct fixture *f, uint8_t fcr, uint8_t ier)
{
    out(f, LCR, 0x83);
    out(f, DATA, 1);
    out(f, IER, 0);
    out(f, LCR, 0x03);
    out(f, IIR, fcr);
    out(f, MCR, 0x0b);
    out(f, IER, ier);
}

static size_t receive(struct fixture *f, const char *text)
{
    return uart16550_receive(f->uart, (const uint8_t *)text, strlen(text));
}

START_TEST(probes_see_a_16550a)
{
    struct fixture *f = setup();
    out(f, SCR, 0x5a);
    ck_assert_uint_eq(in(f, SCR), 0x5a);
    out(f, IER, 0xff);
    ck_assert_uint_eq(in(f, IER), 0x0f);
    out(f, IER, 0x00);
    ck_assert_uint_eq(in(f, IIR), 0x01);
    out(f, IIR, 0x01);
    ck_assert_uint_eq(in(f, IIR) & 0xc0, 0xc0);
    out(f, IIR, 0xe7); /* no 64-byte FIFO */
    ck_assert_uint_eq(in(f, IIR), 0xc1);
    ck_assert_uint_eq(in(f, LSR), 0x60);
    ck_assert_uint_eq(in(f, MSR), 0xb0);
    out(f, LCR, 0x80);
    out(f, DATA, 0x34);
    out(f, IER, 0x12);
    ck_assert_uint_eq(in(f, DATA), 0x34);
    ck_assert_uint_eq(in(f, IER), 0x12);
    teardown(f);
}
END_TEST

START_TEST(transmitter_takes_the_time_of_its_characters)
{
    struct fixture *f = setup();
    program(f, 0x01, 0x00);
    out(f, DATA, 'a');
    ck_assert_uint_eq(in(f, LSR) & 0x60, 0x20); /* in the shift register */
    out(f, DATA, 'b');
    out(f, DATA, 'c');
    ck_assert_uint_eq(in(f, LSR) & 0x60, 0x00);
    clock_advance(f->clock, 173 * CLOCK_NS_PER_US);
    ck_assert_uint_eq(in(f, LSR) & 0x60, 0x00);
    clock_advance(f->clock, CLOCK_NS_PER_US);
    ck_assert_uint_eq(in(f, LSR) & 0x60, 0x20);
    clock_advance(f->clock, 87 * CLOCK_NS_PER_US);
    ck_assert_uint_eq(in(f, LSR) & 0x60, 0x60);
    ck_assert_uint_eq(f->sent_count, 3);
    ck_assert(memcmp(f->sent, "abc", 3) == 0);
    teardown(f);
}
END_TEST

START_TEST(transmitter_interrupt_comes_when_empty_and_goes_when_identified)
{
    struct fixture *f = setup();
    program(f, 0x01, 0x02);
    ck_assert(f->level); /* enabling with an empty transmitter */
    ck_assert_uint_eq(in(f, IIR), 0xc2);
    ck_assert(!f->level);
    ck_assert_uint_eq(in(f, IIR), 0xc1);
    out(f, DATA, 'a');
    ck_assert(f->level);
    out(f, DATA, 'b');
    ck_assert(!f->level);
    clock_advance(f->clock, 90 * CLOCK_NS_PER_US);
    ck_assert(f->level);
    out(f, IER, 0x00);
    ck_assert(!f->level);
    out(f, IER, 0x02);
    ck_assert(f->level);
    teardown(f);
}
END_TEST

START_TEST(receiver_triggers_and_times_out)
{
    struct fixture *f = setup();
    program(f, 0x41, 0x01); /* trigger at 4 */
    ck_assert_uint_eq(receive(f, "abc"), 3);
    ck_assert(!f->level);
    clock_advance(f->clock, 347 * CLOCK_NS_PER_US); /* four characters are 347.2 us */
    ck_assert(!f->level);
    clock_advance(f->clock, CLOCK_NS_PER_US);
    ck_assert(f->level);
    ck_assert_uint_eq(in(f, IIR), 0xcc);
    ck_assert_uint_eq(in(f, DATA), 'a');
    ck_assert(!f->level); /* reading restarts the timeout */
    ck_assert_uint_eq(receive(f, "de"), 2);
    ck_assert(f->level);
    ck_assert_uint_eq(in(f, IIR), 0xc4);
    ck_assert_uint_eq(in(f, DATA), 'b');
    ck_assert(!f->level); /* below the trigger */
    for (const char *want = "cde"; *want; want++) {
        ck_assert_uint_eq(in(f, LSR) & 1, 1);
        ck_assert_uint_eq(in(f, DATA), (uint8_t)*want);
    }
    ck_assert_uint_eq(in(f, LSR) & 1, 0);
    clock_advance(f->clock, CLOCK_NS_PER_S);
    ck_assert(!f->level);
    teardown(f);
}
END_TEST

START_TEST(full_receiver_refuses_and_invites)
{
    struct fixture *f = setup();
    program(f, 0x01, 0x00);
    ck_assert_uint_eq(receive(f, "0123456789abcdefXYZ"), 16);
    ck_assert_uint_eq(receive(f, "X"), 0);
    ck_assert_uint_eq(f->invited, 0);
    ck_assert_uint_eq(in(f, DATA), '0');
    ck_assert_uint_eq(f->invited, 1);
    ck_assert_uint_eq(in(f, DATA), '1');
    ck_assert_uint_eq(f->invited, 1);
    ck_assert_uint_eq(in(f, LSR) & 0x02, 0); /* nothing was overrun */
    out(f, IIR, 0x00);                       /* FIFO off: cleared, one byte fits */
    ck_assert_uint_eq(receive(f, "XY"), 1);
    ck_assert_uint_eq(in(f, DATA), 'X');
    ck_assert_uint_eq(f->invited, 2);
    teardown(f);
}
END_TEST

START_TEST(loopback_joins_data_and_modem_lines)
{
    struct fixture *f = setup();
    program(f, 0x00, 0x00);
    out(f, MCR, 0x10);
    in(f, MSR);
    ck_assert_uint_eq(in(f, MSR), 0x00);
    out(f, MCR, 0x1f);
    ck_assert_uint_eq(in(f, MSR), 0xfb); /* all changed; a ring counts when it ends */
    out(f, MCR, 0x1a);
    ck_assert_uint_eq(in(f, MSR), 0x96); /* RTS and OUT2: CTS and DCD; DSR and RI fell */
    out(f, DATA, 0xa5);
    ck_assert_uint_eq(in(f, LSR) & 1, 1);
    ck_assert_uint_eq(in(f, DATA), 0xa5);
    ck_assert_uint_eq(f->sent_count, 0);
    out(f, DATA, 1);
    out(f, DATA, 2);
    ck_assert_uint_eq(in(f, LSR) & 3, 3); /* overrun */
    ck_assert_uint_eq(in(f, LSR) & 3, 1);
    ck_assert_uint_eq(in(f, DATA), 2);
    ck_assert_uint_eq(receive(f, "x"), 0); /* the line is cut */
    out(f, MCR, 0x0b);
    ck_assert_uint_eq(f->invited, 1);
    teardown(f);
}
END_TEST

START_TEST(fifo_holds_sixteen_in_loopback)
{
    struct fixture *f = setup();
    program(f, 0x07, 0x00);
    out(f, MCR, 0x13);
    for (unsigned i = 0; i < 256; i++) {
        out(f, DATA, (uint8_t)i);
    }
    unsigned count = 0;
    while (in(f, LSR) & 1) {
        ck_assert_uint_eq(in(f, DATA), count);
        count++;
    }
    ck_assert_uint_eq(count, 16);
    teardown(f);
}
END_TEST

START_TEST(interrupts_are_identified_by_priority)
{
    struct fixture *f = setup();
    program(f, 0x00, 0x00);
    out(f, MCR, 0x18);
    in(f, MSR);
    out(f, MCR, 0x1a); /* modem change */
    out(f, DATA, 1);
    out(f, DATA, 2); /* data and overrun */
    clock_advance(f->clock, CLOCK_NS_PER_MS);
    out(f, IER, 0x0f);
    ck_assert_uint_eq(in(f, IIR), 0x06);
    in(f, LSR);
    ck_assert_uint_eq(in(f, IIR), 0x04);
    in(f, DATA);
    ck_assert_uint_eq(in(f, IIR), 0x02);
    ck_assert_uint_eq(in(f, IIR), 0x00);
    in(f, MSR);
    ck_assert_uint_eq(in(f, IIR), 0x01);
    teardown(f);
}
END_TEST

START_TEST(out2_gates_the_interrupt)
{
    struct fixture *f = setup();
    program(f, 0x00, 0x01);
    out(f, MCR, 0x03);
    receive(f, "a");
    ck_assert(!f->level);
    ck_assert_uint_eq(in(f, IIR), 0x04);
    out(f, MCR, 0x0b);
    ck_assert(f->level);
    teardown(f);
}
END_TEST

START_TEST(lifecycle)
{
    static const struct lifecycle_window window[] = {{&uart16550_io, 8}};
    struct fixture *f = setup();
    struct fixture *g = setup();
    struct device a = uart16550_device(f->uart, "a");
    struct device b = uart16550_device(g->uart, "b");
    lifecycle_survives_any_state(&a, f->clock, window, 1);
    lifecycle_check(&a, &b, f->clock, window, 1);
    teardown(f);
    teardown(g);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        probes_see_a_16550a,
        transmitter_takes_the_time_of_its_characters,
        transmitter_interrupt_comes_when_empty_and_goes_when_identified,
        receiver_triggers_and_times_out,
        full_receiver_refuses_and_invites,
        loopback_joins_data_and_modem_lines,
        fifo_holds_sixteen_in_loopback,
        interrupts_are_identified_by_priority,
        out2_gates_the_interrupt,
        lifecycle,
    };
    return lifecycle_main("uart16550", tests, sizeof(tests) / sizeof(tests[0]));
}
