/*
 * PCI bus 0 behind its host bridge's two ports: configuration mechanism 1 and the functions.
 *
 * A configuration byte changes where its write mask allows; bytes of the status register clear
 * where ones are written.  A BAR is decoded when the command register enables its space and the
 * base is neither zero nor so high that the range would end at the top of the address space, which
 * is what a BAR reads while it is being sized.  Interrupt pins meet in four PIRQ lines that are
 * counted, so a shared line falls only when its last driver lets go.
 *
 * The values that stand in the configuration space when the bus is first reset are its reset values
 * (`image`); from then on pci_config() gives the live bytes.
 *
 * Not modelled: bridges and buses other than 0, expansion ROM and 64-bit BARs, mechanism 2, master
 * and target aborts.  PCI Local Bus Specification 2.2 chapters 3.2.2.3.2 and 6; the interrupt
 * disable and interrupt status bits are those of 2.3.
 */
#include "devices/core/pci.h"

#include "base/endian.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FUNCTIONS_MAX = 32, PIRQS = 4 };

enum {
    REG_COMMAND = 0x04,
    REG_STATUS = 0x06,
    REG_REVISION = 0x08,
    REG_CACHE_LINE = 0x0c,
    REG_HEADER_TYPE = 0x0e,
    REG_BAR0 = 0x10,
    REG_SUBSYSTEM = 0x2c,
    REG_INTERRUPT_LINE = 0x3c,
    REG_INTERRUPT_PIN = 0x3d,
};

enum {
    COMMAND_IO = 0x0001,
    COMMAND_MEMORY = 0x0002,
    COMMAND_WRITABLE = 0x0507, /* I/O, memory, master, SERR#, interrupt disable */
    COMMAND_NO_INTERRUPT = 0x0400,
    STATUS_INTERRUPT = 0x08,    /* in the low byte */
    STATUS_CLEAR_ON_ONE = 0xf9, /* in the high byte */
    BAR_IS_IO = 1,
    BAR_PREFETCHABLE = 8,
};

#define ADDRESS_ENABLE   UINT32_C(0x80000000)
#define ADDRESS_WRITABLE UINT32_C(0x80fffffc)

/* clang-format off */
#define PCI_FUNCTION_STATE(S, VAL, ARR, SUB)                                     \
    ARR(S, u8,   config, PCI_CONFIG_BYTES, 0, "configuration space")             \
    VAL(S, bool, irq,    false,               "level the device puts on its pin")
#define PCI_BUS_STATE(S, VAL, ARR, SUB)                                          \
    VAL(S, u32, address, 0,               "CONFIG_ADDRESS, port CF8h")           \
    SUB(S, pci_function, functions, FUNCTIONS_MAX, "functions in order of creation")
/* clang-format on */

/* Where a BAR is decoded now. */
struct bar_place {
    bool enabled;
    uint32_t base;
    unsigned handle; /* on its bus, when the BAR has ops */
};

struct pci_function {
    /* wires */
    struct pci_bus *bus;
    void *dev;
    struct pci_function_config about;
    uint8_t image[PCI_CONFIG_BYTES];
    uint8_t write_mask[PCI_CONFIG_BYTES];
    /* state */
    STATE_MEMBERS(PCI_FUNCTION_STATE)
    /* derived */
    struct bar_place bars[PCI_BARS];
    bool asserted; /* counted on its PIRQ */
};

struct pci_bus {
    /* wires */
    struct bus *io, *memory;
    struct irq_line pirq[PIRQS];
    unsigned function_count;
    bool image_complete;
    /* state */
    STATE_MEMBERS(PCI_BUS_STATE)
    /* derived */
    unsigned drivers[PIRQS];
};

STATE_DESC(pci_function, PCI_FUNCTION_STATE);
STATE_DESC(pci_bus, PCI_BUS_STATE);

static struct pci_function *addressed(struct pci_bus *bus)
{
    if (!(bus->address & ADDRESS_ENABLE) || (bus->address >> 16 & 0xff) != 0) {
        return NULL;
    }
    unsigned device = bus->address >> 11 & 0x1f;
    unsigned function = bus->address >> 8 & 7;
    for (unsigned i = 0; i < bus->function_count; i++) {
        struct pci_function *at = &bus->functions[i];
        if (at->about.device == device && at->about.function == function) {
            return at;
        }
    }
    return NULL;
}

/* Interrupts. */

static unsigned pirq_of(const struct pci_function *function)
{
    /* the board turns the pins by one for each slot, slot 1 straight */
    return (function->about.device + function->about.interrupt_pin + 2u) % PIRQS;
}

static bool wants_interrupt(const struct pci_function *function)
{
    bool disabled = load_le16(&function->config[REG_COMMAND]) & COMMAND_NO_INTERRUPT;
    return function->irq && !disabled && function->about.interrupt_pin != 0;
}

