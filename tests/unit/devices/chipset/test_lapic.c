/* Local APIC: priorities, pins, messages, timer. */
#include "devices/chipset/lapic.h"
#include "tests/unit/devices/device_checks.h"

#define BASE UINT64_C(0xfee00000)

enum {
    ID = 0x20,
    VERSION = 0x30,
    TPR = 0x80,
    PPR = 0xa0,
    EOI = 0xb0,
    LDR = 0xd0,
    DFR = 0xe0,
    SVR = 0xf0,
    ISR = 0x100,
    IRR = 0x200,
    ESR = 0x280,
    ICR = 0x300,
    ICR_HIGH = 0x310,
    LVT_TIMER = 0x320,
    LVT_LINT0 = 0x350,
    LVT_LINT1 = 0x360,
    LVT_ERROR = 0x370,
    INITIAL = 0x380,
    CURRENT = 0x390,
    DIVIDE = 0x3e0,
};

struct cpu {
    struct bus *memory;
    struct clock *clock;
    struct lapic *apic;
    struct device device;
    struct seen_line intr, nmi;
    unsigned eois;
    uint8_t eoi_vector;
};

static void count_eoi(void *ioapic, uint8_t vector)
{
    struct cpu *cpu = ioapic;
    cpu->eois++;
    cpu->eoi_vector = vector;
}

static struct cpu *cpu_create(void)
{
    struct cpu *cpu = calloc(1, sizeof(*cpu));
    cpu->memory = bus_create(UINT64_C(0x100000000));
    cpu->clock = clock_create(NULL);
    struct lapic_wires wires = {.clock = cpu->clock,
                                .intr = seen_line_wire(&cpu->intr, 0),
                                .nmi = seen_line_wire(&cpu->nmi, 0),
                                .eoi = count_eoi,
                                .ioapic = cpu};
    cpu->apic = lapic_create(&wires);
    cpu->device = lapic_device(cpu->apic);
    bus_map(cpu->memory, cpu->apic, BASE, LAPIC_MMIO_BYTES, &lapic_mmio_ops);
    device_reset(&cpu->device, RESET_POWER);
    return cpu;
}

static void cpu_destroy(struct cpu *cpu)
{
    cpu->device.ops->destroy(cpu->device.dev);
    clock_destroy(cpu->clock);
    bus_destroy(cpu->memory);
    free(cpu);
}

static uint32_t get(struct cpu *cpu, unsigned reg)
{
    return bus_read(cpu->memory, BASE + reg, 4);
}

static void put(struct cpu *cpu, unsigned reg, uint32_t value)
{
    bus_write(cpu->memory, BASE + reg, value, 4);
}

/* An enabled APIC with the 8259 masked away. */
static struct cpu *cpu_enabled(void)
{
    struct cpu *cpu = cpu_create();
    put(cpu, SVR, 0x1ff);
    put(cpu, LVT_LINT0, 0x10000);
    return cpu;
}

static void message(struct cpu *cpu, uint8_t vector, bool level)
{
    lapic_deliver(cpu->apic, vector, LAPIC_FIXED, level, 0, false);
}

START_TEST(reset_values_are_the_manuals)
{
    struct cpu *cpu = cpu_create();
    ck_assert_uint_eq(get(cpu, ID), 0);
    ck_assert_uint_eq(get(cpu, VERSION), 0x00050014);
    ck_assert_uint_eq(get(cpu, SVR), 0xff);
    ck_assert_uint_eq(get(cpu, DFR), 0xffffffff);
    ck_assert_uint_eq(get(cpu, LVT_TIMER), 0x10000);
    ck_assert(lapic_base(cpu->apic) == 0xfee00900);
    cpu_destroy(cpu);
}
END_TEST

START_TEST(the_8259_passes_through_after_reset)
{
    struct cpu *cpu = cpu_create();
    lapic_set_lint0(cpu->apic, 0, true);
    ck_assert(cpu->intr.level && lapic_has_interrupt(cpu->apic));
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), LAPIC_EXTINT);
    lapic_set_lint0(cpu->apic, 0, false);
    ck_assert(!cpu->intr.level);
    put(cpu, SVR, 0x1ff);
    put(cpu, LVT_LINT0, 0x10700);
    lapic_set_lint0(cpu->apic, 0, true);
    ck_assert(!cpu->intr.level);
    put(cpu, LVT_LINT0, 0x8700); /* as SeaBIOS sets it */
    ck_assert(cpu->intr.level);
    cpu_destroy(cpu);
}
END_TEST

