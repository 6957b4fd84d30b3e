/*
 * Real-time clock, Motorola MC146818A data sheet; NMI mask and century byte as in the PC/AT.
 *
 * While the clock runs, its registers are computed from virtual time when read.  While it is
 * stopped (SET in register B, or the divider held in reset by register A) they are bytes of the
 * memory, and starting it takes the time from them.  A second begins at `phase` plus whole seconds;
 * all updates and periodic edges are counted from there, so nothing drifts.
 *
 * Not modelled: daylight saving (the bit is kept), the square wave pin, time bases other than
 * 32768 Hz.
 */
#include "devices/chipset/rtc146818.h"

#include "devices/chipset/calendar.h"

#include <stdlib.h>
#include <string.h>

enum {
    SECONDS,
    SECONDS_ALARM,
    MINUTES,
    MINUTES_ALARM,
    HOURS,
    HOURS_ALARM,
    WEEKDAY,
    DAY,
    MONTH,
    YEAR,
    REG_A,
    REG_B,
    REG_C,
    REG_D,
    CENTURY = 0x32,
    CMOS_SIZE = 128
};

#define A_UIP         0x80
#define A_DIVIDER     0x70
#define A_HELD        0x60 /* the two divider settings from here on hold it in reset */
#define A_RATE        0x0f
#define B_SET         0x80
#define B_PIE         0x40
#define B_AIE         0x20
#define B_UIE         0x10
#define B_SQWE        0x08
#define B_BINARY      0x04
#define B_24H         0x02
#define C_IRQF        0x80
#define C_FLAGS       0x70
#define C_PF          0x40
#define C_AF          0x20
#define C_UF          0x10
#define D_VALID       0x80
#define ALARM_ANY     0xc0
#define UPDATE_NS     (2228 * CLOCK_NS_PER_US) /* UIP: 244 us ahead, 1984 us updating */
#define BASE_HZ       UINT64_C(32768)
#define SECONDS_A_DAY 86400

/* clang-format off */
#define RTC_BATTERY_STATE(S, VAL, ARR, SUB)                                                   \
    ARR(S, u8,  cmos, CMOS_SIZE, 0, "memory; registers 0..9, A, B and 32h as last written")   \
    VAL(S, u64, phase, 0, "an instant (ns, wraps) at which a second began or begins")         \
    VAL(S, u64, time,  0, "time shown at phase, seconds since 1970 (two's complement)")       \
    VAL(S, u8,  weekday_skew, 0, "added to the weekday that follows from the date")
#define RTC146818_STATE(S, VAL, ARR, SUB)                                                     \
    SUB(S, rtc_battery, bat, 1, "what the battery keeps")                                     \
    VAL(S, u64, seen_update, 0, "updates since phase whose flags have been raised")           \
    VAL(S, u64, seen_edge,   0, "periodic edges since phase whose flag has been raised")      \
    VAL(S, u8,  index,       0, "port 70h")                                                   \
    VAL(S, u8,  flags,       0, "register C without IRQF")
/* clang-format on */

struct rtc_battery {
    STATE_MEMBERS(RTC_BATTERY_STATE)
};

struct rtc146818 {
    /* wires */
    struct rtc146818_wires wires;
    uint8_t supplied[CMOS_SIZE]; /* by the board; cmos at RESET_POWER */
    /* state */
    STATE_MEMBERS(RTC146818_STATE)
    /* derived */
    struct rtc_battery kept; /* copy of bat, for RESET_HARD */
    struct clock_timer timer;
};

STATE_DESC(rtc_battery, RTC_BATTERY_STATE);
STATE_DESC(rtc146818, RTC146818_STATE);

static bool divider_held(const struct rtc_battery *bat)
{
    return (bat->cmos[REG_A] & A_DIVIDER) >= A_HELD;
}

static bool running(const struct rtc_battery *bat)
{
    return !(bat->cmos[REG_B] & B_SET) && !divider_held(bat);
}

