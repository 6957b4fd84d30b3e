#define _GNU_SOURCE
#include "machine/config.h"

#include "base/arena.h"
#include "base/likeness.h"
#include "machine/machine_file.h"

#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct config_row rows[] = {
#define OPTION(field, name, letter, kind, argument, meaning) \
    {name, argument, meaning, offsetof(struct config, field), CONFIG_##kind, letter},
#include "machine/options.def"
#undef OPTION
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]), FIRST_ID = 256, HELP_COLUMN = 32 };

static bool add_item(struct config_list *list, const char *item, const char *what,
                     struct status *status)
{
    if (list->count == CONFIG_LIST_MAX) {
        return status_fail(status, "more than %d %s", CONFIG_LIST_MAX, what);
    }
    list->item[list->count++] = item;
    return true;
}

bool config_take(struct config *config, const struct config_row *row, const char *value,
                 struct status *status)
{
    void *field = (char *)config + row->offset;
    switch (row->kind) {
    case CONFIG_FLAG:
        *(bool *)field = true;
        return true;
    case CONFIG_TEXT:
        if (*(const char **)field) {
            return status_fail(status, "--%s was given twice", row->name);
        }
        *(const char **)field = value;
        return true;
    case CONFIG_LIST:
        return add_item(field, value, row->name, status);
    case CONFIG_OPTIONAL:
        *(struct config_optional *)field = (struct config_optional){true, value};
        return true;
    }
    return true;
}

static void build_table(struct option table[ROWS + 1], char letters[2 * ROWS + 3])
{
    size_t used = 0;
    letters[used++] = ':';
    for (unsigned i = 0; i < ROWS; i++) {
        static const int arguments[] = {[CONFIG_FLAG] = no_argument,
                                        [CONFIG_TEXT] = required_argument,
                                        [CONFIG_LIST] = required_argument,
                                        [CONFIG_OPTIONAL] = optional_argument};
        table[i] = (struct option){rows[i].name, arguments[rows[i].kind], NULL, FIRST_ID + (int)i};
        if (rows[i].letter) {
            letters[used++] = rows[i].letter;
            letters[used++] = ':';
        }
    }
    letters[used] = 0;
    table[ROWS] = (struct option){0};
}

static const struct config_row *row_of(int id)
{
    if (id >= FIRST_ID) {
        return &rows[id - FIRST_ID];
    }
    for (unsigned i = 0; i < ROWS; i++) {
        if (rows[i].letter == id) {
            return &rows[i];
        }
    }
    return NULL;
}

bool config_parse(struct config *config, int argc, char **argv, struct status *status)
{
    struct option table[ROWS + 1];
    char letters[2 * ROWS + 3];
    build_table(table, letters);
    optind = 0;
    opterr = 0;
    int id;
    while ((id = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        const char *word = argv[optind - 1];
        if (id == ':') {
            return status_fail(status, "%s needs a value", word);
        }
        if (id == '?' && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
            config->help = true;
            return true;
        }
        const struct config_row *row = id == '?' ? NULL : row_of(id);
        if (!row) {
            return status_fail(status, "unknown option %s (`vestige run --help` lists them)", word);
        }
        if (!config_take(config, row, optarg, status)) {
            return false;
        }
    }
    for (int i = optind; i < argc; i++) {
        if (!add_item(&config->images, argv[i], "images", status)) {
            return false;
        }
    }
    return machine_file_take(config, status);
}

void config_free(struct config *config)
{
    if (config->texts) {
        arena_destroy(config->texts);
        config->texts = NULL;
    }
}

const struct config_row *config_row(const char *name)
{
    for (unsigned i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *config_nearest(const char *name, const char *also)
{
    const char *best = also;
    size_t length = strlen(name);
    for (unsigned i = 0; i < ROWS; i++) {
        bool nearer =
            likeness_distance(name, length, rows[i].name) < likeness_distance(name, length, best);
        best = nearer ? rows[i].name : best;
    }
    return best;
}

bool config_given(const struct config *config, const struct config_row *row)
{
    const void *field = (const char *)config + row->offset;
    switch (row->kind) {
    case CONFIG_FLAG:
        return *(const bool *)field;
    case CONFIG_TEXT:
        return *(const char *const *)field != NULL;
    case CONFIG_LIST:
        return ((const struct config_list *)field)->count != 0;
    case CONFIG_OPTIONAL:
        return ((const struct config_optional *)field)->given;
    }
    return false;
}

void config_each(void (*each)(void *user, const struct config_row *row), void *user)
{
    for (unsigned i = 0; i < ROWS; i++) {
        each(user, &rows[i]);
    }
}

void config_help(FILE *out)
{
    for (unsigned i = 0; i < ROWS; i++) {
        char left[96];
        int used = rows[i].letter ? snprintf(left, sizeof(left), "  -%c, ", rows[i].letter)
                                  : snprintf(left, sizeof(left), "      ");
        snprintf(left + used, sizeof(left) - (size_t)used, "--%s%s%s", rows[i].name,
                 rows[i].argument[0] == '[' || !rows[i].argument[0] ? "" : " ", rows[i].argument);
        if (strlen(left) > HELP_COLUMN - 2) {
            fprintf(out, "%s\n%*s%s\n", left, HELP_COLUMN, "", rows[i].meaning);
        } else {
            fprintf(out, "%-*s%s\n", HELP_COLUMN, left, rows[i].meaning);
        }
    }
}

bool config_size(const char *text, uint64_t *bytes)
{
    char *end;
    if (*text < '0' || *text > '9') {
        return false;
    }
    unsigned long long value = strtoull(text, &end, 10);
    unsigned shift = 0;
    switch (*end) {
    case 'k':
    case 'K':
        shift = 10;
        break;
    case 'm':
    case 'M':
        shift = 20;
        break;
    case 'g':
    case 'G':
        shift = 30;
        break;
    default:
        break;
    }
    end += shift != 0;
    end += shift && (*end == 'B' || *end == 'b');
    if (*end || value > UINT64_MAX >> shift) {
        return false;
    }
    *bytes = (uint64_t)value << shift;
    return true;
}

bool config_date(const char *text, int64_t *seconds)
{
    struct tm date = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &date);
    if (!end || *end) {
        return false;
    }
    int day = date.tm_mday;
    *seconds = timegm(&date);
    return date.tm_mday == day; /* the 31st of February becomes a day of March */
}
