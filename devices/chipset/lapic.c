/*
 * Local APIC: see lapic.h.
 *
 * A vector waits in IRR until its class (high four bits) exceeds the processor priority, moves to
 * ISR when acknowledged and leaves it by EOI; TMR remembers which came level-triggered.  The timer
 * runs at 1 GHz of virtual time before the divider; its count is computed when read, and a clock
 * timer is armed only for expiries that interrupt.
 *
 * LINT0 comes out of reset as an unmasked external interrupt (a virtual wire), so that the 8259
 * pair works before any software knows the APIC.  Reserved registers read 0 and ignore writes.
 *
 * Not modelled: other processors (INIT, STARTUP and messages to others go nowhere), SMI, x2APIC,
 * TSC deadline, performance and thermal interrupts, LINT polarity, arbitration.
 */
#include "devices/chipset/lapic.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Registers, by offset / 16. */
enum {
    REG_ID = 0x02,
    REG_VERSION = 0x03,
    REG_TPR = 0x08,
    REG_APR = 0x09,
    REG_PPR = 0x0a,
    REG_EOI = 0x0b,
    REG_LDR = 0x0d,
    REG_DFR = 0x0e,
    REG_SVR = 0x0f,
    REG_ISR = 0x10,
    REG_TMR = 0x18,
    REG_IRR = 0x20,
    REG_ESR = 0x28,
    REG_ICR_LOW = 0x30,
    REG_ICR_HIGH = 0x31,
    REG_LVT = 0x32, /* timer, thermal, performance, LINT0, LINT1, error */
    REG_TIMER_INITIAL = 0x38,
    REG_TIMER_CURRENT = 0x39,
    REG_TIMER_DIVIDE = 0x3e,
};

enum lvt { LVT_TIMER, LVT_THERMAL, LVT_PERFORMANCE, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVTS };

enum {
    VERSION = 0x00050014, /* six LVT entries, integrated APIC */
    SVR_ENABLE = 0x100,
    SVR_WRITABLE = 0x3ff,
    LVT_MASKED = 0x10000,
    LVT_PERIODIC = 0x20000,
    LVT_LEVEL = 0x8000,
    LVT_REMOTE_IRR = 0x4000,
    LVT_LINT0_RESET = LAPIC_EXTERNAL << 8,
    ICR_WRITABLE = 0xccfff,
    ICR_LOGICAL = 0x800,
    ESR_SEND_ILLEGAL = 0x20,
    ESR_RECEIVE_ILLEGAL = 0x40,
    VECTOR_FIRST = 16, /* lower ones cannot be delivered */
    WORDS = 8,         /* 256 vectors */
    NO_VECTOR = -1,
};

/* Which bits of an LVT entry exist. */
static const uint32_t lvt_writable[LVTS] = {
    [LVT_TIMER] = 0x300ff, [LVT_THERMAL] = 0x107ff, [LVT_PERFORMANCE] = 0x107ff,
    [LVT_LINT0] = 0x1a7ff, [LVT_LINT1] = 0x1a7ff,   [LVT_ERROR] = 0x100ff,
};

/* Expiries of a periodic timer closer than this are merged, as the IRR would merge most of them. */
static const uint64_t period_floor_ns = 1000;

