#define _GNU_SOURCE
#include "machine/escapes.h"

#include <string.h>

/* The character that backslash and letter stand for, or 0. */
static char resolved(char letter)
{
    static const char pairs[][2] = {{'n', '\n'}, {'t', '\t'}, {'e', '\033'}, {'\\', '\\'}};
    for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (pairs[i][0] == letter) {
            return pairs[i][1];
        }
    }
    return 0;
}

char *escapes_resolve(const char *text)
{
    char *out = strdup(text);
    char *to = out;
    for (; out && *text; text++) {
        char known = *text == '\\' ? resolved(text[1]) : 0;
        *to++ = known ? known : *text;
        text += known != 0;
    }
    if (out) {
        *to = 0;
    }
    return out;
}
