/*
 * host_interp: the portable engine.  It keeps a copy of each block's IR and evaluates it; linked
 * exits lead straight to the next copy.  Any host with a C compiler and libffi runs it, and it is
 * the oracle for the native engines.
 */
#include "backend/host/interp/engine.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 18, DEFAULT_CAPACITY = 64 << 20 };

static struct engine *interp_create(size_t code_bytes, struct pass_set passes)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    if (engine == NULL) {
        return NULL;
    }
    engine->passes = passes;
    engine->capacity = code_bytes ? code_bytes : DEFAULT_CAPACITY;
    engine->arena = arena_create(CHUNK_BYTES);
    engine->start = arena_mark(engine->arena);
    if (!interp_prepare_calls(engine)) {
        arena_destroy(engine->arena);
        free(engine);
        return NULL;
    }
    return engine;
}

static void interp_destroy(struct engine *engine)
{
    arena_destroy(engine->arena);
    free(engine);
}

static void interp_reset(struct engine *engine)
{
    arena_rewind(engine->arena, engine->start);
}

static size_t interp_code_used(const struct engine *engine)
{
    return arena_used(engine->arena);
}

static bool is_direct_exit(const struct ir_inst *inst)
{
    return inst->op == IR_brcc || inst->op == IR_brz || inst->op == IR_brnz || inst->op == IR_jmp;
}

static void collect_exits(struct compiled *code, const struct ir_block *ir)
{
    struct block *block = code->block;
    block->exit_count = 0;
    for (uint32_t i = 0; i < ir->count; i++) {
        struct ir_inst *inst = &code->insts[i];
        if (!is_direct_exit(inst)) {
            continue;
        }
        assert(block->exit_count < BLOCK_MAX_EXITS);
        inst->pad = block->exit_count;
        uint64_t place = (block->gpa & 0xfff) + inst->imm - block->rip;
        block->exits[block->exit_count] = (struct block_exit){.target_rip = (uint32_t)inst->imm,
                                                              .cross_page = place > 0xfff,
                                                              .index = block->exit_count};
        block->exit_count++;
    }
}

/* Instead of ir_flag_liveness(). */
static void make_all_flags(struct ir_block *block)
{
    for (uint32_t i = 0; i < block->count; i++) {
        block->insts[i].flags_live = block->insts[i].flags_written;
    }
}

static bool interp_emit(struct engine *engine, const struct ir_block *ir, struct block *block)
{
    size_t records = ir->count * sizeof(struct ir_inst);
    size_t bytes = sizeof(struct compiled) + records;
    size_t used = arena_used(engine->arena);
    if (used > 0 && used + bytes > engine->capacity) {
        return false;
    }
    struct compiled *code = arena_alloc(engine->arena, bytes);
    code->block = block;
    code->mode = ir->mode;
    code->insns = ir->insn_count;
    memcpy(code->insts, ir->insts, records);
    struct ir_block copy = *ir;
    copy.insts = code->insts;
    if (pass_on(engine->passes, PASS_flag_liveness)) {
        ir_flag_liveness(&copy);
    } else {
        make_all_flags(&copy);
    }
    collect_exits(code, ir);
    block->code = code;
    block->code_bytes = (uint32_t)bytes;
    return true;
}

static void interp_link(struct engine *engine, struct block_exit *exit, struct block *target,
                        int64_t guard_delta)
{
    (void)engine;
    struct block *owner = block_of_exit(exit);
    union {
        const void *constant;
        struct compiled *code;
    } pointer = {.constant = owner->code};
    pointer.code->guard[exit->index] = guard_delta;
    exit->target = target;
    exit->linked = 1;
}

static void interp_unlink(struct engine *engine, struct block_exit *exit)
{
    (void)engine;
    exit->linked = 0;
}

static void interp_sync_fpu(struct engine *engine, struct context *ctx)
{
    (void)engine;
    (void)ctx;
}

static void no_fpu_sync(struct context *ctx)
{
    (void)ctx;
}

static eval_function *const functions[IR_OPS] = {
#define ALU(name, shape, writes, undefined, what) eval_##name,
#define EFF(name, flags, what)                    eval_##name,
#include "translator/ir/ir_ops.def"
#undef ALU
#undef EFF
};

static void interp_enter(struct engine *engine, struct context *ctx, const struct block *block)
{
    struct eval e = {.ctx = ctx, .engine = engine, .call = interp_call};
    ctx->fpu_sync = no_fpu_sync;
    ctx->leave = LEAVE_NONE;
    ctx->exit_link = NULL;
    const struct ir_inst *inst = eval_enter_block(&e, block->code);
    while (inst != NULL) {
        inst = functions[inst->op](&e, inst);
    }
}

const struct host_ops host_interp = {
    .name = "portable",
    .create = interp_create,
    .destroy = interp_destroy,
    .emit = interp_emit,
    .link = interp_link,
    .unlink = interp_unlink,
    .enter = interp_enter,
    .reset = interp_reset,
    .sync_fpu = interp_sync_fpu,
    .code_used = interp_code_used,
};
