/*
 * The dispatcher: from one leave to the next.
 */
#include "translator/core/core.h"

#include "base/unshared.h"
#include "translator/api/mode.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_MAX_INSNS = 32, ARENA_BYTES = 1 << 20 };

/* Instructions by which a kick makes the budget look used up, so that the next block is not begun.
 */
#define KICK (INT64_C(1) << 40)

static void setup_record(struct translator *tr, const struct translator_config *config)
{
    struct context *ctx = config->ctx;
    ctx->translator = tr;
    ctx->guest = config->guest;
    ctx->memory = config->memory;
    ctx->callouts = config->count_callouts ? counted_callouts : config->callouts;
    ctx->hash = tr->hash;
    ctx->tables = tr->tables[0];
    for (unsigned view = 0; view < MEMORY_VIEWS; view++) {
        ctx->views[view] = tr->tables[view];
    }
    ctx->budget = 0;
    ctx->pending = 0;
    ctx->icount_end = ctx->icount;
    ctx->leave = LEAVE_NONE;
    ctx->exit_link = NULL;
    ctx->next_code = exec_next_code;
    tlb_drop_slots(tr);
}

struct translator *translator_create(const struct translator_config *config)
{
    struct translator *tr = calloc(1, sizeof(*tr));
    if (!tr) {
        return NULL;
    }
    tr->ctx = config->ctx;
    tr->guest = config->guest;
    tr->host = config->host;
    tr->memory = config->memory;
    tr->passes = config->passes;
    tr->callouts = config->callouts;
    tr->translated = config->translated;
    tr->translated_user = config->user;
    tr->mode_always = (pass_on(tr->passes, PASS_host_x87) ? 0U : (uint32_t)MODE_FPU_SLOW) |
                      (pass_on(tr->passes, PASS_host_vec) ? 0U : (uint32_t)MODE_SSE_SLOW);
    tr->max_insns = config->max_insns ? config->max_insns : DEFAULT_MAX_INSNS;
    tr->code_bytes = config->code_bytes;
    tr->engine = config->host->create(config->code_bytes, config->passes);
    tr->stepper = host_interp.create(0, config->passes);
    block_table_create(&tr->blocks);
    tr->dormant = unshared_create(DORMANT_BYTES);
    tr->hash = unshared_create(HASH_BYTES);
    tr->no_hash = unshared_create(HASH_BYTES);
    tr->arena = arena_create_unshared(ARENA_BYTES);
    tr->arena_start = arena_mark(tr->arena);
    tr->scratch = arena_create(IR_MAX_RECORDS * sizeof(struct ir_inst));
    tr->ir.insts = arena_alloc(tr->scratch, IR_MAX_RECORDS * sizeof(struct ir_inst));
    if (!tr->engine || !tr->stepper || !tr->dormant || !tr->hash || !tr->no_hash ||
        !softmmu_create(tr) || !hot_create(tr)) {
        translator_destroy(tr);
        return NULL;
    }
    setup_record(tr, config);
    return tr;
}

void translator_destroy(struct translator *tr)
{
    if (tr->engine) {
        tr->host->destroy(tr->engine);
    }
    if (tr->stepper) {
        host_interp.destroy(tr->stepper);
    }
    softmmu_destroy(tr);
    hot_destroy(tr);
    saved_destroy(tr->saved);
    arena_destroy(tr->arena);
    arena_destroy(tr->scratch);
    block_table_destroy(&tr->blocks);
    unshared_destroy(tr->dormant, DORMANT_BYTES);
    unshared_destroy(tr->hash, HASH_BYTES);
    unshared_destroy(tr->no_hash, HASH_BYTES);
    free(tr);
}

static uint64_t linear_rip(const struct context *ctx)
{
    return (ctx->seg[SEG_CS].base + ctx->rip) & UINT32_MAX;
}

uint64_t memory_code_tag(struct context *ctx, uint32_t mode)
{
    const struct segment *cs = &ctx->seg[SEG_CS];
    return (uint64_t)cache_tag(ctx->translator, mode, cs->base, cs->limit) << 32;
}

/* Brings tables and tag in line with the mode and CS. */
static void select_mode(struct translator *tr)
{
    struct context *ctx = tr->ctx;
    ctx->mode_current = MODE_OPEN;
    ctx->view = mode_view(ctx->mode);
    ctx->tables = tr->tables[ctx->view];
    ctx->tag = memory_code_tag(ctx, ctx->mode);
}

