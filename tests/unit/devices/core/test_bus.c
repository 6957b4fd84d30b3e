/* Buses: who is found at an address, and how accesses are fitted to what a chip handles. */
#include "tests/unit/devices/device_checks.h"

#include <string.h>

/* A chip of 16 bytes that notes its accesses. */
struct chip {
    uint8_t bytes[32];
    unsigned reads, writes;
    unsigned last_size;
    uint32_t last_offset;
};

static uint32_t chip_read(void *dev, uint32_t offset, unsigned size)
{
    struct chip *chip = dev;
    chip->reads++;
    chip->last_size = size;
    chip->last_offset = offset;
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)chip->bytes[offset + i] << 8 * i;
    }
    return value;
}

static void chip_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct chip *chip = dev;
    chip->writes++;
    chip->last_size = size;
    chip->last_offset = offset;
    for (unsigned i = 0; i < size; i++) {
        chip->bytes[offset + i] = (uint8_t)(value >> 8 * i);
    }
}

#define CHIP_OPS(guest_low, guest_high, native_low, native_high)                           \
    {                                                                                      \
        .read = chip_read, .write = chip_write, .guest_min = (guest_low),                  \
        .guest_max = (guest_high), .native_min = (native_low), .native_max = (native_high) \
    }
static const struct io_ops any_ops = CHIP_OPS(1, 4, 1, 4);
static const struct io_ops byte_ops = CHIP_OPS(1, 4, 1, 1);
static const struct io_ops wide_ops = CHIP_OPS(1, 4, 4, 4);
static const struct io_ops only_bytes_ops = CHIP_OPS(1, 1, 1, 1);

static void chip_fill(struct chip *chip, uint8_t first)
{
    *chip = (struct chip){0};
    for (unsigned i = 0; i < sizeof(chip->bytes); i++) {
        chip->bytes[i] = (uint8_t)(first + i);
    }
}

static const uint64_t limits[] = {0x10000, UINT64_C(0x100000000)};

START_TEST(nobody_reads_as_ones_and_ignores_writes)
{
    for (unsigned i = 0; i < 2; i++) {
        struct bus *bus = bus_create(limits[i]);
        ck_assert_uint_eq(bus_read(bus, 0x80, 1), 0xff);
        ck_assert_uint_eq(bus_read(bus, 0x80, 4), 0xffffffff);
        ck_assert_uint_eq(bus_read(bus, limits[i] - 1, 4), 0xffffffff);
        bus_write(bus, limits[i] - 1, 5, 4);
        ck_assert(!bus_claims(bus, 0x80));
        bus_destroy(bus);
    }
}
END_TEST

START_TEST(wide_accesses_are_split_for_narrow_chips_in_ascending_order)
{
    struct bus *bus = bus_create(0x10000);
    struct chip chip;
    chip_fill(&chip, 0x10);
    bus_map(bus, &chip, 0x300, 16, &byte_ops);
    ck_assert_uint_eq(bus_read(bus, 0x304, 4), 0x17161514);
    ck_assert_uint_eq(chip.reads, 4);
    ck_assert_uint_eq(chip.last_offset, 7);
    bus_write(bus, 0x302, 0xabcd, 2);
    ck_assert_uint_eq(chip.bytes[2], 0xcd);
    ck_assert_uint_eq(chip.bytes[3], 0xab);
    bus_destroy(bus);
}
END_TEST

START_TEST(narrow_accesses_to_wide_chips_read_a_part_and_write_nothing)
{
    struct bus *bus = bus_create(UINT64_C(0x100000000));
    struct chip chip;
    chip_fill(&chip, 0x10);
    bus_map(bus, &chip, 0xfee00000, 16, &wide_ops);
    ck_assert_uint_eq(bus_read(bus, 0xfee00006, 1), 0x16);
    ck_assert_uint_eq(chip.last_offset, 4);
    ck_assert_uint_eq(chip.last_size, 4);
    bus_write(bus, 0xfee00006, 0, 2);
    ck_assert_uint_eq(chip.writes, 0);
    bus_destroy(bus);
}
END_TEST

START_TEST(sizes_the_chip_refuses_read_as_ones)
{
    struct bus *bus = bus_create(0x10000);
    struct chip chip;
    chip_fill(&chip, 0x10);
    bus_map(bus, &chip, 0x300, 16, &only_bytes_ops);
    ck_assert_uint_eq(bus_read(bus, 0x300, 2), 0xffff);
    bus_write(bus, 0x300, 0, 2);
    ck_assert_uint_eq(chip.reads + chip.writes, 0);
    ck_assert_uint_eq(bus_read(bus, 0x301, 1), 0x11);
    bus_destroy(bus);
}
END_TEST

