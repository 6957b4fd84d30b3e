/*
 * Interval timer, Intel 8254 data sheet (231164).
 *
 * A counter is described by the instant its element was loaded (in PIT clocks since power-on) and
 * the count it was loaded with; value and OUT follow from the clocks elapsed.  A timer is armed for
 * the next rising edge of OUT0 only: the falls of the periodic modes are driven with the rise,
 * since interrupt controllers look at edges.
 *
 * Writes never fail.  A count of 1 in modes 2 and 3, which the sheet forbids, leaves OUT high.
 *
 * Not modelled: reading the counting element between a count write and the next clock (the new
 * count shows at once).
 */
#include "devices/chipset/pit8254.h"

#include <stdlib.h>

#define CONTROL      3 /* port offset */
#define STATUS_OUT   0x80
#define STATUS_NULL  0x40
#define ACCESS_LATCH 0
#define ACCESS_LOW   1
#define ACCESS_HIGH  2
#define ACCESS_WORD  3
#define READ_BACK    3
#define SKIP_COUNT   0x20
#define SKIP_STATUS  0x10

/* clang-format off */
#define PIT_COUNTER_STATE(S, VAL, ARR, SUB)                                                    \
    VAL(S, u64,  start,     0, "clock at which the element was loaded, if counting")           \
    VAL(S, u64,  elapsed,   0, "clocks counted before the gate stopped it, if paused")         \
    VAL(S, u64,  switch_at, 0, "clock at which reload takes effect, if pending")               \
    VAL(S, u32,  reload,    0x10000, "count register; a written 0 means the maximum")          \
    VAL(S, u32,  count,     0x10000, "count the element was loaded with")                      \
    VAL(S, u16,  latch,     0, "count held for the next reads")                                \
    VAL(S, u8,   latched,   0, "bytes of the latch still to be read")                          \
    VAL(S, u8,   status,    0, "status held for the next read")                                \
    VAL(S, u8,   low,       0, "low byte of a count being written")                            \
    VAL(S, u8,   mode,      0, "operating mode 0..5")                                          \
    VAL(S, u8,   access,    3, "1 low byte, 2 high byte, 3 low then high")                     \
    VAL(S, bool, bcd,       false, "counts in BCD")                                            \
    VAL(S, bool, gate,      false, "gate pin")                                                 \
    VAL(S, bool, has_status, false, "a status is latched")                                     \
    VAL(S, bool, read_high, false, "the next read gives the high byte")                        \
    VAL(S, bool, write_high, false, "the next write is the high byte")                         \
    VAL(S, bool, null,      true,  "the written count is not in the element yet")              \
    VAL(S, bool, counting,  false, "the element runs (or waits for its first clock)")          \
    VAL(S, bool, paused,    false, "counting was begun and is stopped by the gate")            \
    VAL(S, bool, pending,   false, "reload takes effect at switch_at")
#define PIT8254_STATE(S, VAL, ARR, SUB) \
    SUB(S, pit_counter, counter, 3, "the counters")
/* clang-format on */

struct pit_counter {
    STATE_MEMBERS(PIT_COUNTER_STATE)
};

struct pit8254 {
    /* wires */
    struct pit8254_wires wires;
    /* state */
    STATE_MEMBERS(PIT8254_STATE)
    /* derived */
    struct clock_timer timer;
};

STATE_DESC(pit_counter, PIT_COUNTER_STATE);
STATE_DESC(pit8254, PIT8254_STATE);

uint64_t pit8254_ticks(const struct pit8254 *pit)
{
    return clock_scale(clock_now(pit->wires.clock), PIT8254_HZ, CLOCK_NS_PER_S);
}

/* First nanosecond at which the tick counter reads at least ticks. */
static uint64_t tick_instant(uint64_t ticks)
{
    uint64_t ns = clock_scale(ticks, CLOCK_NS_PER_S, PIT8254_HZ);
    return clock_scale(ns, PIT8254_HZ, CLOCK_NS_PER_S) < ticks ? ns + 1 : ns;
}

static bool periodic(const struct pit_counter *c)
{
    return c->mode == 2 || c->mode == 3;
}

static bool triggered_by_gate(const struct pit_counter *c)
{
    return c->mode == 1 || c->mode == 5;
}

/* Clocks of the high half of mode 3. */
static uint32_t high_half(uint32_t count)
{
    return (count + 1) / 2;
}

