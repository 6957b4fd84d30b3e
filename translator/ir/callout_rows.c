#include "translator/api/callout.h"

enum { LEAVES = CALLOUT_LEAVES, ENDS = CALLOUT_LEAVES | CALLOUT_ENDS };

const struct callout_row callout_rows[CALLOUT_COUNT] = {
#define CALLOUT(name, effects, what) {#name, effects},
#include "translator/api/callouts.def"
#undef CALLOUT
};
