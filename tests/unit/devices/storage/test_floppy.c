/* 82077AA: commands as BIOSes and drivers issue them. */
#include "devices/storage/floppy.h"
#include "tests/unit/devices/storage/fakes.h"

struct rig {
    struct bus bus;
    struct clock *clock;
    struct fake_line irq;
    struct fake_dma dma;
    struct fake_disk disk;
    struct floppy *floppy;
    struct device device;
};

static struct rig rig;

static void build(struct rig *r)
{
    memset(r, 0, sizeof(*r));
    r->clock = clock_create(NULL);
    fake_disk_open(&r->disk, 2880, 512);
    const struct floppy_wires wires = {
        .io = &r->bus,
        .clock = r->clock,
        .irq = {fake_line_set, &r->irq, 0},
        .dma = {fake_dma_transfer, &r->dma, 2},
        .type = {FLOPPY_1440K, FLOPPY_NONE},
    };
    r->floppy = floppy_create(&wires);
    r->device = floppy_device(r->floppy);
    device_reset(&r->device, RESET_POWER);
    ck_assert(floppy_insert(r->floppy, 0, &r->disk.block));
}

static void dismantle(struct rig *r)
{
    r->device.ops->destroy(r->device.dev);
    clock_destroy(r->clock);
    fake_disk_close(&r->disk);
}

static void setup(void)
{
    build(&rig);
}

static void teardown(void)
{
    dismantle(&rig);
}

static uint8_t in(unsigned port)
{
    return (uint8_t)fake_in(&rig.bus, port, 1);
}

static void out(unsigned port, unsigned value)
{
    fake_out(&rig.bus, port, value, 1);
}

static void command(unsigned count, const uint8_t *bytes)
{
    for (unsigned i = 0; i < count; i++) {
        ck_assert_uint_eq(in(0x3f4) & 0xc0, 0x80);
        out(0x3f5, bytes[i]);
    }
}

#define COMMAND(...) command(sizeof((const uint8_t[]){__VA_ARGS__}), (const uint8_t[]){__VA_ARGS__})

static void results(unsigned count, uint8_t *bytes)
{
    for (unsigned i = 0; i < count; i++) {
        ck_assert_uint_eq(in(0x3f4) & 0xd0, 0xd0);
        bytes[i] = in(0x3f5);
    }
    ck_assert_uint_eq(in(0x3f4) & 0xd0, 0x80);
}

static void wait_irq(void)
{
    for (int i = 0; i < 1000 && !rig.irq.level; i++) {
        clock_advance(rig.clock, CLOCK_NS_PER_MS);
    }
    ck_assert(rig.irq.level);
}

static void sense(unsigned st0, unsigned track)
{
    uint8_t bytes[2];
    COMMAND(0x08);
    results(2, bytes);
    ck_assert_uint_eq(bytes[0], st0);
    ck_assert_uint_eq(bytes[1], track);
}

static void start(void)
{
    out(0x3f2, 0x00);
    out(0x3f2, 0x1c);
    ck_assert(!rig.irq.level);
    wait_irq();
    for (unsigned unit = 0; unit < 4; unit++) {
        sense(0xc0 | unit, 0);
    }
    out(0x3f7, 0);
    COMMAND(0x03, 0xaf, 0x02);
}

static void dma_for(size_t bytes)
{
    rig.dma.at = 0;
    rig.dma.end = bytes;
}

static void transfer(const uint8_t bytes[9], uint8_t result[7])
{
    command(9, bytes);
    ck_assert(!rig.irq.level);
    wait_irq();
    results(7, result);
    ck_assert(!rig.irq.level);
}

START_TEST(reset_reports_four_drives_and_then_nothing)
{
    uint8_t byte;
    start();
    COMMAND(0x08);
    results(1, &byte);
    ck_assert_uint_eq(byte, 0x80);
}
END_TEST

START_TEST(a_read_ends_at_terminal_count_with_the_next_sector)
{
    uint8_t result[7];
    start();
    dma_for(1024);
    transfer((const uint8_t[]){0xe6, 0x04, 5, 1, 3, 2, 18, 0x1b, 0xff}, result);
    ck_assert_uint_eq(result[0], 0x04);
    ck_assert_uint_eq(result[1], 0);
    ck_assert_uint_eq(result[3], 5);
    ck_assert_uint_eq(result[4], 1);
    ck_assert_uint_eq(result[5], 5);
    uint32_t lba = (5 * 2 + 1) * 18 + 2;
    ck_assert_mem_eq(rig.dma.bytes, rig.disk.bytes + lba * 512, 1024);
}
END_TEST

