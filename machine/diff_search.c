/*
 * The search.
 *
 * A native engine steps single instructions in the portable one, so stopping in front of an
 * instruction may hide what its block does.  Therefore the end of the difference is looked for
 * with runs that all begin at the same place, and then the latest beginning that still shows it.
 * Where single instructions differ both ends meet: bad is good + 1.
 */
#define _GNU_SOURCE
#include "machine/diff_search.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
    WINDOW = 1000000,    /* instructions between two comparisons */
    WINDOWS_A_HASH = 16, /* between two that look at memory, too */
    FINE = 4096,         /* from here on all runs begin at the same place */
    LONGEST_BLOCK = 256,
};

/* ---- asking ---- */

static bool take_answers(struct diff *diff, struct answer answer[2])
{
    bool good = true;
    struct status second = {0}; /* where both refuse, one of them says it */
    for (unsigned i = 0; i < 2; i++) {
        answer[i] = (struct answer){0};
        good = side_answer(&diff->side[i], &answer[i], good ? &diff->status : &second) && good;
    }
    if (!good) {
        answer_free(&answer[0]);
        answer_free(&answer[1]);
    }
    return good;
}

bool diff_both(struct diff *diff, struct answer answer[2], const char *format, ...)
{
    char *request = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&request, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return status_fail(&diff->status, "no memory");
    }
    side_ask(&diff->side[0], "%s", request);
    side_ask(&diff->side[1], "%s", request);
    free(request);
    return take_answers(diff, answer);
}

bool diff_do(struct diff *diff, const char *request)
{
    struct answer answer[2];
    bool good = diff_both(diff, answer, "%s", request);
    answer_free(&answer[0]);
    answer_free(&answer[1]);
    return good;
}

static bool same_line(const struct answer answer[2])
{
    return strcmp(answer_line(&answer[0]), answer_line(&answer[1])) == 0;
}

bool diff_equal(struct diff *diff, bool *equal, const char *format, ...)
{
    struct answer answer[2];
    char *request = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&request, format, arguments);
    va_end(arguments);
    bool good = length >= 0 && diff_both(diff, answer, "%s", request);
    free(request);
    if (good) {
        *equal = same_line(answer);
        answer_free(&answer[0]);
        answer_free(&answer[1]);
    }
    return good;
}

/* To that count, or where they end before it; whether they are the same, memory included or not. */
static bool run_both(struct diff *diff, uint64_t count, bool memory, bool *equal)
{
    struct answer answer[2];
    if (!diff_both(diff, answer, "run %" PRIu64, count)) {
        return false;
    }
    *equal = same_line(answer);
    diff->at = strtoull(answer_line(&answer[0]), NULL, 10);
    diff->ended = diff->at < count;
    answer_free(&answer[0]);
    answer_free(&answer[1]);
    return !*equal || !memory || diff_equal(diff, equal, "hash");
}

/* ---- the start ---- */

/* "cpu FIELD[N]" of a line, without its value; false: it is no single value of the processor. */
static bool adoptable(const char *line, int *name_bytes)
{
    const char *value = strrchr(line, ' ');
    *name_bytes = value ? (int)(value - line) : 0;
    return value && strncmp(line, "cpu ", 4) == 0 && strncmp(value + 1, "hash:", 5) != 0;
}

static bool adopt(struct diff *diff, const char *line, FILE *names)
{
    int bytes;
    struct answer answer;
    if (!adoptable(line, &bytes)) {
        return true;
    }
    fprintf(names, " %.*s", bytes - 4, line + 4);
    side_ask(&diff->side[1], "put %s", line + 4);
    bool good = side_answer(&diff->side[1], &answer, &diff->status);
    answer_free(&answer);
    return good;
}

static bool adopt_all(struct diff *diff)
{
    struct answer fields[2];
    size_t bytes;
    free(diff->adopted);
    diff->adopted = NULL;
    FILE *names = open_memstream(&diff->adopted, &bytes);
    bool good = names ? diff_both(diff, fields, "fields") : status_fail(&diff->status, "no memory");
    if (good) {
        for (size_t i = 0; good && i < fields[0].count && i < fields[1].count; i++) {
            good = strcmp(fields[0].lines[i], fields[1].lines[i]) == 0 ||
                   adopt(diff, fields[0].lines[i], names);
        }
        answer_free(&fields[0]);
        answer_free(&fields[1]);
    }
    if (names) {
        fclose(names);
    }
    return good;
}

