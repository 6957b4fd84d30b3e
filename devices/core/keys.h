/*
 * The keys of the keyboard: one enumerator, name, scan codes and characters a row of keys.def.
 * Every host window, control request and keyboard device speaks in these codes.
 */
#ifndef DEVICES_CORE_KEYS_H
#define DEVICES_CORE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key_code {
#define KEY(code, name, set1, set2, set3, type, plain, shifted) KEYS_##code,
#define KEY_ALIAS(name, code)
#include "devices/core/keys.def"
#undef KEY
#undef KEY_ALIAS
    KEYS_COUNT
};

/* What a key does in scan set 3 until the guest changes it; bits. */
enum key_type { KEY_TYPE_MAKE = 0, KEY_TYPE_BREAK = 1, KEY_TYPE_REPEAT = 2 };

struct key_row {
    const char *name;
    uint16_t set1, set2; /* make codes; 0xE0xx has the prefix E0 */
    uint8_t set3;        /* 0: none */
    uint8_t type;        /* enum key_type */
    char plain, shifted; /* 0: none */
};

/* The row of a key; code is below KEYS_COUNT. */
const struct key_row *key_row(enum key_code code);

/* Finds a key by the name or alias of that length; case is ignored. */
bool key_by_name(const char *name, size_t length, enum key_code *code);

/* Parses "ctrl-alt-delete" into at most max keys, in order; returns their number, 0 when a name is
 * unknown or there are too many. */
size_t key_parse_chord(const char *text, enum key_code *keys, size_t max);

#endif
