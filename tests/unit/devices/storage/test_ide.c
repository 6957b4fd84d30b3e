/* PIIX3 IDE: task file, ATA by PIO and bus master, as firmware and drivers use them. */
#include "tests/unit/devices/storage/ide_rig.h"

/* ---- presence ---- */

START_TEST(reset_leaves_the_signatures)
{
    ck_assert_uint_eq(in(0x1f7), 0x50);
    ck_assert_uint_eq(in(0x1f2), 1);
    ck_assert_uint_eq(in(0x1f3), 1);
    ck_assert_uint_eq(in(0x1f4), 0);
    ck_assert_uint_eq(in(0x1f5), 0);
    ck_assert_uint_eq(in(0x1f1), 1);
    ck_assert_uint_eq(in(0x177), 0);
    ck_assert_uint_eq(in(0x174), 0x14);
    ck_assert_uint_eq(in(0x175), 0xeb);
}
END_TEST

START_TEST(software_reset_restores_them)
{
    address(0x170, 0x123456, 7);
    out(0x376, 0x04);
    ck_assert_uint_eq(in(0x177), 0x80);
    out(0x376, 0x00);
    settle();
    ck_assert_uint_eq(in(0x177), 0);
    ck_assert_uint_eq(in(0x174), 0x14);
    ck_assert_uint_eq(in(0x175), 0xeb);
    ck_assert_uint_eq(in(0x176) & 0x10, 0);
}
END_TEST

START_TEST(an_absent_slave_is_answered_by_the_master)
{
    out(0x1f6, 0xb0);
    ck_assert_uint_eq(in(0x1f6), 0xb0);
    ck_assert_uint_eq(in(0x1f7), 0);
    out(0x1f2, 0x55);
    ck_assert_uint_eq(in(0x1f2), 0x55);
    out(0x1f7, 0xec);
    settle();
    ck_assert_uint_eq(in(0x1f7), 0);
    ck_assert(!rig.irq[0].level);
}
END_TEST

START_TEST(a_channel_without_drives_floats)
{
    ide_attach(rig.ide, 0, 0, NULL, IDE_NONE, NULL, NULL);
    device_reset(&rig.device, RESET_POWER);
    out(0x1f2, 0x55);
    ck_assert_uint_ne(in(0x1f2), 0x55);
    ck_assert_uint_eq(in(0x1f7) & 0x80, 0);
    ck_assert_uint_eq(in(0x3f6), 0x7f);
}
END_TEST

START_TEST(diagnostic_selects_the_master_and_interrupts)
{
    out(0x1f6, 0xb0);
    out(0x1f7, 0x90);
    settle();
    ck_assert(rig.irq[0].level);
    ck_assert_uint_eq(in(0x1f1), 1);
    ck_assert_uint_eq(in(0x1f7), 0x50);
    ck_assert(!rig.irq[0].level);
}
END_TEST

/* ---- PIO ---- */

START_TEST(identify_describes_the_disk)
{
    uint8_t words[512];
    ck_assert_uint_eq(command(0x1f0, 0xec), 0x58);
    ck_assert(rig.irq[0].level);
    ck_assert_uint_eq(in(0x1f7), 0x58);
    ck_assert(!rig.irq[0].level);
    take(0x1f0, words, 512);
    ck_assert_uint_eq(in(0x1f7), 0x50);
    ck_assert_uint_eq(load_le16(words + 2), 20);
    ck_assert_uint_eq(load_le16(words + 6), 16);
    ck_assert_uint_eq(load_le16(words + 12), 63);
    ck_assert_uint_eq(load_le32(words + 120), 20160);
    ck_assert_uint_eq(load_le64(words + 200), 20160);
    ck_assert_mem_eq(words + 54, "EVTSGI E", 8);
}
END_TEST

START_TEST(reads_interrupt_once_a_sector)
{
    uint8_t sector[512];
    address(0x1f0, 1000, 3);
    command(0x1f0, 0x20);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert(rig.irq[0].level);
        ck_assert_uint_eq(in(0x1f7), 0x58);
        take(0x1f0, sector, 512);
        ck_assert_mem_eq(sector, rig.disk.bytes + (1000 + i) * 512, 512);
        settle();
    }
    ck_assert(!rig.irq[0].level);
    ck_assert_uint_eq(rig.irq[0].rises, 3);
    ck_assert_uint_eq(in(0x1f7), 0x50);
    ck_assert_uint_eq(in(0x1f2), 0);
}
END_TEST

static uint64_t slow_sector_9(void *media, uint64_t sector, uint32_t count)
{
    (void)media;
    return sector <= 9 && 9 < sector + count ? 20 * CLOCK_NS_PER_MS : 0;
}

