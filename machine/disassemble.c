/* The only user of Capstone outside the tests. */
#include "machine/disassemble.h"

#include <capstone/capstone.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "machine/guest_bytes.h"

enum { INSN_MAX = 15 };

void disassemble_at(struct machine *machine, char *text, size_t bytes)
{
    uint8_t code[INSN_MAX];
    struct guest_code where = guest_code_at(machine, code, sizeof(code));
    csh handle;
    cs_insn *insn = NULL;
    int used = snprintf(text, bytes, "%04x:%08" PRIx64 "  ", where.selector, where.offset);
    if (cs_open(CS_ARCH_X86, where.code32 ? CS_MODE_32 : CS_MODE_16, &handle) != CS_ERR_OK) {
        return;
    }
    size_t count = cs_disasm(handle, code, where.count, where.offset, 1, &insn);
    for (size_t i = 0; i < (count ? insn->size : 4u) && i < where.count; i++) {
        used += snprintf(text + used, bytes - (size_t)used, "%02x ", code[i]);
    }
    snprintf(text + used, bytes - (size_t)used, " %s %s", count ? insn->mnemonic : "(bad)",
             count ? insn->op_str : "");
    if (count) {
        cs_free(insn, count);
    }
    cs_close(&handle);
}