/* Nanoseconds since phase; 0 when phase is still to come or the divider stands. */
static uint64_t since_phase(const struct rtc146818 *rtc)
{
    int64_t ns = (int64_t)(clock_now(rtc->wires.clock) - rtc->bat->phase);
    return ns < 0 || divider_held(rtc->bat) ? 0 : (uint64_t)ns;
}

int64_t rtc146818_time(const struct rtc146818 *rtc)
{
    uint64_t time = rtc->bat->time;
    if (running(rtc->bat)) {
        time += since_phase(rtc) / CLOCK_NS_PER_S;
    }
    return (int64_t)time;
}

static uint8_t encode(const struct rtc_battery *bat, unsigned value)
{
    return (uint8_t)(bat->cmos[REG_B] & B_BINARY ? value : value / 10 % 10 << 4 | value % 10);
}

static unsigned decode(const struct rtc_battery *bat, uint8_t value)
{
    return bat->cmos[REG_B] & B_BINARY ? value : (value >> 4) * 10u + (value & 15u);
}

static uint8_t encode_hours(const struct rtc_battery *bat, unsigned hours)
{
    if (bat->cmos[REG_B] & B_24H) {
        return encode(bat, hours);
    }
    unsigned twelve = hours % 12 == 0 ? 12 : hours % 12;
    return (uint8_t)(encode(bat, twelve) | (hours >= 12 ? 0x80 : 0));
}

static unsigned decode_hours(const struct rtc_battery *bat, uint8_t value)
{
    if (bat->cmos[REG_B] & B_24H) {
        return decode(bat, value);
    }
    return decode(bat, value & 0x7f) % 12 + (value & 0x80 ? 12 : 0);
}

/* Writes the registers of a time, in the format of register B. */
static void time_to_registers(struct rtc_battery *bat, int64_t time)
{
    int64_t days = time / SECONDS_A_DAY;
    int64_t second = time % SECONDS_A_DAY;
    if (second < 0) {
        second += SECONDS_A_DAY;
        days--;
    }
    struct calendar_date date = calendar_from_days(days);
    unsigned year = (unsigned)(((date.year % 10000) + 10000) % 10000);
    bat->cmos[SECONDS] = encode(bat, (unsigned)(second % 60));
    bat->cmos[MINUTES] = encode(bat, (unsigned)(second / 60 % 60));
    bat->cmos[HOURS] = encode_hours(bat, (unsigned)(second / 3600));
    bat->cmos[WEEKDAY] = (uint8_t)((date.weekday + bat->weekday_skew) % 7 + 1);
    bat->cmos[DAY] = encode(bat, date.day);
    bat->cmos[MONTH] = encode(bat, date.month);
    bat->cmos[YEAR] = encode(bat, year % 100);
    bat->cmos[CENTURY] = encode(bat, year / 100);
}

/* The time that the registers show; fields out of range carry over. */
static int64_t registers_to_time(struct rtc_battery *bat)
{
    int64_t days = calendar_to_days((int64_t)decode(bat, bat->cmos[CENTURY]) * 100 +
                                        decode(bat, bat->cmos[YEAR]),
                                    decode(bat, bat->cmos[MONTH]), decode(bat, bat->cmos[DAY]));
    unsigned weekday = calendar_from_days(days).weekday;
    bat->weekday_skew = (uint8_t)((bat->cmos[WEEKDAY] % 7u + 6 + 7 - weekday) % 7);
    return days * SECONDS_A_DAY + (int64_t)decode_hours(bat, bat->cmos[HOURS]) * 3600 +
           (int64_t)decode(bat, bat->cmos[MINUTES]) * 60 + decode(bat, bat->cmos[SECONDS]);
}

static bool alarm_field(const struct rtc_battery *bat, unsigned alarm, uint8_t value)
{
    return bat->cmos[alarm] >= ALARM_ANY || bat->cmos[alarm] == encode(bat, value);
}