/* clang-format off */
#define LAPIC_STATE(S, VAL, ARR, SUB)                                              \
    VAL(S, u64,  base,     LAPIC_BASE_RESET, "IA32_APIC_BASE")                     \
    VAL(S, u32,  id,       0,          "APIC id in bits 31:24")                    \
    VAL(S, u8,   tpr,      0,          "task priority")                            \
    VAL(S, u32,  ldr,      0,          "logical destination, bits 31:24")          \
    VAL(S, u32,  dfr,      0xffffffff, "destination format, bits 31:28")           \
    VAL(S, u32,  svr,      0xff,       "spurious vector and software enable")      \
    ARR(S, u32,  isr, WORDS, 0,        "in service")                               \
    ARR(S, u32,  tmr, WORDS, 0,        "level-triggered")                          \
    ARR(S, u32,  irr, WORDS, 0,        "requested")                                \
    VAL(S, u32,  esr,      0,          "errors as last latched")                   \
    VAL(S, u32,  errors,   0,          "errors since then")                        \
    ARR(S, u32,  icr, 2, 0,            "interrupt command")                        \
    VAL(S, u32,  lvt_timer,       LVT_MASKED,      "LVT: timer")                   \
    VAL(S, u32,  lvt_thermal,     LVT_MASKED,      "LVT: thermal sensor")          \
    VAL(S, u32,  lvt_performance, LVT_MASKED,      "LVT: performance counters")    \
    VAL(S, u32,  lvt_lint0,       LVT_LINT0_RESET, "LVT: pin LINT0")               \
    VAL(S, u32,  lvt_lint1,       LVT_MASKED,      "LVT: pin LINT1")               \
    VAL(S, u32,  lvt_error,       LVT_MASKED,      "LVT: errors")                  \
    VAL(S, u32,  timer_initial, 0,     "reload value; 0 stops the timer")          \
    VAL(S, u32,  timer_divide,  0,     "divide configuration")                     \
    VAL(S, u32,  timer_start_count, 0, "count at timer_start_ns")                  \
    VAL(S, u64,  timer_start_ns, 0,    "instant the count was last set")           \
    VAL(S, bool, lint0,    false,      "level of pin LINT0")                       \
    VAL(S, bool, lint1,    false,      "level of pin LINT1")                       \
    VAL(S, bool, external, false,      "an external interrupt came by message")
/* clang-format on */

struct lapic {
    /* wires */
    struct lapic_wires wires;
    /* state */
    STATE_MEMBERS(LAPIC_STATE)
    /* derived */
    struct clock_timer timer;
    bool intr_level;
};

STATE_DESC(lapic, LAPIC_STATE);

static uint32_t *lvt_entry(struct lapic *apic, enum lvt which)
{
    uint32_t *const entries[LVTS] = {
        [LVT_TIMER] = &apic->lvt_timer,
        [LVT_THERMAL] = &apic->lvt_thermal,
        [LVT_PERFORMANCE] = &apic->lvt_performance,
        [LVT_LINT0] = &apic->lvt_lint0,
        [LVT_LINT1] = &apic->lvt_lint1,
        [LVT_ERROR] = &apic->lvt_error,
    };
    return entries[which];
}

static unsigned lvt_mode(uint32_t entry)
{
    return entry >> 8 & 7;
}

/* Sets of 256 vectors. */

static bool set_has(const uint32_t *set, unsigned vector)
{
    return set[vector / 32] >> (vector % 32) & 1;
}

static void set_put(uint32_t *set, unsigned vector, bool member)
{
    uint32_t bit = UINT32_C(1) << (vector % 32);
    set[vector / 32] = member ? set[vector / 32] | bit : set[vector / 32] & ~bit;
}

static int set_highest(const uint32_t *set)
{
    for (int word = WORDS - 1; word >= 0; word--) {
        if (set[word]) {
            return 32 * word + 31 - __builtin_clz(set[word]);
        }
    }
    return NO_VECTOR;
}

/* Priorities (SDM 3A 10.8.3). */

static unsigned processor_priority(const struct lapic *apic)
{
    int serving = set_highest(apic->isr);
    unsigned service_class = serving < 0 ? 0 : (unsigned)serving & 0xf0;
    return (apic->tpr & 0xf0u) >= service_class ? apic->tpr : service_class;
}

static bool is_enabled(const struct lapic *apic)
{
    return (apic->base & LAPIC_BASE_ENABLE) && (apic->svr & SVR_ENABLE);
}

/* The requested vector that may interrupt now, or NO_VECTOR. */
static int deliverable(const struct lapic *apic)
{
    int vector = is_enabled(apic) ? set_highest(apic->irr) : NO_VECTOR;
    bool higher = vector >= 0 && ((unsigned)vector & 0xf0) > (processor_priority(apic) & 0xf0);
    return higher ? vector : NO_VECTOR;
}

