/* The table of every callout, for the engines. */
#include "frontend/x86/x86.h"
#include "translator/api/callout.h"

callout_function *const x86_callouts[CALLOUT_COUNT] = {
#define CALLOUT(name, effects, what) callout_##name,
#include "translator/api/callouts.def"
#undef CALLOUT
};
