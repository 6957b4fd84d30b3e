/* Addressing forms of ModRM and SIB. */
#ifndef FRONTEND_X86_DECODE_MODRM_H
#define FRONTEND_X86_DECODE_MODRM_H

#include "frontend/x86/decode/insn.h"

/* Fills op's address from insn->modrm (mod not 3), insn->rex and insn->address_size and the SIB and
 * displacement bytes at `at`, of which six must be readable. Returns the byte after them.
 * op->seg becomes the default segment; width and kind are the caller's. */
const uint8_t *x86_modrm_memory(const struct x86_insn *insn, const uint8_t *at, bool long_mode,
                                struct x86_operand *op);

#endif