/* The same, and the mode in line with the state. */
static void refresh_mode(struct translator *tr)
{
    tr->ctx->mode = tr->guest->mode(tr->ctx) | tr->mode_always;
    select_mode(tr);
}

/* Gives back what the left block did not run. */
static void settle(struct translator *tr)
{
    struct context *ctx = tr->ctx;
    hot_unhide(tr);
    if (tr->kicked) {
        tr->kicked = false;
        ctx->budget += KICK;
        ctx->icount_end += (uint64_t)KICK;
    }
    if (ctx->leave == LEAVE_AFTER) {
        ctx->rip = ctx->next_rip;
        ctx->pending -= 1;
        ctx->leave = LEAVE_LOOKUP;
    }
    ctx->budget += ctx->pending;
    ctx->pending = 0;
}

/* Both, as far as the instruction or the event before has not done that. */
static void settle_mode(struct translator *tr)
{
    switch ((enum mode_state)tr->ctx->mode_current) {
    case MODE_OPEN:
        refresh_mode(tr);
        break;
    case MODE_CURRENT:
        select_mode(tr);
        break;
    case MODE_SAME:
        tr->ctx->mode_current = MODE_OPEN;
        break;
    }
}

bool translator_deliver(struct translator *tr)
{
    tr->stats.events++;
    tr->pass_break = false;
    tr->ctx->leave = LEAVE_NONE;
    tr->ctx->mode_current = MODE_OPEN;
    bool alive = tr->guest->deliver(tr->ctx);
    tr->ctx->leave = LEAVE_NONE;
    return alive;
}

/* One instruction with everything that belongs between two instructions. */
static void step(struct translator *tr)
{
    struct context *ctx = tr->ctx;
    if (!(ctx->mode & MODE_STEP) || tr->guest->before_step(ctx)) {
        translate_and_step(tr, 1);
        settle(tr);
    }
}

/* What follows instructions under a debugger of the guest: traps, or none when the last one
 * faulted. */
static void after_step(struct translator *tr, uint32_t eflags_before)
{
    struct context *ctx = tr->ctx;
    enum leave_reason reason = (enum leave_reason)ctx->leave;
    if (reason == LEAVE_EVENT) {
        ctx->trap_pending = 0;
        return;
    }
    ctx->leave = LEAVE_NONE;
    tr->guest->after_step(ctx, eflags_before);
    if (ctx->leave == LEAVE_NONE) {
        ctx->leave = (uint32_t)reason;
    }
}

static struct hash_slot *slot_here(const struct translator *tr)
{
    uint64_t rip = tr->ctx->rip;
    return &tr->hash[(uint32_t)(rip ^ rip >> 12) & (HASH_ENTRIES - 1)];
}

/* What the code table says of the page at rip. */
static int64_t guard_here(const struct context *ctx)
{
    return ctx->tables->code[(uint32_t)(ctx->seg[SEG_CS].base + ctx->rip) >> PAGE_BITS];
}

static void fill_hash(struct translator *tr, struct block *block)
{
    const struct context *ctx = tr->ctx;
    int64_t guard = guard_here(ctx);
    if (guard > 0) {
        *slot_here(tr) = (struct hash_slot){
            .tag = ctx->tag | ctx->rip, .code = block->code, .guard = guard, .block = block};
    }
}

/* The block that the branch hash knows at rip, or NULL. */
static struct block *from_hash(const struct translator *tr)
{
    const struct context *ctx = tr->ctx;
    const struct hash_slot *slot = slot_here(tr);
    bool hit = slot->tag == (ctx->tag | ctx->rip) && slot->guard == guard_here(ctx);
    return hit ? slot->block : NULL;
}

/*
 * From callouts that end blocks: what translator_run() would do before it enters the next block,
 * when nothing else is to be done and the hash knows that block.
 */
const void *exec_next_code(struct context *ctx)
{
    struct translator *tr = ctx->translator;
    if (ctx->leave != LEAVE_LOOKUP || tr->kicked || tr->interrupt || tr->stop || tr->reset_wanted ||
        ctx->halted || ctx->fpu_resident || tr->break_count) {
        return NULL;
    }
    ctx->budget += ctx->pending;
    ctx->pending = 0;
    settle_mode(tr);
    struct block *block = (ctx->mode & MODE_STEP) || ctx->trap_pending ? NULL : from_hash(tr);
    if (!block || !hot_continue(tr)) {
        return NULL;
    }
    ctx->leave = LEAVE_NONE;
    tr->stats.continued++;
    return block->code;
}