static uint64_t elapsed_at(const struct pit_counter *c, uint64_t now)
{
    if (c->paused) {
        return c->elapsed;
    }
    int64_t elapsed = (int64_t)(now - c->start);
    return elapsed < 0 ? 0 : (uint64_t)elapsed;
}

/* Lets a pending reload take effect once its instant has come. */
static void settle(struct pit_counter *c, uint64_t now)
{
    if (!c->pending || (int64_t)(now - c->switch_at) < 0) {
        return;
    }
    uint64_t phase = (c->switch_at - c->start) % c->count;
    bool was_high = c->mode == 3 && phase != 0;
    c->start = c->switch_at;
    if (was_high) { /* mode 3 switched between its halves: go on with the low one */
        c->start -= high_half(c->reload);
    }
    c->count = c->reload;
    c->pending = false;
    c->null = false;
}

static bool out_level(const struct pit_counter *c, uint64_t now)
{
    if (!c->counting) {
        return c->mode != 0;
    }
    uint64_t elapsed = elapsed_at(c, now);
    switch (c->mode) {
    case 0:
    case 1:
        return elapsed >= c->count;
    case 2:
        return c->paused || c->count == 1 || elapsed % c->count != c->count - 1;
    case 3:
        return c->paused || c->count == 1 || elapsed % c->count < high_half(c->count);
    default:
        return elapsed != c->count;
    }
}

/* The counting element as a binary number, 0..FFFFh (0..9999 when counting in BCD). */
static uint32_t element(const struct pit_counter *c, uint64_t now)
{
    uint32_t modulus = c->bcd ? 10000 : 0x10000;
    if (!c->counting) {
        return c->count % modulus;
    }
    uint64_t elapsed = elapsed_at(c, now);
    uint32_t phase = (uint32_t)(elapsed % c->count);
    switch (c->mode) {
    case 2:
        return (c->count - phase) % modulus;
    case 3:
        if (phase >= high_half(c->count)) {
            phase -= high_half(c->count);
        }
        return ((c->count & ~1u) - 2 * phase) % modulus;
    default:
        return (uint32_t)((c->count + modulus - elapsed % modulus) % modulus);
    }
}

static uint16_t to_bcd(uint32_t value)
{
    return (uint16_t)(value / 1000 % 10 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 |
                      value % 10);
}

/* Digits above 9 count as their value, as the decrementers do on the first borrow. */
static uint32_t from_bcd(uint32_t value)
{
    return (value >> 12 & 15) * 1000 + (value >> 8 & 15) * 100 + (value >> 4 & 15) * 10 +
           (value & 15);
}

static uint16_t read_count(struct pit_counter *c, uint64_t now)
{
    settle(c, now);
    uint32_t value = element(c, now);
    return c->bcd ? to_bcd(value) : (uint16_t)value;
}

/* Clock of the next rising edge of OUT after now, or CLOCK_NEVER. */
static uint64_t next_rise(const struct pit_counter *c, uint64_t now)
{
    if (!c->counting || c->paused) {
        return CLOCK_NEVER;
    }
    uint64_t elapsed = elapsed_at(c, now);
    uint64_t rise = c->start + c->count;
    if (c->mode == 4 || c->mode == 5) {
        rise++;
    }
    if (!periodic(c)) {
        return (int64_t)(rise - now) > 0 ? rise : CLOCK_NEVER;
    }
    if (c->count == 1 && !c->pending) {
        return CLOCK_NEVER;
    }
    rise = c->start + (elapsed / c->count + 1) * c->count;
    if (c->pending && (int64_t)(c->switch_at - rise) < 0) {
        return c->switch_at; /* a half cycle ends first; look again then */
    }
    return rise;
}

static void arm(struct pit8254 *pit)
{
    uint64_t now = pit8254_ticks(pit);
    uint64_t rise = next_rise(&pit->counter[0], now);
    uint64_t deadline = rise == CLOCK_NEVER ? CLOCK_NEVER : tick_instant(rise);
    if (deadline <= clock_now(pit->wires.clock)) { /* beyond the end of time: a bad snapshot */
        deadline = CLOCK_NEVER;
    }
    clock_arm(&pit->timer, deadline);
}

static void timer_expired(void *owner)
{
    struct pit8254 *pit = owner;
    struct pit_counter *c = &pit->counter[0];
    uint64_t now = pit8254_ticks(pit);
    settle(c, now);
    bool level = out_level(c, now);
    if (level) {
        irq_set(&pit->wires.out0, false);
    }
    irq_set(&pit->wires.out0, level);
    arm(pit);
}