static bool alarm_matches(const struct rtc_battery *bat, int64_t time)
{
    int64_t second = time % SECONDS_A_DAY;
    second += second < 0 ? SECONDS_A_DAY : 0;
    uint8_t hours = bat->cmos[HOURS_ALARM];
    return alarm_field(bat, SECONDS_ALARM, (uint8_t)(second % 60)) &&
           alarm_field(bat, MINUTES_ALARM, (uint8_t)(second / 60 % 60)) &&
           (((hours & ALARM_ANY) == ALARM_ANY) ||
            hours == encode_hours(bat, (unsigned)(second / 3600)));
}

/* Periodic interval in 32768ths of a second; 0 when off. */
static uint64_t interval(const struct rtc_battery *bat)
{
    unsigned rate = bat->cmos[REG_A] & A_RATE;
    if (rate == 0 || divider_held(bat)) {
        return 0;
    }
    return UINT64_C(1) << (rate <= 2 ? rate + 6 : rate - 1);
}

static uint64_t edges_now(const struct rtc146818 *rtc)
{
    uint64_t every = interval(rtc->bat);
    return every ? clock_scale(since_phase(rtc), BASE_HZ, CLOCK_NS_PER_S) / every : 0;
}

static uint64_t updates_now(const struct rtc146818 *rtc)
{
    return since_phase(rtc) / CLOCK_NS_PER_S;
}

/* Raises the flags of all that happened since the last look. */
static void catch_up(struct rtc146818 *rtc)
{
    const struct rtc_battery *bat = rtc->bat;
    uint64_t edges = edges_now(rtc);
    if (edges > rtc->seen_edge) {
        rtc->flags |= C_PF;
    }
    rtc->seen_edge = edges;
    uint64_t updates = updates_now(rtc);
    if (!running(bat)) {
        rtc->seen_update = updates;
    }
    if (updates > rtc->seen_update) {
        rtc->flags |= C_UF;
        uint64_t first = rtc->seen_update + 1;
        if (updates - first >= SECONDS_A_DAY) {
            first = updates - SECONDS_A_DAY + 1;
        }
        for (; first <= updates && !(rtc->flags & C_AF); first++) {
            if (alarm_matches(bat, (int64_t)(bat->time + first))) {
                rtc->flags |= C_AF;
            }
        }
    }
    rtc->seen_update = updates;
}

/* Starts counting flags from now: what lies behind was not seen. */
static void forget_past(struct rtc146818 *rtc)
{
    rtc->seen_edge = edges_now(rtc);
    rtc->seen_update = updates_now(rtc);
}

static void arm(struct rtc146818 *rtc)
{
    const struct rtc_battery *bat = rtc->bat;
    uint8_t wanted = bat->cmos[REG_B] & C_FLAGS & (uint8_t)~rtc->flags;
    uint64_t deadline = CLOCK_NEVER;
    if (running(bat) && (wanted & (B_AIE | B_UIE))) {
        deadline = bat->phase + (rtc->seen_update + 1) * CLOCK_NS_PER_S;
    }
    uint64_t every = interval(bat);
    if (every && (wanted & B_PIE)) {
        uint64_t clocks = (rtc->seen_edge + 1) * every;
        uint64_t ns = clock_scale(clocks, CLOCK_NS_PER_S, BASE_HZ);
        ns += clock_scale(ns, BASE_HZ, CLOCK_NS_PER_S) < clocks;
        deadline = bat->phase + ns < deadline ? bat->phase + ns : deadline;
    }
    clock_arm(&rtc->timer, deadline);
}

/* After any change: the line, the timer and the copy for RESET_HARD follow the state. */
static void settle(struct rtc146818 *rtc)
{
    irq_set(&rtc->wires.irq, rtc->flags & rtc->bat->cmos[REG_B] & C_FLAGS);
    arm(rtc);
    rtc->kept = *rtc->bat;
}

