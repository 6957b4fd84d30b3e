/*
 * Checks that every device must pass whatever it is: reset is a fixed point, and no traffic leaves
 * a trace that reset does not clear.
 */
#ifndef TESTS_UNIT_DEVICES_DEVICE_CHECKS_H
#define TESTS_UNIT_DEVICES_DEVICE_CHECKS_H

#include "devices/core/bus.h"
#include "devices/core/device.h"
#include "devices/core/irq.h"

#include <check.h>
#include <stdlib.h>

/* A line that records what it was told. */
struct seen_line {
    bool level;
    unsigned rises, falls;
};

static inline void seen_line_set(void *listener, unsigned n, bool level)
{
    struct seen_line *seen = (struct seen_line *)listener + n;
    seen->rises += level && !seen->level;
    seen->falls += !level && seen->level;
    seen->level = level;
}

static inline struct irq_line seen_line_wire(struct seen_line *lines, unsigned n)
{
    return (struct irq_line){.set = seen_line_set, .listener = lines, .n = n};
}

struct port_window {
    uint64_t base;
    uint32_t length;
};

static inline uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8 ^ *seed << 16;
}

static inline void random_accesses(struct bus *bus, const struct port_window *windows,
                                   unsigned count, unsigned accesses)
{
    uint32_t seed = 12345;
    for (unsigned i = 0; i < accesses; i++) {
        const struct port_window *window = &windows[next_random(&seed) % count];
        uint64_t address = window->base + next_random(&seed) % window->length;
        unsigned size = 1u << next_random(&seed) % 3;
        if (next_random(&seed) & 1) {
            bus_write(bus, address, next_random(&seed), size);
        } else {
            bus_read(bus, address, size);
        }
    }
}

static inline void assert_same_state(const struct device *a, const struct device *b)
{
    const struct state_field *where = NULL;
    bool equal = state_equal(a->ops->state, a->dev, b->dev, &where);
    ck_assert_msg(equal, "%s differs in %s", a->instance, where ? where->name : "?");
    ck_assert(state_hash(a->ops->state, a->dev, 0) == state_hash(b->ops->state, b->dev, 0));
}

/* `used` and `fresh` are two devices of one type made alike, on buses of their own.  The windows
 * are hammered on used's bus.  No power-off or reset wire may end the test. */
static inline void check_device_resets(const struct device *used, const struct device *fresh,
                                       struct bus *bus, const struct port_window *windows,
                                       unsigned count)
{
    device_reset(fresh, RESET_POWER);
    device_reset(used, RESET_POWER);
    assert_same_state(used, fresh);
    device_reset(used, RESET_POWER);
    assert_same_state(used, fresh);
    random_accesses(bus, windows, count, 1000);
    device_reset(used, RESET_HARD);
    assert_same_state(used, fresh);
}

static inline int run_tests(const char *name, const TTest *const *tests, unsigned count)
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
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define RUN_TESTS(name, tests) run_tests(name, tests, sizeof(tests) / sizeof((tests)[0]))

#endif