static void drive(struct pit8254 *pit, unsigned n)
{
    if (n == 0) {
        irq_set(&pit->wires.out0, out_level(&pit->counter[0], pit8254_ticks(pit)));
        arm(pit);
    }
}

/* Puts the count register into the element at the next clock. */
static void load(struct pit_counter *c, uint64_t now)
{
    c->count = c->reload;
    c->start = now + 1;
    c->elapsed = 0;
    c->counting = true;
    c->paused = false;
    c->pending = false;
    c->null = false;
}

static void pause_if_gated(struct pit_counter *c)
{
    if (!c->gate && !triggered_by_gate(c)) {
        c->elapsed = 0;
        c->paused = true;
    }
}

/* A whole count was written. */
static void count_written(struct pit_counter *c, uint32_t value, uint64_t now)
{
    uint32_t maximum = c->bcd ? 10000 : 0x10000;
    uint32_t count = c->bcd ? from_bcd(value) : value;
    c->reload = count == 0 ? maximum : count;
    if (triggered_by_gate(c)) {
        c->null = true;
        return;
    }
    if (!periodic(c) || !c->counting || c->paused) {
        load(c, now);
        pause_if_gated(c);
        return;
    }
    c->null = true;
    if (!c->pending) {
        uint64_t elapsed = elapsed_at(c, now);
        uint64_t phase = elapsed % c->count;
        uint64_t end = elapsed - phase + c->count;
        if (c->mode == 3 && phase < high_half(c->count)) {
            end = elapsed - phase + high_half(c->count);
        }
        c->switch_at = c->start + end;
        c->pending = true;
    }
}

static void write_counter(struct pit_counter *c, uint8_t value, uint64_t now)
{
    settle(c, now);
    switch (c->access) {
    case ACCESS_LOW:
        count_written(c, value, now);
        return;
    case ACCESS_HIGH:
        count_written(c, (uint32_t)value << 8, now);
        return;
    default:
        break;
    }
    if (!c->write_high) {
        c->low = value;
        c->write_high = true;
        if (c->mode == 0) { /* the first byte stops the count, and OUT is low */
            c->counting = false;
            c->paused = false;
        }
        return;
    }
    c->write_high = false;
    count_written(c, (uint32_t)value << 8 | c->low, now);
}

static void latch_count(struct pit_counter *c, uint64_t now)
{
    if (c->latched == 0) {
        c->latch = read_count(c, now);
        c->latched = c->access == ACCESS_WORD ? 2 : 1;
    }
}

static void latch_status(struct pit_counter *c, uint64_t now)
{
    settle(c, now);
    if (!c->has_status) {
        c->status = (uint8_t)((out_level(c, now) ? STATUS_OUT : 0) | (c->null ? STATUS_NULL : 0) |
                              c->access << 4 | c->mode << 1 | c->bcd);
        c->has_status = true;
    }
}

static void read_back(struct pit8254 *pit, uint8_t value, uint64_t now)
{
    for (unsigned n = 0; n < 3; n++) {
        if (!(value & 2u << n)) {
            continue;
        }
        if (!(value & SKIP_COUNT)) {
            latch_count(&pit->counter[n], now);
        }
        if (!(value & SKIP_STATUS)) {
            latch_status(&pit->counter[n], now);
        }
    }
}

static void write_control(struct pit8254 *pit, uint8_t value, uint64_t now)
{
    unsigned n = value >> 6;
    if (n == READ_BACK) {
        read_back(pit, value, now);
        return;
    }
    struct pit_counter *c = &pit->counter[n];
    uint8_t access = value >> 4 & 3;
    if (access == ACCESS_LATCH) {
        latch_count(c, now);
        return;
    }
    uint32_t held = read_count(c, now);
    uint8_t mode = value >> 1 & 7;
    c->mode = mode > 5 ? mode & 3 : mode; /* modes 6 and 7 are 2 and 3 */
    c->access = access;
    c->bcd = value & 1;
    c->latched = 0;
    c->has_status = false;
    c->read_high = false;
    c->write_high = false;
    c->null = true;
    c->counting = false;
    c->paused = false;
    c->pending = false;
    c->count = held == 0 ? 0x10000 : held;
    drive(pit, n);
}

