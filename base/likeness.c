/* Levenshtein's distance, one row of its table at a time. */
#include "base/likeness.h"

#include <string.h>

unsigned likeness_distance(const char *a, size_t length, const char *b)
{
    enum { NAME_MOST = 32 };
    unsigned row[NAME_MOST];
    size_t columns = strlen(b);
    if (columns >= NAME_MOST) {
        return LIKENESS_NONE;
    }
    for (unsigned i = 0; i <= columns; i++) {
        row[i] = i;
    }
    for (size_t at = 0; at < length; at++) {
        unsigned diagonal = row[0]++;
        for (size_t i = 0; i < columns; i++) {
            unsigned change = diagonal + (a[at] != b[i]);
            unsigned shift = (row[i] < row[i + 1] ? row[i] : row[i + 1]) + 1;
            diagonal = row[i + 1];
            row[i + 1] = change < shift ? change : shift;
        }
    }
    return row[columns];
}
