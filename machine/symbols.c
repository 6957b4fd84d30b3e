/* See symbols.h. */
#define _GNU_SOURCE
#include "machine/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FURTHEST = 1 << 20 }; /* bytes from a symbol to what still is in it */

struct symbol {
    uint64_t address;
    char *name;
};

struct symbols {
    struct symbol *list; /* by address */
    size_t count, capacity;
};

static bool is_text(char type)
{
    return type && strchr("tTwW", type);
}

static bool add(struct symbols *symbols, uint64_t address, const char *name)
{
    if (symbols->count == symbols->capacity) {
        size_t capacity = symbols->capacity ? 2 * symbols->capacity : 1024;
        struct symbol *list = realloc(symbols->list, capacity * sizeof(*list));
        if (!list) {
            return false;
        }
        symbols->list = list;
        symbols->capacity = capacity;
    }
    char *copy = strdup(name);
    if (!copy) {
        return false;
    }
    symbols->list[symbols->count++] = (struct symbol){address, copy};
    return true;
}

static int by_address(const void *a, const void *b)
{
    uint64_t x = ((const struct symbol *)a)->address;
    uint64_t y = ((const struct symbol *)b)->address;
    return x < y ? -1 : x > y;
}

struct symbols *symbols_read(const char *path, struct status *status)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        status_fail_errno(status, "cannot read %s", path);
        return NULL;
    }
    struct symbols *symbols = calloc(1, sizeof(*symbols));
    char line[512];
    bool fits = symbols != NULL;
    while (fits && fgets(line, sizeof(line), file)) {
        char *name;
        char *type;
        uint64_t address = strtoull(line, &type, 16);
        if (type != line && type[0] == ' ' && is_text(type[1]) && type[2] == ' ') {
            name = type + 3;
            name[strcspn(name, " \t\r\n")] = 0;
            fits = !*name || add(symbols, address, name);
        }
    }
    fclose(file);
    if (!fits || !symbols->count) {
        status_fail(status, fits ? "%s: no lines like \"c1000000 T _text\"" : "%s: out of memory",
                    path);
        symbols_free(symbols);
        return NULL;
    }
    qsort(symbols->list, symbols->count, sizeof(*symbols->list), by_address);
    return symbols;
}

void symbols_free(struct symbols *symbols)
{
    if (!symbols) {
        return;
    }
    for (size_t i = 0; i < symbols->count; i++) {
        free(symbols->list[i].name);
    }
    free(symbols->list);
    free(symbols);
}

const char *symbols_find(const struct symbols *symbols, uint64_t address, uint64_t *offset)
{
    size_t low = 0;
    size_t high = symbols->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (symbols->list[middle].address <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0 || address - symbols->list[low - 1].address >= FURTHEST) {
        return NULL;
    }
    *offset = address - symbols->list[low - 1].address;
    return symbols->list[low - 1].name;
}
