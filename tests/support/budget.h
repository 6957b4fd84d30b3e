/* How much tests do that have a budget: a part of it where an emulator runs them. */
#ifndef TESTS_SUPPORT_BUDGET_H
#define TESTS_SUPPORT_BUDGET_H

#include <stdlib.h>

/* `full` rounds on an ordinary host; fewer, but at least one, on a host that is VESTIGE_SLOWNESS
 * (cmake/module.cmake) times slower. */
static inline unsigned test_budget(unsigned full)
{
    const char *given = getenv("VESTIGE_SLOWNESS");
    unsigned long slowness = given ? strtoul(given, NULL, 10) : 1;
    unsigned part = slowness > 1 ? (unsigned)(full / slowness) : full;
    return part ? part : 1;
}

#endif
