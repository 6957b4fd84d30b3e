/* 8259A pair: priority, end of interrupt, masks, rotation, poll, level inputs, spurious vectors. */
#include "devices/chipset/pic8259.h"
#include "tests/support/device_lifecycle.h"

struct fixture {
    struct pic8259 *pic;
    bool intr;
};

static void intr_changed(void *listener, unsigned n, bool level)
{
    (void)n;
    ((struct fixture *)listener)->intr = level;
}

static void out(struct fixture *f, unsigned port, uint8_t value)
{
    const struct io_ops *io = port >= 0x4d0  ? &pic8259_elcr_io
                              : port >= 0xa0 ? &pic8259_slave_io
                                             : &pic8259_master_io;
    io->write(f->pic, port & 1, value, 1);
}

static uint8_t in(struct fixture *f, unsigned port)
{
    const struct io_ops *io = port >= 0x4d0  ? &pic8259_elcr_io
                              : port >= 0xa0 ? &pic8259_slave_io
                                             : &pic8259_master_io;
    return (uint8_t)io->read(f->pic, port & 1, 1);
}

static void line(struct fixture *f, unsigned n, bool level)
{
    struct irq_line input = pic8259_line(f->pic, n);
    irq_set(&input, level);
}

static void program(struct fixture *f, uint8_t icw4_master, uint8_t icw4_slave)
{
    static const unsigned base[2] = {0x20, 0xa0};
    uint8_t icw4[2] = {icw4_master, icw4_slave};
    for (unsigned i = 0; i < 2; i++) {
        out(f, base[i], 0x11);
        out(f, base[i] + 1, i ? 0x70 : 0x08);
        out(f, base[i] + 1, i ? 0x02 : 0x04);
        out(f, base[i] + 1, icw4[i]);
        out(f, base[i] + 1, 0x00);
    }
}

/* A programmed pair whose INTR lands in f. */
#define FIXTURE(f)                                                                              \
    struct fixture f = {0};                                                                     \
    f.pic =                                                                                     \
        pic8259_create(&(struct pic8259_wires){.intr = {.set = intr_changed, .listener = &f}}); \
    program(&f, 0x01, 0x01)

static void free_pic(struct fixture *f)
{
    struct device device = pic8259_device(f->pic, "pic");
    device.ops->destroy(f->pic);
}

START_TEST(lower_input_wins_and_is_nested)
{
    FIXTURE(f);
    line(&f, 5, true);
    line(&f, 3, true);
    ck_assert(f.intr);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x0b);
    ck_assert(!f.intr); /* 5 waits for 3 */
    line(&f, 1, true);
    ck_assert(f.intr); /* 1 interrupts 3 */
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x09);
    out(&f, 0x20, 0x0b);
    ck_assert_uint_eq(in(&f, 0x20), 0x0a);
    out(&f, 0x20, 0x20); /* ends 1 */
    ck_assert_uint_eq(in(&f, 0x20), 0x08);
    ck_assert(!f.intr);
    out(&f, 0x20, 0x63); /* specific: ends 3 */
    ck_assert(f.intr);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x0d);
    free_pic(&f);
}
END_TEST

START_TEST(request_goes_with_its_line_before_the_acknowledge)
{
    FIXTURE(f);
    line(&f, 1, true);
    line(&f, 12, true);
    ck_assert(f.intr);
    line(&f, 1, false);
    ck_assert(f.intr);
    line(&f, 12, false);
    ck_assert(!f.intr);
    line(&f, 12, true); /* a new edge is a new request */
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x74);
    line(&f, 12, false); /* after the acknowledge the fall changes nothing */
    out(&f, 0xa0, 0x0b);
    ck_assert_uint_eq(in(&f, 0xa0), 0x10);
    free_pic(&f);
}
END_TEST

START_TEST(edge_request_counts_once)
{
    FIXTURE(f);
    line(&f, 4, true);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x0c);
    out(&f, 0x20, 0x20);
    ck_assert(!f.intr); /* the line is still high */
    line(&f, 4, false);
    line(&f, 4, true);
    ck_assert(f.intr);
    free_pic(&f);
}
END_TEST

START_TEST(level_request_repeats_while_high)
{
    FIXTURE(f);
    out(&f, 0x4d0, 0xff);
    ck_assert_uint_eq(in(&f, 0x4d0), 0xf8);
    out(&f, 0x4d1, 0xff);
    ck_assert_uint_eq(in(&f, 0x4d1), 0xde);
    line(&f, 5, true);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x0d);
    ck_assert(!f.intr);
    out(&f, 0x20, 0x20);
    ck_assert(f.intr);
    line(&f, 5, false);
    ck_assert(!f.intr);
    free_pic(&f);
}
END_TEST

START_TEST(slave_comes_through_the_cascade)
{
    FIXTURE(f);
    line(&f, 14, true);
    line(&f, 8, true);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x70);
    out(&f, 0x20, 0x0b);
    out(&f, 0xa0, 0x0b);
    ck_assert_uint_eq(in(&f, 0x20), 0x04);
    ck_assert_uint_eq(in(&f, 0xa0), 0x01);
    out(&f, 0xa0, 0x20);
    ck_assert(!f.intr);
    out(&f, 0x20, 0x20);
    ck_assert(f.intr);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x76);
    free_pic(&f);
}
END_TEST

