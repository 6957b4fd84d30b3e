/* Runs cases in the emulator: one bare processor on one engine, set up as Linux sets up a host. */
#ifndef TESTS_FUZZ_GUEST_H
#define TESTS_FUZZ_GUEST_H

#include "tests/fuzz/world.h"

struct guest;

/* engine: "native" or "portable"; plain: blocks of one instruction, no optimisations.  NULL: not
 * here. */
struct guest *guest_create(const char *engine, bool plain);
void guest_destroy(struct guest *guest);
/* From slot->before and slot->memory to *after and memory_after (FUZZ_BYTES). */
void guest_run(struct guest *guest, const struct fuzz_slot *slot, struct fuzz_state *after,
               uint8_t *memory_after);
/* CPUID of the emulated model: EAX EBX ECX EDX of a leaf. */
void guest_cpuid(const struct guest *guest, uint32_t leaf, uint32_t out[4]);

#endif
