/*
 * The only user of inih.
 *
 * Not modelled: sections other than [machine], including files, escapes in values.  A line has at
 * most as many characters as inih was built for (199).
 */
#include "machine/machine_file.h"

#include "base/arena.h"
#include "machine/media/recognise.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct reader {
    struct config *config;
    const struct config *given; /* what the command line said */
    const char *path;
    size_t folder; /* length of path's folder with its slash */
    FILE *file;
    unsigned line;
    struct status *status;
};

/* inih's source of lines; counts them. */
static char *read_line(char *line, int room, void *opaque)
{
    struct reader *reader = opaque;
    if (reader->status->failed || !fgets(line, room, reader->file)) {
        return NULL;
    }
    reader->line++;
    if (!strchr(line, '\n') && !feof(reader->file)) {
        status_fail(reader->status, "%s:%u: a line has at most %d characters", reader->path,
                    reader->line, room - 2);
        return NULL;
    }
    return line;
}

static bool wrong(struct reader *reader, const char *what, const char *name)
{
    return status_fail(reader->status, "%s:%u: %s \"%s\"", reader->path, reader->line, what, name);
}

/* text with the path that begins at text + at made relative to the file's folder; owned by config.
 */
static const char *localise(struct reader *reader, const char *text, size_t at)
{
    bool relative = text[at] && text[at] != '/';
    size_t folder = relative ? reader->folder : 0;
    char *out = arena_alloc(reader->config->texts, strlen(text) + folder + 1);
    memcpy(out, text, at);
    memcpy(out + at, reader->path, folder);
    memcpy(out + at + folder, text + at, strlen(text + at) + 1);
    return out;
}

/* Where a path begins in a value of the option, or its length when it holds none. */
static size_t path_at(const char *argument, const char *value)
{
    static const char *const prefixes[] = {"file:", "unix:"};
    if (strcmp(argument, "FILE") == 0 || strcmp(argument, "[=FILE]") == 0) {
        return 0;
    }
    for (unsigned i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t length = strlen(prefixes[i]);
        if (strstr(argument, prefixes[i]) && strncmp(value, prefixes[i], length) == 0) {
            return length;
        }
    }
    return strlen(value);
}

/* yes and no in the usual spellings; false: neither. */
static bool truth(const char *value, bool *yes)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(value, words[i]) == 0) {
            *yes = i & 1;
            return true;
        }
    }
    return false;
}

static bool set(struct reader *reader, const struct config_row *row, const char *value)
{
    struct status why = {0};
    bool yes = true;
    bool word = truth(value, &yes);
    bool optional = row->kind == CONFIG_OPTIONAL;
    if (row->kind == CONFIG_FLAG && !word) {
        return status_fail(reader->status, "%s:%u: %s is yes or no, not \"%s\"", reader->path,
                           reader->line, row->name, value);
    }
    if (!*value) {
        return wrong(reader, "no value for", row->name);
    }
    if (config_given(reader->given, row) ||
        ((row->kind == CONFIG_FLAG || (optional && word)) && !yes)) {
        return true;
    }
    const char *text =
        optional && word ? NULL : localise(reader, value, path_at(row->argument, value));
    if (!config_take(reader->config, row, text, &why)) {
        return status_fail(reader->status, "%s:%u: %s", reader->path, reader->line, why.text);
    }
    return true;
}

static bool add_image(struct reader *reader, const char *value)
{
    struct config_list *images = &reader->config->images;
    if (!*value) {
        return wrong(reader, "no value for", "image");
    }
    if (images->count == CONFIG_LIST_MAX) {
        return wrong(reader, "too many images:", value);
    }
    images->item[images->count++] = localise(reader, value, 0);
    return true;
}

/* inih's call for each key. */
static int on_key(void *opaque, const char *section, const char *key, const char *value)
{
    struct reader *reader = opaque;
    if (reader->status->failed) {
        return 0;
    }
    if (*section && strcmp(section, "machine") != 0) {
        return wrong(reader, "the only section is [machine], not", section);
    }
    if (strcmp(key, "image") == 0) {
        return add_image(reader, value);
    }
    const struct config_row *row = config_row(key);
    if (!row) {
        return status_fail(reader->status, "%s:%u: unknown key %s (did you mean %s?)", reader->path,
                           reader->line, key, config_nearest(key, "image"));
    }
    return set(reader, row, value);
}

static bool read_file(struct reader *reader)
{
    reader->file = fopen(reader->path, "r");
    if (!reader->file) {
        return status_fail_errno(reader->status, "cannot read %s", reader->path);
    }
    int line = ini_parse_stream(read_line, reader, on_key, reader);
    fclose(reader->file);
    if (line && !reader->status->failed) {
        status_fail(reader->status, "%s:%d: neither a [section] nor key = value", reader->path,
                    line);
    }
    return !reader->status->failed;
}

static bool is_machine_file(const char *path)
{
    enum media_kind kind;
    struct status ignored = {0};
    return recognise_file(path, &kind, &ignored) && kind == MEDIA_MACHINE_FILE;
}

/* Takes the n-th image out of the list. */
static const char *remove_image(struct config_list *images, unsigned n)
{
    const char *path = images->item[n];
    images->count--;
    memmove(&images->item[n], &images->item[n + 1], (images->count - n) * sizeof(images->item[0]));
    return path;
}

bool machine_file_take(struct config *config, struct status *status)
{
    const char *path = NULL;
    for (unsigned n = 0; n < config->images.count;) {
        if (!is_machine_file(config->images.item[n])) {
            n++;
            continue;
        }
        const char *found = remove_image(&config->images, n);
        if (path) {
            return status_fail(status, "two machine files: %s and %s", path, found);
        }
        path = found;
    }
    if (!path) {
        return true;
    }
    const char *slash = strrchr(path, '/');
    struct config given = *config;
    config->texts = config->texts ? config->texts : arena_create(4096);
    struct reader reader = {.config = config,
                            .given = &given,
                            .path = path,
                            .folder = slash ? (size_t)(slash - path) + 1 : 0,
                            .status = status};
    return read_file(&reader);
}