START_TEST(a_globally_disabled_apic_is_a_wire)
{
    struct cpu *cpu = cpu_enabled();
    message(cpu, 0x40, false);
    lapic_set_base(cpu->apic, BASE | LAPIC_BASE_BSP);
    ck_assert(!lapic_has_interrupt(cpu->apic));
    lapic_set_lint0(cpu->apic, 0, true);
    ck_assert(cpu->intr.level);
    message(cpu, 0x41, false);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), LAPIC_EXTINT);
    lapic_set_lint1(cpu->apic, 0, true);
    ck_assert_uint_eq(cpu->nmi.rises, 1);
    lapic_set_base(cpu->apic, LAPIC_BASE_RESET);
    ck_assert_uint_eq(get(cpu, SVR), 0xff);
    cpu_destroy(cpu);
}
END_TEST

START_TEST(vectors_come_in_order_of_priority)
{
    struct cpu *cpu = cpu_enabled();
    message(cpu, 0x31, false);
    message(cpu, 0xe5, false);
    message(cpu, 0x35, false);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0xe5);
    ck_assert(!cpu->intr.level); /* class 3 waits for class E */
    ck_assert_uint_eq(get(cpu, PPR), 0xe0);
    ck_assert_uint_eq(get(cpu, ISR + 0x70), 1u << 5);
    ck_assert_uint_eq(get(cpu, IRR + 0x10), 1u << 0x11 | 1u << 0x15);
    put(cpu, EOI, 0);
    ck_assert(cpu->intr.level);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0x35);
    ck_assert(!cpu->intr.level); /* same class does not nest */
    message(cpu, 0x41, false);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0x41);
    put(cpu, EOI, 0);
    put(cpu, EOI, 0);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0x31);
    ck_assert_uint_eq(cpu->eois, 0); /* all were edges */
    cpu_destroy(cpu);
}
END_TEST

START_TEST(task_priority_holds_back_its_class_and_below)
{
    struct cpu *cpu = cpu_enabled();
    put(cpu, TPR, 0x50);
    message(cpu, 0x5f, false);
    ck_assert(!cpu->intr.level);
    ck_assert_uint_eq(lapic_cr8(cpu->apic), 5);
    lapic_set_cr8(cpu->apic, 4);
    ck_assert(cpu->intr.level);
    put(cpu, TPR, 0x5f); /* raised again before the processor took it */
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0xff);
    put(cpu, TPR, 0);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0x5f);
    cpu_destroy(cpu);
}
END_TEST

START_TEST(end_of_a_level_interrupt_is_broadcast)
{
    struct cpu *cpu = cpu_enabled();
    message(cpu, 0x61, true);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0x61);
    put(cpu, EOI, 0);
    ck_assert_uint_eq(cpu->eois, 1);
    ck_assert_uint_eq(cpu->eoi_vector, 0x61);
    put(cpu, EOI, 0);
    ck_assert_uint_eq(cpu->eois, 1);
    cpu_destroy(cpu);
}
END_TEST

START_TEST(messages_for_others_are_ignored)
{
    struct cpu *cpu = cpu_enabled();
    lapic_deliver(cpu->apic, 0x40, LAPIC_FIXED, false, 1, false);
    lapic_deliver(cpu->apic, 0x40, LAPIC_FIXED, false, 1, true); /* LDR is still 0 */
    ck_assert(!cpu->intr.level);
    put(cpu, LDR, 0x02000000);
    lapic_deliver(cpu->apic, 0x40, LAPIC_LOWEST, false, 0x01, true);
    ck_assert(!cpu->intr.level);
    lapic_deliver(cpu->apic, 0x40, LAPIC_LOWEST, false, 0x03, true);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0x40);
    put(cpu, DFR, 0x0fffffff); /* cluster model */
    put(cpu, LDR, 0x21000000);
    lapic_deliver(cpu->apic, 0x50, LAPIC_FIXED, false, 0x11, true);
    ck_assert(!cpu->intr.level);
    lapic_deliver(cpu->apic, 0x50, LAPIC_FIXED, false, 0x23, true);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0x50);
    lapic_deliver(cpu->apic, 0, LAPIC_NMI, false, 0xff, false);
    ck_assert_uint_eq(cpu->nmi.rises, 1);
    lapic_deliver(cpu->apic, 0, LAPIC_EXTERNAL, false, 0xff, false);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), LAPIC_EXTINT);
    ck_assert(!lapic_has_interrupt(cpu->apic));
    cpu_destroy(cpu);
}
END_TEST