START_TEST(a_command_on_slow_sectors_takes_longer)
{
    rig.disk.block.delay_ns = slow_sector_9;
    for (unsigned lba = 5; lba <= 9; lba += 2) {
        bool slow = lba >= 7; /* three sectors from there on */
        address(0x1f0, lba, 3);
        ck_assert_uint_eq(command(0x1f0, 0x20) & 0x88, slow ? 0x80 : 0x08);
        settle();
        settle();
        ck_assert_uint_eq(in(0x3f6) & 0x88, 0x08);
        for (unsigned n = 0; n < 3; n++) {
            uint8_t bytes[512];
            take(0x1f0, bytes, sizeof(bytes));
            ck_assert_uint_eq(load_le32(bytes), lba + n);
            settle();
        }
    }
}
END_TEST

START_TEST(multiple_moves_blocks)
{
    static uint8_t data[16 * 512];
    ck_assert_uint_eq(command(0x1f0, 0xc4) & 1, 1);
    out(0x1f2, 16);
    ck_assert_uint_eq(command(0x1f0, 0xc6), 0x50);
    address(0x1f0, 64, 20);
    rig.irq[0].rises = 0;
    in(0x1f7);
    command(0x1f0, 0xc4);
    take(0x1f0, data, 16 * 512);
    ck_assert_mem_eq(data, rig.disk.bytes + 64 * 512, 16 * 512);
    in(0x1f7);
    settle();
    take(0x1f0, data, 4 * 512);
    ck_assert_uint_eq(rig.irq[0].rises, 2);
    ck_assert_uint_eq(in(0x1f7), 0x50);
}
END_TEST

START_TEST(writes_take_the_first_sector_without_interrupt)
{
    uint8_t sector[512];
    memset(sector, 0xa7, sizeof(sector));
    address(0x1f0, 5, 2);
    ck_assert_uint_eq(command(0x1f0, 0x30), 0x58);
    ck_assert(!rig.irq[0].level);
    give(0x1f0, sector, 512);
    settle();
    ck_assert(rig.irq[0].level);
    ck_assert_uint_eq(in(0x1f7), 0x58);
    give(0x1f0, sector, 512);
    settle();
    ck_assert(rig.irq[0].level);
    ck_assert_uint_eq(in(0x1f7), 0x50);
    ck_assert_uint_eq(rig.disk.bytes[5 * 512], 0xa7);
    ck_assert_uint_eq(rig.disk.bytes[7 * 512 - 1], 0xa7);
    ck_assert_uint_ne(rig.disk.bytes[7 * 512 + 8], 0xa7);
}
END_TEST

START_TEST(chs_follows_the_translation)
{
    uint8_t sector[512];
    out(0x1f6, 0xa7);
    out(0x1f2, 17);
    ck_assert_uint_eq(command(0x1f0, 0x91), 0x50);
    out(0x1f6, 0xa3);
    out(0x1f2, 1);
    out(0x1f3, 5);
    out(0x1f4, 9);
    out(0x1f5, 0);
    in(0x1f7);
    command(0x1f0, 0x20);
    take(0x1f0, sector, 512);
    ck_assert_uint_eq(load_le32(sector), (9 * 8 + 3) * 17 + 4);
    in(0x1f7);
    out(0x1f3, 18);
    ck_assert_uint_eq(command(0x1f0, 0x20) & 1, 1);
    ck_assert_uint_eq(in(0x1f1), 0x10);
}
END_TEST

START_TEST(lba48_uses_the_previous_register_contents)
{
    uint8_t sector[512];
    out(0x1f6, 0x40);
    out(0x1f2, 0);
    out(0x1f3, 0);
    out(0x1f4, 0);
    out(0x1f5, 0);
    out(0x1f2, 1);
    out(0x1f3, 0x34);
    out(0x1f4, 0x12);
    out(0x1f5, 0);
    command(0x1f0, 0x24);
    take(0x1f0, sector, 512);
    ck_assert_uint_eq(load_le32(sector), 0x1234);
    in(0x1f7);
    out(0x1f3, 1);
    out(0x1f3, 0);
    ck_assert_uint_eq(command(0x1f0, 0x24) & 1, 1);
    ck_assert_uint_eq(in(0x1f1), 0x10);
    out(0x3f6, 0x80);
    ck_assert_uint_eq(in(0x1f3), 1);
    out(0x1f2, 0);
    ck_assert_uint_eq(in(0x1f3), 0);
}
END_TEST

START_TEST(ranges_and_host_errors_end_the_command)
{
    address(0x1f0, 20159, 2);
    ck_assert_uint_eq(command(0x1f0, 0x20), 0x51);
    ck_assert_uint_eq(in(0x1f1), 0x10);
    address(0x1f0, 3, 1);
    rig.disk.broken = true;
    in(0x1f7);
    ck_assert_uint_eq(command(0x1f0, 0x20), 0x51);
    ck_assert_uint_eq(in(0x1f1), 0x40);
    in(0x1f7);
    ck_assert_uint_eq(command(0x1f0, 0xe7) & 1, 1);
    in(0x1f7);
    ck_assert_uint_eq(command(0x1f0, 0xb0) & 1, 1);
    ck_assert_uint_eq(in(0x1f1), 0x04);
}
END_TEST

