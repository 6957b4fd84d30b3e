/* PCI: configuration cycles, BARs that size and move, interrupt pins. */
#include "devices/core/pci.h"
#include "tests/unit/devices/device_checks.h"

struct board {
    struct bus *io, *memory;
    struct pci_bus *pci;
    struct device device;
    struct pci_function *card, *second;
    struct seen_line pirq[4];
    uint32_t ram_base;
    bool ram_enabled;
    unsigned config_writes;
};

static uint32_t card_read(void *dev, uint32_t offset, unsigned size)
{
    (void)dev;
    (void)size;
    return 0x40 + offset;
}

static void card_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)dev;
    (void)offset;
    (void)value;
    (void)size;
}

static const struct io_ops card_ops = {card_read, card_write, 1, 4, 1, 4};

static void ram_mapped(void *dev, unsigned bar, uint32_t base, bool enabled)
{
    struct board *board = dev;
    ck_assert_uint_eq(bar, 2);
    board->ram_base = base;
    board->ram_enabled = enabled;
}

static void card_config_written(void *dev, uint8_t offset, unsigned size)
{
    (void)offset;
    (void)size;
    ((struct board *)dev)->config_writes++;
}

static struct board *board_create(void)
{
    struct board *board = calloc(1, sizeof(*board));
    board->io = bus_create(0x10000);
    board->memory = bus_create(UINT64_C(0x100000000));
    struct irq_line pirq[4];
    for (unsigned i = 0; i < 4; i++) {
        pirq[i] = seen_line_wire(board->pirq, i);
    }
    board->pci = pci_bus_create(board->io, board->memory, pirq);
    board->device = pci_bus_device(board->pci);
    struct pci_function_config about = {
        .device = 3,
        .vendor_id = 0x1234,
        .device_id = 0x5678,
        .class_code = 2,
        .interrupt_pin = 1,
        .bars = {{.size = 0x20, .io = true, .ops = &card_ops},
                 {.size = 0x1000, .ops = &card_ops},
                 {.size = 0x1000000, .prefetchable = true, .mapped = ram_mapped}},
        .config_written = card_config_written,
    };
    board->card = pci_add(board->pci, &about, board);
    struct pci_function_config other = {
        .device = 4, .vendor_id = 0x1234, .device_id = 0x9abc, .interrupt_pin = 4};
    board->second = pci_add(board->pci, &other, board);
    return board;
}

static void board_destroy(struct board *board)
{
    board->device.ops->destroy(board->device.dev);
    bus_destroy(board->io);
    bus_destroy(board->memory);
    free(board);
}

static void select_register(struct board *board, unsigned device, unsigned offset)
{
    bus_write(board->io, 0xcf8, 0x80000000 | device << 11 | (offset & 0xfc), 4);
}

static uint32_t config_get(struct board *board, unsigned device, unsigned offset, unsigned size)
{
    select_register(board, device, offset);
    return bus_read(board->io, 0xcfc + (offset & 3), size);
}

static void config_put(struct board *board, unsigned device, unsigned offset, uint32_t value,
                       unsigned size)
{
    select_register(board, device, offset);
    bus_write(board->io, 0xcfc + (offset & 3), value, size);
}

START_TEST(configuration_is_read_at_every_size)
{
    struct board *board = board_create();
    device_reset(&board->device, RESET_POWER);
    ck_assert_uint_eq(config_get(board, 3, 0, 4), 0x56781234);
    ck_assert_uint_eq(config_get(board, 3, 2, 2), 0x5678);
    ck_assert_uint_eq(config_get(board, 3, 1, 1), 0x12);
    ck_assert_uint_eq(config_get(board, 5, 0, 4), 0xffffffff);
    bus_write(board->io, 0xcf8, 3 << 11, 4); /* not enabled */
    ck_assert_uint_eq(bus_read(board->io, 0xcfc, 4), 0xffffffff);
    bus_write(board->io, 0xcf8, 0x80010000, 4); /* bus 1 */
    ck_assert_uint_eq(bus_read(board->io, 0xcfc, 4), 0xffffffff);
    board_destroy(board);
}
END_TEST

