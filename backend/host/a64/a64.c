/*
 * The native engine for AArch64 hosts: one pass over an IR block to host code.
 *
 * Code memory fills from the bottom and is only ever emptied as a whole.  Whatever is written is
 * made known to the instruction side before it runs, in blocks, links and stubs alike.
 *
 * Not modelled: 64-bit guest code (MODE_CODE64).
 */
#include "backend/host/a64/select.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

enum {
    DEFAULT_CODE_BYTES = 48 << 20,
    LARGEST_CODE_BYTES = 120 << 20
}; /* as far as a branch goes */
enum { HWCAP_FLAGM_BIT = 27 };

/* Code at [from, to) has been written. */
static void publish(struct engine *engine, uint32_t from, uint32_t to)
{
    char *start = (char *)engine->memory.exec;
    __builtin___clear_cache(start + from, start + to);
}

/* Writes a function that returns `value` over the last one, and calls it. */
static uint32_t probe(struct engine *engine, uint32_t value)
{
    uint32_t (*function)(void);
    const void *code = engine->memory.exec;
    struct code_buffer out;
    buffer_init(&out, engine->memory.write, 64);
    a64_imm(&out, REG_X0, value);
    a64_put(&out, (uint32_t)A64_RET | A64_LR << 5);
    publish(engine, 0, out.at);
    memcpy(&function, &code, sizeof function);
    return function();
}

/* False on hosts where code that has run and is written through the other view runs as it was. */
static bool views_agree(struct engine *engine)
{
    return probe(engine, 1) == 1 && probe(engine, 2) == 2;
}

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
    if (!views_agree(engine)) {
        codemem_free(&engine->memory);
        free(engine);
        return NULL;
    }
    buffer_init(&engine->out, engine->memory.write, (uint32_t)engine->memory.bytes);
    engine->passes = passes;
    engine->flag_m = getauxval(AT_HWCAP) >> HWCAP_FLAGM_BIT & 1;
    a64_emit_stubs(engine);
    publish(engine, 0, engine->out.at);
    engine->first_block = engine->out.at;
    return engine;
}

static void engine_destroy(struct engine *engine)
{
    codemem_free(&engine->memory);
    free(engine);
}

static void engine_reset(struct engine *engine)
{
    engine->out.at = engine->first_block;
    engine->out.full = false;
}

static size_t engine_code_used(const struct engine *engine)
{
    return engine->out.at;
}

static bool engine_emit(struct engine *engine, const struct ir_block *ir, struct block *block)
{
    struct code_buffer *out = &engine->out;
    struct emit *e = &engine->emit;
    uint32_t start = out->at;
    e->out = out;
    e->engine = engine;
    e->ir = ir;
    e->block = block;
    e->ended = false;
    e->slow_count = e->record_count = e->exit_count = 0;
    block->exit_count = 0;
    if (!a64_select_block(e)) {
        out->at = start;
        out->full = false;
        block->exit_count = 0;
        return false;
    }
    block->code = engine->memory.exec + start;
    block->code_bytes = out->at - start;
    publish(engine, start, out->at);
    return true;
}

/* Points the branch at `at` there, by way of the far branch before `unlinked` where it must. */
static void point(struct engine *engine, const struct block_exit *exit, uint32_t target)
{
    struct code_buffer *out = &engine->out;
    if (!a64_patch(out, exit->branch, target)) {
        uint32_t far = exit->unlinked - A64_FAR;
        a64_patch(out, far, target);
        publish(engine, far, far + 4);
        a64_patch(out, exit->branch, far);
    }
    publish(engine, exit->branch, exit->branch + 4);
}

static void engine_link(struct engine *engine, struct block_exit *exit, struct block *target,
                        int64_t guard_delta)
{
    uint32_t code = (uint32_t)((const uint8_t *)target->code - engine->memory.exec);
    if (exit->cross_page) {
        uint32_t guard = exit->unlinked - exit->guard_bytes;
        uint32_t onward = exit->unlinked - A64_ONWARD;
        memcpy(engine->memory.write + guard - A64_GUARD_LITERAL, &guard_delta, sizeof guard_delta);
        a64_patch(&engine->out, onward, code);
        publish(engine, guard - A64_GUARD_LITERAL, onward + 4);
        code = guard;
    }
    point(engine, exit, code);
}

static void engine_unlink(struct engine *engine, struct block_exit *exit)
{
    point(engine, exit, exit->unlinked);
}

static void engine_sync_fpu(struct engine *engine, struct context *ctx)
{
    (void)engine;
    (void)ctx;
}

static void no_fpu_sync(struct context *ctx)
{
    (void)ctx;
}

static void engine_enter(struct engine *engine, struct context *ctx, const struct block *block)
{
    void (*enter)(struct context *, const void *, const struct a64_frame *);
    const void *stub = engine->memory.exec + engine->stubs.enter;
    struct a64_frame flags;
    memcpy(&enter, &stub, sizeof enter);
    ctx->leave = LEAVE_NONE;
    ctx->exit_link = NULL;
    ctx->pending = 0;
    ctx->vec_resident = 0;
    ctx->fpu_sync = no_fpu_sync;
    a64_flags_to_host(ctx, &flags, false);
    enter(ctx, block->code, &flags);
}

#define BIT(pass) (UINT32_C(1) << PASS_##pass)

const struct host_ops host_a64 = {
    .name = "native",
    .lacks = BIT(flag_replay) | BIT(short_repeats) | BIT(sensitive) | BIT(segment_loads) |
             BIT(passages) | BIT(regions) | BIT(page_slots) | BIT(stack_groups) | BIT(host_flags),
    .create = engine_create,
    .destroy = engine_destroy,
    .emit = engine_emit,
    .link = engine_link,
    .unlink = engine_unlink,
    .enter = engine_enter,
    .reset = engine_reset,
    .sync_fpu = engine_sync_fpu,
    .code_used = engine_code_used,
};
