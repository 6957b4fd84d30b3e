/*
 * Virtual time, in nanoseconds since power-on, and timers on it.
 *
 * The machine supplies `now` (derived from the instruction count); devices read the clock and arm
 * timers and know no other time.  Timers that fall due at the same instant fire in the order of
 * their creation, so runs repeat exactly.  A callback may arm any timer, its own included.
 * The clock keeps the earliest deadline; when it moves, `deadline_changed` tells the machine.
 */
#ifndef DEVICES_CORE_CLOCK_H
#define DEVICES_CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_NEVER     UINT64_MAX
#define CLOCK_NS_PER_S  UINT64_C(1000000000)
#define CLOCK_NS_PER_MS UINT64_C(1000000)
#define CLOCK_NS_PER_US UINT64_C(1000)

struct clock;

/* Embedded in the device that owns it, in its derived part; never moved while linked. */
struct clock_timer {
    struct clock_timer *next; /* all timers of a clock, in creation order */
    struct clock *clock;
    void (*expired)(void *owner);
    void *owner;
    uint64_t deadline; /* CLOCK_NEVER when not armed */
};

struct clock_source {
    uint64_t (*now)(void *source);                             /* ns */
    void (*deadline_changed)(void *source, uint64_t deadline); /* earliest timer, or CLOCK_NEVER */
    void *source;
};

/* source NULL: a manual clock that clock_advance() moves (tests). */
struct clock *clock_create(const struct clock_source *source);
void clock_destroy(struct clock *clock);

uint64_t clock_now(const struct clock *clock);
uint64_t clock_deadline(const struct clock *clock);

void clock_timer_init(struct clock *clock, struct clock_timer *timer, void (*expired)(void *),
                      void *owner);
/* Arms for an absolute instant; one in the past fires at the next clock_run(). */
void clock_arm(struct clock_timer *timer, uint64_t deadline);
void clock_disarm(struct clock_timer *timer);

/* Fires every timer due at or before now, earliest first. */
void clock_run(struct clock *clock);

/* Snapshots.  The deadlines of all timers in the order of their creation; returns how many there
 * are.  Setting them is for a clock with just as many timers; else nothing is changed. */
unsigned clock_deadlines(const struct clock *clock, uint64_t *deadlines, unsigned most);
void clock_set_deadlines(struct clock *clock, const uint64_t *deadlines, unsigned count);

/* Manual clock only: moves time forward by ns, firing timers at their instants on the way. */
void clock_advance(struct clock *clock, uint64_t ns);

/* value * multiplier / divisor without overflow in between, rounded down. */
uint64_t clock_scale(uint64_t value, uint64_t multiplier, uint64_t divisor);

#endif
