/* PIIX4 power management: timer, SCI, sleep, button, where its ports are. */
#include "devices/chipset/acpi_pm.h"
#include "tests/unit/devices/chipset/pci_board.h"

enum { PM_FUNCTION = 1 << 3 | 3, BASE = 0x600 };

struct pm_board {
    struct pci_board board;
    struct acpi_pm *pm;
    struct device device;
    struct seen_line sci;
    unsigned power_offs;
};

static void count_power_off(void *machine)
{
    ((struct pm_board *)machine)->power_offs++;
}

static struct pm_board *pm_create(void)
{
    struct pm_board *all = calloc(1, sizeof(*all));
    static const struct irq_line nowhere[4];
    pci_board_init(&all->board, clock_create(NULL), nowhere);
    struct acpi_pm_wires wires = {.io = all->board.io,
                                  .pci = all->board.pci,
                                  .clock = all->board.clock,
                                  .sci = seen_line_wire(&all->sci, 0),
                                  .power_off = count_power_off,
                                  .machine = all};
    all->pm = acpi_pm_create(&wires);
    all->device = acpi_pm_device(all->pm);
    return all;
}

static void pm_reset(struct pm_board *all)
{
    device_reset(&all->board.bus_device, RESET_POWER);
    device_reset(&all->device, RESET_POWER);
}

/* As the firmware does. */
static void pm_set_up(struct pm_board *all)
{
    pm_reset(all);
    config_put(&all->board, PM_FUNCTION, 0x40, BASE | 1, 4);
    config_put(&all->board, PM_FUNCTION, 0x80, 1, 1);
    config_put(&all->board, PM_FUNCTION, 0x90, (BASE + 0x100) | 1, 4);
    config_put(&all->board, PM_FUNCTION, 0xd2, 9, 1);
}

static void pm_destroy(struct pm_board *all)
{
    all->device.ops->destroy(all->device.dev);
    clock_destroy(all->board.clock);
    pci_board_free(&all->board);
    free(all);
}

static uint32_t in(struct pm_board *all, unsigned port, unsigned size)
{
    return bus_read(all->board.io, port, size);
}

static void out(struct pm_board *all, unsigned port, uint32_t value, unsigned size)
{
    bus_write(all->board.io, port, value, size);
}

START_TEST(ports_appear_and_move_with_pmbase)
{
    struct pm_board *all = pm_create();
    pm_reset(all);
    ck_assert_uint_eq(config_get(&all->board, PM_FUNCTION, 0, 4), 0x71138086);
    ck_assert(!bus_claims(all->board.io, BASE));
    pm_set_up(all);
    ck_assert(bus_claims(all->board.io, BASE) && bus_claims(all->board.io, BASE + 63));
    ck_assert_uint_eq(config_get(&all->board, PM_FUNCTION, 0x40, 4), BASE | 1);
    config_put(&all->board, PM_FUNCTION, 0x40, 0xb001, 4);
    ck_assert(!bus_claims(all->board.io, BASE) && bus_claims(all->board.io, 0xb000));
    config_put(&all->board, PM_FUNCTION, 0x80, 0, 1);
    ck_assert(!bus_claims(all->board.io, 0xb000));
    pm_destroy(all);
}
END_TEST

START_TEST(firmware_is_told_that_smm_is_set_up)
{
    struct pm_board *all = pm_create();
    pm_reset(all);
    ck_assert_uint_eq(config_get(&all->board, PM_FUNCTION, 0x58, 4) & 1u << 25, 1u << 25);
    pm_destroy(all);
}
END_TEST

START_TEST(timer_counts_24_bits_of_virtual_time)
{
    struct pm_board *all = pm_create();
    pm_set_up(all);
    ck_assert_uint_eq(in(all, BASE + 8, 4), 0);
    clock_advance(all->board.clock, CLOCK_NS_PER_S);
    ck_assert_uint_eq(in(all, BASE + 8, 4), 3579545);
    ck_assert_uint_eq(in(all, BASE + 9, 1), 3579545 >> 8 & 0xff);
    clock_advance(all->board.clock, 4 * CLOCK_NS_PER_S);
    ck_assert_uint_eq(in(all, BASE + 8, 4), 5 * 3579545 & 0xffffff);
    pm_destroy(all);
}
END_TEST

START_TEST(timer_status_is_set_when_bit_23_turns_over)
{
    struct pm_board *all = pm_create();
    pm_set_up(all);
    clock_advance(all->board.clock, 2343 * CLOCK_NS_PER_MS); /* 0x800000 ticks are 2.3435 s */
    ck_assert_uint_eq(in(all, BASE, 2), 0);
    clock_advance(all->board.clock, CLOCK_NS_PER_MS);
    ck_assert_uint_eq(in(all, BASE, 2), 1);
    out(all, BASE, 1, 2);
    ck_assert_uint_eq(in(all, BASE, 2), 0);
    clock_advance(all->board.clock, 2344 * CLOCK_NS_PER_MS);
    ck_assert_uint_eq(in(all, BASE, 2), 1);
    pm_destroy(all);
}
END_TEST

