/* 82441FX: shadow RAM attributes and the SMRAM window. */
#include "devices/chipset/i440fx.h"
#include "tests/unit/devices/chipset/pci_board.h"

enum { AREAS = 13 };

struct map {
    struct pci_board board;
    struct i440fx *bridge;
    struct device device;
    unsigned calls;
    bool read_ram[64], write_ram[64]; /* by 4 KiB page from C0000h */
    bool smram_open;
    unsigned smram_calls;
};

static void pam_changed(void *machine, uint32_t base, uint32_t length, bool read_ram,
                        bool write_ram)
{
    struct map *map = machine;
    map->calls++;
    ck_assert(base >= 0xc0000 && base + length <= 0x100000);
    for (uint32_t page = 0; page < length >> 12; page++) {
        map->read_ram[((base - 0xc0000) >> 12) + page] = read_ram;
        map->write_ram[((base - 0xc0000) >> 12) + page] = write_ram;
    }
}

static void smram_changed(void *machine, bool open)
{
    struct map *map = machine;
    map->smram_calls++;
    map->smram_open = open;
}

static struct map *map_create(void)
{
    struct map *map = calloc(1, sizeof(*map));
    static const struct irq_line nowhere[4];
    pci_board_init(&map->board, NULL, nowhere);
    struct i440fx_wires wires = {.pci = map->board.pci,
                                 .pam_changed = pam_changed,
                                 .smram_changed = smram_changed,
                                 .machine = map,
                                 .ram_bytes = 64 << 20};
    map->bridge = i440fx_create(&wires);
    map->device = i440fx_device(map->bridge);
    return map;
}

static void map_reset(struct map *map)
{
    device_reset(&map->board.bus_device, RESET_POWER);
    device_reset(&map->device, RESET_POWER);
}

static void map_destroy(struct map *map)
{
    map->device.ops->destroy(map->device.dev);
    pci_board_free(&map->board);
    free(map);
}

START_TEST(firmware_recognises_the_board)
{
    struct map *map = map_create();
    map_reset(map);
    ck_assert_uint_eq(config_get(&map->board, 0, 0, 4), 0x12378086);
    ck_assert_uint_eq(config_get(&map->board, 0, 0x2c, 4), 0x11001af4);
    ck_assert_uint_eq(config_get(&map->board, 0, 0x0a, 2), 0x0600);
    ck_assert_uint_eq(config_get(&map->board, 0, 0x72, 1), 0x02);
    ck_assert_uint_eq(config_get(&map->board, 0, 0x67, 1), 8);
    map_destroy(map);
}
END_TEST

START_TEST(reset_tells_all_areas_as_rom)
{
    struct map *map = map_create();
    map_reset(map);
    ck_assert_uint_eq(map->calls, AREAS);
    for (unsigned page = 0; page < 64; page++) {
        ck_assert(!map->read_ram[page] && !map->write_ram[page]);
    }
    ck_assert_uint_eq(map->smram_calls, 1);
    map_destroy(map);
}
END_TEST

START_TEST(each_half_of_a_pam_register_rules_one_area)
{
    struct map *map = map_create();
    map_reset(map);
    map->calls = 0;
    config_put(&map->board, 0, 0x59, 0x30, 1);
    ck_assert_uint_eq(map->calls, 1);
    ck_assert(map->read_ram[0x30] && map->write_ram[0x3f] && !map->read_ram[0x2f]);
    config_put(&map->board, 0, 0x5a, 0x21, 1); /* C0000 read only, C4000 write only */
    ck_assert_uint_eq(map->calls, 3);
    ck_assert(map->read_ram[0] && !map->write_ram[3]);
    ck_assert(!map->read_ram[4] && map->write_ram[7]);
    config_put(&map->board, 0, 0x5f, 0x10, 1);
    ck_assert(map->read_ram[0x2c] && !map->read_ram[0x28]);
    config_put(&map->board, 0, 0x5f, 0x10, 1);
    ck_assert_uint_eq(map->calls, 4); /* no change, not told */
    map_destroy(map);
}
END_TEST

START_TEST(a_dword_write_changes_several_areas)
{
    struct map *map = map_create();
    map_reset(map);
    map->calls = 0;
    config_put(&map->board, 0, 0x58, 0xffffff00, 4);
    ck_assert_uint_eq(map->calls, 5);
    ck_assert_uint_eq(config_get(&map->board, 0, 0x58, 4), 0x33333000);
    map_destroy(map);
}
END_TEST

START_TEST(smram_opens_closes_and_locks)
{
    struct map *map = map_create();
    map_reset(map);
    config_put(&map->board, 0, 0x72, 0x4a, 1);
    ck_assert(map->smram_open);
    config_put(&map->board, 0, 0x72, 0x0a, 1);
    ck_assert(!map->smram_open);
    config_put(&map->board, 0, 0x72, 0x5a, 1); /* the lock closes it */
    ck_assert(!map->smram_open);
    ck_assert_uint_eq(config_get(&map->board, 0, 0x72, 1), 0x1a);
    config_put(&map->board, 0, 0x72, 0x4a, 1);
    ck_assert_uint_eq(config_get(&map->board, 0, 0x72, 1), 0x1a);
    map_reset(map);
    ck_assert_uint_eq(config_get(&map->board, 0, 0x72, 1), 0x02);
    map_destroy(map);
}
END_TEST

START_TEST(loading_tells_all_areas_again)
{
    struct map *map = map_create();
    map_reset(map);
    config_put(&map->board, 0, 0x59, 0x10, 1);
    map->calls = 0;
    map->read_ram[0x30] = false;
    map->device.ops->loaded(map->device.dev);
    ck_assert_uint_eq(map->calls, AREAS);
    ck_assert(map->read_ram[0x30] && !map->write_ram[0x30]);
    map_destroy(map);
}
END_TEST

START_TEST(reset_clears_whatever_the_guest_did)
{
    struct map *used = map_create();
    struct map *fresh = map_create();
    map_reset(used);
    map_reset(fresh);
    static const struct port_window windows[] = {{0xcfc, 4}};
    for (unsigned reg = 0x40; reg < 0x80; reg += 4) {
        bus_write(used->board.io, 0xcf8, 0x80000000 | reg, 4);
        check_device_resets(&used->device, &fresh->device, used->board.io, windows, 1);
    }
    map_destroy(used);
    map_destroy(fresh);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        firmware_recognises_the_board,
        reset_tells_all_areas_as_rom,
        each_half_of_a_pam_register_rules_one_area,
        a_dword_write_changes_several_areas,
        smram_opens_closes_and_locks,
        loading_tells_all_areas_again,
        reset_clears_whatever_the_guest_did,
    };
    return RUN_TESTS("i440fx", tests);
}
