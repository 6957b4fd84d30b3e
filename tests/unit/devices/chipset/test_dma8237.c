/* 8237 pair: addressing, terminal count, auto-initialisation, verify, masks, pages. */
#include "devices/chipset/dma8237.h"
#include "tests/support/device_lifecycle.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
    struct dma8237 *dma;
    uint8_t ram[0x40000];
    unsigned ready;
};

static void ram_read(void *memory, uint64_t gpa, void *to, size_t bytes)
{
    struct fixture *f = memory;
    ck_assert(gpa + bytes <= sizeof(f->ram));
    memcpy(to, f->ram + gpa, bytes);
}

static void ram_write(void *memory, uint64_t gpa, const void *from, size_t bytes)
{
    struct fixture *f = memory;
    ck_assert(gpa + bytes <= sizeof(f->ram));
    memcpy(f->ram + gpa, from, bytes);
}

static void is_ready(void *listener, unsigned n, bool level)
{
    (void)n;
    ((struct fixture *)listener)->ready += level;
}

static struct fixture *setup(void)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct dma8237_wires wires = {{ram_read, ram_write, f}};
    f->dma = dma8237_create(&wires);
    return f;
}

static void teardown(struct fixture *f)
{
    dma8237_device(f->dma, "dma").ops->destroy(f->dma);
    free(f);
}

static void out(struct fixture *f, unsigned port, unsigned value)
{
    const struct io_ops *io = port >= 0x480  ? &dma8237_high_io
                              : port >= 0xc0 ? &dma8237_words_io
                              : port >= 0x80 ? &dma8237_page_io
                                             : &dma8237_bytes_io;
    io->write(f->dma, port & (port >= 0xc0 && port < 0xe0 ? 31 : 15), value & 0xff, 1);
}

static unsigned in(struct fixture *f, unsigned port)
{
    const struct io_ops *io = port >= 0x480  ? &dma8237_high_io
                              : port >= 0xc0 ? &dma8237_words_io
                              : port >= 0x80 ? &dma8237_page_io
                                             : &dma8237_bytes_io;
    return io->read(f->dma, port & (port >= 0xc0 && port < 0xe0 ? 31 : 15), 1);
}

/* As a floppy driver does it for channel 2. */
static void program_2(struct fixture *f, unsigned mode, unsigned address, unsigned count)
{
    out(f, 0x0a, 0x06);
    out(f, 0x0c, 0);
    out(f, 0x0b, mode | 2);
    out(f, 0x04, address);
    out(f, 0x04, address >> 8);
    out(f, 0x81, address >> 16);
    out(f, 0x05, count);
    out(f, 0x05, count >> 8);
    out(f, 0x0a, 0x02);
}

static size_t move(struct fixture *f, unsigned n, void *buffer, size_t bytes, bool to_memory,
                   bool *tc)
{
    struct dma_channel channel = dma8237_channel(f->dma, n);
    return channel.transfer(channel.controller, channel.channel, buffer, bytes, to_memory, tc);
}

START_TEST(write_transfer_ends_at_terminal_count)
{
    struct fixture *f = setup();
    uint8_t data[16] = "0123456789abcde";
    bool tc;
    program_2(f, 0x44, 0x12340, 9);
    ck_assert_uint_eq(move(f, 2, data, 4, true, &tc), 4);
    ck_assert(!tc);
    ck_assert_uint_eq(move(f, 2, data + 4, 12, true, &tc), 6);
    ck_assert(tc);
    ck_assert(memcmp(f->ram + 0x12340, "0123456789\0", 11) == 0);
    ck_assert_uint_eq(move(f, 2, data, 4, true, &tc), 0); /* masked now */
    ck_assert(!tc);
    ck_assert_uint_eq(in(f, 0x08), 0x04);
    ck_assert_uint_eq(in(f, 0x08), 0x00); /* reading clears */
    ck_assert_uint_eq(in(f, 0x0f) & 0x0f, 0x0f);
    out(f, 0x0c, 0);
    ck_assert_uint_eq(in(f, 0x05) | in(f, 0x05) << 8, 0xffff);
    teardown(f);
}
END_TEST

START_TEST(auto_initialisation_starts_over)
{
    struct fixture *f = setup();
    uint8_t data[8];
    bool tc;
    memcpy(f->ram + 0x1000, "abcdef", 6);
    program_2(f, 0x58, 0x1000, 5);
    ck_assert_uint_eq(move(f, 2, data, 8, false, &tc), 6);
    ck_assert(tc);
    ck_assert(memcmp(data, "abcdef", 6) == 0);
    ck_assert_uint_eq(move(f, 2, data, 2, false, &tc), 2);
    ck_assert(!tc);
    ck_assert(memcmp(data, "ab", 2) == 0);
    teardown(f);
}
END_TEST

