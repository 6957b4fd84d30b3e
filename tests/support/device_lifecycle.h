/*
 * What every device must survive: reset twice equals once, and a thousand random accesses followed
 * by a reset equal a fresh device.  Include after check.h.
 */
#ifndef TESTS_SUPPORT_DEVICE_LIFECYCLE_H
#define TESTS_SUPPORT_DEVICE_LIFECYCLE_H

#include "devices/core/bus.h"
#include "devices/core/clock.h"
#include "devices/core/device.h"

#include <check.h>

/* One register window of the device under test. */
struct lifecycle_window {
    const struct io_ops *io;
    uint32_t length;
};

static inline uint32_t lifecycle_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static inline void lifecycle_assert_equal(const struct device *a, const struct device *b)
{
    const struct state_field *where = NULL;
    bool equal = state_equal(a->ops->state, a->dev, b->dev, &where);
    ck_assert_msg(equal, "%s differs in %s", a->ops->name, where ? where->name : "?");
}

/* Random reads, writes and steps of the clock (may be NULL) below step ns over all windows. */
static inline void lifecycle_hammer(const struct device *device, struct clock *clock, uint32_t step,
                                    const struct lifecycle_window *windows, unsigned count,
                                    uint32_t seed)
{
    for (unsigned i = 0; i < 1000; i++) {
        uint32_t dice = lifecycle_random(&seed);
        if (count > 0) {
            const struct lifecycle_window *window = &windows[lifecycle_random(&seed) % count];
            uint32_t offset = lifecycle_random(&seed) % window->length;
            if (dice & 1) {
                window->io->write(device->dev, offset, dice >> 8 & 0xff, 1);
            } else {
                window->io->read(device->dev, offset, 1);
            }
        }
        if (clock && (dice & 6) == 0) {
            clock_advance(clock, lifecycle_random(&seed) % step);
        }
    }
}

static inline void lifecycle_scramble(void *user, const char *path, const struct state_field *field,
                                      void *elements)
{
    uint8_t *bytes = elements;
    uint32_t *seed = user;
    (void)path;
    for (size_t i = 0; i < (size_t)field->count * state_kind_size(field->kind); i++) {
        uint8_t value = (uint8_t)(lifecycle_random(seed) >> 8);
        bytes[i] = field->kind == STATE_bool ? value & 1 : value;
    }
}

/* Whatever a snapshot holds, the device survives it and what the guest then does. */
static inline void lifecycle_survives_any_state(const struct device *device, struct clock *clock,
                                                const struct lifecycle_window *windows,
                                                unsigned count)
{
    for (uint32_t round = 1; round <= 200; round++) {
        uint32_t seed = round * 0x9e3779b9u;
        state_walk(device->ops->state, device->dev, "", lifecycle_scramble, &seed);
        if (device->ops->loaded) {
            device->ops->loaded(device->dev);
        }
        lifecycle_hammer(device, clock, 20000, windows, count, seed);
    }
    device_reset(device, RESET_POWER);
}

/* used and fresh are two devices of the same wiring; used is hammered. */
static inline void lifecycle_check(const struct device *used, const struct device *fresh,
                                   struct clock *clock, const struct lifecycle_window *windows,
                                   unsigned count)
{
    device_reset(fresh, RESET_POWER);
    device_reset(used, RESET_POWER);
    lifecycle_assert_equal(used, fresh);
    device_reset(used, RESET_POWER);
    lifecycle_assert_equal(used, fresh);
    for (uint32_t seed = 1; seed <= 20; seed++) {
        lifecycle_hammer(used, clock, 100000000, windows, count, seed * 0x9e3779b9u);
        if (used->ops->loaded) {
            used->ops->loaded(used->dev);
        }
    }
    device_reset(used, RESET_POWER);
    lifecycle_assert_equal(used, fresh);
}

/* main() of a Check program with one case. */
static inline int lifecycle_main(const char *name, const TTest *const *tests, unsigned count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    for (unsigned i = 0; i < count; i++) {
        tcase_add_test(tcase, tests[i]);
    }
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

#endif
