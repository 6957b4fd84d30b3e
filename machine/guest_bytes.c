#include "machine/guest_bytes.h"

#include "machine/machine.h"
#include "translator/api/mode.h"

struct guest_code guest_code_at(struct machine *machine, uint8_t *bytes, size_t most)
{
    struct context *ctx = machine->ctx;
    struct guest_code code = {.offset = ctx->rip,
                              .selector = ctx->seg[SEG_CS].selector,
                              .code32 = (x86_guest.mode(ctx) & MODE_CODE32) != 0};
    for (; code.count < most; code.count++) {
        uint64_t linear = (ctx->seg[SEG_CS].base + ctx->rip + code.count) & UINT32_MAX;
        uint64_t gpa;
        if (!x86_peek_linear(machine->cpu, linear, &gpa)) {
            break;
        }
        memory_map_peek(&machine->memory, gpa, bytes + code.count, 1);
    }
    return code;
}