START_TEST(multi_track_goes_on_with_the_other_head)
{
    uint8_t result[7];
    start();
    dma_for(36 * 512);
    transfer((const uint8_t[]){0xe6, 0, 7, 0, 1, 2, 18, 0x1b, 0xff}, result);
    ck_assert_uint_eq(result[0] & 0xc0, 0);
    ck_assert_uint_eq(result[3], 8);
    ck_assert_uint_eq(result[4], 0);
    ck_assert_uint_eq(result[5], 1);
    ck_assert_mem_eq(rig.dma.bytes, rig.disk.bytes + 7 * 36 * 512, 36 * 512);
}
END_TEST

START_TEST(the_end_of_a_track_without_terminal_count_is_an_error)
{
    uint8_t result[7];
    start();
    dma_for(4096);
    transfer((const uint8_t[]){0x46, 0, 0, 0, 17, 2, 18, 0x1b, 0xff}, result);
    ck_assert_uint_eq(result[0], 0x40);
    ck_assert_uint_eq(result[1], 0x80);
}
END_TEST

START_TEST(a_write_lands_in_the_image)
{
    uint8_t result[7];
    start();
    dma_for(512);
    memset(rig.dma.bytes, 0x5a, 512);
    transfer((const uint8_t[]){0xc5, 0, 2, 0, 9, 2, 18, 0x1b, 0xff}, result);
    ck_assert_uint_eq(result[0], 0);
    ck_assert_uint_eq(rig.disk.bytes[(2 * 36 + 8) * 512 + 511], 0x5a);
    ck_assert_uint_ne(rig.disk.bytes[(2 * 36 + 9) * 512 + 511], 0x5a);
}
END_TEST

START_TEST(write_protection_and_host_errors_are_reported)
{
    uint8_t result[7];
    start();
    dma_for(512);
    rig.disk.block.read_only = true;
    transfer((const uint8_t[]){0xc5, 0, 0, 0, 1, 2, 18, 0x1b, 0xff}, result);
    ck_assert_uint_eq(result[0], 0x40);
    ck_assert_uint_eq(result[1], 0x02);
    COMMAND(0x04, 0x00);
    results(1, result);
    ck_assert_uint_eq(result[0], 0x78);
    rig.disk.broken = true;
    transfer((const uint8_t[]){0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff}, result);
    ck_assert_uint_eq(result[0], 0x40);
    ck_assert_uint_eq(result[1], 0x20);
}
END_TEST

START_TEST(sectors_that_are_not_there_have_no_data)
{
    uint8_t result[7];
    start();
    dma_for(512);
    transfer((const uint8_t[]){0xe6, 0, 0, 0, 19, 2, 19, 0x1b, 0xff}, result);
    ck_assert_uint_eq(result[1], 0x04);
    transfer((const uint8_t[]){0xe6, 0, 80, 0, 1, 2, 18, 0x1b, 0xff}, result);
    ck_assert_uint_eq(result[1], 0x04);
    transfer((const uint8_t[]){0xe6, 0, 0, 0, 1, 3, 18, 0x1b, 0xff}, result);
    ck_assert_uint_eq(result[1], 0x04);
}
END_TEST

START_TEST(a_wrong_data_rate_or_an_empty_drive_shows_no_address_mark)
{
    uint8_t result[7];
    start();
    out(0x3f7, 2);
    COMMAND(0x4a, 0);
    wait_irq();
    results(7, result);
    ck_assert_uint_eq(result[0], 0x40);
    ck_assert_uint_eq(result[1], 0x01);
    out(0x3f7, 0);
    COMMAND(0x4a, 0);
    wait_irq();
    results(7, result);
    ck_assert_uint_eq(result[0], 0);
    ck_assert_uint_eq(result[6], 2);
    floppy_eject(rig.floppy, 0);
    COMMAND(0x4a, 0);
    wait_irq();
    results(7, result);
    ck_assert_uint_eq(result[0], 0x40);
}
END_TEST

START_TEST(seeks_and_recalibrations_report_by_sense_interrupt)
{
    start();
    COMMAND(0x0f, 0x00, 40);
    ck_assert(!rig.irq.level);
    ck_assert_uint_eq(in(0x3f4), 0x81);
    wait_irq();
    ck_assert_uint_eq(in(0x3f4), 0x80);
    sense(0x20, 40);
    ck_assert(!rig.irq.level);
    COMMAND(0x07, 0x00);
    wait_irq();
    sense(0x20, 0);
    COMMAND(0x07, 0x01);
    wait_irq();
    sense(0x71, 0);
}
END_TEST

