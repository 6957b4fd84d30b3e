/*
 * Hosts that run no 32-bit code (some hypervisors have no such segments): a case whose instructions
 * do the same in 64-bit code, with registers zero-extended, can be compared there all the same.
 * Left out are stacks, calls, segments, prefixes of address size, and addresses that would wrap.
 */
#ifndef TESTS_FUZZ_SAME64_H
#define TESTS_FUZZ_SAME64_H

#include "frontend/x86/decode/insn.h"

/* Do bytes that were decoded as 32-bit code, with that result, mean the same in 64-bit code? */
bool same64_insn(const uint8_t *bytes, enum x86_decode_result result, const struct x86_insn *insn);
/* Are its memory operands where they are in 64-bit code?  touched: registers whose values are not
 * those of gpr any more. */
bool same64_addresses(const struct x86_insn *insn, const uint32_t gpr[8], unsigned touched);
/* Registers of its memory operands' addresses, a bit each. */
unsigned same64_used(const struct x86_insn *insn);
/* Registers that are its operands, a bit each, and those that instructions use without naming them.
 */
unsigned same64_touched(const struct x86_insn *insn);

#endif
