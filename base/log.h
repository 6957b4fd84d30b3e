/*
 * Logging by topic to standard error.  Topics are rows of topics.def and are switched at run time;
 * nothing is printed unless its topic was asked for.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_topic {
#define TOPIC(name, meaning) LOG_##name,
#include "base/topics.def"
#undef TOPIC
    LOG_TOPICS
};

/* The set of topics that are printed; one for each machine. */
struct log {
    uint32_t enabled;
};

/* Parses "pic,guest" or "all" into log; an unknown word gives false and *bad points at it. */
bool log_parse(struct log *log, const char *words, const char **bad);

/* Prints one line, prefixed by the topic, if log is not NULL and the topic is enabled. */
__attribute__((format(printf, 3, 4))) void log_print(const struct log *log, enum log_topic topic,
                                                     const char *format, ...);

#endif