START_TEST(an_access_over_the_end_reaches_the_neighbour)
{
    struct bus *bus = bus_create(0x10000);
    struct chip left, right;
    chip_fill(&left, 0x10);
    chip_fill(&right, 0x80);
    bus_map(bus, &left, 0x60, 1, &any_ops);
    bus_map(bus, &right, 0x61, 1, &any_ops);
    ck_assert_uint_eq(bus_read(bus, 0x60, 2), 0x8010);
    ck_assert_uint_eq(bus_read(bus, 0x60, 4), 0xffff8010);
    bus_write(bus, 0x60, 0x2211, 2);
    ck_assert_uint_eq(left.bytes[0], 0x11);
    ck_assert_uint_eq(right.bytes[0], 0x22);
    bus_destroy(bus);
}
END_TEST

START_TEST(a_later_mapping_covers_an_earlier_one_until_it_goes)
{
    for (unsigned i = 0; i < 2; i++) {
        struct bus *bus = bus_create(limits[i]);
        struct chip below, above;
        chip_fill(&below, 0x10);
        chip_fill(&above, 0x80);
        bus_map(bus, &below, 0x100, 16, &any_ops);
        unsigned handle = bus_map(bus, &above, 0x104, 4, &any_ops);
        ck_assert_uint_eq(bus_read(bus, 0x103, 1), 0x13);
        ck_assert_uint_eq(bus_read(bus, 0x104, 1), 0x80);
        ck_assert_uint_eq(bus_read(bus, 0x107, 1), 0x83);
        ck_assert_uint_eq(bus_read(bus, 0x108, 1), 0x18);
        bus_unmap(bus, handle);
        ck_assert_uint_eq(bus_read(bus, 0x104, 4), 0x17161514);
        bus_destroy(bus);
    }
}
END_TEST

START_TEST(a_whole_access_goes_to_its_first_address)
{
    struct bus *bus = bus_create(0x10000);
    struct chip wide, inner;
    chip_fill(&wide, 0x10);
    chip_fill(&inner, 0x80);
    bus_map(bus, &wide, 0xcf8, 4, &any_ops);
    bus_map(bus, &inner, 0xcf9, 1, &any_ops);
    ck_assert_uint_eq(bus_read(bus, 0xcf8, 4), 0x13121110);
    ck_assert_uint_eq(bus_read(bus, 0xcf9, 1), 0x80);
    bus_destroy(bus);
}
END_TEST

struct note {
    unsigned calls;
    uint64_t base, length;
};

static void note_change(void *user, uint64_t base, uint64_t length)
{
    struct note *note = user;
    *note = (struct note){note->calls + 1, base, length};
}

START_TEST(changes_are_told_with_their_range)
{
    struct bus *bus = bus_create(UINT64_C(0x100000000));
    struct chip chip;
    struct note note = {0};
    chip_fill(&chip, 0);
    bus_on_change(bus, note_change, &note);
    unsigned handle = bus_map(bus, &chip, 0xfffff000, 0x1000, &any_ops);
    ck_assert_uint_eq(note.calls, 1);
    ck_assert_uint_eq(note.base, 0xfffff000);
    ck_assert_uint_eq(note.length, 0x1000);
    ck_assert(bus_claims(bus, 0xffffffff));
    bus_unmap(bus, handle);
    ck_assert_uint_eq(note.calls, 2);
    ck_assert(!bus_claims(bus, 0xffffffff));
    bus_destroy(bus);
}
END_TEST

START_TEST(many_mappings_on_a_memory_bus_are_all_found)
{
    enum { COUNT = 100 };
    struct bus *bus = bus_create(UINT64_C(0x100000000));
    struct chip *chips = calloc(COUNT, sizeof(*chips));
    for (unsigned i = 0; i < COUNT; i++) {
        chip_fill(&chips[i], (uint8_t)i);
        bus_map(bus, &chips[i], 0x80000000 + UINT64_C(0x100) * (i * 37 % COUNT), 16, &any_ops);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t base = 0x80000000 + UINT64_C(0x100) * (i * 37 % COUNT);
        ck_assert_uint_eq(bus_read(bus, base + 15, 1), (uint8_t)(i + 15));
        ck_assert_uint_eq(bus_read(bus, base + 16, 1), 0xff);
    }
    free(chips);
    bus_destroy(bus);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        nobody_reads_as_ones_and_ignores_writes,
        wide_accesses_are_split_for_narrow_chips_in_ascending_order,
        narrow_accesses_to_wide_chips_read_a_part_and_write_nothing,
        sizes_the_chip_refuses_read_as_ones,
        an_access_over_the_end_reaches_the_neighbour,
        a_later_mapping_covers_an_earlier_one_until_it_goes,
        a_whole_access_goes_to_its_first_address,
        changes_are_told_with_their_range,
        many_mappings_on_a_memory_bus_are_all_found,
    };
    return RUN_TESTS("bus", tests);
}
