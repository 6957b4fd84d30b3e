/* ATAPI CD-ROM drives behind the PIIX3's ports: packets, mode pages, media changes. */
#include "tests/unit/devices/storage/ide_rig.h"

static void packet(const uint8_t bytes[12], unsigned limit, unsigned feature)
{
    out(0x171, feature);
    out(0x174, limit & 0xff);
    out(0x175, limit >> 8);
    ck_assert_uint_eq(command(0x170, 0xa0), 0x58);
    ck_assert_uint_eq(in(0x172), 1);
    for (unsigned i = 0; i < 12; i += 2) {
        fake_out(&rig.bus, 0x170, load_le16(bytes + i), 2);
    }
    ck_assert(!rig.irq[1].level);
    settle();
}

#define PACKET(...) packet((const uint8_t[12]){__VA_ARGS__}, 0xfffe, 0)

/* Reads all data blocks; returns the bytes and leaves the final status read. */
static unsigned reply(uint8_t *to)
{
    unsigned total = 0;
    ck_assert(rig.irq[1].level);
    while (in(0x177) & 0x08) {
        ck_assert_uint_eq(in(0x172), 2);
        unsigned bytes = in(0x174) | (unsigned)in(0x175) << 8;
        take(0x170, to + total, bytes);
        total += bytes;
        settle();
        ck_assert(rig.irq[1].level);
    }
    ck_assert_uint_eq(in(0x172), 3);
    return total;
}

static void expect_sense(unsigned key, unsigned asc)
{
    uint8_t data[64];
    ck_assert_uint_eq(in(0x177) & 1, 1);
    ck_assert_uint_eq(in(0x171) >> 4, key);
    PACKET(0x03, 0, 0, 0, 18);
    ck_assert_uint_eq(reply(data), 18);
    ck_assert_uint_eq(data[2], key);
    ck_assert_uint_eq(data[12], asc);
}

START_TEST(identify_device_names_a_packet_drive)
{
    uint8_t words[512];
    address(0x170, 0, 0);
    out(0x176, 0xa0);
    ck_assert_uint_eq(command(0x170, 0xec), 0x51);
    ck_assert_uint_eq(in(0x174), 0x14);
    ck_assert_uint_eq(in(0x175), 0xeb);
    in(0x177);
    ck_assert_uint_eq(command(0x170, 0xa1), 0x58);
    take(0x170, words, 512);
    ck_assert_uint_eq(load_le16(words), 0x85c0);
    ck_assert_uint_eq(in(0x177), 0x50);
}
END_TEST

START_TEST(a_read_respects_the_byte_count)
{
    static uint8_t data[4 * 2048];
    packet((const uint8_t[12]){0x28, 0, 0, 0, 0, 16, 0, 0, 4}, 5000, 0);
    ck_assert_uint_eq(in(0x174) | in(0x175) << 8, 4096);
    ck_assert_uint_eq(reply(data), 4 * 2048);
    ck_assert_mem_eq(data, rig.cd.bytes + 16 * 2048, sizeof(data));
    memset(data, 0, sizeof(data));
    packet((const uint8_t[12]){0x28, 0, 0, 0, 0, 16, 0, 0, 4}, 999, 0);
    ck_assert_uint_eq(in(0x174) | in(0x175) << 8, 998);
    ck_assert_uint_eq(reply(data), 4 * 2048);
    ck_assert_mem_eq(data, rig.cd.bytes + 16 * 2048, sizeof(data));
}
END_TEST

START_TEST(a_long_read_refills_the_buffer)
{
    static uint8_t data[100 * 2048];
    packet((const uint8_t[12]){0xa8, 0, 0, 0, 0, 1, 0, 0, 0, 100}, 2048, 0);
    ck_assert_uint_eq(reply(data), sizeof(data));
    ck_assert_mem_eq(data, rig.cd.bytes + 2048, sizeof(data));
}
END_TEST