START_TEST(a_step_with_a_disk_clears_the_change_line)
{
    start();
    ck_assert_uint_eq(in(0x3f7), 0x80);
    COMMAND(0x0f, 0x00, 1);
    wait_irq();
    sense(0x20, 1);
    ck_assert_uint_eq(in(0x3f7), 0);
    floppy_eject(rig.floppy, 0);
    COMMAND(0x0f, 0x00, 2);
    wait_irq();
    sense(0x20, 2);
    ck_assert_uint_eq(in(0x3f7), 0x80);
}
END_TEST

START_TEST(without_dma_bytes_move_through_the_fifo)
{
    uint8_t result[7];
    start();
    COMMAND(0x03, 0xaf, 0x03);
    COMMAND(0x46, 0, 0, 0, 18, 2, 18, 0x1b, 0xff);
    wait_irq();
    for (unsigned i = 0; i < 512; i++) {
        ck_assert_uint_eq(in(0x3f4) & 0xf0, 0xf0);
        ck_assert(rig.irq.level);
        ck_assert_uint_eq(in(0x3f5), rig.disk.bytes[17 * 512 + i]);
    }
    wait_irq();
    results(7, result);
    ck_assert_uint_eq(result[1], 0x80);
    COMMAND(0x45, 0, 0, 0, 18, 2, 18, 0x1b, 0xff);
    wait_irq();
    for (unsigned i = 0; i < 512; i++) {
        ck_assert_uint_eq(in(0x3f4) & 0xf0, 0xb0);
        out(0x3f5, 0x33);
    }
    wait_irq();
    results(7, result);
    ck_assert_uint_eq(rig.disk.bytes[17 * 512 + 100], 0x33);
}
END_TEST

START_TEST(format_fills_the_track)
{
    uint8_t result[7];
    start();
    dma_for(18 * 4);
    for (unsigned i = 0; i < 18; i++) {
        memcpy(rig.dma.bytes + 4 * (size_t)i, (const uint8_t[]){3, 1, (uint8_t)(i + 1), 2}, 4);
    }
    COMMAND(0x0f, 0x04, 3);
    wait_irq();
    sense(0x24, 3);
    COMMAND(0x4d, 0x04, 2, 18, 0x6c, 0xf6);
    wait_irq();
    results(7, result);
    ck_assert_uint_eq(result[0] & 0xc0, 0);
    ck_assert_uint_eq(rig.disk.bytes[(3 * 36 + 18) * 512], 0xf6);
    ck_assert_uint_eq(rig.disk.bytes[(3 * 36 + 36) * 512 - 1], 0xf6);
    ck_assert_uint_ne(rig.disk.bytes[(3 * 36 + 17) * 512 + 5], 0xf6);
}
END_TEST

