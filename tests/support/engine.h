/* Engines by name, on hosts with a native one and without. */
#ifndef TESTS_SUPPORT_ENGINE_H
#define TESTS_SUPPORT_ENGINE_H

#include "translator/api/host.h"

/* How many engines there are: the portable one comes first. */
static inline int test_engines(void)
{
    return host_native() ? 2 : 1;
}

static inline const char *test_engine(int i)
{
    return i ? "native" : "portable";
}

/* "native" where there is one. */
static inline const char *test_best_engine(void)
{
    return test_engine(host_native() != NULL);
}

#endif