START_TEST(request_that_went_away_is_spurious_7_or_15)
{
    FIXTURE(f);
    out(&f, 0x4d0, 0x20);
    out(&f, 0x4d1, 0x04);
    line(&f, 5, true);
    line(&f, 5, false);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x0f);
    out(&f, 0x20, 0x0b);
    ck_assert_uint_eq(in(&f, 0x20), 0); /* nothing in service */
    line(&f, 10, true);
    line(&f, 10, false);
    ck_assert(!f.intr); /* the cascade follows the slave down */
    free_pic(&f);
}
END_TEST

START_TEST(masked_input_waits)
{
    FIXTURE(f);
    out(&f, 0x21, 0x08);
    line(&f, 3, true);
    ck_assert(!f.intr);
    ck_assert_uint_eq(in(&f, 0x21), 0x08);
    ck_assert_uint_eq(in(&f, 0x20), 0x08); /* IRR shows it */
    out(&f, 0x21, 0x00);
    ck_assert(f.intr);
    free_pic(&f);
}
END_TEST

START_TEST(automatic_end_of_interrupt)
{
    FIXTURE(f);
    program(&f, 0x03, 0x03);
    line(&f, 3, true);
    line(&f, 9, true);
    line(&f, 12, true);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x71);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x74); /* the slave's next is not lost */
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x0b);
    ck_assert(!f.intr);
    out(&f, 0x20, 0x0b);
    ck_assert_uint_eq(in(&f, 0x20), 0);
    free_pic(&f);
}
END_TEST

START_TEST(rotation_makes_the_served_input_last)
{
    FIXTURE(f);
    line(&f, 0, true);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x08);
    line(&f, 0, false);
    out(&f, 0x20, 0xa0); /* rotate on non-specific EOI */
    line(&f, 0, true);
    line(&f, 1, true);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x09);
    out(&f, 0x20, 0x20);
    out(&f, 0x20, 0xc7); /* 7 lowest again */
    line(&f, 7, true);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x08);
    free_pic(&f);
}
END_TEST

START_TEST(special_mask_lets_lower_priorities_in)
{
    FIXTURE(f);
    line(&f, 1, true);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x09);
    line(&f, 6, true);
    ck_assert(!f.intr);
    out(&f, 0x21, 0x02);
    ck_assert(!f.intr);
    out(&f, 0x20, 0x68);
    ck_assert(f.intr);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x0e);
    free_pic(&f);
}
END_TEST

START_TEST(special_fully_nested_mode_nests_inside_the_slave)
{
    FIXTURE(f);
    line(&f, 12, true);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x74);
    line(&f, 9, true);
    ck_assert(!f.intr); /* the master serves input 2 */
    program(&f, 0x11, 0x01);
    line(&f, 12, false);
    line(&f, 9, false);
    line(&f, 12, true);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x74);
    line(&f, 9, true);
    ck_assert(f.intr);
    ck_assert_uint_eq(pic8259_acknowledge(f.pic), 0x71);
    free_pic(&f);
}
END_TEST

START_TEST(poll_takes_the_request_into_service)
{
    FIXTURE(f);
    line(&f, 6, true);
    out(&f, 0x20, 0x0c);
    ck_assert_uint_eq(in(&f, 0x20), 0x86);
    ck_assert(!f.intr);
    out(&f, 0x20, 0x0f);
    ck_assert_uint_eq(in(&f, 0x20), 0x00);
    ck_assert_uint_eq(in(&f, 0x20), 0x40); /* ISR, now that the poll is over */
    free_pic(&f);
}
END_TEST

START_TEST(icw1_forgets_requests_but_not_elcr)
{
    FIXTURE(f);
    out(&f, 0x4d0, 0x20);
    line(&f, 4, true);
    line(&f, 5, true);
    program(&f, 0x01, 0x01);
    ck_assert_uint_eq(in(&f, 0x20), 0x20); /* a level stays a request */
    ck_assert_uint_eq(in(&f, 0x4d0), 0x20);
    free_pic(&f);
}
END_TEST

START_TEST(lifecycle)
{
    static const struct lifecycle_window windows[] = {
        {&pic8259_master_io, 2}, {&pic8259_slave_io, 2}, {&pic8259_elcr_io, 2}};
    struct pic8259 *used = pic8259_create(&(struct pic8259_wires){0});
    struct pic8259 *fresh = pic8259_create(&(struct pic8259_wires){0});
    struct device a = pic8259_device(used, "a");
    struct device b = pic8259_device(fresh, "b");
    lifecycle_survives_any_state(&a, NULL, windows, 3);
    lifecycle_check(&a, &b, NULL, windows, 3);
    a.ops->destroy(used);
    b.ops->destroy(fresh);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        lower_input_wins_and_is_nested,
        request_goes_with_its_line_before_the_acknowledge,
        edge_request_counts_once,
        level_request_repeats_while_high,
        slave_comes_through_the_cascade,
        request_that_went_away_is_spurious_7_or_15,
        masked_input_waits,
        automatic_end_of_interrupt,
        rotation_makes_the_served_input_last,
        special_mask_lets_lower_priorities_in,
        special_fully_nested_mode_nests_inside_the_slave,
        poll_takes_the_request_into_service,
        icw1_forgets_requests_but_not_elcr,
        lifecycle,
    };
    return lifecycle_main("pic8259", tests, sizeof(tests) / sizeof(tests[0]));
}