START_TEST(address_wraps_inside_its_page)
{
    struct fixture *f = setup();
    bool tc;
    program_2(f, 0x44, 0x2fffe, 3);
    ck_assert_uint_eq(move(f, 2, "wxyz", 4, true, &tc), 4);
    ck_assert(memcmp(f->ram + 0x2fffe, "wx", 2) == 0);
    ck_assert(memcmp(f->ram + 0x20000, "yz", 2) == 0);
    teardown(f);
}
END_TEST

START_TEST(decrement_goes_down)
{
    struct fixture *f = setup();
    bool tc;
    program_2(f, 0x64, 0x1003, 3);
    ck_assert_uint_eq(move(f, 2, "abcd", 4, true, &tc), 4);
    ck_assert(tc);
    ck_assert(memcmp(f->ram + 0x1000, "dcba", 4) == 0);
    teardown(f);
}
END_TEST

START_TEST(verify_counts_and_moves_nothing)
{
    struct fixture *f = setup();
    bool tc;
    program_2(f, 0x40, 0x1000, 3);
    ck_assert_uint_eq(move(f, 2, "abcd", 4, true, &tc), 4);
    ck_assert(tc);
    ck_assert_uint_eq(f->ram[0x1000], 0);
    teardown(f);
}
END_TEST

START_TEST(word_channel_counts_words_in_128_k)
{
    struct fixture *f = setup();
    bool tc;
    out(f, 0xd8, 0);
    out(f, 0xd6, 0x45); /* channel 5 */
    out(f, 0xc4, 0xff);
    out(f, 0xc4, 0xff); /* last word of the page */
    out(f, 0x8b, 0x03); /* bit 0 has no say */
    out(f, 0xc6, 1);
    out(f, 0xc6, 0);
    out(f, 0xd4, 0x01);
    ck_assert_uint_eq(move(f, 5, "abcde", 5, true, &tc), 4);
    ck_assert(tc);
    ck_assert(memcmp(f->ram + 0x3fffe, "ab", 2) == 0);
    ck_assert(memcmp(f->ram + 0x20000, "cd", 2) == 0);
    ck_assert_uint_eq(in(f, 0xd0), 0x02);
    teardown(f);
}
END_TEST

START_TEST(unmasking_and_enabling_are_announced)
{
    struct fixture *f = setup();
    bool tc;
    struct irq_line ready = {.set = is_ready, .listener = f};
    dma8237_connect(f->dma, 2, &ready);
    out(f, 0x08, 0x04); /* controller off */
    program_2(f, 0x44, 0x1000, 3);
    ck_assert_uint_eq(f->ready, 0);
    ck_assert_uint_eq(move(f, 2, "abcd", 4, true, &tc), 0);
    out(f, 0x08, 0x00);
    ck_assert_uint_eq(f->ready, 1);
    out(f, 0x0f, 0x0f);
    out(f, 0x0e, 0x00);
    ck_assert_uint_eq(f->ready, 2);
    teardown(f);
}
END_TEST

START_TEST(request_pin_and_post_code_show)
{
    struct fixture *f = setup();
    struct irq_line request = dma8237_request(f->dma, 3);
    irq_set(&request, true);
    ck_assert_uint_eq(in(f, 0x08), 0x80);
    out(f, 0x80, 0x5a);
    ck_assert_uint_eq(in(f, 0x80), 0x5a);
    ck_assert_uint_eq(dma8237_post_code(f->dma), 0x5a);
    out(f, 0x481, 0x12);
    ck_assert_uint_eq(in(f, 0x481), 0x12);
    out(f, 0x81, 0x01); /* clears the high page */
    ck_assert_uint_eq(in(f, 0x481), 0x00);
    teardown(f);
}
END_TEST

START_TEST(lifecycle)
{
    static const struct lifecycle_window windows[] = {{&dma8237_bytes_io, 16},
                                                      {&dma8237_words_io, 32},
                                                      {&dma8237_page_io, 16},
                                                      {&dma8237_high_io, 16}};
    struct fixture *f = setup();
    struct fixture *g = setup();
    struct device a = dma8237_device(f->dma, "a");
    struct device b = dma8237_device(g->dma, "b");
    lifecycle_survives_any_state(&a, NULL, windows, 4);
    lifecycle_check(&a, &b, NULL, windows, 4);
    teardown(f);
    teardown(g);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        write_transfer_ends_at_terminal_count,
        auto_initialisation_starts_over,
        address_wraps_inside_its_page,
        decrement_goes_down,
        verify_counts_and_moves_nothing,
        word_channel_counts_words_in_128_k,
        unmasking_and_enabling_are_announced,
        request_pin_and_post_code_show,
        lifecycle,
    };
    return lifecycle_main("dma8237", tests, sizeof(tests) / sizeof(tests[0]));
}