static void timer_expired(void *owner)
{
    struct rtc146818 *rtc = owner;
    catch_up(rtc);
    settle(rtc);
}

static bool is_time(unsigned index)
{
    return index == SECONDS || index == MINUTES || index == HOURS ||
           (index >= WEEKDAY && index <= YEAR) || index == CENTURY;
}

/* Takes the running time into bat->time and moves phase to the current second. */
static void rebase(struct rtc146818 *rtc)
{
    struct rtc_battery *bat = rtc->bat;
    bat->time = (uint64_t)rtc146818_time(rtc);
    bat->phase += since_phase(rtc) / CLOCK_NS_PER_S * CLOCK_NS_PER_S;
    forget_past(rtc);
}

/* Registers A and B start and stop the clock. */
static void write_control(struct rtc146818 *rtc, unsigned reg, uint8_t value)
{
    struct rtc_battery *bat = rtc->bat;
    bool was_running = running(bat);
    bool was_held = divider_held(bat);
    rebase(rtc);
    if (was_running) {
        time_to_registers(bat, (int64_t)bat->time);
    }
    bat->cmos[reg] = reg == REG_A ? value & 0x7f : value;
    if (reg == REG_B && (value & B_SET)) {
        bat->cmos[REG_B] &= (uint8_t)~B_UIE;
    }
    if (was_held && !divider_held(bat)) { /* the first update comes half a second later */
        bat->phase = clock_now(rtc->wires.clock) - CLOCK_NS_PER_S / 2;
    }
    if (!was_running && running(bat)) {
        bat->time = (uint64_t)registers_to_time(bat);
    }
    forget_past(rtc);
}

static void write_time(struct rtc146818 *rtc, unsigned index, uint8_t value)
{
    struct rtc_battery *bat = rtc->bat;
    if (!running(bat)) {
        bat->cmos[index] = value;
        return;
    }
    rebase(rtc);
    time_to_registers(bat, (int64_t)bat->time);
    bat->cmos[index] = value;
    bat->time = (uint64_t)registers_to_time(bat);
}

static void write_data(struct rtc146818 *rtc, uint8_t value)
{
    unsigned index = rtc->index & 0x7f;
    catch_up(rtc);
    if (is_time(index)) {
        write_time(rtc, index, value);
    } else if (index == REG_A || index == REG_B) {
        write_control(rtc, index, value);
    } else if (index != REG_C && index != REG_D) {
        rtc->bat->cmos[index] = value;
    }
    settle(rtc);
}

void rtc146818_jump(struct rtc146818 *rtc, int64_t seconds)
{
    struct rtc_battery *bat = rtc->bat;
    catch_up(rtc);
    if (running(bat)) {
        rebase(rtc);
        bat->time += (uint64_t)seconds;
        time_to_registers(bat, (int64_t)bat->time);
    } else {
        time_to_registers(bat, registers_to_time(bat) + seconds);
    }
    settle(rtc);
}

static uint8_t register_a(const struct rtc146818 *rtc)
{
    bool updating =
        running(rtc->bat) && since_phase(rtc) % CLOCK_NS_PER_S >= CLOCK_NS_PER_S - UPDATE_NS;
    return (uint8_t)((rtc->bat->cmos[REG_A] & 0x7f) | (updating ? A_UIP : 0));
}

static uint8_t register_c(const struct rtc146818 *rtc)
{
    bool irq = rtc->flags & rtc->bat->cmos[REG_B] & C_FLAGS;
    return (uint8_t)(rtc->flags | (irq ? C_IRQF : 0));
}

uint8_t rtc146818_get_cmos(const struct rtc146818 *rtc, unsigned index)
{
    index &= 0x7f;
    switch (index) {
    case REG_A:
        return register_a(rtc);
    case REG_C:
        return register_c(rtc);
    case REG_D:
        return D_VALID;
    default:
        break;
    }
    if (is_time(index) && running(rtc->bat)) {
        struct rtc_battery shown = *rtc->bat;
        time_to_registers(&shown, rtc146818_time(rtc));
        return shown.cmos[index];
    }
    return rtc->bat->cmos[index];
}