bool diff_start(struct diff *diff)
{
    struct answer what[2];
    if (!diff_both(diff, what, "start")) {
        return false;
    }
    for (unsigned i = 0; i < 2; i++) {
        snprintf(diff->side[i].what, sizeof(diff->side[i].what), "%s", answer_line(&what[i]));
        answer_free(&what[i]);
    }
    return adopt_all(diff);
}

/* ---- the search ---- */

/* Windows up to the limit; bad stays 0 where there is no difference. */
static bool forward(struct diff *diff)
{
    bool equal;
    if (!run_both(diff, 0, true, &equal) || !diff_do(diff, "keep")) {
        return false;
    }
    if (!equal) {
        return status_fail(&diff->status, "the machines differ before the first instruction "
                                          "(other images, or other hardware?)");
    }
    uint64_t kept = diff->at;
    uint64_t at = kept;
    uint64_t limit = at + diff->limit;
    for (unsigned window = 1; at < limit && !diff->ended; window++) {
        uint64_t next = at + WINDOW < limit ? at + WINDOW : limit;
        bool memory = window % WINDOWS_A_HASH == 0 || next == limit;
        if (!run_both(diff, next, memory, &equal)) {
            return false;
        }
        if (equal && diff->ended && !memory && !diff_equal(diff, &equal, "hash")) {
            return false;
        }
        if (!equal) {
            diff->good = kept;
            diff->bad = next;
            diff->ended = false;
            return true;
        }
        at = diff->at;
        if (memory) {
            kept = at;
            if (!diff_do(diff, "keep")) {
                return false;
            }
        }
    }
    diff->good = at;
    return true;
}

/* Back to what was kept, then to each count in turn; equal tells of the last. */
static bool again(struct diff *diff, uint64_t first, uint64_t second, bool *equal)
{
    return diff_do(diff, "back") && (!first || run_both(diff, first, false, equal)) &&
           run_both(diff, second, true, equal);
}

/* Halves, and keeps the last place where both are the same. */
static bool coarse(struct diff *diff)
{
    while (diff->bad - diff->good > FINE) {
        uint64_t middle = diff->good + (diff->bad - diff->good) / 2;
        bool equal;
        if (!again(diff, 0, middle, &equal) || (equal && !diff_do(diff, "keep"))) {
            return false;
        }
        *(equal ? &diff->good : &diff->bad) = middle;
    }
    return true;
}

/* The first end that shows the difference, of runs from good. */
static bool find_end(struct diff *diff)
{
    uint64_t low = diff->good;
    while (diff->bad - low > 1) {
        uint64_t middle = low + (diff->bad - low) / 2;
        bool equal;
        if (!again(diff, 0, middle, &equal)) {
            return false;
        }
        *(equal ? &low : &diff->bad) = middle;
    }
    return true;
}

/* The latest beginning from which the run to bad shows it. */
static bool find_beginning(struct diff *diff)
{
    uint64_t first = diff->good;
    for (uint64_t start = diff->bad - 1; start > first && start + LONGEST_BLOCK > diff->bad;
         start--) {
        bool equal;
        if (!again(diff, start, diff->bad, &equal)) {
            return false;
        }
        if (!equal) {
            diff->good = start;
            break;
        }
    }
    return diff_do(diff, "back");
}

bool diff_search(struct diff *diff)
{
    bool equal = true;
    if (!forward(diff)) {
        return false;
    }
    if (!diff->bad) {
        return true;
    }
    if (!coarse(diff) || !again(diff, 0, diff->bad, &equal)) {
        return false;
    }
    if (equal) {
        return status_fail(&diff->status,
                           "there was a difference between the instructions %" PRIu64
                           " and %" PRIu64 ", but not after returning to a checkpoint",
                           diff->good, diff->bad);
    }
    return find_end(diff) && find_beginning(diff) &&
           (diff->good == 0 || run_both(diff, diff->good, false, &equal));
}
