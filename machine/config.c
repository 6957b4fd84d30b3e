#define _GNU_SOURCE
#include "machine/config.h"

#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum kind { KIND_FLAG, KIND_TEXT, KIND_LIST, KIND_OPTIONAL };

struct option_row {
    const char *name, *argument, *meaning;
    size_t offset;
    enum kind kind;
    char letter;
};

static const struct option_row rows[] = {
#define OPTION(field, name, letter, kind, argument, meaning) \
    {name, argument, meaning, offsetof(struct config, field), KIND_##kind, letter},
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

static bool take(struct config *config, const struct option_row *row, const char *value,
                 struct status *status)
{
    void *field = (char *)config + row->offset;
    switch (row->kind) {
    case KIND_FLAG:
        *(bool *)field = true;
        return true;
    case KIND_TEXT:
        if (*(const char **)field) {
            return status_fail(status, "--%s was given twice", row->name);
        }
        *(const char **)field = value;
        return true;
    case KIND_LIST:
        return add_item(field, value, row->name, status);
    case KIND_OPTIONAL:
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
        static const int arguments[] = {[KIND_FLAG] = no_argument,
                                        [KIND_TEXT] = required_argument,
                                        [KIND_LIST] = required_argument,
                                        [KIND_OPTIONAL] = optional_argument};
        table[i] = (struct option){rows[i].name, arguments[rows[i].kind], NULL, FIRST_ID + (int)i};
        if (rows[i].letter) {
            letters[used++] = rows[i].letter;
            letters[used++] = ':';
        }
    }
    letters[used] = 0;
    table[ROWS] = (struct option){0};
}

static const struct option_row *row_of(int id)
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
        const struct option_row *row = id == '?' ? NULL : row_of(id);
        if (!row) {
            return status_fail(status, "unknown option %s (`vestige run --help` lists them)", word);
        }
        if (!take(config, row, optarg, status)) {
            return false;
        }
    }
    for (int i = optind; i < argc; i++) {
        if (!add_item(&config->images, argv[i], "images", status)) {
            return false;
        }
    }
    return true;
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
