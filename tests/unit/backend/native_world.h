/*
 * A small guest for tests of the native engine: a record, tables, and memory that is partly on the
 * fast path, partly on the slow path, partly faulting.  Included once by each test program, which
 * it also gives the slow path's functions.
 */
#ifndef TESTS_UNIT_BACKEND_NATIVE_WORLD_H
#define TESTS_UNIT_BACKEND_NATIVE_WORLD_H

#include "base/endian.h"
#include "translator/api/host.h"
#include "translator/api/memory.h"
#include "translator/api/mode.h"
#include "translator/ir/ir.h"

#include <stdlib.h>
#include <string.h>

/* Guest memory: linear 10000h..17fffh.  Pages 0-3 are in the tables, 4-5 only on the slow path
 * (as MMIO would be), 6-7 fault. */
enum { RAM = 0x10000, RAM_BYTES = 0x8000, FAST_BYTES = 0x4000, MAPPED_BYTES = 0x6000 };

struct world {
    struct context ctx;
    uint8_t ram[RAM_BYTES];
};

static struct world *world_of(struct context *ctx)
{
    return (struct world *)(void *)ctx;
}

static bool reach(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                  uint32_t *at)
{
    uint32_t linear = (uint32_t)(offset + ctx->seg[seg].base) - RAM;
    if (linear >= MAPPED_BYTES || linear + size > MAPPED_BYTES) {
        context_fault(ctx, 14, true, 0);
        return false;
    }
    *at = linear;
    return true;
}

bool guest_load(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    uint32_t at;
    if (!reach(ctx, seg, offset, size, &at)) {
        return false;
    }
    memcpy(ctx->slow_value, world_of(ctx)->ram + at, size);
    return true;
}

void guest_run_again(struct context *ctx)
{
    ctx->leave = LEAVE_AGAIN;
}

bool guest_load_for_write(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    return guest_load(ctx, seg, offset, size);
}

bool guest_probe_write(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    uint32_t at;
    return reach(ctx, seg, offset, size, &at);
}

bool guest_store(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    uint32_t at;
    if (!reach(ctx, seg, offset, size, &at)) {
        return false;
    }
    memcpy(world_of(ctx)->ram + at, ctx->slow_value, size);
    return true;
}

static struct world *world_create(void)
{
    struct world *world = aligned_alloc(4096, (sizeof *world + 4095) & ~(size_t)4095);
    memset(world, 0, sizeof *world);
    world->ctx.tables = calloc(1, sizeof *world->ctx.tables);
    world->ctx.hash = calloc(HASH_ENTRIES, sizeof *world->ctx.hash);
    world->ctx.mxcsr = 0x1f80;
    world->ctx.df = 0xffffffff;
    return world;
}

static void world_destroy(struct world *world)
{
    free(world->ctx.tables);
    free(world->ctx.hash);
    free(world);
}

/* Pages 0, 1 and 3 by the tables, page 2 writable only on the slow path. */
static void world_map(struct world *world)
{
    for (unsigned i = 0; i < FAST_BYTES / 4096; i++) {
        int64_t delta = (int64_t)(uintptr_t)world->ram - RAM;
        world->ctx.tables->read[RAM / 4096 + i] = delta;
        world->ctx.tables->write[RAM / 4096 + i] = i == 2 ? INT64_MIN : delta;
    }
}

#endif
