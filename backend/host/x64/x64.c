/*
 * The native engine for x86-64 hosts: one pass over an IR block to host code.
 *
 * Code memory fills from the bottom and is only ever emptied as a whole.  What a guest does cannot
 * reach outside: addresses go through the tables, everything else through callouts.
 *
 * Not modelled: 64-bit guest code (MODE_CODE64).
 */
#include "backend/host/x64/select.h"

#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_CODE_BYTES = 48 << 20,
    LARGEST_CODE_BYTES = 1 << 30,
    WRITTEN_MOST = 8 << 20, /* then the view it was written through is let go */
};

static struct engine *engine_create(size_t code_bytes, struct pass_set passes)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        return NULL;
    }
    if (code_bytes == 0) {
        code_bytes = DEFAULT_CODE_BYTES;
    }
    if (code_bytes > LARGEST_CODE_BYTES) {
        code_bytes = LARGEST_CODE_BYTES;
    }
    if (!codemem_init(&engine->memory, code_bytes)) {
        free(engine);
        return NULL;
    }
    buffer_init(&engine->out, engine->memory.write, (uint32_t)engine->memory.bytes);
    engine->passes = passes;
    engine->host_sets = pass_on(passes, PASS_host_sets) ? x64_host_sets() : 1;
    engine->host_sets = pass_on(passes, PASS_host_vec) ? engine->host_sets : 0;
    engine->foreign_flags = pass_on(passes, PASS_host_flags) ? x64_foreign_flags() : FOREIGN_ALL;
    x64_emit_stubs(engine);
    engine->first_block = engine->out.at;
    return engine;
}

static void engine_destroy(struct engine *engine)
{
    codemem_free(&engine->memory);
    free(engine->region);
    free(engine);
}

static void engine_reset(struct engine *engine)
{
    engine->out.at = engine->first_block;
    engine->populated = 0; /* the writable view has been let go of */
    engine->out.full = false;
}

static size_t engine_code_used(const struct engine *engine)
{
    return engine->out.at;
}

void x64_begin_unit(struct engine *engine, struct block *block)
{
    struct code_buffer *out = &engine->out;
    struct emit *e = &engine->emit;
    uint32_t start = out->at;
    if (start + POPULATE_BYTES / 4 > engine->populated && engine->populated < out->size) {
        if (engine->populated % WRITTEN_MOST == 0) {
            codemem_written(&engine->memory);
        }
        codemem_populate(&engine->memory, engine->populated, POPULATE_BYTES);
        engine->populated += POPULATE_BYTES;
    }
    e->out = out;
    e->engine = engine;
    e->block = block;
    e->region = NULL;
    e->ended = false;
    e->flags_in_host = false;
    e->slow_count = e->callout_count = e->exit_count = 0;
    block->exit_count = 0;
}

static bool engine_emit(struct engine *engine, const struct ir_block *ir, struct block *block)
{
    struct code_buffer *out = &engine->out;
    struct emit *e = &engine->emit;
    uint32_t start = out->at;
    x64_begin_unit(engine, block);
    e->ir = ir;
    if (!x64_select_block(e)) {
        out->at = start;
        out->full = false;
        block->exit_count = 0;
        return false;
    }
    block->code = engine->memory.exec + start;
    block->code_bytes = out->at - start;
    return true;
}

/* Bytes from the guard's immediate to the displacement after it: the immediate, cmp, je. */
enum { GUARD_IMMEDIATE = 8 + 3 + 2 };

static void engine_link(struct engine *engine, struct block_exit *exit, struct block *target,
                        int64_t guard_delta)
{
    uint32_t code = (uint32_t)((const uint8_t *)target->code - engine->memory.exec);
    if (exit->cross_page) {
        if (exit->guard_bytes == 0) {
            return; /* stays a look-up */
        }
        uint32_t onward = exit->unlinked - 4; /* the guard ends with the displacement */
        memcpy(engine->memory.write + onward - GUARD_IMMEDIATE, &guard_delta, sizeof guard_delta);
        buffer_patch_rel32(&engine->out, onward, code);
        code = exit->unlinked - exit->guard_bytes;
    }
    buffer_patch_rel32(&engine->out, exit->branch, code);
}

static void engine_unlink(struct engine *engine, struct block_exit *exit)
{
    buffer_patch_rel32(&engine->out, exit->branch, exit->unlinked);
}

static void engine_sync_fpu(struct engine *engine, struct context *ctx)
{
    (void)engine;
    context_fpu_sync(ctx);
}

static void engine_enter(struct engine *engine, struct context *ctx, const struct block *block)
{
    void (*enter)(struct context *, const void *);
    const void *stub = engine->memory.exec + engine->stubs.enter;
    memcpy(&enter, &stub, sizeof enter);
    ctx->leave = LEAVE_NONE;
    ctx->exit_link = NULL;
    ctx->pending = 0;
    ctx->fpu_sync = x64_fpu_sync;
    ctx->vec_resident = 0;
    enter(ctx, block->code);
    context_fpu_sync(ctx);
}

const struct host_ops host_x64 = {
    .name = "native",
    .create = engine_create,
    .destroy = engine_destroy,
    .emit = engine_emit,
    .emit_region = x64_emit_region,
    .link = engine_link,
    .unlink = engine_unlink,
    .enter = engine_enter,
    .reset = engine_reset,
    .sync_fpu = engine_sync_fpu,
    .code_used = engine_code_used,
    .image = x64_image,
    .take = x64_take,
    .adopt = x64_adopt,
    .detach = x64_detach,
};