START_TEST(a_read_by_bus_master_fills_memory)
{
    table(0x1000, 0, 0x20000, 0, false);
    table(0x1000, 1, 0x30000, 40 * 2048 - 65536, true);
    fake_out(&rig.bus, 0xc00c, 0x1000, 4);
    out(0xc008, 0x09);
    packet((const uint8_t[12]){0x28, 0, 0, 0, 0, 2, 0, 0, 40}, 0xfffe, 1);
    settle();
    ck_assert(rig.irq[1].level);
    ck_assert_uint_eq(in(0xc00a), 0x04);
    ck_assert_uint_eq(in(0x177), 0x50);
    ck_assert_uint_eq(in(0x172), 3);
    ck_assert_mem_eq(rig.memory.bytes + 0x20000, rig.cd.bytes + 2 * 2048, 40 * 2048);
}
END_TEST

START_TEST(capacity_toc_and_raw_sectors)
{
    static uint8_t data[4096];
    PACKET(0x25);
    ck_assert_uint_eq(reply(data), 8);
    ck_assert_uint_eq(load_be32(data), 599);
    ck_assert_uint_eq(load_be32(data + 4), 2048);
    PACKET(0x43, 2, 0, 0, 0, 0, 0, 0, 100);
    ck_assert_uint_eq(reply(data), 20);
    ck_assert_uint_eq(data[14], 0xaa);
    ck_assert_uint_eq(data[18], 10); /* 600 + 150 frames: 0 minutes 10 seconds */
    PACKET(0x43, 0, 2, 0, 0, 0, 0, 0, 100);
    ck_assert_uint_eq(reply(data), 48);
    PACKET(0xbe, 0, 0, 0, 0, 20, 0, 0, 1, 0xf8);
    ck_assert_uint_eq(reply(data), 2352);
    ck_assert_uint_eq(data[1], 0xff);
    ck_assert_uint_eq(data[13], 0x02);
    ck_assert_uint_eq(data[14], 0x20);
    ck_assert_uint_eq(data[15], 1);
    ck_assert_mem_eq(data + 16, rig.cd.bytes + 20 * 2048, 2048);
}
END_TEST

START_TEST(mode_pages_configuration_and_events)
{
    static uint8_t data[4096];
    PACKET(0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 128);
    ck_assert_uint_eq(reply(data), 30);
    ck_assert_uint_eq(data[8], 0x2a);
    PACKET(0x1a, 0, 0x01, 0, 255);
    ck_assert_uint_eq(reply(data), 12);
    ck_assert_uint_eq(data[4], 0x01);
    PACKET(0x46, 0, 0, 0, 0, 0, 0, 1, 0);
    ck_assert_uint_gt(reply(data), 20);
    ck_assert_uint_eq(load_be16(data + 6), 8);
    PACKET(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8);
    ck_assert_uint_eq(reply(data), 8);
    ck_assert_uint_eq(data[2], 4);
    ck_assert_uint_eq(data[5], 2);
}
END_TEST

START_TEST(mode_select_takes_data_from_the_host)
{
    uint8_t list[16] = {[8] = 0x01, [9] = 6, [10] = 0x01, [11] = 9};
    uint8_t data[64];
    PACKET(0x55, 0x10, 0, 0, 0, 0, 0, 0, 16);
    ck_assert_uint_eq(in(0x177), 0x58);
    ck_assert_uint_eq(in(0x172), 0);
    give(0x170, list, 16);
    settle();
    ck_assert_uint_eq(in(0x177), 0x50);
    PACKET(0x5a, 0, 0x01, 0, 0, 0, 0, 0, 128);
    reply(data);
    ck_assert_uint_eq(data[10], 0x01);
    ck_assert_uint_eq(data[11], 9);
}
END_TEST

START_TEST(unknown_commands_and_ranges_are_refused)
{
    PACKET(0x47);
    expect_sense(5, 0x20);
    PACKET(0x28, 0, 0, 0, 2, 0x58, 0, 0, 1);
    expect_sense(5, 0x21);
    rig.cd.broken = true;
    PACKET(0x28, 0, 0, 0, 0, 0, 0, 0, 1);
    expect_sense(3, 0x11);
}
END_TEST