static bool external_pending(const struct lapic *apic)
{
    if (!(apic->base & LAPIC_BASE_ENABLE)) {
        return apic->lint0;
    }
    bool wired = lvt_mode(apic->lvt_lint0) == LAPIC_EXTERNAL && !(apic->lvt_lint0 & LVT_MASKED);
    return apic->external || (wired && apic->lint0);
}

bool lapic_has_interrupt(const struct lapic *apic)
{
    return deliverable(apic) >= 0 || external_pending(apic);
}

static void update(struct lapic *apic)
{
    bool level = lapic_has_interrupt(apic);
    if (level != apic->intr_level) {
        apic->intr_level = level;
        irq_set(&apic->wires.intr, level);
    }
}

static void request(struct lapic *apic, uint8_t vector, bool level_triggered);

static void error(struct lapic *apic, uint32_t bit)
{
    bool first = !(apic->errors & bit);
    apic->errors |= bit;
    uint8_t vector = (uint8_t)apic->lvt_error;
    if (first && !(apic->lvt_error & LVT_MASKED) && vector >= VECTOR_FIRST) {
        request(apic, vector, false);
    }
}

/* Puts a vector into IRR; the caller updates. */
static void request(struct lapic *apic, uint8_t vector, bool level_triggered)
{
    if (!is_enabled(apic)) {
        return;
    }
    if (vector < VECTOR_FIRST) {
        error(apic, ESR_RECEIVE_ILLEGAL);
        return;
    }
    set_put(apic->irr, vector, true);
    set_put(apic->tmr, vector, level_triggered);
}

int lapic_acknowledge(struct lapic *apic)
{
    int vector = deliverable(apic);
    if (vector >= 0) {
        set_put(apic->irr, (unsigned)vector, false);
        set_put(apic->isr, (unsigned)vector, true);
    } else if (external_pending(apic)) {
        apic->external = false;
        vector = LAPIC_EXTINT;
    } else {
        vector = (int)(apic->svr & 0xff);
    }
    update(apic);
    return vector;
}

/* The local pins. */

static void lint0_level_request(struct lapic *apic)
{
    bool pending = apic->lint0 && !(apic->lvt_lint0 & LVT_REMOTE_IRR);
    if (pending && is_enabled(apic)) {
        apic->lvt_lint0 |= LVT_REMOTE_IRR;
        request(apic, (uint8_t)apic->lvt_lint0, true);
    }
}

static void end_of_interrupt(struct lapic *apic)
{
    int vector = set_highest(apic->isr);
    if (vector < 0) {
        return;
    }
    set_put(apic->isr, (unsigned)vector, false);
    if (set_has(apic->tmr, (unsigned)vector)) {
        if ((apic->lvt_lint0 & LVT_REMOTE_IRR) && (uint8_t)apic->lvt_lint0 == vector) {
            apic->lvt_lint0 &= ~(uint32_t)LVT_REMOTE_IRR;
            if (!(apic->lvt_lint0 & LVT_MASKED)) {
                lint0_level_request(apic);
            }
        }
        if (apic->wires.eoi) {
            apic->wires.eoi(apic->wires.ioapic, (uint8_t)vector);
        }
    }
    update(apic);
}

static void lint0_changed(struct lapic *apic, bool rose)
{
    uint32_t entry = apic->lvt_lint0;
    if (!(apic->base & LAPIC_BASE_ENABLE) || (entry & LVT_MASKED)) {
        return;
    }
    if (lvt_mode(entry) == LAPIC_FIXED && (entry & LVT_LEVEL)) {
        lint0_level_request(apic);
    } else if (lvt_mode(entry) == LAPIC_FIXED && rose) {
        request(apic, (uint8_t)entry, false);
    } else if (lvt_mode(entry) == LAPIC_NMI && rose) {
        irq_pulse(&apic->wires.nmi);
    }
}

void lapic_set_lint0(void *dev, unsigned n, bool level)
{
    (void)n;
    struct lapic *apic = dev;
    bool rose = level && !apic->lint0;
    apic->lint0 = level;
    lint0_changed(apic, rose);
    update(apic);
}

