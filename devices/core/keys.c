/* Look-ups in the key table. */
#include "devices/core/keys.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

static const struct key_row rows[KEYS_COUNT] = {
#define KEY(code, name, set1, set2, set3, type, plain, shifted) \
    [KEYS_##code] = {name, set1, set2, set3, KEY_TYPE_##type, plain, shifted},
#define KEY_ALIAS(name, code)
#include "devices/core/keys.def"
#undef KEY
#undef KEY_ALIAS
};

static const struct {
    const char *name;
    enum key_code code;
} aliases[] = {
#define KEY(code, name, set1, set2, set3, type, plain, shifted)
#define KEY_ALIAS(name, code) {name, KEYS_##code},
#include "devices/core/keys.def"
#undef KEY
#undef KEY_ALIAS
};

const struct key_row *key_row(enum key_code code)
{
    assert((unsigned)code < KEYS_COUNT);
    return &rows[code];
}

static bool same(const char *row, const char *name, size_t length)
{
    return strlen(row) == length && strncasecmp(row, name, length) == 0;
}

bool key_by_name(const char *name, size_t length, enum key_code *code)
{
    for (unsigned i = 0; i < KEYS_COUNT; i++) {
        if (same(rows[i].name, name, length)) {
            *code = (enum key_code)i;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        if (same(aliases[i].name, name, length)) {
            *code = aliases[i].code;
            return true;
        }
    }
    return false;
}

size_t key_parse_chord(const char *text, enum key_code *keys, size_t max)
{
    size_t count = 0;
    for (;;) {
        size_t length = strcspn(text, "-");
        if (count == max || !key_by_name(text, length, &keys[count])) {
            return 0;
        }
        count++;
        if (text[length] == '\0') {
            return count;
        }
        text += length + 1;
    }
}