START_TEST(a_masked_dma_channel_holds_the_transfer_up)
{
    uint8_t result[7];
    start();
    dma_for(512);
    rig.dma.masked = true;
    COMMAND(0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    clock_advance(rig.clock, 10 * CLOCK_NS_PER_MS);
    ck_assert(!rig.irq.level);
    rig.dma.masked = false;
    wait_irq();
    results(7, result);
    ck_assert_uint_eq(result[0], 0);
}
END_TEST

START_TEST(the_chip_identifies_itself)
{
    uint8_t bytes[10];
    start();
    COMMAND(0x10);
    results(1, bytes);
    ck_assert_uint_eq(bytes[0], 0x90);
    COMMAND(0x13, 0, 0x57, 3);
    COMMAND(0x94);
    results(1, bytes);
    ck_assert_uint_eq(bytes[0], 0x10);
    COMMAND(0x0e);
    results(10, bytes);
    ck_assert_uint_eq(bytes[4], 0xaf);
    ck_assert_uint_eq(bytes[7], 0x80);
    ck_assert_uint_eq(bytes[8], 0x57);
    ck_assert_uint_eq(bytes[9], 3);
    COMMAND(0x18);
    results(1, bytes);
    ck_assert_uint_eq(bytes[0], 0x80);
}
END_TEST

START_TEST(formats_are_told_by_size)
{
    struct block_geometry geometry;
    ck_assert_int_eq(floppy_type_for(2880), FLOPPY_1440K);
    ck_assert_int_eq(floppy_type_for(720), FLOPPY_360K);
    ck_assert_int_eq(floppy_type_for(2400), FLOPPY_1200K);
    ck_assert_int_eq(floppy_type_for(1440), FLOPPY_720K);
    ck_assert_int_eq(floppy_type_for(5760), FLOPPY_2880K);
    ck_assert_int_eq(floppy_type_for(5761), FLOPPY_NONE);
    ck_assert(floppy_geometry_for(3360, &geometry));
    ck_assert_uint_eq(geometry.sectors, 21);
}
END_TEST

START_TEST(a_saved_transfer_goes_on_after_loading)
{
    static struct rig other;
    uint8_t result[7];
    start();
    dma_for(1024);
    COMMAND(0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    build(&other);
    state_copy(rig.device.ops->state, other.floppy, rig.floppy);
    other.device.ops->loaded(other.floppy);
    dismantle(&rig);
    rig = other;
    /* the bus, line and channel of the wires are those of `other` */
    other.dma.at = 0;
    other.dma.end = 1024;
    clock_advance(other.clock, CLOCK_NS_PER_S);
    ck_assert(other.irq.level);
    for (unsigned i = 0; i < 7; i++) {
        result[i] = (uint8_t)fake_in(&other.bus, 0x3f5, 1);
    }
    ck_assert_uint_eq(result[0], 0);
    ck_assert_uint_eq(result[5], 3);
}
END_TEST

START_TEST(reset_twice_is_reset_once)
{
    static struct rig other;
    build(&other);
    device_reset(&rig.device, RESET_POWER);
    device_reset(&rig.device, RESET_POWER);
    fake_expect_equal(rig.device.ops, rig.floppy, other.floppy);
    dismantle(&other);
}
END_TEST

START_TEST(random_accesses_do_no_harm_and_reset_undoes_them)
{
    static struct rig other;
    uint64_t seed = 7;
    build(&other);
    out(0x3f2, 0x1c);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned port = 0x3f0 + fake_random(&seed) % 8;
        unsigned size = 1u << fake_random(&seed) % 3;
        port = fake_random(&seed) % 2 ? 0x3f5 : port;
        if (port == 0x3f2 && fake_random(&seed) % 8) {
            continue;
        }
        if (fake_random(&seed) & 1) {
            fake_out(&rig.bus, port, fake_random(&seed), size);
        } else {
            fake_in(&rig.bus, port, size);
        }
        if (i % 7 == 0) {
            rig.dma.at = 0;
            rig.dma.end = fake_random(&seed) % 20000;
            clock_advance(rig.clock, fake_random(&seed) % (20 * CLOCK_NS_PER_MS));
        }
    }
    device_reset(&rig.device, RESET_HARD);
    fake_expect_equal(rig.device.ops, rig.floppy, other.floppy);
    ck_assert(!rig.irq.level);
    ck_assert_uint_eq(clock_deadline(rig.clock), CLOCK_NEVER);
    dismantle(&other);
}
END_TEST

START_TEST(a_hostile_snapshot_does_no_harm)
{
    uint64_t seed = 5;
    for (unsigned i = 0; i < 3000; i++) {
        state_walk(rig.device.ops->state, rig.floppy, "", fake_scramble, &seed);
        rig.device.ops->loaded(rig.floppy);
        rig.dma.at = 0;
        rig.dma.end = 2000;
        for (unsigned k = 0; k < 20; k++) {
            in(0x3f4);
            out(0x3f5, fake_random(&seed) & 0xff);
            in(0x3f5);
            clock_advance(rig.clock, CLOCK_NS_PER_MS);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("floppy");
    TCase *tcase = tcase_create("floppy");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, reset_reports_four_drives_and_then_nothing);
    tcase_add_test(tcase, a_read_ends_at_terminal_count_with_the_next_sector);
    tcase_add_test(tcase, multi_track_goes_on_with_the_other_head);
    tcase_add_test(tcase, the_end_of_a_track_without_terminal_count_is_an_error);
    tcase_add_test(tcase, a_write_lands_in_the_image);
    tcase_add_test(tcase, write_protection_and_host_errors_are_reported);
    tcase_add_test(tcase, sectors_that_are_not_there_have_no_data);
    tcase_add_test(tcase, a_wrong_data_rate_or_an_empty_drive_shows_no_address_mark);
    tcase_add_test(tcase, seeks_and_recalibrations_report_by_sense_interrupt);
    tcase_add_test(tcase, a_step_with_a_disk_clears_the_change_line);
    tcase_add_test(tcase, without_dma_bytes_move_through_the_fifo);
    tcase_add_test(tcase, format_fills_the_track);
    tcase_add_test(tcase, a_masked_dma_channel_holds_the_transfer_up);
    tcase_add_test(tcase, the_chip_identifies_itself);
    tcase_add_test(tcase, formats_are_told_by_size);
    tcase_add_test(tcase, a_saved_transfer_goes_on_after_loading);
    tcase_add_test(tcase, reset_twice_is_reset_once);
    tcase_add_test(tcase, a_hostile_snapshot_does_no_harm);
    tcase_add_test(tcase, random_accesses_do_no_harm_and_reset_undoes_them);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
