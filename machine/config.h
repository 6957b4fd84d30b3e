/*
 * What the user asked for: the options of `vestige run`, one field a row of options.def.
 */
#ifndef MACHINE_CONFIG_H
#define MACHINE_CONFIG_H

#include "base/status.h"

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

struct config {
#define OPTION(field, name, letter, kind, argument, meaning) CONFIG_TYPE_##kind field;
#include "machine/options.def"
#undef OPTION
    struct config_list images; /* arguments that are no options */
    bool help;                 /* --help or -h stood somewhere; the rest was not looked at */
};

/* Parses argv[0..argc-1] (argv[0] is skipped).  Strings are borrowed from argv. */
bool config_parse(struct config *config, int argc, char **argv, struct status *status);

/* One line an option. */
void config_help(FILE *out);

/* "64M", "1G", "512k", plain bytes; false when it is no size. */
bool config_size(const char *text, uint64_t *bytes);

/* "2026-01-31T12:00:00" as seconds since 1970; false when it is no such date. */
bool config_date(const char *text, int64_t *seconds);

#endif