START_TEST(only_dwords_reach_the_address_register)
{
    struct board *board = board_create();
    device_reset(&board->device, RESET_POWER);
    bus_write(board->io, 0xcf8, 0x80001804, 4);
    bus_write(board->io, 0xcf8, 0x00, 1);
    bus_write(board->io, 0xcfa, 0x00, 2);
    ck_assert_uint_eq(bus_read(board->io, 0xcf8, 4), 0x80001804);
    board_destroy(board);
}
END_TEST

START_TEST(bars_size_as_the_specification_says)
{
    struct board *board = board_create();
    device_reset(&board->device, RESET_POWER);
    static const struct {
        unsigned offset;
        uint32_t size;
    } rows[] = {{0x10, 0xffffffe1}, {0x14, 0xfffff000}, {0x18, 0xff000008}, {0x1c, 0}, {0x30, 0}};
    config_put(board, 3, 4, 3, 2); /* decoding stays on while sizing */
    for (unsigned i = 0; i < 5; i++) {
        config_put(board, 3, rows[i].offset, 0xffffffff, 4);
        ck_assert_uint_eq(config_get(board, 3, rows[i].offset, 4), rows[i].size);
    }
    ck_assert(!bus_claims(board->memory, 0xfffff000)); /* a BAR being sized decodes nothing */
    ck_assert(!board->ram_enabled);
    board_destroy(board);
}
END_TEST

START_TEST(bars_follow_their_registers_and_the_command_register)
{
    struct board *board = board_create();
    device_reset(&board->device, RESET_POWER);
    config_put(board, 3, 0x10, 0xc000, 4);
    config_put(board, 3, 0x14, 0xfebf0000, 4);
    config_put(board, 3, 0x18, 0xfd000000, 4);
    ck_assert_uint_eq(bus_read(board->io, 0xc002, 1), 0xff);
    config_put(board, 3, 4, 3, 2);
    ck_assert_uint_eq(bus_read(board->io, 0xc002, 1), 0x42);
    ck_assert_uint_eq(bus_read(board->memory, 0xfebf0004, 1), 0x44);
    ck_assert(board->ram_enabled);
    ck_assert_uint_eq(board->ram_base, 0xfd000000);
    config_put(board, 3, 0x10, 0xd000, 4);
    ck_assert_uint_eq(bus_read(board->io, 0xc002, 1), 0xff);
    ck_assert_uint_eq(bus_read(board->io, 0xd002, 1), 0x42);
    config_put(board, 3, 4, 1, 1);
    ck_assert(!bus_claims(board->memory, 0xfebf0004));
    ck_assert(!board->ram_enabled);
    ck_assert_uint_eq(bus_read(board->io, 0xd002, 1), 0x42);
    device_reset(&board->device, RESET_HARD);
    ck_assert(!bus_claims(board->io, 0xd002));
    board_destroy(board);
}
END_TEST

START_TEST(an_io_bar_above_the_port_space_decodes_nothing)
{
    struct board *board = board_create();
    device_reset(&board->device, RESET_POWER);
    config_put(board, 3, 4, 3, 2);
    config_put(board, 3, 0x10, 0x10000, 4);
    config_put(board, 3, 0x14, 0xffffffff, 4);
    config_put(board, 3, 0x10, 0xffe0, 4);
    ck_assert_uint_eq(bus_read(board->io, 0xffff, 1), 0x40 + 0x1f);
    board_destroy(board);
}
END_TEST

