/* Runs one captured case on one engine and compares what it left. */
#ifndef TESTS_HARDWARE_RIG_H
#define TESTS_HARDWARE_RIG_H

#include "tests/hardware/moo.h"
#include "tests/support/cpu_fixture.h"

/* After cpu_fixture_create: the ports of the board the cases of that model were captured on. */
void rig_init(struct cpu_fixture *f);
/* False, with words why: it ended otherwise than on hardware. */
bool rig_agrees(struct cpu_fixture *f, const struct moo_case *c, char *why, size_t room);

#endif