/* Finds the block at rip and runs it; links the exit that led here. */
static void run_block(struct translator *tr)
{
    struct context *ctx = tr->ctx;
    struct block_exit *from = ctx->exit_link;
    uint64_t resets = tr->stats.full_resets;
    ctx->exit_link = NULL;
    tr->stats.lookups++;
    struct block *block = from ? NULL : from_hash(tr);
    if (!block || block->gpa2 != UINT64_MAX) { /* its tail's page may be another one now */
        block = translate_block(tr);
    }
    if (!block) {
        return;
    }
    block = block_hottest(block);
    bool stops = tr->break_count && exec_is_break(tr, linear_rip(ctx)); /* the dispatcher sees it */
    if (from && resets == tr->stats.full_resets) {
        if (pass_on(tr->passes, PASS_links) && !stops) {
            cache_link(tr, from, block);
        }
    } else if (!from && !stops && pass_on(tr->passes, PASS_branch_hash)) {
        fill_hash(tr, block);
    }
    if ((int64_t)block->insns > ctx->budget && block_base(block)) {
        block = block_base(block);
    }
    if ((int64_t)block->insns > ctx->budget) {
        translate_and_step(tr, (uint32_t)ctx->budget);
        return;
    }
    block = hot_choose(tr, block);
    tr->host->enter(tr->engine, ctx, block);
}

/* guest_run_again(): one instruction, whatever is due. */
static void run_again(struct translator *tr)
{
    struct context *ctx = tr->ctx;
    ctx->budget += KICK;
    ctx->icount_end += (uint64_t)KICK;
    translate_and_step(tr, 1);
    ctx->budget -= KICK;
    ctx->icount_end -= (uint64_t)KICK;
    settle(tr);
    tr->loaded = false;
}

/* What a leave means; true: translator_run() returns *result. */
static bool handle_leave(struct translator *tr, enum run_result *result)
{
    struct context *ctx = tr->ctx;
    enum leave_reason reason = (enum leave_reason)ctx->leave;
    ctx->leave = LEAVE_NONE;
    switch (reason) {
    case LEAVE_EVENT:
        if (ctx->event.kind == EVENT_FAULT) {
            ctx->budget -= 1; /* time passes although nothing retired, else a fault loop stops it */
        }
        *result = RUN_TRIPLE_FAULT;
        if (!translator_deliver(tr)) {
            return true;
        }
        settle(tr); /* the frame may have been pushed over code */
        return false;
    case LEAVE_HALT:
        ctx->halted = ctx->halted ? ctx->halted : HALTED_HLT;
        return false;
    case LEAVE_NONE:
    case LEAVE_LOOKUP:
    case LEAVE_AFTER:
    case LEAVE_AGAIN:
        return false;
    }
    return false;
}

bool exec_is_break(const struct translator *tr, uint64_t linear)
{
    for (unsigned i = 0; i < tr->break_count; i++) {
        if (tr->breaks[i] == linear) {
            return true;
        }
    }
    return false;
}

void translator_set_breaks(struct translator *tr, const uint64_t *linear, unsigned count)
{
    tr->break_count = count < TRANSLATOR_BREAKS ? count : TRANSLATOR_BREAKS;
    for (unsigned i = 0; i < tr->break_count; i++) {
        tr->breaks[i] = linear[i] & UINT32_MAX;
    }
    tr->pass_break = false;
    cache_reset(tr);
}

void translator_pass_break(struct translator *tr)
{
    tr->pass_break = true;
}

/* Whether the next instruction stands at a breakpoint that is not to be passed. */
static bool at_break(struct translator *tr)
{
    bool passes = tr->pass_break;
    tr->pass_break = false;
    return tr->break_count && !passes && exec_is_break(tr, linear_rip(tr->ctx));
}

/* Reasons not to start the next instruction. */
static bool must_return(struct translator *tr, enum run_result *result)
{
    struct context *ctx = tr->ctx;
    if (tr->stop) {
        tr->stop = false;
        *result = RUN_STOPPED;
        return true;
    }
    if (tr->interrupt && tr->guest->interruptible(ctx)) {
        *result = RUN_INTERRUPT;
        return true;
    }
    if (ctx->halted) {
        *result = RUN_HALTED;
        return true;
    }
    if (ctx->budget <= 0) {
        *result = RUN_DEADLINE;
        return true;
    }
    if (at_break(tr)) {
        *result = RUN_BREAK;
        return true;
    }
    return false;
}