static uint32_t rtc_read(void *dev, uint32_t offset, unsigned size)
{
    struct rtc146818 *rtc = dev;
    (void)size;
    if (!(offset & 1)) {
        return 0xff; /* the index is write only */
    }
    if ((rtc->index & 0x7f) != REG_C) {
        return rtc146818_get_cmos(rtc, rtc->index);
    }
    catch_up(rtc);
    uint8_t value = register_c(rtc);
    rtc->flags = 0;
    settle(rtc);
    return value;
}

static void rtc_write(void *dev, uint32_t offset, uint32_t value, unsigned size)
{
    struct rtc146818 *rtc = dev;
    (void)size;
    if (offset & 1) {
        write_data(rtc, (uint8_t)value);
    } else {
        rtc->index = (uint8_t)value;
    }
}

const struct io_ops rtc146818_io = {rtc_read, rtc_write, 1, 4, 1, 1};

void rtc146818_set_cmos(struct rtc146818 *rtc, unsigned index, uint8_t value)
{
    if (index > REG_D && index < CMOS_SIZE && index != CENTURY) {
        rtc->supplied[index] = value;
        rtc->bat->cmos[index] = value;
        rtc->kept.cmos[index] = value;
    }
}

bool rtc146818_nmi_masked(const struct rtc146818 *rtc)
{
    return rtc->index & 0x80;
}

/* What the board has at power-on: its bytes, its date, 1024 Hz chosen, BCD and 24 hours. */
static void power_on(struct rtc146818 *rtc)
{
    struct rtc_battery *bat = rtc->bat;
    state_reset(&rtc_battery_state, bat);
    memcpy(bat->cmos, rtc->supplied, CMOS_SIZE);
    bat->cmos[REG_A] = 0x26;
    bat->cmos[REG_B] = B_24H;
    bat->time = (uint64_t)rtc->wires.start;
    time_to_registers(bat, rtc->wires.start);
}

static void rtc_reset(void *dev, enum reset_kind kind)
{
    struct rtc146818 *rtc = dev;
    if (kind == RESET_POWER) {
        power_on(rtc);
    } else {
        *rtc->bat = rtc->kept;
        rtc->bat->cmos[REG_B] &= (uint8_t) ~(B_PIE | B_AIE | B_UIE | B_SQWE);
    }
    if (kind == RESET_HARD) {
        forget_past(rtc);
    }
    settle(rtc);
}

static void rtc_loaded(void *dev)
{
    struct rtc146818 *rtc = dev;
    rtc->flags &= C_FLAGS;
    rtc->bat->weekday_skew %= 7;
    int64_t most = INT64_C(4000000000000);
    int64_t time = (int64_t)rtc->bat->time;
    if (time > most || time < -most) { /* no year that four digits can show */
        rtc->bat->time = 0;
    }
    settle(rtc);
}

static const struct device_ops rtc146818_ops = {
    .name = "rtc146818",
    .state = &rtc146818_state,
    .reset = rtc_reset,
    .loaded = rtc_loaded,
    .destroy = free,
};

struct rtc146818 *rtc146818_create(const struct rtc146818_wires *wires)
{
    struct rtc146818 *rtc = calloc(1, sizeof(*rtc));
    if (!rtc) {
        abort();
    }
    rtc->wires = *wires;
    clock_timer_init(wires->clock, &rtc->timer, timer_expired, rtc);
    power_on(rtc);
    rtc->kept = *rtc->bat;
    return rtc;
}

struct device rtc146818_device(struct rtc146818 *rtc, const char *instance)
{
    return (struct device){.ops = &rtc146818_ops, .dev = rtc, .instance = instance};
}
