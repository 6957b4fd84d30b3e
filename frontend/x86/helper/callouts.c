/* The table of every callout, for the engines. */
#include "frontend/x86/x86.h"
#include "translator/api/callout.h"

#pragma weak callout_fpu_check
#pragma weak callout_x87
#pragma weak callout_x87_memory
#pragma weak callout_fldenv
#pragma weak callout_fnstenv
#pragma weak callout_frstor
#pragma weak callout_fnsave

callout_function *const x86_callouts[CALLOUT_COUNT] = {
#define CALLOUT(name, effects, what) callout_##name,
#include "translator/api/callouts.def"
#undef CALLOUT
};