START_TEST(a_processor_interrupts_itself)
{
    struct cpu *cpu = cpu_enabled();
    put(cpu, ICR, 0x40000 | 0x70);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0x70);
    ck_assert_uint_eq(get(cpu, ICR), 0x40070);
    put(cpu, EOI, 0);
    put(cpu, ICR, 0xc0000 | 0x70); /* all but self */
    ck_assert(!cpu->intr.level);
    put(cpu, ICR_HIGH, 0x05000000);
    put(cpu, ICR, 0x70);
    ck_assert(!cpu->intr.level);
    put(cpu, ICR, 0x000c4500); /* INIT and STARTUP find nobody */
    put(cpu, ICR, 0x000c4610);
    put(cpu, ICR_HIGH, 0);
    put(cpu, ICR, 0x70);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0x70);
    cpu_destroy(cpu);
}
END_TEST

START_TEST(illegal_vectors_are_errors)
{
    struct cpu *cpu = cpu_enabled();
    put(cpu, LVT_ERROR, 0xfe);
    put(cpu, ICR, 0x40000 | 0x0f);
    ck_assert_uint_eq(get(cpu, ESR), 0); /* latched by a write */
    put(cpu, ESR, 0);
    ck_assert_uint_eq(get(cpu, ESR), 0x20);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0xfe);
    message(cpu, 3, false);
    put(cpu, ESR, 0);
    ck_assert_uint_eq(get(cpu, ESR), 0x40);
    put(cpu, ESR, 0);
    ck_assert_uint_eq(get(cpu, ESR), 0);
    cpu_destroy(cpu);
}
END_TEST

START_TEST(software_disable_masks_and_holds)
{
    struct cpu *cpu = cpu_enabled();
    put(cpu, LVT_TIMER, 0x40);
    put(cpu, SVR, 0xff);
    ck_assert_uint_eq(get(cpu, LVT_TIMER), 0x10040);
    put(cpu, LVT_TIMER, 0x40);
    ck_assert_uint_eq(get(cpu, LVT_TIMER), 0x10040);
    message(cpu, 0x50, false);
    ck_assert(!cpu->intr.level);
    put(cpu, SVR, 0x1ff);
    ck_assert(!cpu->intr.level);
    cpu_destroy(cpu);
}
END_TEST

START_TEST(one_shot_timer_fires_once)
{
    struct cpu *cpu = cpu_enabled();
    put(cpu, DIVIDE, 0xb); /* by 1 */
    put(cpu, LVT_TIMER, 0x40);
    put(cpu, INITIAL, 1000);
    clock_advance(cpu->clock, 400);
    ck_assert_uint_eq(get(cpu, CURRENT), 600);
    clock_advance(cpu->clock, 599);
    ck_assert(!cpu->intr.level);
    clock_advance(cpu->clock, 1);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0x40);
    ck_assert_uint_eq(get(cpu, CURRENT), 0);
    put(cpu, EOI, 0);
    clock_advance(cpu->clock, 5000);
    ck_assert(!cpu->intr.level);
    cpu_destroy(cpu);
}
END_TEST

START_TEST(periodic_timer_counts_divided_and_reloads)
{
    static const struct {
        uint32_t code;
        unsigned divisor;
    } rows[] = {{0, 2}, {1, 4}, {2, 8}, {3, 16}, {8, 32}, {9, 64}, {10, 128}, {11, 1}};
    for (unsigned i = 0; i < 8; i++) {
        struct cpu *cpu = cpu_enabled();
        put(cpu, DIVIDE, rows[i].code);
        put(cpu, LVT_TIMER, 0x20040);
        put(cpu, INITIAL, 10000);
        for (unsigned round = 0; round < 3; round++) {
            clock_advance(cpu->clock, UINT64_C(10000) * rows[i].divisor - 1);
            ck_assert(!cpu->intr.level);
            ck_assert_uint_eq(get(cpu, CURRENT), 1);
            clock_advance(cpu->clock, 1);
            ck_assert_uint_eq(get(cpu, CURRENT), 10000);
            ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0x40);
            put(cpu, EOI, 0);
        }
        cpu_destroy(cpu);
    }
}
END_TEST

