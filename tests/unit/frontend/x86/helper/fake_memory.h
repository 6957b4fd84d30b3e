/* Guest memory of the x87 tests: one array, everything outside it faults.  Defines the accesses
 * that translator/core would, so include it once in a program. */
#ifndef TESTS_UNIT_FRONTEND_X86_HELPER_FAKE_MEMORY_H
#define TESTS_UNIT_FRONTEND_X86_HELPER_FAKE_MEMORY_H

#include "frontend/x86/cpu/cpu.h"

#include <string.h>

static uint8_t ram[256];

static bool reachable(struct context *ctx, uint64_t offset, unsigned size)
{
    if (offset + size <= sizeof(ram)) {
        return true;
    }
    context_fault(ctx, VECTOR_PF, true, 0);
    return false;
}

bool guest_load(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    (void)seg;
    if (reachable(ctx, offset, size)) {
        memset(ctx->slow_value, 0, sizeof(ctx->slow_value));
        memcpy(ctx->slow_value, ram + offset, size);
        return true;
    }
    return false;
}

bool guest_store(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    (void)seg;
    if (reachable(ctx, offset, size)) {
        memcpy(ram + offset, ctx->slow_value, size);
        return true;
    }
    return false;
}

bool guest_load_for_write(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    return guest_load(ctx, seg, offset, size);
}

bool guest_probe_write(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    (void)seg;
    return reachable(ctx, offset, size);
}

bool guest_read(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                uint64_t *value)
{
    bool done = guest_load(ctx, seg, offset, size);
    *value = context_slow(ctx, 0);
    return done;
}

bool guest_write(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                 uint64_t value)
{
    context_set_slow(ctx, value, 0);
    return guest_store(ctx, seg, offset, size);
}

#endif