static void update_interrupt(struct pci_function *function)
{
    uint8_t *status = &function->config[REG_STATUS];
    *status = (uint8_t)((*status & ~STATUS_INTERRUPT) | (function->irq ? STATUS_INTERRUPT : 0));
    bool asserted = wants_interrupt(function);
    if (asserted == function->asserted) {
        return;
    }
    function->asserted = asserted;
    struct pci_bus *bus = function->bus;
    unsigned pirq = pirq_of(function);
    unsigned before = bus->drivers[pirq];
    bus->drivers[pirq] = asserted ? before + 1 : before - 1;
    if (before == 0 || bus->drivers[pirq] == 0) {
        irq_set(&bus->pirq[pirq], asserted);
    }
}

/* Counts all drivers anew and drives all four lines. */
static void recount_interrupts(struct pci_bus *bus)
{
    memset(bus->drivers, 0, sizeof(bus->drivers));
    for (unsigned i = 0; i < bus->function_count; i++) {
        struct pci_function *function = &bus->functions[i];
        function->asserted = wants_interrupt(function);
        bus->drivers[pirq_of(function)] += function->asserted;
    }
    for (unsigned i = 0; i < PIRQS; i++) {
        irq_set(&bus->pirq[i], bus->drivers[i] != 0);
    }
}

void pci_set_irq(struct pci_function *function, bool level)
{
    if (function->irq != level) {
        function->irq = level;
        update_interrupt(function);
    }
}

/* Base address registers. */

static struct bar_place wanted_place(const struct pci_function *function, unsigned index)
{
    const struct pci_bar *bar = &function->about.bars[index];
    uint16_t command = load_le16(&function->config[REG_COMMAND]);
    uint32_t base = load_le32(&function->config[REG_BAR0 + 4 * index]) & ~(bar->size - 1);
    uint64_t limit = bar->io ? UINT64_C(0x10000) : UINT64_C(0x100000000) - 1;
    bool decoded = command & (bar->io ? COMMAND_IO : COMMAND_MEMORY);
    bool enabled = decoded && base != 0 && (uint64_t)base + bar->size <= limit;
    return (struct bar_place){.enabled = enabled, .base = enabled ? base : 0};
}

static void bar_release(struct pci_function *function, unsigned index)
{
    struct bar_place *place = &function->bars[index];
    const struct pci_bar *bar = &function->about.bars[index];
    if (!place->enabled) {
        return;
    }
    uint32_t base = place->base;
    place->enabled = false;
    if (bar->ops) {
        bus_unmap(bar->io ? function->bus->io : function->bus->memory, place->handle);
    }
    if (bar->mapped) {
        bar->mapped(function->dev, index, base, false);
    }
}

static void bar_claim(struct pci_function *function, unsigned index, struct bar_place place)
{
    const struct pci_bar *bar = &function->about.bars[index];
    if (bar->ops) {
        struct bus *bus = bar->io ? function->bus->io : function->bus->memory;
        place.handle = bus_map(bus, function->dev, place.base, bar->size, bar->ops);
    }
    function->bars[index] = place;
    if (bar->mapped) {
        bar->mapped(function->dev, index, place.base, true);
    }
}

void pci_update_mappings(struct pci_function *function)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        if (!function->about.bars[i].size) {
            continue;
        }
        struct bar_place wanted = wanted_place(function, i);
        const struct bar_place *now = &function->bars[i];
        if (wanted.enabled == now->enabled && (!wanted.enabled || wanted.base == now->base)) {
            continue;
        }
        bar_release(function, i);
        if (wanted.enabled) {
            bar_claim(function, i, wanted);
        }
    }
}

/* Configuration cycles. */

static void config_write(struct pci_function *function, unsigned offset, uint32_t value,
                         unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        unsigned at = offset + i;
        uint8_t byte = (uint8_t)(value >> 8 * i);
        uint8_t mask = function->write_mask[at];
        uint8_t old = function->config[at];
        if (at == REG_STATUS + 1) {
            function->config[at] = (uint8_t)(old & ~(byte & STATUS_CLEAR_ON_ONE));
        } else {
            function->config[at] = (uint8_t)((old & ~mask) | (byte & mask));
        }
    }
    if (offset < REG_STATUS || (offset >= REG_BAR0 && offset < REG_BAR0 + 4 * PCI_BARS)) {
        pci_update_mappings(function);
        update_interrupt(function);
    }
    if (function->about.config_written) {
        function->about.config_written(function->dev, (uint8_t)offset, size);
    }
}

static uint32_t address_read(void *dev, uint32_t offset, unsigned size)
{
    (void)size;
    const struct pci_bus *bus = dev;
    return bus->address >> 8 * offset;
}

static void address_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)offset;
    struct pci_bus *bus = dev;
    if (size == 4) { /* narrower cycles pass the bridge by (2.2, 3.2.2.3.2) */
        bus->address = value & ADDRESS_WRITABLE;
    }
}

static uint32_t data_read(void *dev, uint32_t offset, unsigned size)
{
    struct pci_bus *bus = dev;
    const struct pci_function *function = addressed(bus);
    if (!function) {
        return UINT32_MAX;
    }
    return (uint32_t)load_le(&function->config[(bus->address & 0xfc) + offset], size);
}