START_TEST(nien_holds_the_line_down)
{
    out(0x3f6, 2);
    command(0x1f0, 0xec);
    ck_assert(!rig.irq[0].level);
    out(0x3f6, 0);
    ck_assert(rig.irq[0].level);
}
END_TEST

/* ---- bus master ---- */

START_TEST(a_bus_master_read_scatters)
{
    table(0x1000, 0, 0x20000, 1024, false);
    table(0x1000, 1, 0x40000, 3072, true);
    fake_out(&rig.bus, 0xc004, 0x1000, 4);
    out(0xc002, 0x66);
    out(0xc000, 0x08);
    address(0x1f0, 300, 8);
    out(0x1f7, 0xc8);
    out(0xc000, 0x09);
    settle();
    ck_assert(rig.irq[0].level);
    ck_assert_uint_eq(in(0xc002), 0x64);
    ck_assert_uint_eq(in(0x1f7), 0x50);
    out(0xc000, 0x08);
    out(0xc002, 0x64);
    ck_assert_uint_eq(in(0xc002), 0x60);
    ck_assert_mem_eq(rig.memory.bytes + 0x20000, rig.disk.bytes + 300 * 512, 1024);
    ck_assert_mem_eq(rig.memory.bytes + 0x40000, rig.disk.bytes + 302 * 512, 3072);
    ck_assert_uint_eq(rig.memory.bytes[0x40000 + 3072], 0);
}
END_TEST

START_TEST(a_bus_master_write_gathers_large_transfers)
{
    for (unsigned i = 0; i < 0x20000; i++) {
        rig.memory.bytes[0x20000 + i] = (uint8_t)(i * 7 >> 3);
    }
    table(0x1000, 0, 0x20000, 0, false);
    table(0x1000, 1, 0x30000, 0, true);
    fake_out(&rig.bus, 0xc004, 0x1000, 4);
    address(0x1f0, 1, 0);
    out(0xc000, 0x01);
    out(0x1f7, 0xca);
    settle();
    ck_assert_uint_eq(in(0x1f7), 0x50);
    ck_assert_uint_eq(in(0xc002), 0x04);
    ck_assert_mem_eq(rig.disk.bytes + 512, rig.memory.bytes + 0x20000, 0x20000);
}
END_TEST

START_TEST(a_short_table_leaves_the_drive_waiting)
{
    table(0x1000, 0, 0x20000, 512, true);
    fake_out(&rig.bus, 0xc004, 0x1000, 4);
    address(0x1f0, 0, 2);
    out(0x1f7, 0xc8);
    out(0xc000, 0x09);
    settle();
    ck_assert(!rig.irq[0].level);
    ck_assert_uint_eq(in(0xc002) & 5, 0);
    ck_assert_uint_eq(in(0x1f7) & 0x80, 0x80);
    out(0x3f6, 4);
    out(0x3f6, 0);
    settle();
    ck_assert_uint_eq(in(0x1f7), 0x50);
}
END_TEST

START_TEST(the_pci_function_is_a_piix3)
{
    const struct pci_function_config *given = &fake_function.given;
    ck_assert_uint_eq(given->vendor_id, 0x8086);
    ck_assert_uint_eq(given->device_id, 0x7010);
    ck_assert_uint_eq(given->device, 1);
    ck_assert_uint_eq(given->function, 1);
    ck_assert_uint_eq(given->bars[4].size, 16);
}
END_TEST

/* ---- state ---- */

START_TEST(a_saved_transfer_goes_on_after_loading)
{
    static struct rig other;
    build(&other);
    table(0x1000, 0, 0x20000, 4096, true);
    fake_out(&rig.bus, 0xc004, 0x1000, 4);
    out(0xc000, 0x08);
    address(0x1f0, 77, 8);
    out(0x1f7, 0xc8);
    out(0xc000, 0x09);
    clock_advance(rig.clock, 5000);
    memcpy(&other.memory, &rig.memory, sizeof(rig.memory));
    clock_advance(other.clock, 5000);
    state_copy(rig.device.ops->state, other.ide, rig.ide);
    other.device.ops->loaded(other.ide);
    clock_advance(other.clock, CLOCK_NS_PER_MS);
    ck_assert(other.irq[0].level);
    ck_assert_mem_eq(other.memory.bytes + 0x20000, other.disk.bytes + 77 * 512, 4096);
    dismantle(&other);
}
END_TEST