START_TEST(a_masked_timer_counts_without_waking_anybody)
{
    struct cpu *cpu = cpu_enabled();
    put(cpu, DIVIDE, 0xb);
    put(cpu, INITIAL, 0xffffffff);
    ck_assert_uint_eq(clock_deadline(cpu->clock), CLOCK_NEVER);
    clock_advance(cpu->clock, 1000);
    ck_assert_uint_eq(get(cpu, CURRENT), 0xffffffff - 1000);
    put(cpu, INITIAL, 0);
    ck_assert_uint_eq(get(cpu, CURRENT), 0);
    cpu_destroy(cpu);
}
END_TEST

START_TEST(a_very_short_period_does_not_stop_the_world)
{
    struct cpu *cpu = cpu_enabled();
    put(cpu, DIVIDE, 0xb);
    put(cpu, LVT_TIMER, 0x20040);
    put(cpu, INITIAL, 1);
    clock_advance(cpu->clock, 1); /* the first expiry is not merged with another */
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0x40);
    put(cpu, EOI, 0);
    ck_assert(clock_deadline(cpu->clock) >= 1000);
    clock_advance(cpu->clock, CLOCK_NS_PER_MS);
    ck_assert(cpu->intr.level);
    cpu_destroy(cpu);
}
END_TEST

START_TEST(lint0_can_carry_an_ordinary_interrupt)
{
    struct cpu *cpu = cpu_enabled();
    put(cpu, LVT_LINT0, 0x45); /* edge */
    lapic_set_lint0(cpu->apic, 0, true);
    lapic_set_lint0(cpu->apic, 0, false);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0x45);
    put(cpu, EOI, 0);
    put(cpu, LVT_LINT0, 0x8045); /* level */
    lapic_set_lint0(cpu->apic, 0, true);
    ck_assert_uint_eq(get(cpu, LVT_LINT0), 0xc045);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0x45);
    put(cpu, EOI, 0);
    ck_assert(cpu->intr.level);
    ck_assert_int_eq(lapic_acknowledge(cpu->apic), 0x45);
    lapic_set_lint0(cpu->apic, 0, false);
    put(cpu, EOI, 0);
    ck_assert(!cpu->intr.level);
    put(cpu, LVT_LINT0, 0x400); /* NMI */
    lapic_set_lint0(cpu->apic, 0, true);
    ck_assert_uint_eq(cpu->nmi.rises, 1);
    cpu_destroy(cpu);
}
END_TEST

START_TEST(loading_rearms_the_timer_and_drives_intr)
{
    struct cpu *cpu = cpu_enabled();
    struct cpu *other = cpu_create();
    put(cpu, LVT_TIMER, 0x40);
    put(cpu, INITIAL, 1000);
    message(cpu, 0x50, false);
    state_copy(other->device.ops->state, other->device.dev, cpu->device.dev);
    other->device.ops->loaded(other->device.dev);
    ck_assert(other->intr.level);
    ck_assert_uint_eq(clock_deadline(other->clock), clock_deadline(cpu->clock));
    cpu_destroy(cpu);
    cpu_destroy(other);
}
END_TEST

START_TEST(reset_clears_whatever_the_guest_did)
{
    struct cpu *used = cpu_create();
    struct cpu *fresh = cpu_create();
    static const struct port_window windows[] = {
        {BASE, 0x400}, {BASE + SVR, 1}, {BASE + INITIAL, 1}, {BASE + DIVIDE, 1}};
    check_device_resets(&used->device, &fresh->device, used->memory, windows, 4);
    clock_advance(used->clock, CLOCK_NS_PER_MS);
    ck_assert_uint_eq(clock_deadline(used->clock), CLOCK_NEVER);
    cpu_destroy(used);
    cpu_destroy(fresh);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        reset_values_are_the_manuals,
        the_8259_passes_through_after_reset,
        a_globally_disabled_apic_is_a_wire,
        vectors_come_in_order_of_priority,
        task_priority_holds_back_its_class_and_below,
        end_of_a_level_interrupt_is_broadcast,
        messages_for_others_are_ignored,
        a_processor_interrupts_itself,
        illegal_vectors_are_errors,
        software_disable_masks_and_holds,
        one_shot_timer_fires_once,
        periodic_timer_counts_divided_and_reloads,
        a_masked_timer_counts_without_waking_anybody,
        a_very_short_period_does_not_stop_the_world,
        lint0_can_carry_an_ordinary_interrupt,
        loading_rearms_the_timer_and_drives_intr,
        reset_clears_whatever_the_guest_did,
    };
    return RUN_TESTS("lapic", tests);
}
