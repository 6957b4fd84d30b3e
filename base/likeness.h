/* How much two names differ, to suggest the one that was meant. */
#ifndef BASE_LIKENESS_H
#define BASE_LIKENESS_H

#include <stddef.h>

/* Characters to change, leave out or put in to make b of the first `length` characters of a
 * (Levenshtein's distance).  b has less than 32 characters; LIKENESS_NONE for longer ones. */
enum { LIKENESS_NONE = 1 << 20 };
unsigned likeness_distance(const char *a, size_t length, const char *b);

/* The distance up to which a name of that length is still taken for a misspelt one. */
static inline unsigned likeness_limit(size_t length)
{
    return length < 3 ? 0 : length < 7 ? 1 : 2;
}

#endif
