/* In place of machine/disassemble.c: no Capstone.  The decoder prints what it understood. */
#include "machine/disassemble.h"

#include "frontend/x86/decode/insn.h"
#include "machine/guest_bytes.h"

#include <inttypes.h>
#include <stdio.h>

enum { INSN_MAX = 15, TEXT_MOST = 128 };

void disassemble_at(struct machine *machine, char *text, size_t bytes)
{
    uint8_t code[INSN_MAX];
    struct guest_code where = guest_code_at(machine, code, sizeof(code));
    struct x86_decode_mode mode = {.features = UINT64_MAX,
                                   .code_size = where.code32 ? 32 : 16,
                                   .protected_mode = where.code32};
    struct x86_insn insn;
    char words[TEXT_MOST] = "(bad)";
    bool good = x86_decode(code, where.count, &mode, &insn) == X86_DECODED;
    if (good) {
        x86_insn_print(&insn, where.offset, words, sizeof(words));
    }
    int used = snprintf(text, bytes, "%04x:%08" PRIx64 "  ", where.selector, where.offset);
    for (size_t i = 0; i < (good ? insn.length : 4u) && i < where.count; i++) {
        used += snprintf(text + used, bytes - (size_t)used, "%02x ", code[i]);
    }
    snprintf(text + used, bytes - (size_t)used, " %s", words);
}
