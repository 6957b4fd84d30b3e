/*
 * Real-time clock and CMOS memory, Motorola MC146818A, with 128 bytes and the century at 32h.
 *
 * The time of day is a start date plus virtual time.  What a battery keeps (time, memory, registers
 * A and B) survives RESET_HARD; RESET_POWER goes back to what the board supplied.
 */
#ifndef DEVICES_CHIPSET_RTC146818_H
#define DEVICES_CHIPSET_RTC146818_H

#include "devices/core/bus.h"
#include "devices/core/clock.h"
#include "devices/core/device.h"
#include "devices/core/irq.h"

struct rtc146818;

struct rtc146818_wires {
    struct clock *clock;
    struct irq_line irq; /* IRQ 8 */
    int64_t start;       /* seconds since 1970-01-01 00:00 that the clock shows at power-on */
};

extern const struct io_ops rtc146818_io; /* 2 ports, 70h */

struct rtc146818 *rtc146818_create(const struct rtc146818_wires *wires);
struct device rtc146818_device(struct rtc146818 *rtc, const char *instance);

/* The board's configuration bytes (drive types, memory sizes, boot order ...): index 0Eh..7Fh
 * except the century; others are ignored.  The value stays through RESET_POWER. */
void rtc146818_set_cmos(struct rtc146818 *rtc, unsigned index, uint8_t value);

/* A byte of CMOS memory or a register as the guest would read it, without side effects. */
uint8_t rtc146818_get_cmos(const struct rtc146818 *rtc, unsigned index);

/* Moves the clock by that many seconds, as if it had been set. */
void rtc146818_jump(struct rtc146818 *rtc, int64_t seconds);

/* Bit 7 of port 70h: NMI is masked. */
bool rtc146818_nmi_masked(const struct rtc146818 *rtc);

/* The time the clock shows, in seconds since 1970-01-01 00:00. */
int64_t rtc146818_time(const struct rtc146818 *rtc);

#endif
