/*
 * ISA bridge of the 82371SB: see piix3.h.
 *
 * Registers other than PIRQRC[A:D] and port CF9h keep what is written and do nothing.  The IDE and
 * USB functions of the chip, its interrupt controllers, timers and DMA are devices of their own.
 * Not modelled: soft reset by CF9h as a case of its own (both kinds reset the board), MBIRQ, APIC
 * chip select, SERR# and parity, SMI timers.
 */
#include "devices/chipset/piix3.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    REG_CHIP = 0x40,
    REG_PIRQRC = 0x60,
    PIRQS = 4,
    ISA_IRQS = 16,
    PIRQRC_WRITABLE = 0x8f,
    PIRQRC_DISABLED = 0x80,
    PORT_RESET_CONTROL = 0xcf9,
    RESET_KIND = 0x02, /* hard, else soft */
    RESET_CPU = 0x04,
};

/* ISA interrupts that a PIRQ may be routed to; the others are reserved (PIRQRC, table 20). */
static const uint16_t routable = 0xdef8;

/* clang-format off */
#define PIIX3_STATE(S, VAL, ARR, SUB)                                            \
    ARR(S, u8,   route, PIRQS, PIRQRC_DISABLED, "copies of PIRQRC[A:D]")         \
    ARR(S, bool, pirq,  PIRQS, false,           "levels of PIRQA..D")            \
    VAL(S, u8,   reset_control, 0,              "port CF9h")
/* clang-format on */

struct piix3 {
    /* wires */
    struct piix3_wires wires;
    struct pci_function *function;
    /* state */
    STATE_MEMBERS(PIIX3_STATE)
    /* derived */
    uint16_t driven; /* ISA interrupts that are high, by bit */
};

STATE_DESC(piix3, PIIX3_STATE);

/* Reset values of the chip's own registers that are not zero (section 4.1). */
static const struct {
    uint8_t offset, value;
} reset_values[] = {
    {0x04, 0x07}, {0x07, 0x02}, {0x4c, 0x4d}, {0x4e, 0x03}, {0x60, 0x80},
    {0x61, 0x80}, {0x62, 0x80}, {0x63, 0x80}, {0x69, 0x02}, {0x70, 0x80},
    {0x76, 0x0c}, {0x77, 0x0c}, {0x78, 0x02}, {0xa0, 0x08}, {0xa8, 0x0f},
};

static uint16_t wanted_irqs(const struct piix3 *bridge)
{
    uint16_t wanted = 0;
    for (unsigned i = 0; i < PIRQS; i++) {
        if (bridge->pirq[i] && !(bridge->route[i] & PIRQRC_DISABLED)) {
            wanted = (uint16_t)(wanted | 1u << (bridge->route[i] & 15));
        }
    }
    return wanted & routable;
}

static void drive(struct piix3 *bridge, uint16_t which, uint16_t wanted)
{
    bridge->driven = wanted;
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        if (which >> i & 1) {
            irq_set(&bridge->wires.isa_irq[i], wanted >> i & 1);
        }
    }
}

static void update(struct piix3 *bridge)
{
    uint16_t wanted = wanted_irqs(bridge);
    drive(bridge, wanted ^ bridge->driven, wanted);
}

void piix3_set_pirq(void *dev, unsigned n, bool level)
{
    struct piix3 *bridge = dev;
    assert(n < PIRQS);
    bridge->pirq[n] = level;
    update(bridge);
}

static void config_written(void *dev, uint8_t offset, unsigned size)
{
    struct piix3 *bridge = dev;
    if (offset < REG_PIRQRC + PIRQS && offset + size > REG_PIRQRC) {
        memcpy(bridge->route, &pci_config(bridge->function)[REG_PIRQRC], PIRQS);
        update(bridge);
    }
}

static uint32_t reset_control_read(void *dev, uint32_t offset, unsigned size)
{
    (void)offset;
    (void)size;
    const struct piix3 *bridge = dev;
    return bridge->reset_control;
}

static void reset_control_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)offset;
    (void)size;
    struct piix3 *bridge = dev;
    bridge->reset_control = value & RESET_KIND;
    if ((value & RESET_CPU) && bridge->wires.reset) {
        bridge->wires.reset(bridge->wires.machine);
    }
}

static const struct io_ops reset_control_ops = {
    .read = reset_control_read,
    .write = reset_control_write,
    .guest_min = 1,
    .guest_max = 1,
    .native_min = 1,
    .native_max = 1,
};

static void piix3_loaded(void *dev)
{
    struct piix3 *bridge = dev;
    drive(bridge, routable, wanted_irqs(bridge));
}

static void piix3_reset(void *dev, enum reset_kind kind)
{
    (void)kind;
    piix3_loaded(dev);
}

static void piix3_destroy(void *dev)
{
    free(dev);
}

static const struct device_ops piix3_ops = {
    .name = "piix3",
    .state = &piix3_state,
    .reset = piix3_reset,
    .loaded = piix3_loaded,
    .destroy = piix3_destroy,
};

struct piix3 *piix3_create(const struct piix3_wires *wires)
{
    struct piix3 *bridge = calloc(1, sizeof(*bridge));
    if (!bridge) {
        abort();
    }
    bridge->wires = *wires;
    state_reset(&piix3_state, bridge);
    return bridge;
}

void piix3_plug(struct piix3 *bridge, struct pci_bus *pci)
{
    static const struct pci_function_config about = {
        .device = 1,
        .function = 0,
        .vendor_id = 0x8086,
        .device_id = 0x7000,
        .subsystem_vendor_id = 0x1af4,
        .subsystem_id = 0x1100,
        .subclass = 0x01,
        .class_code = 0x06,
        .header_type = 0x80,
        .config_written = config_written,
    };
    assert(!bridge->function);
    bridge->function = pci_add(pci, &about, bridge);
    uint8_t *config = pci_config(bridge->function);
    uint8_t *mask = pci_write_mask(bridge->function);
    for (unsigned i = 0; i < sizeof(reset_values) / sizeof(reset_values[0]); i++) {
        config[reset_values[i].offset] = reset_values[i].value;
    }
    mask[0x04] = 0; /* I/O, memory and bus master are always on */
    memset(&mask[REG_CHIP], 0xff, PCI_CONFIG_BYTES - REG_CHIP);
    memset(&mask[REG_PIRQRC], PIRQRC_WRITABLE, PIRQS);
    /* after the bus's own CF8h, so that a byte at CF9h comes here */
    bus_map(bridge->wires.io, bridge, PORT_RESET_CONTROL, 1, &reset_control_ops);
}

struct device piix3_device(struct piix3 *bridge)
{
    return (struct device){.ops = &piix3_ops, .dev = bridge, .instance = "piix3"};
}
