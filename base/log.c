#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const topic_names[LOG_TOPICS] = {
#define TOPIC(name, meaning) #name,
#include "base/topics.def"
#undef TOPIC
};

static bool enable_word(struct log *log, const char *word, size_t length)
{
    if (length == 3 && !memcmp(word, "all", 3)) {
        log->enabled = UINT32_MAX;
        return true;
    }
    for (unsigned topic = 0; topic < LOG_TOPICS; topic++) {
        if (strlen(topic_names[topic]) == length && !memcmp(topic_names[topic], word, length)) {
            log->enabled |= UINT32_C(1) << topic;
            return true;
        }
    }
    return false;
}

bool log_parse(struct log *log, const char *words, const char **bad)
{
    while (*words) {
        size_t length = strcspn(words, ",");
        if (!enable_word(log, words, length)) {
            *bad = words;
            return false;
        }
        words += length;
        words += *words == ',';
    }
    return true;
}

void log_print(const struct log *log, enum log_topic topic, const char *format, ...)
{
    if (!log || !(log->enabled >> topic & 1)) {
        return;
    }
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    fprintf(stderr, "[%s] %s\n", topic_names[topic], line);
}
