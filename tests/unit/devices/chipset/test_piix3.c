/* PIIX3: routing of PCI interrupts, port CF9h. */
#include "devices/chipset/piix3.h"
#include "tests/unit/devices/chipset/pci_board.h"

enum { ISA_BRIDGE = 1 << 3 };

struct bridge_board {
    struct pci_board board;
    struct piix3 *bridge;
    struct device device;
    struct pci_function *card;
    struct seen_line isa[16];
    unsigned resets;
};

static void count_reset(void *machine)
{
    ((struct bridge_board *)machine)->resets++;
}

static struct bridge_board *bridge_create(void)
{
    struct bridge_board *all = calloc(1, sizeof(*all));
    struct pci_board *board = &all->board;
    board->io = bus_create(0x10000);
    board->memory = bus_create(UINT64_C(0x100000000));
    struct piix3_wires wires = {.io = board->io, .reset = count_reset, .machine = all};
    for (unsigned i = 0; i < 16; i++) {
        wires.isa_irq[i] = seen_line_wire(all->isa, i);
    }
    all->bridge = piix3_create(&wires);
    all->device = piix3_device(all->bridge);
    struct irq_line pirq[4];
    for (unsigned i = 0; i < 4; i++) {
        pirq[i] = (struct irq_line){piix3_set_pirq, all->bridge, i};
    }
    board->pci = pci_bus_create(board->io, board->memory, pirq);
    board->bus_device = pci_bus_device(board->pci);
    piix3_plug(all->bridge, board->pci);
    struct pci_function_config about = {.device = 3, .vendor_id = 1, .interrupt_pin = 1};
    all->card = pci_add(board->pci, &about, NULL);
    device_reset(&board->bus_device, RESET_POWER);
    device_reset(&all->device, RESET_POWER);
    return all;
}

static void bridge_destroy(struct bridge_board *all)
{
    all->device.ops->destroy(all->device.dev);
    pci_board_free(&all->board);
    free(all);
}

START_TEST(the_bridge_is_a_multi_function_isa_bridge)
{
    struct bridge_board *all = bridge_create();
    ck_assert_uint_eq(config_get(&all->board, ISA_BRIDGE, 0, 4), 0x70008086);
    ck_assert_uint_eq(config_get(&all->board, ISA_BRIDGE, 0x0a, 2), 0x0601);
    ck_assert_uint_eq(config_get(&all->board, ISA_BRIDGE, 0x0e, 1), 0x80);
    ck_assert_uint_eq(config_get(&all->board, ISA_BRIDGE, 0x60, 4), 0x80808080);
    bridge_destroy(all);
}
END_TEST

START_TEST(a_pirq_drives_the_interrupt_it_is_routed_to)
{
    struct bridge_board *all = bridge_create();
    pci_set_irq(all->card, true); /* slot 3: PIRQC, not routed yet */
    for (unsigned i = 0; i < 16; i++) {
        ck_assert(!all->isa[i].level);
    }
    config_put(&all->board, ISA_BRIDGE, 0x60, 0x0b0b0a0a, 4);
    ck_assert(all->isa[11].level && !all->isa[10].level);
    config_put(&all->board, ISA_BRIDGE, 0x62, 0x05, 1);
    ck_assert(!all->isa[11].level && all->isa[5].level);
    config_put(&all->board, ISA_BRIDGE, 0x62, 0x80, 1);
    ck_assert(!all->isa[5].level);
    bridge_destroy(all);
}
END_TEST

START_TEST(pirqs_routed_to_one_interrupt_share_it)
{
    struct bridge_board *all = bridge_create();
    config_put(&all->board, ISA_BRIDGE, 0x60, 0x0b0b0b0b, 4);
    piix3_set_pirq(all->bridge, 0, true);
    piix3_set_pirq(all->bridge, 3, true);
    piix3_set_pirq(all->bridge, 0, false);
    ck_assert(all->isa[11].level);
    piix3_set_pirq(all->bridge, 3, false);
    ck_assert(!all->isa[11].level);
    ck_assert_uint_eq(all->isa[11].rises, 1);
    bridge_destroy(all);
}
END_TEST

START_TEST(reserved_interrupts_are_never_driven)
{
    struct bridge_board *all = bridge_create();
    pci_set_irq(all->card, true);
    static const uint8_t reserved[] = {0, 1, 2, 8, 13};
    for (unsigned i = 0; i < sizeof(reserved); i++) {
        config_put(&all->board, ISA_BRIDGE, 0x62, reserved[i], 1);
        ck_assert(!all->isa[reserved[i]].level);
    }
    bridge_destroy(all);
}
END_TEST

START_TEST(port_cf9_resets_the_board_and_leaves_cf8_alone)
{
    struct bridge_board *all = bridge_create();
    bus_write(all->board.io, 0xcf8, 0x80000800, 4);
    bus_write(all->board.io, 0xcf9, 0x02, 1);
    ck_assert_uint_eq(all->resets, 0);
    ck_assert_uint_eq(bus_read(all->board.io, 0xcf9, 1), 0x02);
    ck_assert_uint_eq(bus_read(all->board.io, 0xcf8, 4), 0x80000800);
    bus_write(all->board.io, 0xcf9, 0x06, 1);
    ck_assert_uint_eq(all->resets, 1);
    bridge_destroy(all);
}
END_TEST

START_TEST(reset_and_load_drive_the_lines)
{
    struct bridge_board *all = bridge_create();
    config_put(&all->board, ISA_BRIDGE, 0x62, 0x0a, 1);
    pci_set_irq(all->card, true);
    all->isa[10].level = false;
    all->device.ops->loaded(all->device.dev);
    ck_assert(all->isa[10].level);
    device_reset(&all->device, RESET_HARD);
    device_reset(&all->board.bus_device, RESET_HARD);
    ck_assert(!all->isa[10].level);
    bridge_destroy(all);
}
END_TEST

START_TEST(reset_clears_whatever_the_guest_did)
{
    struct bridge_board *used = bridge_create();
    struct bridge_board *fresh = bridge_create();
    bus_write(used->board.io, 0xcf8, 0x80000860, 4);
    static const struct port_window windows[] = {{0xcf9, 1}, {0xcfc, 4}};
    check_device_resets(&used->device, &fresh->device, used->board.io, windows, 2);
    bridge_destroy(used);
    bridge_destroy(fresh);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        the_bridge_is_a_multi_function_isa_bridge,
        a_pirq_drives_the_interrupt_it_is_routed_to,
        pirqs_routed_to_one_interrupt_share_it,
        reserved_interrupts_are_never_driven,
        port_cf9_resets_the_board_and_leaves_cf8_alone,
        reset_and_load_drive_the_lines,
        reset_clears_whatever_the_guest_did,
    };
    return RUN_TESTS("piix3", tests);
}