void lapic_set_lint1(void *dev, unsigned n, bool level)
{
    (void)n;
    struct lapic *apic = dev;
    bool rose = level && !apic->lint1;
    apic->lint1 = level;
    bool direct = !(apic->base & LAPIC_BASE_ENABLE);
    uint32_t entry = apic->lvt_lint1;
    bool unmasked = !(entry & LVT_MASKED);
    if (rose && (direct || (unmasked && lvt_mode(entry) == LAPIC_NMI))) {
        irq_pulse(&apic->wires.nmi);
    } else if (rose && unmasked && lvt_mode(entry) == LAPIC_FIXED) {
        request(apic, (uint8_t)entry, false);
        update(apic);
    }
}

/* Messages. */

static bool is_addressed(const struct lapic *apic, uint8_t destination, bool logical)
{
    if (destination == 0xff) {
        return true;
    }
    if (!logical) {
        return destination == apic->id >> 24;
    }
    uint8_t own = (uint8_t)(apic->ldr >> 24);
    if (apic->dfr >> 28 == 0xf) { /* flat model */
        return own & destination;
    }
    return own >> 4 == destination >> 4 && (own & destination & 0x0f);
}

void lapic_deliver(void *dev, uint8_t vector, uint8_t mode, bool level_triggered,
                   uint8_t destination, bool logical)
{
    struct lapic *apic = dev;
    if (!(apic->base & LAPIC_BASE_ENABLE) || !is_addressed(apic, destination, logical)) {
        return;
    }
    if (mode == LAPIC_FIXED || mode == LAPIC_LOWEST) {
        request(apic, vector, level_triggered);
    } else if (mode == LAPIC_NMI) {
        irq_pulse(&apic->wires.nmi);
    } else if (mode == LAPIC_EXTERNAL) {
        apic->external = true;
    }
    update(apic);
}

static void send(struct lapic *apic)
{
    uint32_t command = apic->icr[0];
    uint8_t vector = (uint8_t)command;
    uint8_t mode = command >> 8 & 7;
    unsigned shorthand = command >> 18 & 3;
    bool fixed = mode == LAPIC_FIXED || mode == LAPIC_LOWEST;
    if (fixed && vector < VECTOR_FIRST) {
        error(apic, ESR_SEND_ILLEGAL);
    } else if (shorthand == 0) {
        lapic_deliver(apic, vector, mode, false, (uint8_t)(apic->icr[1] >> 24),
                      command & ICR_LOGICAL);
    } else if (shorthand != 3) { /* self, or all including self */
        lapic_deliver(apic, vector, mode, false, 0xff, false);
    }
    update(apic);
}

/* The timer. */

static unsigned timer_shift(const struct lapic *apic)
{
    unsigned code = (apic->timer_divide & 3) | (apic->timer_divide >> 1 & 4);
    return (code + 1) & 7; /* 111b divides by 1, 000b by 2, ... 110b by 128 */
}

static uint32_t timer_count(const struct lapic *apic, uint64_t now)
{
    if (!apic->timer_initial || !apic->timer_start_count || now < apic->timer_start_ns) {
        return apic->timer_start_count;
    }
    uint64_t elapsed = (now - apic->timer_start_ns) >> timer_shift(apic);
    if (elapsed < apic->timer_start_count) {
        return apic->timer_start_count - (uint32_t)elapsed;
    }
    if (!(apic->lvt_timer & LVT_PERIODIC)) {
        return 0;
    }
    uint64_t into = (elapsed - apic->timer_start_count) % apic->timer_initial;
    return apic->timer_initial - (uint32_t)into;
}

/* The first expiry after now, or CLOCK_NEVER. */
static uint64_t timer_expiry(const struct lapic *apic, uint64_t now)
{
    if (!apic->timer_initial || !apic->timer_start_count) {
        return CLOCK_NEVER;
    }
    unsigned shift = timer_shift(apic);
    uint64_t first = apic->timer_start_ns + ((uint64_t)apic->timer_start_count << shift);
    if (first > now) {
        return first;
    }
    if (!(apic->lvt_timer & LVT_PERIODIC)) {
        return CLOCK_NEVER;
    }
    uint64_t period = (uint64_t)apic->timer_initial << shift;
    uint64_t floor = period < period_floor_ns ? now + period_floor_ns - period : now;
    return first + ((floor - first) / period + 1) * period;
}

