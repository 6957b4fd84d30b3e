/* What a set says about its cases beside them: flags an opcode leaves undefined, cases that were
 * withdrawn; and what this project knows of single ones. */
#ifndef TESTS_HARDWARE_FACTS_H
#define TESTS_HARDWARE_FACTS_H

#include "tests/hardware/moo.h"

/* Flags that are defined for the opcode ("F6.7", "670FBA.4"), by metadata.json or 80386.csv in the
 * folder or the one above; FFFFh without either. */
uint16_t facts_flags(const char *folder, const char *opcode);
/* The hashes of revocation_list.txt in the folder or above, one after the other, to be freed; NULL
 * and 0 without one. */
uint8_t *facts_revoked(const char *folder, unsigned *count);
/* Why that case of that model's set cannot agree; NULL: nothing known. */
const char *facts_known(const char *model, const char *opcode, uint32_t index);
/* Which flags of an opcode's cases are compared: those the set calls defined; all, but for cases
 * that end with an exception; all. */
enum facts_compared { FACTS_DEFINED, FACTS_RESULTS, FACTS_ALL };
enum facts_compared facts_compared(const char *model, const char *opcode);

#endif
