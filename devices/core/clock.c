#include "devices/core/clock.h"

#include "base/u128.h"

#include <assert.h>
#include <stdlib.h>

struct clock {
    struct clock_source source;
    struct clock_timer *timers;
    uint64_t manual_now;
    uint64_t deadline;
    bool running;
};

struct clock *clock_create(const struct clock_source *source)
{
    struct clock *clock = calloc(1, sizeof(*clock));
    if (!clock) {
        abort();
    }
    if (source) {
        clock->source = *source;
    }
    clock->deadline = CLOCK_NEVER;
    return clock;
}

void clock_destroy(struct clock *clock)
{
    free(clock);
}

uint64_t clock_now(const struct clock *clock)
{
    return clock->source.now ? clock->source.now(clock->source.source) : clock->manual_now;
}

uint64_t clock_deadline(const struct clock *clock)
{
    return clock->deadline;
}

static struct clock_timer *earliest(const struct clock *clock)
{
    struct clock_timer *best = NULL;
    for (struct clock_timer *timer = clock->timers; timer; timer = timer->next) {
        if (timer->deadline != CLOCK_NEVER && (!best || timer->deadline < best->deadline)) {
            best = timer;
        }
    }
    return best;
}

static void update_deadline(struct clock *clock)
{
    const struct clock_timer *first = earliest(clock);
    uint64_t deadline = first ? first->deadline : CLOCK_NEVER;
    if (deadline == clock->deadline) {
        return;
    }
    clock->deadline = deadline;
    if (!clock->running && clock->source.deadline_changed) {
        clock->source.deadline_changed(clock->source.source, deadline);
    }
}

void clock_timer_init(struct clock *clock, struct clock_timer *timer, void (*expired)(void *),
                      void *owner)
{
    *timer = (struct clock_timer){
        .clock = clock, .expired = expired, .owner = owner, .deadline = CLOCK_NEVER};
    struct clock_timer **end = &clock->timers;
    while (*end) {
        end = &(*end)->next;
    }
    *end = timer;
}

void clock_arm(struct clock_timer *timer, uint64_t deadline)
{
    timer->deadline = deadline;
    update_deadline(timer->clock);
}

void clock_disarm(struct clock_timer *timer)
{
    clock_arm(timer, CLOCK_NEVER);
}

void clock_run(struct clock *clock)
{
    if (clock->running || clock_now(clock) < clock->deadline) {
        return;
    }
    clock->running = true;
    uint64_t now = clock_now(clock);
    for (;;) {
        struct clock_timer *timer = earliest(clock);
        if (!timer || timer->deadline > now) {
            break;
        }
        timer->deadline = CLOCK_NEVER;
        timer->expired(timer->owner);
    }
    clock->running = false;
    clock->deadline = 0;
    update_deadline(clock);
}

unsigned clock_deadlines(const struct clock *clock, uint64_t *deadlines, unsigned most)
{
    unsigned count = 0;
    for (const struct clock_timer *timer = clock->timers; timer; timer = timer->next, count++) {
        if (count < most) {
            deadlines[count] = timer->deadline;
        }
    }
    return count;
}

void clock_set_deadlines(struct clock *clock, const uint64_t *deadlines, unsigned count)
{
    if (clock_deadlines(clock, NULL, 0) != count) {
        return; /* of another version; the devices have armed what they need */
    }
    for (struct clock_timer *timer = clock->timers; timer; timer = timer->next) {
        timer->deadline = *deadlines++;
    }
    update_deadline(clock);
}

void clock_advance(struct clock *clock, uint64_t ns)
{
    assert(!clock->source.now);
    uint64_t end = clock->manual_now + ns;
    while (clock->deadline <= end) {
        if (clock->deadline > clock->manual_now) {
            clock->manual_now = clock->deadline;
        }
        clock_run(clock);
    }
    clock->manual_now = end;
}

uint64_t clock_scale(uint64_t value, uint64_t multiplier, uint64_t divisor)
{
    uint64_t product;
    if (!__builtin_mul_overflow(value, multiplier, &product)) {
        return product / divisor; /* far cheaper than the division of 128 bits */
    }
    return u128_divide(u128_mul64(value, multiplier), u128_of(divisor)).quotient.low;
}
