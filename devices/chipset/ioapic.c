/*
 * I/O APIC 82093AA: see ioapic.h.
 *
 * An edge-triggered pin sends once for each rise while unmasked; a rise while masked is lost.  A
 * level-triggered pin sends when it is asserted, unmasked and not yet accepted (remote IRR clear);
 * the end of the interrupt clears remote IRR and, if the pin is still asserted, it sends again.
 *
 * Lines carry "asserted" rather than a voltage, because firmware tables disagree about the polarity
 * of PCI interrupts; the polarity bit is kept and has no effect.  Not modelled: arbitration, the
 * delivery status bit (messages arrive at once, so it reads 0).
 */
#include "devices/chipset/ioapic.h"

#include <assert.h>
#include <stdlib.h>

enum { OFFSET_SELECT = 0x00, OFFSET_WINDOW = 0x10 };
enum { INDEX_ID = 0, INDEX_VERSION = 1, INDEX_ARBITRATION = 2, INDEX_TABLE = 0x10 };

#define VERSION        UINT32_C(0x00170011) /* 24 entries */
#define ID_WRITABLE    UINT32_C(0x0f000000)
#define ENTRY_LOGICAL  UINT64_C(0x0800)
#define ENTRY_REMOTE   UINT64_C(0x4000)
#define ENTRY_LEVEL    UINT64_C(0x8000)
#define ENTRY_MASKED   UINT64_C(0x10000)
#define ENTRY_WRITABLE UINT64_C(0xff0000000001afff)

/* clang-format off */
#define IOAPIC_STATE(S, VAL, ARR, SUB)                                             \
    VAL(S, u8,  select, 0,                        "IOREGSEL")                      \
    VAL(S, u32, id,     0,                        "APIC id, bits 27:24")           \
    VAL(S, u32, lines,  0,                        "asserted pins, by bit")         \
    ARR(S, u64, entry,  IOAPIC_PINS, ENTRY_MASKED, "redirection table")
/* clang-format on */

struct ioapic {
    /* wires */
    struct ioapic_wires wires;
    /* state */
    STATE_MEMBERS(IOAPIC_STATE)
};

STATE_DESC(ioapic, IOAPIC_STATE);

static void send(const struct ioapic *apic, uint64_t entry)
{
    if (apic->wires.deliver) {
        apic->wires.deliver(apic->wires.lapic, (uint8_t)entry, entry >> 8 & 7,
                            (entry & ENTRY_LEVEL) != 0, (uint8_t)(entry >> 56),
                            (entry & ENTRY_LOGICAL) != 0);
    }
}

/* Sends for a level-triggered pin if it has reason to. */
static void service_level(struct ioapic *apic, unsigned pin)
{
    uint64_t *entry = &apic->entry[pin];
    bool asserted = apic->lines >> pin & 1;
    if (asserted && (*entry & ENTRY_LEVEL) && !(*entry & (ENTRY_MASKED | ENTRY_REMOTE))) {
        *entry |= ENTRY_REMOTE;
        send(apic, *entry);
    }
}

void ioapic_set_irq(void *dev, unsigned pin, bool level)
{
    struct ioapic *apic = dev;
    assert(pin < IOAPIC_PINS);
    uint32_t bit = UINT32_C(1) << pin;
    bool rose = level && !(apic->lines & bit);
    apic->lines = level ? apic->lines | bit : apic->lines & ~bit;
    uint64_t entry = apic->entry[pin];
    if (entry & ENTRY_LEVEL) {
        service_level(apic, pin);
    } else if (rose && !(entry & ENTRY_MASKED)) {
        send(apic, entry);
    }
}

void ioapic_eoi(void *dev, uint8_t vector)
{
    struct ioapic *apic = dev;
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        uint64_t *entry = &apic->entry[pin];
        if ((*entry & ENTRY_LEVEL) && (*entry & ENTRY_REMOTE) && (uint8_t)*entry == vector) {
            *entry &= ~ENTRY_REMOTE;
            service_level(apic, pin);
        }
    }
}

static void entry_write(struct ioapic *apic, unsigned pin, bool high, uint32_t value)
{
    uint64_t *entry = &apic->entry[pin];
    unsigned shift = high ? 32 : 0;
    uint64_t half = (uint64_t)UINT32_MAX << shift;
    uint64_t written = (uint64_t)value << shift;
    uint64_t mask = half & ENTRY_WRITABLE;
    *entry = (*entry & ~mask) | (written & mask);
    if (!(*entry & ENTRY_LEVEL)) {
        *entry &= ~ENTRY_REMOTE; /* software clears a stuck remote IRR by way of edge mode */
    }
    service_level(apic, pin);
}

static uint32_t window_read(const struct ioapic *apic)
{
    if (apic->select >= INDEX_TABLE && apic->select < INDEX_TABLE + 2 * IOAPIC_PINS) {
        uint64_t entry = apic->entry[(apic->select - INDEX_TABLE) / 2];
        return (uint32_t)(apic->select & 1 ? entry >> 32 : entry);
    }
    switch (apic->select) {
    case INDEX_ID:
    case INDEX_ARBITRATION:
        return apic->id;
    case INDEX_VERSION:
        return VERSION;
    default:
        return 0;
    }
}

static uint32_t mmio_read(void *dev, uint32_t offset, unsigned size)
{
    (void)size;
    const struct ioapic *apic = dev;
    switch (offset) {
    case OFFSET_SELECT:
        return apic->select;
    case OFFSET_WINDOW:
        return window_read(apic);
    default:
        return 0;
    }
}

static void mmio_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct ioapic *apic = dev;
    if (offset == OFFSET_SELECT) {
        apic->select = (uint8_t)value;
    } else if (offset == OFFSET_WINDOW && size == 4) {
        if (apic->select == INDEX_ID) {
            apic->id = value & ID_WRITABLE;
        } else if (apic->select >= INDEX_TABLE && apic->select < INDEX_TABLE + 2 * IOAPIC_PINS) {
            entry_write(apic, (apic->select - INDEX_TABLE) / 2u, apic->select & 1, value);
        }
    }
}

const struct io_ops ioapic_mmio_ops = {
    .read = mmio_read,
    .write = mmio_write,
    .guest_min = 1,
    .guest_max = 4,
    .native_min = 1,
    .native_max = 4,
};

static void ioapic_destroy(void *dev)
{
    free(dev);
}

static const struct device_ops ioapic_ops = {
    .name = "ioapic",
    .state = &ioapic_state,
    .destroy = ioapic_destroy,
};

struct ioapic *ioapic_create(const struct ioapic_wires *wires)
{
    struct ioapic *apic = calloc(1, sizeof(*apic));
    if (!apic) {
        abort();
    }
    apic->wires = *wires;
    state_reset(&ioapic_state, apic);
    return apic;
}

struct device ioapic_device(struct ioapic *apic)
{
    return (struct device){.ops = &ioapic_ops, .dev = apic, .instance = "ioapic"};
}