START_TEST(reset_twice_is_reset_once)
{
    static struct rig other;
    build(&other);
    device_reset(&rig.device, RESET_POWER);
    device_reset(&rig.device, RESET_POWER);
    fake_expect_equal(rig.device.ops, rig.ide, other.ide);
    dismantle(&other);
}
END_TEST

/* A port of either channel or of the bus master, the interesting ones more often. */
static unsigned random_port(uint64_t *seed)
{
    static const uint16_t often[] = {0x1f0, 0x170, 0x1f7, 0x177, 0xc000, 0xc008};
    unsigned pick = fake_random(seed) % 8;
    unsigned low = fake_random(seed) % 8;
    switch (pick) {
    case 0:
        return 0x1f0 + low;
    case 1:
        return 0x170 + low;
    case 2:
        return low & 1 ? 0x3f6 : 0x376;
    case 3:
        return 0xc000 + low * 2;
    default:
        return often[low % 6];
    }
}

START_TEST(random_accesses_do_no_harm_and_reset_undoes_them)
{
    static const uint8_t opcodes[] = {0xa0, 0x20, 0x30, 0xc8, 0xca, 0xc4, 0xc5, 0x25, 0xec,
                                      0xc6, 0x91, 0x24, 0x40, 0xef, 0x08, 0xa1, 0x35, 0x42};
    static struct rig other;
    uint64_t seed = 11;
    build(&other);
    for (unsigned i = 0; i < 40000; i++) {
        unsigned port = random_port(&seed);
        unsigned size = 1u << fake_random(&seed) % 3;
        uint32_t value = fake_random(&seed);
        bool control = port == 0x3f6 || port == 0x376;
        if ((port & 7) == 7 && value % 4) {
            value = opcodes[value >> 8 & 15];
        }
        if (fake_random(&seed) & 1) {
            fake_out(&rig.bus, port, control ? value & 0x82 : value, size);
        } else {
            fake_in(&rig.bus, port, size);
        }
        if (i % 5 == 0) {
            clock_advance(rig.clock, fake_random(&seed) % CLOCK_NS_PER_MS);
        }
        if (i % 500 == 0) {
            out(0x3f6, 4);
            out(0x3f6, 0);
            out(0x376, 4);
            out(0x376, 0);
        }
    }
    device_reset(&rig.device, RESET_POWER);
    fake_expect_equal(rig.device.ops, rig.ide, other.ide);
    ck_assert(!rig.irq[0].level && !rig.irq[1].level);
    ck_assert_uint_eq(clock_deadline(rig.clock), CLOCK_NEVER);
    dismantle(&other);
}
END_TEST

START_TEST(a_hostile_snapshot_does_no_harm)
{
    uint64_t seed = 5;
    for (unsigned i = 0; i < 60; i++) {
        state_walk(rig.device.ops->state, rig.ide, "", fake_scramble, &seed);
        rig.device.ops->loaded(rig.ide);
        for (unsigned k = 0; k < 200; k++) {
            unsigned port = random_port(&seed);
            fake_in(&rig.bus, port, 4);
            fake_out(&rig.bus, port, fake_random(&seed), 4);
            clock_advance(rig.clock, 50 * CLOCK_NS_PER_US);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ide");
    TCase *tcase = tcase_create("ide");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, reset_leaves_the_signatures);
    tcase_add_test(tcase, software_reset_restores_them);
    tcase_add_test(tcase, an_absent_slave_is_answered_by_the_master);
    tcase_add_test(tcase, a_channel_without_drives_floats);
    tcase_add_test(tcase, diagnostic_selects_the_master_and_interrupts);
    tcase_add_test(tcase, identify_describes_the_disk);
    tcase_add_test(tcase, reads_interrupt_once_a_sector);
    tcase_add_test(tcase, multiple_moves_blocks);
    tcase_add_test(tcase, a_command_on_slow_sectors_takes_longer);
    tcase_add_test(tcase, writes_take_the_first_sector_without_interrupt);
    tcase_add_test(tcase, chs_follows_the_translation);
    tcase_add_test(tcase, lba48_uses_the_previous_register_contents);
    tcase_add_test(tcase, ranges_and_host_errors_end_the_command);
    tcase_add_test(tcase, nien_holds_the_line_down);
    tcase_add_test(tcase, a_bus_master_read_scatters);
    tcase_add_test(tcase, a_bus_master_write_gathers_large_transfers);
    tcase_add_test(tcase, a_short_table_leaves_the_drive_waiting);
    tcase_add_test(tcase, the_pci_function_is_a_piix3);
    tcase_add_test(tcase, a_saved_transfer_goes_on_after_loading);
    tcase_add_test(tcase, reset_twice_is_reset_once);
    tcase_add_test(tcase, random_accesses_do_no_harm_and_reset_undoes_them);
    tcase_add_test(tcase, a_hostile_snapshot_does_no_harm);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