static void timer_arm(struct lapic *apic)
{
    bool interrupts = !(apic->lvt_timer & LVT_MASKED);
    uint64_t now = clock_now(apic->wires.clock);
    clock_arm(&apic->timer, interrupts ? timer_expiry(apic, now) : CLOCK_NEVER);
}

static void timer_expired(void *owner)
{
    struct lapic *apic = owner;
    if (!(apic->lvt_timer & LVT_MASKED)) {
        request(apic, (uint8_t)apic->lvt_timer, false);
    }
    timer_arm(apic);
    update(apic);
}

/* An expiry that is due but was not run yet happens before the registers change. */
static void timer_catch_up(struct lapic *apic)
{
    if (apic->timer.deadline <= clock_now(apic->wires.clock)) {
        timer_expired(apic);
    }
}

static void timer_start(struct lapic *apic, uint32_t count)
{
    apic->timer_start_count = count;
    apic->timer_start_ns = clock_now(apic->wires.clock);
}

static void timer_write(struct lapic *apic, unsigned reg, uint32_t value)
{
    timer_catch_up(apic);
    if (reg == REG_TIMER_INITIAL) {
        apic->timer_initial = value;
        timer_start(apic, value);
    } else { /* the count goes on from where it stands */
        timer_start(apic, timer_count(apic, clock_now(apic->wires.clock)));
        apic->timer_divide = value & 0xb;
    }
    timer_arm(apic);
}

/* Register page. */

static void lvt_write(struct lapic *apic, enum lvt which, uint32_t value)
{
    uint32_t *entry = lvt_entry(apic, which);
    timer_catch_up(apic);
    if (which == LVT_TIMER) { /* a change of mode keeps the count */
        timer_start(apic, timer_count(apic, clock_now(apic->wires.clock)));
    }
    uint32_t kept = *entry & LVT_REMOTE_IRR;
    *entry = (value & lvt_writable[which]) | kept;
    if (!is_enabled(apic)) {
        *entry |= LVT_MASKED;
    }
    if (which == LVT_LINT0) {
        if (!(*entry & LVT_LEVEL)) {
            *entry &= ~(uint32_t)LVT_REMOTE_IRR;
        }
        lint0_changed(apic, false);
    }
    timer_arm(apic);
}

static void svr_write(struct lapic *apic, uint32_t value)
{
    bool was_enabled = apic->svr & SVR_ENABLE;
    apic->svr = value & SVR_WRITABLE;
    if (was_enabled && !(apic->svr & SVR_ENABLE)) {
        for (unsigned i = 0; i < LVTS; i++) {
            *lvt_entry(apic, i) |= LVT_MASKED; /* SDM 3A 10.4.7.2 */
        }
        timer_catch_up(apic);
        timer_arm(apic);
    }
}

static uint32_t read_low(const struct lapic *apic, unsigned reg)
{
    switch (reg) {
    case REG_ID:
        return apic->id;
    case REG_VERSION:
        return VERSION;
    case REG_TPR:
        return apic->tpr;
    case REG_APR:
    case REG_PPR:
        return processor_priority(apic);
    case REG_LDR:
        return apic->ldr;
    case REG_DFR:
        return apic->dfr;
    case REG_SVR:
        return apic->svr;
    default:
        return 0;
    }
}

static uint32_t mmio_read(void *dev, uint32_t offset, unsigned size)
{
    (void)size;
    struct lapic *apic = dev;
    unsigned reg = offset >> 4;
    if ((offset & 15) != 0) {
        return 0;
    }
    if (reg < REG_ISR) {
        return read_low(apic, reg);
    }
    if (reg < REG_ESR) {
        const uint32_t *const sets[] = {apic->isr, apic->tmr, apic->irr};
        return sets[(reg - REG_ISR) / WORDS][reg % WORDS];
    }
    if (reg >= REG_LVT && reg < REG_LVT + LVTS) {
        return *lvt_entry(apic, reg - REG_LVT);
    }
    switch (reg) {
    case REG_ESR:
        return apic->esr;
    case REG_ICR_LOW:
    case REG_ICR_HIGH:
        return apic->icr[reg - REG_ICR_LOW];
    case REG_TIMER_INITIAL:
        return apic->timer_initial;
    case REG_TIMER_CURRENT:
        return timer_count(apic, clock_now(apic->wires.clock));
    case REG_TIMER_DIVIDE:
        return apic->timer_divide;
    default:
        return 0;
    }
}

