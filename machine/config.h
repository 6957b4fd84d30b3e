/*
 * What the user asked for: the options of `vestige run`, one field a row of options.def.  They come
 * from the command line and from machine files (machine_file.h).
 */
#ifndef MACHINE_CONFIG_H
#define MACHINE_CONFIG_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { CONFIG_LIST_MAX = 16 };

struct config_list {
    const char *item[CONFIG_LIST_MAX];
    unsigned count;
};

/* An option whose value may be left out: given, and the value or NULL. */
struct config_optional {
    bool given;
    const char *value;
};

#define CONFIG_TYPE_FLAG     bool
#define CONFIG_TYPE_TEXT     const char *
#define CONFIG_TYPE_LIST     struct config_list
#define CONFIG_TYPE_OPTIONAL struct config_optional

struct arena;

struct config {
#define OPTION(field, name, letter, kind, argument, meaning) CONFIG_TYPE_##kind field;
#include "machine/options.def"
#undef OPTION
    struct config_list images;   /* arguments that are no options */
    const char *snapshot;        /* the saved machine to go on with, or NULL (snapshot_take) */
    bool help;                   /* --help or -h stood somewhere; the rest was not looked at */
    struct disk_past *disk_past; /* what disks held when it was recorded; borrowed */
    const char *faults_text;     /* instead of what the file --faults says: a recording held it */
    struct arena *texts;         /* owned: values out of a machine file, or NULL */
};

/* Parses argv[0..argc-1] (argv[0] is skipped), then the machine file among the images.  Strings are
 * borrowed from argv.  config_free() in any case. */
bool config_parse(struct config *config, int argc, char **argv, struct status *status);
void config_free(struct config *config);

enum config_kind { CONFIG_FLAG, CONFIG_TEXT, CONFIG_LIST, CONFIG_OPTIONAL };

/* A row of options.def. */
struct config_row {
    const char *name, *argument, *meaning;
    size_t offset; /* of its field in struct config */
    enum config_kind kind;
    char letter; /* 0: none */
};

/* The option of that long name, or NULL. */
const struct config_row *config_row(const char *name);
/* The long name, or `also`, that a misspelt one most resembles. */
const char *config_nearest(const char *name, const char *also);
/* True when the option's field holds something. */
bool config_given(const struct config *config, const struct config_row *row);
/* Sets an option; value (NULL: none, for flags and optional values) is borrowed. */
bool config_take(struct config *config, const struct config_row *row, const char *value,
                 struct status *status);

/* Calls each with every row of options.def. */
void config_each(void (*each)(void *user, const struct config_row *row), void *user);

/* One line an option. */
void config_help(FILE *out);

/* "64M", "1G", "512k", plain bytes; false when it is no size. */
bool config_size(const char *text, uint64_t *bytes);

/* "2026-01-31T12:00:00" as seconds since 1970; false when it is no such date. */
bool config_date(const char *text, int64_t *seconds);

#endif
