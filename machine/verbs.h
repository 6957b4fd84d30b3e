/* What the control socket and scripts can ask of a machine; one function a row of verbs.def. */
#ifndef MACHINE_VERBS_H
#define MACHINE_VERBS_H

#include "machine/machine.h"

/* args[0..count-1] are texts; *text may get a malloc'd answer.  False: message in status. */
typedef bool verb_function(struct machine *machine, const char *const *args, unsigned count,
                           char **text, struct status *status);

#define VERB(function, name, least, most, arguments, meaning) verb_function verb_##function;
#include "machine/verbs.def"
#undef VERB

#endif
