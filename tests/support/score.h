/* What a proof scores, on standard output, as tests/exactness/scored.sh keeps it. */
#ifndef TESTS_SUPPORT_SCORE_H
#define TESTS_SUPPORT_SCORE_H

#include <stdarg.h>
#include <stdio.h>

/* proof: its section of tests/exactness/proofs.ini; row: a word (_ is shown as a space); engine:
 * "portable", "native", or "-" where none takes part. */
static inline void score(const char *proof, const char *row, const char *engine,
                         unsigned long passed, unsigned long total)
{
    printf("score %s %s %s %lu %lu\n", proof, row, engine, passed, total);
    fflush(stdout);
}

/* As score(), with a note beside the row. */
__attribute__((format(printf, 6, 7))) static inline void
score_noted(const char *proof, const char *row, const char *engine, unsigned long passed,
            unsigned long total, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("score %s %s %s %lu %lu ", proof, row, engine, passed, total);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    fflush(stdout);
}

/* A known difference with its reason, in Markdown. */
__attribute__((format(printf, 2, 3))) static inline void score_known(const char *proof,
                                                                     const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("known %s ", proof);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    fflush(stdout);
}

#endif