START_TEST(a_changed_disc_raises_unit_attention_once)
{
    static struct fake_disk other;
    fake_disk_open(&other, 1000, 2048);
    ck_assert(ide_change_media(rig.ide, 1, 0, NULL, false));
    PACKET(0x00);
    expect_sense(2, 0x3a);
    ck_assert(ide_change_media(rig.ide, 1, 0, &other.block, false));
    PACKET(0x00);
    expect_sense(6, 0x28);
    PACKET(0x00);
    ck_assert_uint_eq(in(0x177), 0x50);
    fake_disk_close(&other);
}
END_TEST

START_TEST(a_locked_tray_stays_and_asks)
{
    uint8_t data[64];
    PACKET(0x1e, 0, 0, 0, 1);
    ck_assert(!ide_change_media(rig.ide, 1, 0, NULL, false));
    PACKET(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8);
    reply(data);
    ck_assert_uint_eq(data[4], 1);
    PACKET(0x1b, 0, 0, 0, 2);
    expect_sense(5, 0x53);
    PACKET(0x1e, 0, 0, 0, 0);
    PACKET(0x1b, 0, 0, 0, 2);
    ck_assert_uint_eq(in(0x177), 0x50);
    ck_assert(ide_tray_open(rig.ide, 1, 0));
    PACKET(0x00);
    expect_sense(2, 0x3a);
    device_reset(&rig.device, RESET_HARD);
    ck_assert(ide_tray_open(rig.ide, 1, 0));
    PACKET(0x1b, 0, 0, 0, 3);
    PACKET(0x00);
    expect_sense(6, 0x28);
    PACKET(0x00);
    ck_assert_uint_eq(in(0x177), 0x50);
}
END_TEST

START_TEST(random_packets_do_no_harm)
{
    uint64_t seed = 23;
    for (unsigned i = 0; i < 3000; i++) {
        uint32_t words[3] = {fake_random(&seed), fake_random(&seed), fake_random(&seed)};
        out(0x176, 0xa0);
        out(0x171, fake_random(&seed) & 1);
        out(0x174, fake_random(&seed) & 0xff);
        out(0x175, fake_random(&seed) & 0xff);
        out(0x177, 0xa0);
        settle();
        static const uint8_t opcodes[] = {0x28, 0xbe, 0x55, 0x15, 0x43, 0x46, 0x5a, 0x1a,
                                          0xb9, 0x12, 0x4a, 0x1b, 0xa8, 0x42, 0x51, 0x03};
        words[0] = (words[0] & ~0xffu) | opcodes[i % 16];
        words[0] &= i & 16 ? 0xffff : 0xffffffff;
        words[1] &= i & 32 ? 0xffff03ff : 0xffffffff;
        give(0x170, (const uint8_t *)words, 12);
        settle();
        for (unsigned k = 0; k < 3000 && (in(0x177) & 8); k++) {
            if (i & 1) {
                fake_in(&rig.bus, 0x170, 4);
            } else {
                fake_out(&rig.bus, 0x170, fake_random(&seed), 4);
            }
            if (k % 128 == 0) {
                clock_advance(rig.clock, CLOCK_NS_PER_MS);
            }
        }
        out(0x177, 0x08);
        settle();
    }
    ck_assert_uint_eq(in(0x174), 0x14);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("atapi");
    TCase *tcase = tcase_create("atapi");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, identify_device_names_a_packet_drive);
    tcase_add_test(tcase, a_read_respects_the_byte_count);
    tcase_add_test(tcase, a_long_read_refills_the_buffer);
    tcase_add_test(tcase, a_read_by_bus_master_fills_memory);
    tcase_add_test(tcase, capacity_toc_and_raw_sectors);
    tcase_add_test(tcase, mode_pages_configuration_and_events);
    tcase_add_test(tcase, mode_select_takes_data_from_the_host);
    tcase_add_test(tcase, unknown_commands_and_ranges_are_refused);
    tcase_add_test(tcase, a_changed_disc_raises_unit_attention_once);
    tcase_add_test(tcase, a_locked_tray_stays_and_asks);
    tcase_add_test(tcase, random_packets_do_no_harm);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