static void data_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct pci_bus *bus = dev;
    struct pci_function *function = addressed(bus);
    if (function) {
        config_write(function, (bus->address & 0xfc) + offset, value, size);
    }
}

static const struct io_ops address_ops = {
    .read = address_read,
    .write = address_write,
    .guest_min = 1,
    .guest_max = 4,
    .native_min = 1,
    .native_max = 4,
};
static const struct io_ops data_ops = {
    .read = data_read,
    .write = data_write,
    .guest_min = 1,
    .guest_max = 4,
    .native_min = 1,
    .native_max = 4,
};

/* The device. */

static void pci_bus_loaded(void *dev)
{
    struct pci_bus *bus = dev;
    bus->image_complete = true;
    bus->address &= ADDRESS_WRITABLE;
    for (unsigned i = 0; i < bus->function_count; i++) {
        for (unsigned bar = 0; bar < PCI_BARS; bar++) {
            bar_release(&bus->functions[i], bar);
        }
    }
    for (unsigned i = 0; i < bus->function_count; i++) {
        pci_update_mappings(&bus->functions[i]);
    }
    recount_interrupts(bus);
}

static void pci_bus_reset(void *dev, enum reset_kind kind)
{
    (void)kind;
    struct pci_bus *bus = dev;
    for (unsigned i = 0; i < bus->function_count; i++) {
        struct pci_function *function = &bus->functions[i];
        memcpy(function->config, function->image, sizeof(function->config));
        uint8_t pending = function->irq ? STATUS_INTERRUPT : 0;
        function->config[REG_STATUS] = (uint8_t)(function->config[REG_STATUS] | pending);
    }
    pci_bus_loaded(bus);
}

static void pci_bus_destroy(void *dev)
{
    free(dev);
}

static const struct device_ops pci_bus_ops = {
    .name = "pci_bus",
    .state = &pci_bus_state,
    .reset = pci_bus_reset,
    .loaded = pci_bus_loaded,
    .destroy = pci_bus_destroy,
};

struct pci_bus *pci_bus_create(struct bus *io, struct bus *memory, const struct irq_line pirq[4])
{
    struct pci_bus *bus = calloc(1, sizeof(*bus));
    if (!bus) {
        abort();
    }
    bus->io = io;
    bus->memory = memory;
    memcpy(bus->pirq, pirq, sizeof(bus->pirq));
    bus_map(io, bus, 0xcf8, 4, &address_ops);
    bus_map(io, bus, 0xcfc, 4, &data_ops);
    return bus;
}

struct device pci_bus_device(struct pci_bus *bus)
{
    return (struct device){.ops = &pci_bus_ops, .dev = bus, .instance = "pci"};
}

static void image_init(struct pci_function *function)
{
    const struct pci_function_config *about = &function->about;
    uint8_t *image = function->image;
    uint8_t *mask = function->write_mask;
    store_le16(&image[0], about->vendor_id);
    store_le16(&image[2], about->device_id);
    image[REG_REVISION] = about->revision;
    image[REG_REVISION + 1] = about->prog_if;
    image[REG_REVISION + 2] = about->subclass;
    image[REG_REVISION + 3] = about->class_code;
    image[REG_HEADER_TYPE] = about->header_type;
    store_le16(&image[REG_SUBSYSTEM], about->subsystem_vendor_id);
    store_le16(&image[REG_SUBSYSTEM + 2], about->subsystem_id);
    image[REG_INTERRUPT_PIN] = about->interrupt_pin;
    store_le16(&mask[REG_COMMAND], COMMAND_WRITABLE);
    mask[REG_CACHE_LINE] = 0xff;
    mask[REG_INTERRUPT_LINE] = 0xff;
    for (unsigned i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &about->bars[i];
        if (bar->size) {
            assert((bar->size & (bar->size - 1)) == 0 && bar->size >= (bar->io ? 4 : 16));
            image[REG_BAR0 + 4 * i] =
                bar->io ? BAR_IS_IO : (bar->prefetchable ? BAR_PREFETCHABLE : 0);
            store_le32(&mask[REG_BAR0 + 4 * i], ~(bar->size - 1));
        }
    }
}

struct pci_function *pci_add(struct pci_bus *bus, const struct pci_function_config *config,
                             void *dev)
{
    assert(bus->function_count < FUNCTIONS_MAX && !bus->image_complete);
    assert(config->device < 32 && config->function < 8 && config->interrupt_pin <= 4);
    struct pci_function *function = &bus->functions[bus->function_count++];
    function->bus = bus;
    function->dev = dev;
    function->about = *config;
    image_init(function);
    return function;
}

uint8_t *pci_config(struct pci_function *function)
{
    return function->bus->image_complete ? function->config : function->image;
}

uint8_t *pci_write_mask(struct pci_function *function)
{
    return function->write_mask;
}