static void pit_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct pit8254 *pit = dev;
    (void)size;
    if (pit->timer.deadline <= clock_now(pit->wires.clock)) {
        timer_expired(pit); /* an edge that is due comes before what the write does */
    }
    uint64_t now = pit8254_ticks(pit);
    unsigned n = offset & 3;
    if (n == CONTROL) {
        write_control(pit, (uint8_t)value, now);
    } else {
        write_counter(&pit->counter[n], (uint8_t)value, now);
        drive(pit, n);
    }
}

static uint8_t pick_byte(struct pit_counter *c, uint16_t value)
{
    if (c->access == ACCESS_WORD) {
        c->read_high = !c->read_high;
        return (uint8_t)(c->read_high ? value : value >> 8);
    }
    return (uint8_t)(c->access == ACCESS_HIGH ? value >> 8 : value);
}

static uint32_t pit_read(void *dev, uint32_t offset, unsigned size)
{
    struct pit8254 *pit = dev;
    (void)size;
    unsigned n = offset & 3;
    if (n == CONTROL) {
        return 0xff;
    }
    struct pit_counter *c = &pit->counter[n];
    if (c->has_status) {
        c->has_status = false;
        return c->status;
    }
    if (c->latched) {
        c->latched--;
        return pick_byte(c, c->latch);
    }
    return pick_byte(c, read_count(c, pit8254_ticks(pit)));
}

const struct io_ops pit8254_io = {pit_read, pit_write, 1, 4, 1, 1};

void pit8254_set_gate2(struct pit8254 *pit, bool level)
{
    struct pit_counter *c = &pit->counter[2];
    uint64_t now = pit8254_ticks(pit);
    settle(c, now);
    bool rising = level && !c->gate;
    bool falling = !level && c->gate;
    c->gate = level;
    if (triggered_by_gate(c)) {
        if (rising) {
            load(c, now);
        }
    } else if (falling && c->counting && !c->paused) {
        c->elapsed = elapsed_at(c, now);
        c->paused = true;
    } else if (rising && c->paused) {
        uint64_t elapsed = c->elapsed;
        if (periodic(c)) {
            load(c, now);
        } else {
            c->start = now - elapsed;
            c->paused = false;
        }
    }
}

bool pit8254_output(const struct pit8254 *pit, unsigned n)
{
    struct pit_counter c = pit->counter[n % 3];
    uint64_t now = pit8254_ticks(pit);
    settle(&c, now);
    return out_level(&c, now);
}

uint32_t pit8254_period(const struct pit8254 *pit, unsigned n)
{
    const struct pit_counter *c = &pit->counter[n % 3];
    return periodic(c) && c->counting && !c->paused && c->count > 1 ? c->count : 0;
}

static void pit_reset(void *dev, enum reset_kind kind)
{
    struct pit8254 *pit = dev;
    (void)kind;
    pit->counter[0].gate = true;
    pit->counter[1].gate = true;
    drive(pit, 0);
}

static void pit_loaded(void *dev)
{
    struct pit8254 *pit = dev;
    for (unsigned n = 0; n < 3; n++) {
        struct pit_counter *c = &pit->counter[n];
        c->mode = c->mode > 5 ? 0 : c->mode;
        c->access = c->access & 3 ? c->access & 3 : ACCESS_WORD;
        c->count = c->count - 1 < 0x10000 ? c->count : 0x10000;
        c->reload = c->reload - 1 < 0x10000 ? c->reload : 0x10000;
        c->latched = c->latched > 2 ? 0 : c->latched;
    }
    arm(pit); /* the line keeps the level that its listener saved */
}

static const struct device_ops pit8254_ops = {
    .name = "pit8254",
    .state = &pit8254_state,
    .reset = pit_reset,
    .loaded = pit_loaded,
    .destroy = free,
};

struct pit8254 *pit8254_create(const struct pit8254_wires *wires)
{
    struct pit8254 *pit = calloc(1, sizeof(*pit));
    if (!pit) {
        abort();
    }
    pit->wires = *wires;
    clock_timer_init(wires->clock, &pit->timer, timer_expired, pit);
    state_reset(&pit8254_state, pit);
    pit->counter[0].gate = true;
    pit->counter[1].gate = true;
    return pit;
}

struct device pit8254_device(struct pit8254 *pit, const char *instance)
{
    return (struct device){.ops = &pit8254_ops, .dev = pit, .instance = instance};
}