/* From one leave to the next. */
static void run_once(struct translator *tr)
{
    struct context *ctx = tr->ctx;
    uint32_t eflags = ctx->eflags;
    if (tr->reset_wanted) {
        cache_reset(tr);
    }
    settle_mode(tr);
    bool stepping = ctx->mode & MODE_STEP;
    bool shadowed = (tr->interrupt || ctx->trap_pending) && context_shadowed(ctx) != SHADOW_NONE;
    if (shadowed || stepping) {
        ctx->exit_link = NULL;
        step(tr);
    } else {
        run_block(tr);
        settle(tr);
        if (ctx->leave == LEAVE_AGAIN) {
            run_again(tr);
        }
    }
    if (stepping || ctx->trap_pending) {
        after_step(tr, eflags);
    }
}

/* The delivery of an event may itself have met breakpoints: a trap before the handler's first
 * instruction.  Time passes, else handlers that always do would never end. */
static bool trap_is_due(struct translator *tr)
{
    struct context *ctx = tr->ctx;
    if (!ctx->trap_pending || context_shadowed(ctx) != SHADOW_NONE) {
        return false;
    }
    ctx->budget -= 1;
    after_step(tr, 0);
    return ctx->leave == LEAVE_EVENT;
}

enum run_result translator_run(struct translator *tr)
{
    struct context *ctx = tr->ctx;
    enum run_result result = RUN_DEADLINE;
    tr->in_run = true;
    ctx->mode_current = MODE_OPEN;
    while (!must_return(tr, &result)) {
        if (!trap_is_due(tr)) {
            run_once(tr);
        }
        if (handle_leave(tr, &result)) {
            break;
        }
    }
    tr->in_run = false;
    ctx->exit_link = NULL;
    ctx->icount = context_icount(ctx);
    if (ctx->repeat_icount != ctx->icount) {
        ctx->repeat_icount = UINT64_MAX; /* where runs end is not part of the state */
    }
    return result;
}

void exec_leave_soon(struct translator *tr)
{
    struct context *ctx = tr->ctx;
    if (!tr->in_run) {
        return;
    }
    if (ctx->leave == LEAVE_NONE) {
        ctx->leave = LEAVE_AFTER;
    }
    if (!tr->kicked) {
        tr->kicked = true;
        ctx->budget -= KICK;
        ctx->icount_end -= (uint64_t)KICK;
    }
}

void translator_set_deadline(struct translator *tr, uint64_t icount)
{
    struct context *ctx = tr->ctx;
    hot_unhide(tr);
    uint64_t end = tr->kicked ? icount - (uint64_t)KICK : icount;
    int64_t moved = (int64_t)(end - ctx->icount_end);
    ctx->icount_end = end;
    ctx->budget += moved;
    if (moved < 0 && ctx->budget < 0) {
        exec_leave_soon(tr);
    }
}

void translator_set_interrupt(struct translator *tr, bool pending)
{
    tr->interrupt = pending;
    tr->ctx->interrupt = pending;
    if (pending && tr->ctx->eflags & (FLAG_IF | FLAG_VIF)) {
        exec_leave_soon(tr);
    }
}

void translator_stop(struct translator *tr)
{
    tr->stop = true;
    exec_leave_soon(tr);
}

void translator_remapped(struct translator *tr)
{
    tlb_forget_derived(tr);
    exec_leave_soon(tr);
}

void translator_map_changed(struct translator *tr)
{
    memset(tr->walked, 0, sizeof(tr->walked));
    memory_flush_all(tr->ctx, false);
    if (tr->in_run) {
        tr->reset_wanted = true;
        exec_leave_soon(tr);
    } else {
        cache_reset(tr);
    }
}

void translator_loaded(struct translator *tr)
{
    struct context *ctx = tr->ctx;
    ctx->budget = 0;
    ctx->pending = 0;
    ctx->icount_end = ctx->icount;
    ctx->leave = LEAVE_NONE;
    ctx->event = (struct guest_event){0};
    tr->kicked = false;
    tr->stop = false;
    cache_reset(tr);
}

bool translator_forked(struct translator *tr)
{
    context_fpu_sync(tr->ctx);
    tr->host->destroy(tr->engine);
    tr->engine = tr->host->create(tr->code_bytes, tr->passes);
    if (!tr->engine) {
        return false;
    }
    cache_forked(tr);
    return true;
}

const struct translator_stats *translator_stats(const struct translator *tr)
{
    return &tr->stats;
}

size_t translator_code_used(const struct translator *tr)
{
    return tr->host->code_used(tr->engine);
}
