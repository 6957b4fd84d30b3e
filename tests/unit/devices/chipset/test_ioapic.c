/* I/O APIC: redirection, edges and levels, end of interrupt. */
#include "devices/chipset/ioapic.h"
#include "tests/unit/devices/device_checks.h"

struct message {
    uint8_t vector, mode, destination;
    bool level, logical;
};

struct board {
    struct bus *memory;
    struct ioapic *apic;
    struct device device;
    unsigned count;
    struct message last;
};

static void deliver(void *lapic, uint8_t vector, uint8_t mode, bool level, uint8_t destination,
                    bool logical)
{
    struct board *board = lapic;
    board->count++;
    board->last = (struct message){vector, mode, destination, level, logical};
}

static struct board *board_create(void)
{
    struct board *board = calloc(1, sizeof(*board));
    board->memory = bus_create(UINT64_C(0x100000000));
    struct ioapic_wires wires = {.deliver = deliver, .lapic = board};
    board->apic = ioapic_create(&wires);
    board->device = ioapic_device(board->apic);
    bus_map(board->memory, board->apic, IOAPIC_MMIO_BASE, IOAPIC_MMIO_BYTES, &ioapic_mmio_ops);
    device_reset(&board->device, RESET_POWER);
    return board;
}

static void board_destroy(struct board *board)
{
    board->device.ops->destroy(board->device.dev);
    bus_destroy(board->memory);
    free(board);
}

static uint32_t get(struct board *board, unsigned index)
{
    bus_write(board->memory, IOAPIC_MMIO_BASE, index, 4);
    return bus_read(board->memory, IOAPIC_MMIO_BASE + 0x10, 4);
}

static void put(struct board *board, unsigned index, uint32_t value)
{
    bus_write(board->memory, IOAPIC_MMIO_BASE, index, 4);
    bus_write(board->memory, IOAPIC_MMIO_BASE + 0x10, value, 4);
}

static void route(struct board *board, unsigned pin, uint32_t low, uint8_t destination)
{
    put(board, 0x11 + 2 * pin, (uint32_t)destination << 24);
    put(board, 0x10 + 2 * pin, low);
}

START_TEST(registers_read_as_the_sheet_says)
{
    struct board *board = board_create();
    ck_assert_uint_eq(get(board, 1), 0x00170011);
    for (unsigned pin = 0; pin < 24; pin++) {
        ck_assert_uint_eq(get(board, 0x10 + 2 * pin), 0x10000);
    }
    put(board, 0, 0xffffffff);
    ck_assert_uint_eq(get(board, 0), 0x0f000000);
    ck_assert_uint_eq(get(board, 2), 0x0f000000);
    ck_assert_uint_eq(get(board, 0x40), 0);
    put(board, 0x10, 0xffffffff);
    ck_assert_uint_eq(get(board, 0x10), 0x1afff); /* status bits are not written */
    put(board, 0x3f, 0xffffffff);
    ck_assert_uint_eq(get(board, 0x3f), 0xff000000);
    board_destroy(board);
}
END_TEST

START_TEST(an_edge_sends_one_message)
{
    struct board *board = board_create();
    route(board, 2, 0x0931, 0x03); /* lowest priority, logical */
    ioapic_set_irq(board->apic, 2, true);
    ioapic_set_irq(board->apic, 2, true);
    ck_assert_uint_eq(board->count, 1);
    ck_assert_uint_eq(board->last.vector, 0x31);
    ck_assert_uint_eq(board->last.mode, 1);
    ck_assert(board->last.logical && !board->last.level);
    ck_assert_uint_eq(board->last.destination, 3);
    ioapic_set_irq(board->apic, 2, false);
    ioapic_set_irq(board->apic, 2, true);
    ck_assert_uint_eq(board->count, 2);
    board_destroy(board);
}
END_TEST

START_TEST(an_edge_while_masked_is_lost)
{
    struct board *board = board_create();
    route(board, 4, 0x10034, 0);
    ioapic_set_irq(board->apic, 4, true);
    route(board, 4, 0x00034, 0);
    ck_assert_uint_eq(board->count, 0);
    board_destroy(board);
}
END_TEST

START_TEST(a_level_sends_again_after_each_end_of_interrupt)
{
    struct board *board = board_create();
    route(board, 11, 0x8041, 0);
    ioapic_set_irq(board->apic, 11, true);
    ck_assert_uint_eq(board->count, 1);
    ck_assert(board->last.level);
    ck_assert_uint_eq(get(board, 0x10 + 22), 0xc041); /* remote IRR */
    ioapic_set_irq(board->apic, 11, false);
    ioapic_set_irq(board->apic, 11, true);
    ck_assert_uint_eq(board->count, 1); /* not while it is being served */
    ioapic_eoi(board->apic, 0x42);
    ck_assert_uint_eq(board->count, 1);
    ioapic_eoi(board->apic, 0x41);
    ck_assert_uint_eq(board->count, 2);
    ioapic_set_irq(board->apic, 11, false);
    ioapic_eoi(board->apic, 0x41);
    ck_assert_uint_eq(board->count, 2);
    ck_assert_uint_eq(get(board, 0x10 + 22), 0x8041);
    board_destroy(board);
}
END_TEST

START_TEST(a_level_waits_behind_the_mask)
{
    struct board *board = board_create();
    route(board, 10, 0x18050, 0);
    ioapic_set_irq(board->apic, 10, true);
    ck_assert_uint_eq(board->count, 0);
    route(board, 10, 0x08050, 0);
    ck_assert_uint_eq(board->count, 1);
    board_destroy(board);
}
END_TEST

START_TEST(edge_mode_clears_a_remote_irr)
{
    struct board *board = board_create();
    route(board, 10, 0x8050, 0);
    ioapic_set_irq(board->apic, 10, true);
    route(board, 10, 0x10050, 0);
    ck_assert_uint_eq(get(board, 0x10 + 20), 0x10050);
    route(board, 10, 0x8050, 0);
    ck_assert_uint_eq(board->count, 2);
    board_destroy(board);
}
END_TEST

START_TEST(polarity_does_not_turn_an_asserted_line)
{
    struct board *board = board_create();
    route(board, 9, 0xa050, 0); /* level, active low */
    ck_assert_uint_eq(board->count, 0);
    ioapic_set_irq(board->apic, 9, true);
    ck_assert_uint_eq(board->count, 1);
    board_destroy(board);
}
END_TEST

START_TEST(reset_clears_whatever_the_guest_did)
{
    struct board *used = board_create();
    struct board *fresh = board_create();
    static const struct port_window windows[] = {
        {IOAPIC_MMIO_BASE, 4}, {IOAPIC_MMIO_BASE + 0x10, 4}, {IOAPIC_MMIO_BASE, 0x100}};
    check_device_resets(&used->device, &fresh->device, used->memory, windows, 3);
    board_destroy(used);
    board_destroy(fresh);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        registers_read_as_the_sheet_says,
        an_edge_sends_one_message,
        an_edge_while_masked_is_lost,
        a_level_sends_again_after_each_end_of_interrupt,
        a_level_waits_behind_the_mask,
        edge_mode_clears_a_remote_irr,
        polarity_does_not_turn_an_asserted_line,
        reset_clears_whatever_the_guest_did,
    };
    return RUN_TESTS("ioapic", tests);
}