START_TEST(timer_interrupts_only_when_acpi_is_on)
{
    struct pm_board *all = pm_create();
    pm_set_up(all);
    out(all, BASE + 2, 1, 2);
    clock_advance(all->board.clock, 3 * CLOCK_NS_PER_S);
    ck_assert(!all->sci.level);
    out(all, 0xb2, 0xf1, 1);
    ck_assert_uint_eq(in(all, BASE + 4, 2) & 1, 1);
    ck_assert(all->sci.level);
    out(all, BASE, 1, 2);
    ck_assert(!all->sci.level);
    clock_advance(all->board.clock, 2 * CLOCK_NS_PER_S); /* over the boundary at 4.687 s */
    ck_assert(all->sci.level);
    ck_assert_uint_eq(all->sci.rises, 2);
    out(all, 0xb2, 0xf0, 1);
    ck_assert(!all->sci.level);
    ck_assert_uint_eq(clock_deadline(all->board.clock), CLOCK_NEVER);
    pm_destroy(all);
}
END_TEST

START_TEST(power_button_raises_sci_until_acknowledged)
{
    struct pm_board *all = pm_create();
    pm_set_up(all);
    ck_assert(!acpi_pm_press_power_button(all->pm));
    out(all, BASE, 0xffff, 2);
    out(all, 0xb2, 0xf1, 1);
    out(all, BASE + 2, 0x100, 2);
    ck_assert(acpi_pm_press_power_button(all->pm));
    ck_assert(all->sci.level);
    out(all, BASE + 1, 0x01, 1);
    ck_assert(!all->sci.level);
    pm_destroy(all);
}
END_TEST

START_TEST(sleep_type_0_turns_the_power_off)
{
    struct pm_board *all = pm_create();
    pm_set_up(all);
    out(all, BASE + 4, 0x0000, 2);
    ck_assert_uint_eq(all->power_offs, 0);
    out(all, BASE + 4, 0x2000, 2);
    ck_assert_uint_eq(all->power_offs, 1);
    ck_assert_uint_eq(in(all, BASE + 4, 2), 0); /* SLP_EN reads as 0 */
    out(all, BASE + 4, 0x2000 | 1 << 10, 2);
    ck_assert_uint_eq(all->power_offs, 1);
    ck_assert_uint_eq(in(all, BASE, 2) & 0x8000, 0x8000);
    pm_destroy(all);
}
END_TEST

START_TEST(an_empty_smbus_answers_with_an_error)
{
    struct pm_board *all = pm_create();
    pm_set_up(all);
    out(all, BASE + 0x102, 0x48, 1);
    ck_assert_uint_eq(in(all, BASE + 0x100, 1), 4);
    out(all, BASE + 0x100, 4, 1);
    ck_assert_uint_eq(in(all, BASE + 0x100, 1), 0);
    pm_destroy(all);
}
END_TEST

START_TEST(loading_puts_ports_line_and_timer_back)
{
    struct pm_board *all = pm_create();
    struct pm_board *other = pm_create();
    pm_set_up(all);
    pm_reset(other);
    out(all, 0xb2, 0xf1, 1);
    out(all, BASE + 2, 0x101, 2);
    acpi_pm_press_power_button(all->pm);
    state_copy(other->device.ops->state, other->device.dev, all->device.dev);
    other->device.ops->loaded(other->device.dev);
    ck_assert(other->sci.level);
    ck_assert_uint_eq(in(other, BASE + 2, 2), 0x101);
    ck_assert_uint_eq(clock_deadline(other->board.clock), clock_deadline(all->board.clock));
    pm_destroy(all);
    pm_destroy(other);
}
END_TEST

START_TEST(reset_clears_whatever_the_guest_did)
{
    struct pm_board *used = pm_create();
    struct pm_board *fresh = pm_create();
    pm_set_up(used);
    static const struct port_window windows[] = {
        {BASE, 64}, {BASE + 0x100, 16}, {0xafe0, 4}, {0xb2, 2}};
    random_accesses(used->board.io, windows, 4, 1000);
    pm_reset(used);
    pm_reset(fresh);
    assert_same_state(&used->device, &fresh->device);
    check_device_resets(&used->device, &fresh->device, used->board.io, windows, 4);
    ck_assert(!bus_claims(used->board.io, BASE));
    pm_destroy(used);
    pm_destroy(fresh);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        ports_appear_and_move_with_pmbase,      firmware_is_told_that_smm_is_set_up,
        timer_counts_24_bits_of_virtual_time,   timer_status_is_set_when_bit_23_turns_over,
        timer_interrupts_only_when_acpi_is_on,  power_button_raises_sci_until_acknowledged,
        sleep_type_0_turns_the_power_off,       an_empty_smbus_answers_with_an_error,
        loading_puts_ports_line_and_timer_back, reset_clears_whatever_the_guest_did,
    };
    return RUN_TESTS("acpi_pm", tests);
}
