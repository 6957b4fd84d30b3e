/*
 * Outcome of an operation that depends on the environment (a file, a socket, an option).
 *
 * A function that can fail this way takes `struct status *` and returns bool; on false the message
 * stands in the status, complete with what and where, and is printed once by whoever consumes it.
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stdbool.h>

struct status {
    bool failed;
    char text[512];
};

/* Records the message (printf style) and returns false, so that `return status_fail(...)` reads
 * well. */
__attribute__((format(printf, 2, 3))) bool status_fail(struct status *status, const char *format,
                                                       ...);

/* As status_fail, with ": " and the text of errno appended. */
__attribute__((format(printf, 2, 3))) bool status_fail_errno(struct status *status,
                                                             const char *format, ...);

/* The analyzer sees one file at a time; this is what it needs to know of the others. */
#ifdef __clang_analyzer__
#define status_fail(...)       (status_fail(__VA_ARGS__), false)
#define status_fail_errno(...) (status_fail_errno(__VA_ARGS__), false)
#endif

#endif
