#define _GNU_SOURCE
#include "machine/fault_file.h"

#include "machine/drives.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 16 };

#define MS_NS        UINT64_C(1000000)
#define SLOW_MOST_MS 60000
#define SECONDS_MOST (INT64_C(1) << 40)

/* One line, word by word. */
struct line {
    const char *word[WORDS + 1]; /* ends with NULL */
    unsigned at;
    struct status *status;
    const char *name;
    unsigned number;
};

static bool wrong(struct line *line, const char *what, const char *word)
{
    return status_fail(line->status, "%s:%u: %s%s%.40s", line->name, line->number, what,
                       word ? ": " : "", word ? word : "");
}

static const char *next(struct line *line)
{
    return line->word[line->at] ? line->word[line->at++] : NULL;
}

static bool take(struct line *line, const char *word)
{
    bool there = line->word[line->at] && strcmp(line->word[line->at], word) == 0;
    line->at += there;
    return there;
}

static bool number(struct line *line, const char *what, uint64_t most, uint64_t *value)
{
    const char *word = next(line);
    char *end;
    if (!word || *word < '0' || *word > '9') {
        return wrong(line, what, word ? word : "nothing");
    }
    errno = 0;
    *value = strtoull(word, &end, 0);
    return (!*end && !errno && *value <= most) || wrong(line, what, word);
}

static bool small_number(struct line *line, const char *what, uint64_t most, unsigned *value)
{
    uint64_t wide;
    bool good = number(line, what, most, &wide);
    *value = good ? (unsigned)wide : 0;
    return good;
}

/* ---- kinds ---- */

static bool parse_ram(struct line *line, struct fault *fault)
{
    fault->kind = FAULT_RAM;
    return number(line, "no physical address", UINT32_MAX, &fault->first) &&
           small_number(line, "no bit from 0 to 7", 7, &fault->bit);
}

static bool parse_register(struct line *line, struct fault *fault)
{
    static const char *const names[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
    const char *word = next(line);
    fault->kind = FAULT_REGISTER;
    fault->target = FAULT_EIP + 1;
    for (unsigned i = 0; word && i < sizeof(names) / sizeof(names[0]); i++) {
        fault->target = strcmp(word, names[i]) == 0 ? i : fault->target;
    }
    if (word && strcmp(word, "eip") == 0) {
        fault->target = FAULT_EIP;
    }
    if (fault->target > FAULT_EIP) {
        return wrong(line, "no register (eax, ecx, edx, ebx, esp, ebp, esi, edi, eip)", word);
    }
    return small_number(line, "no bit from 0 to 31", 31, &fault->bit);
}

static bool parse_times(struct line *line, struct fault *fault, uint32_t usual)
{
    unsigned times = usual;
    bool good = !take(line, "times") || (small_number(line, "no count", UINT32_MAX, &times) &&
                                         (times || wrong(line, "no count", "0")));
    fault->times = times;
    return good;
}

static bool parse_irq(struct line *line, struct fault *fault)
{
    if (!small_number(line, "no interrupt line from 0 to 15", 15, &fault->target)) {
        return false;
    }
    if (take(line, "spurious")) {
        fault->kind = FAULT_IRQ_SPURIOUS;
        return true;
    }
    fault->kind = FAULT_IRQ_LOST;
    return take(line, "lost") ? parse_times(line, fault, 1)
                              : wrong(line, "spurious or lost, not", next(line));
}

static bool parse_rtc(struct line *line, struct fault *fault)
{
    const char *word = next(line);
    char *end = NULL;
    errno = 0;
    fault->kind = FAULT_RTC;
    fault->seconds = word ? strtoll(word, &end, 10) : 0;
    bool good = word && end != word && !*end && !errno && fault->seconds &&
                fault->seconds < SECONDS_MOST && fault->seconds > -SECONDS_MOST;
    return good || wrong(line, "no number of seconds", word);
}

static bool parse_sectors(struct line *line, struct fault *fault)
{
    const char *word = next(line);
    char *end;
    if (!word || *word < '0' || *word > '9') {
        return wrong(line, "no sector", word);
    }
    errno = 0;
    fault->first = fault->last = strtoull(word, &end, 0);
    if (*end == '-' && end[1] >= '0' && end[1] <= '9') {
        fault->last = strtoull(end + 1, &end, 0);
    }
    return (!*end && !errno && fault->last >= fault->first) ||
           wrong(line, "no sector or range of sectors", word);
}

static bool parse_disk(struct line *line, struct fault *fault)
{
    static const struct {
        const char *name;
        enum fault_kind kind;
        uint32_t times; /* unless the line says */
    } kinds[] = {{"bad", FAULT_BAD, 0},
                 {"bad-read", FAULT_BAD_READ, 0},
                 {"bad-write", FAULT_BAD_WRITE, 0},
                 {"torn", FAULT_TORN, 1},
                 {"slow", FAULT_SLOW, 0}};
    const char *drive = next(line);
    enum drive_slot slot;
    if (!drive || !drives_slot_named(drive, &slot)) {
        return wrong(line, "no drive (fda, fdb, hda, hdb, hdc, hdd)", drive);
    }
    fault->target = slot;
    if (!parse_sectors(line, fault)) {
        return false;
    }
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (take(line, kinds[i].name)) {
            uint64_t ms = 0;
            fault->kind = kinds[i].kind;
            bool good = fault->kind != FAULT_SLOW ||
                        number(line, "no number of milliseconds up to 60000", SLOW_MOST_MS, &ms);
            fault->delay_ns = ms * MS_NS;
            return good && parse_times(line, fault, kinds[i].times);
        }
    }
    return wrong(line, "bad, bad-read, bad-write, torn or slow, not", next(line));
}

static bool parse_fault(struct line *line, struct fault *fault)
{
    static const struct {
        const char *name;
        bool (*parse)(struct line *line, struct fault *fault);
    } kinds[] = {{"ram", parse_ram},
                 {"register", parse_register},
                 {"irq", parse_irq},
                 {"rtc", parse_rtc},
                 {"disk", parse_disk}};
    *fault = (struct fault){0};
    if (take(line, "at") && !number(line, "no instruction count", INT64_MAX, &fault->icount)) {
        return false;
    }
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (take(line, kinds[i].name)) {
            return kinds[i].parse(line, fault) &&
                   (!line->word[line->at] || wrong(line, "unexpected", line->word[line->at]));
        }
    }
    return wrong(line, "ram, register, irq, rtc or disk, not", next(line));
}

/* The words of a line, which is changed; a # begins a comment. */
static bool split(struct line *line, char *text)
{
    char *rest = NULL;
    unsigned count = 0;
    text[strcspn(text, "#")] = 0;
    for (char *word = strtok_r(text, " \t\r", &rest); word; word = strtok_r(NULL, " \t\r", &rest)) {
        if (count == WORDS) {
            return wrong(line, "too many words", NULL);
        }
        line->word[count++] = word;
    }
    return true;
}

bool fault_file_parse(const char *name, const char *text, struct fault *faults, unsigned *count,
                      struct status *status)
{
    char *copy = strdup(text);
    char *rest = copy;
    bool good = copy != NULL;
    *count = 0;
    for (unsigned n = 1; good && rest; n++) {
        struct line line = {.status = status, .name = name, .number = n};
        good = split(&line, strsep(&rest, "\n"));
        if (!good || !line.word[0]) {
            continue;
        }
        good = *count < FAULTS_MOST ? parse_fault(&line, &faults[*count])
                                    : wrong(&line, "more faults than there can be", NULL);
        ++*count;
    }
    free(copy);
    return good;
}
