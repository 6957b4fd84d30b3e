/*
 * Translations that outlive the process (--code-cache): a file of the user's own.
 *
 * It is only read when it belongs to the user, nobody else can write to it, this very program made
 * it and its checksum is right; else it is as if it were not there.  It holds host code: whoever
 * can write it can do what the user can.
 */
#ifndef MACHINE_CODE_CACHE_H
#define MACHINE_CODE_CACHE_H

#include "machine/machine.h"

/* Gives the translator what the file has.  False with a message: there is no place for a file. */
bool code_cache_load(struct machine *machine, struct status *status);
/* Writes what is translated now, unless that is little more than what was read. */
bool code_cache_save(struct machine *machine, struct status *status);

#endif