START_TEST(what_a_device_sets_before_reset_are_its_reset_values)
{
    struct board *board = board_create();
    pci_config(board->card)[0x40] = 0x5a;
    pci_write_mask(board->card)[0x40] = 0x0f;
    device_reset(&board->device, RESET_POWER);
    config_put(board, 3, 0x40, 0xa5, 1);
    ck_assert_uint_eq(config_get(board, 3, 0x40, 1), 0x55);
    ck_assert_uint_eq(pci_config(board->card)[0x40], 0x55);
    ck_assert_uint_eq(board->config_writes, 1);
    device_reset(&board->device, RESET_HARD);
    ck_assert_uint_eq(config_get(board, 3, 0x40, 1), 0x5a);
    config_put(board, 3, 0, 0, 4);
    ck_assert_uint_eq(config_get(board, 3, 0, 4), 0x56781234);
    board_destroy(board);
}
END_TEST

START_TEST(pins_turn_with_the_slot_and_share_lines)
{
    struct board *board = board_create();
    device_reset(&board->device, RESET_POWER);
    pci_set_irq(board->card, true); /* slot 3, INTA#: PIRQC */
    ck_assert(board->pirq[2].level);
    pci_set_irq(board->second, true); /* slot 4, INTD#: PIRQC */
    pci_set_irq(board->card, false);
    ck_assert(board->pirq[2].level);
    pci_set_irq(board->second, false);
    ck_assert(!board->pirq[2].level);
    ck_assert_uint_eq(board->pirq[2].rises, 1);
    ck_assert_uint_eq(board->pirq[0].rises + board->pirq[1].rises + board->pirq[3].rises, 0);
    board_destroy(board);
}
END_TEST

START_TEST(interrupt_disable_takes_the_pin_away)
{
    struct board *board = board_create();
    device_reset(&board->device, RESET_POWER);
    pci_set_irq(board->card, true);
    config_put(board, 3, 4, 0x400, 2);
    ck_assert(!board->pirq[2].level);
    ck_assert_uint_eq(config_get(board, 3, 6, 2) & 8, 8);
    config_put(board, 3, 4, 0, 2);
    ck_assert(board->pirq[2].level);
    device_reset(&board->device, RESET_HARD);
    ck_assert(!board->pirq[2].level);
    board_destroy(board);
}
END_TEST

START_TEST(loading_maps_bars_and_drives_lines)
{
    struct board *board = board_create();
    struct board *other = board_create();
    device_reset(&board->device, RESET_POWER);
    device_reset(&other->device, RESET_POWER);
    config_put(board, 3, 0x10, 0xc000, 4);
    config_put(board, 3, 4, 3, 2);
    pci_set_irq(board->card, true);
    state_copy(other->device.ops->state, other->device.dev, board->device.dev);
    other->device.ops->loaded(other->device.dev);
    ck_assert_uint_eq(bus_read(other->io, 0xc002, 1), 0x42);
    ck_assert(other->pirq[2].level);
    pci_set_irq(other->card, false);
    ck_assert(!other->pirq[2].level);
    board_destroy(board);
    board_destroy(other);
}
END_TEST

START_TEST(reset_clears_whatever_the_guest_did)
{
    struct board *used = board_create();
    struct board *fresh = board_create();
    static const struct port_window windows[] = {{0xcf8, 8}};
    check_device_resets(&used->device, &fresh->device, used->io, windows, 1);
    uint32_t seed = 7;
    for (unsigned i = 0; i < 1000; i++) {
        config_put(used, 3, next_random(&seed) & 0xfc, next_random(&seed), 4);
    }
    device_reset(&used->device, RESET_HARD);
    assert_same_state(&used->device, &fresh->device);
    board_destroy(used);
    board_destroy(fresh);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        configuration_is_read_at_every_size,
        only_dwords_reach_the_address_register,
        bars_size_as_the_specification_says,
        bars_follow_their_registers_and_the_command_register,
        an_io_bar_above_the_port_space_decodes_nothing,
        what_a_device_sets_before_reset_are_its_reset_values,
        pins_turn_with_the_slot_and_share_lines,
        interrupt_disable_takes_the_pin_away,
        loading_maps_bars_and_drives_lines,
        reset_clears_whatever_the_guest_did,
    };
    return RUN_TESTS("pci", tests);
}