static void write_command(struct lapic *apic, unsigned reg, uint32_t value)
{
    switch (reg) {
    case REG_ESR:
        apic->esr = apic->errors;
        apic->errors = 0;
        break;
    case REG_ICR_LOW:
        apic->icr[0] = value & ICR_WRITABLE;
        send(apic);
        break;
    case REG_ICR_HIGH:
        apic->icr[1] = value & 0xff000000;
        break;
    case REG_TIMER_INITIAL:
    case REG_TIMER_DIVIDE:
        timer_write(apic, reg, value);
        break;
    default:
        if (reg >= REG_LVT && reg < REG_LVT + LVTS) {
            lvt_write(apic, reg - REG_LVT, value);
        }
        break;
    }
}

static void mmio_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    (void)size;
    struct lapic *apic = dev;
    if ((offset & 15) != 0) {
        return;
    }
    switch (offset >> 4) {
    case REG_ID:
        apic->id = value & 0xff000000;
        break;
    case REG_TPR:
        apic->tpr = (uint8_t)value;
        break;
    case REG_EOI:
        end_of_interrupt(apic);
        break;
    case REG_LDR:
        apic->ldr = value & 0xff000000;
        break;
    case REG_DFR:
        apic->dfr = value | 0x0fffffff;
        break;
    case REG_SVR:
        svr_write(apic, value);
        break;
    default:
        write_command(apic, offset >> 4, value);
        break;
    }
    update(apic);
}

const struct io_ops lapic_mmio_ops = {
    .read = mmio_read,
    .write = mmio_write,
    .guest_min = 1,
    .guest_max = 4,
    .native_min = 4,
    .native_max = 4,
};

/* The device. */

unsigned lapic_cr8(const struct lapic *apic)
{
    return apic->tpr >> 4;
}

void lapic_set_cr8(struct lapic *apic, unsigned priority)
{
    apic->tpr = (uint8_t)(priority << 4);
    update(apic);
}

uint64_t lapic_base(const struct lapic *apic)
{
    return apic->base;
}

void lapic_set_base(struct lapic *apic, uint64_t base)
{
    bool was_on = apic->base & LAPIC_BASE_ENABLE;
    if (was_on && !(base & LAPIC_BASE_ENABLE)) {
        bool lint0 = apic->lint0;
        bool lint1 = apic->lint1;
        state_reset(&lapic_state, apic);
        apic->lint0 = lint0;
        apic->lint1 = lint1;
        clock_disarm(&apic->timer);
    }
    apic->base = base;
    update(apic);
}

static void lapic_loaded(void *dev)
{
    struct lapic *apic = dev;
    timer_arm(apic);
    apic->intr_level = lapic_has_interrupt(apic);
    irq_set(&apic->wires.intr, apic->intr_level);
}

static void lapic_reset(void *dev, enum reset_kind kind)
{
    (void)kind;
    lapic_loaded(dev);
}

static void lapic_destroy(void *dev)
{
    free(dev);
}

static const struct device_ops lapic_ops = {
    .name = "lapic",
    .state = &lapic_state,
    .reset = lapic_reset,
    .loaded = lapic_loaded,
    .destroy = lapic_destroy,
};

struct lapic *lapic_create(const struct lapic_wires *wires)
{
    struct lapic *apic = calloc(1, sizeof(*apic));
    if (!apic) {
        abort();
    }
    apic->wires = *wires;
    state_reset(&lapic_state, apic);
    clock_timer_init(wires->clock, &apic->timer, timer_expired, apic);
    return apic;
}

struct device lapic_device(struct lapic *apic)
{
    return (struct device){.ops = &lapic_ops, .dev = apic, .instance = "lapic"};
}
