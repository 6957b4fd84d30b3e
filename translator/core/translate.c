/*
 * From the current rip to a block: fetch, find, or lift, verify, emit and insert.
 */
#include "translator/core/core.h"

#include "translator/api/mode.h"

#include <assert.h>
#include <string.h>

enum {
    VECTOR_GP = 13,
    INSN_MAX_BYTES = 15,
    SEGMENT_BYTES = 0x10000,
    TOO_MANY_VARIANTS = 8, /* code that changes that often is evaluated ... */
    COMPILE_ANYWAY = 32,   /* ... but for each so manieth time: it may have settled */
};

/* Code bytes at rip: in one page, or assembled over two for a straddling instruction. */
struct code_bytes {
    uint64_t gpa, gpa2;
    int64_t tail_delta; /* with gpa2: the code table's entry of that page when it was fetched */
    const uint8_t *bytes;
    uint32_t in_page;
    uint32_t available;
    bool uncached; /* MMIO: run it, do not keep it */
    uint8_t assembled[2 * INSN_MAX_BYTES + 2];
};

static uint64_t host_cycles(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return 0;
#endif
}

static uint64_t linear_pc(const struct context *ctx)
{
    return (ctx->seg[SEG_CS].base + ctx->rip) & UINT32_MAX;
}

static void fetch_mmio(struct translator *tr, struct code_bytes *code, uint64_t gpa)
{
    uint32_t count = code->in_page < INSN_MAX_BYTES ? code->in_page : INSN_MAX_BYTES;
    for (uint32_t i = 0; i < count; i++) {
        code->assembled[i] = (uint8_t)tr->memory->mmio_read(tr->memory->memory, gpa + i, 1);
    }
    code->bytes = code->assembled;
    code->available = count;
    code->in_page = count;
    code->uncached = true;
}

/* First page at rip; false: fault raised. */
static bool fetch(struct translator *tr, struct code_bytes *code)
{
    struct context *ctx = tr->ctx;
    if (ctx->offsets_wrap) {
        ctx->rip %= SEGMENT_BYTES;
    }
    uint64_t linear = linear_pc(ctx);
    uint64_t offset = linear & (PAGE_BYTES - 1);
    bool mmio;
    if (ctx->rip > ctx->seg[SEG_CS].limit) {
        context_fault(ctx, VECTOR_GP, true, 0);
        return false;
    }
    code->gpa2 = UINT64_MAX;
    code->in_page = PAGE_BYTES - (uint32_t)offset;
    if (ctx->offsets_wrap && code->in_page > SEGMENT_BYTES - ctx->rip) {
        code->in_page = SEGMENT_BYTES - (uint32_t)ctx->rip;
    }
    code->available = code->in_page;
    code->uncached = false;
    const uint8_t *page = softmmu_fetch_page(tr, linear, &code->gpa, &mmio);
    code->gpa |= offset;
    if (!page && !mmio) {
        return false;
    }
    if (mmio) {
        fetch_mmio(tr, code, code->gpa);
        return true;
    }
    code->bytes = page + offset;
    return true;
}

/* The instruction at rip goes on at the start of its segment: it is run, but not kept. */
static bool fetch_wrapped_tail(struct translator *tr, struct code_bytes *code)
{
    struct context *ctx = tr->ctx;
    uint32_t head = code->in_page;
    for (uint32_t i = 0; i < INSN_MAX_BYTES; i++) {
        uint64_t value;
        if (!linear_read(ctx, (ctx->seg[SEG_CS].base + i) & UINT32_MAX, 1, ctx->view, &value)) {
            return false;
        }
        code->assembled[head + i] = (uint8_t)value;
    }
    code->uncached = true;
    code->bytes = code->assembled;
    code->available = head + INSN_MAX_BYTES;
    return true;
}

/* The instruction at rip runs into the next page; false: fault raised. */
static bool fetch_tail(struct translator *tr, struct code_bytes *code)
{
    uint64_t linear = linear_pc(tr->ctx);
    uint64_t next = (linear | (PAGE_BYTES - 1)) + 1;
    bool mmio;
    uint32_t head = code->in_page;
    assert(head < INSN_MAX_BYTES);
    if (!tr->ctx->offsets_wrap && tr->ctx->seg[SEG_CS].limit - tr->ctx->rip < head) {
        context_fault(tr->ctx, VECTOR_GP, true, 0); /* the limit comes before the page */
        return false;
    }
    if (!code->uncached) {
        memcpy(code->assembled, code->bytes, head);
    }
    if (tr->ctx->offsets_wrap && tr->ctx->rip + head == SEGMENT_BYTES) {
        return fetch_wrapped_tail(tr, code);
    }
    const uint8_t *page = softmmu_fetch_page(tr, next & UINT32_MAX, &code->gpa2, &mmio);
    if (!page && !mmio) {
        return false;
    }
    code->tail_delta = tr->ctx->tables->code[(next & UINT32_MAX) >> PAGE_BITS];
    for (uint32_t i = 0; i < INSN_MAX_BYTES; i++) {
        code->assembled[head + i] =
            page ? page[i] : (uint8_t)tr->memory->mmio_read(tr->memory->memory, code->gpa2 + i, 1);
    }
    code->uncached |= mmio;
    code->bytes = code->assembled;
    code->available = head + INSN_MAX_BYTES;
    return true;
}

static enum lift_result lift(struct translator *tr, const struct code_bytes *code,
                             uint32_t max_insns)
{
    struct lift_request request = {
        .bytes = code->bytes,
        .available = code->available,
        .in_page = code->in_page,
        .rip = tr->ctx->rip,
        .mode = tr->ctx->mode,
        .max_insns = max_insns,
        .absent = tr->ctx->absent,
    };
    tr->ir.count = 0;
    tr->ir.insn_count = 0;
    tr->ir.bytes = 0;
    tr->ir.mode = request.mode;
    tr->ir.rip = request.rip;
    return tr->guest->lift(&request, &tr->ir);
}

/* Cuts a block that runs past the CS limit; false: its first instruction does. */
static bool fit_limit(struct translator *tr, const struct code_bytes *code)
{
    if (tr->ctx->offsets_wrap) {
        return true;
    }
    uint64_t room = (uint64_t)tr->ctx->seg[SEG_CS].limit + 1 - tr->ctx->rip;
    uint32_t insns = tr->ir.insn_count;
    while (tr->ir.bytes > room) {
        if (insns <= 1) {
            context_fault(tr->ctx, VECTOR_GP, true, 0);
            return false;
        }
        insns--;
        if (lift(tr, code, insns) != LIFT_OK) {
            return false;
        }
    }
    return true;
}

/* Cuts a block before an instruction with a breakpoint, but for its first. */
static bool stop_at_break(struct translator *tr, const struct code_bytes *code)
{
    uint64_t at = linear_pc(tr->ctx);
    for (uint32_t i = 0; i < tr->ir.count; i++) {
        const struct ir_inst *inst = &tr->ir.insts[i];
        if (inst->op != IR_insn) {
            continue;
        }
        if (inst->b && exec_is_break(tr, at & UINT32_MAX)) {
            return lift(tr, code, inst->b) == LIFT_OK;
        }
        at += inst->aux;
    }
    return true;
}

/* Lifts at rip into tr->ir, fetching a second page when the first instruction needs it. */
static bool lift_here(struct translator *tr, struct code_bytes *code, uint32_t max_insns)
{
    if (lift(tr, code, max_insns) == LIFT_NEED_MORE) {
        if (!fetch_tail(tr, code) || lift(tr, code, 1) != LIFT_OK) {
            return false;
        }
    }
    return fit_limit(tr, code) && (!tr->break_count || stop_at_break(tr, code));
}

/* Compiles tr->ir; NULL: code memory is full. */
static struct block *compile(struct translator *tr, const struct code_bytes *code)
{
    bool straddles = tr->ir.bytes > code->in_page;
    struct block *block = arena_alloc_raw(tr->arena, sizeof(*block));
    block_init(block, code->gpa, straddles ? code->gpa2 : UINT64_MAX, &tr->ir);
    if (straddles) {
        block->tail_delta = code->tail_delta; /* a full cache has emptied the tables since */
    }
    bool fits = tr->host->emit(tr->engine, &tr->ir, block);
    size_t used = offsetof(struct block, exits) + block->exit_count * sizeof(block->exits[0]);
    arena_trim(tr->arena, block, sizeof(*block), fits ? used : 0);
    if (!fits) {
        return NULL;
    }
    cache_insert(tr, block);
    tr->stats.blocks_translated++;
    tr->stats.insns_translated += tr->ir.insn_count;
    tr->stats.bytes_translated += tr->ir.bytes;
    if (tr->translated) {
        tr->translated(tr->translated_user, block, linear_pc(tr->ctx));
    }
    return block;
}

static struct block *emit(struct translator *tr, const struct code_bytes *code)
{
    struct block *block = compile(tr, code);
    if (!block) {
        saved_reset(tr, true);
        cache_reset(tr);
        block = compile(tr, code);
        assert(block);
    }
    return block;
}

/* A block at gpa whose tail page (if it has a tail) is the one mapped now.  NULL: none, or
 * (ctx->leave set) fetching the tail faulted.  The next page is only touched when a block is known
 * to need it: a walk has effects that the guest can see. */
static struct block *find(struct translator *tr, const struct code_bytes *code)
{
    struct context *ctx = tr->ctx;
    struct block *block = cache_find(tr, code->gpa, ctx->rip, ctx->mode, CACHE_ANY_TAIL);
    if (!block || block->gpa2 == UINT64_MAX) {
        return block;
    }
    uint64_t gpa2;
    bool mmio;
    uint64_t next = (linear_pc(ctx) | (PAGE_BYTES - 1)) + 1;
    if (!softmmu_fetch_page(tr, next & UINT32_MAX, &gpa2, &mmio)) {
        return NULL;
    }
    return cache_find(tr, code->gpa, ctx->rip, ctx->mode, gpa2);
}

/* Instructions before the first one with bytes that are often overwritten; at least 1. */
static uint32_t unpatched_insns(const struct translator *tr, uint64_t gpa)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < tr->ir.count; i++) {
        const struct ir_inst *inst = &tr->ir.insts[i];
        if (inst->op != IR_insn) {
            continue;
        }
        if (smc_is_patched(tr, gpa + at, inst->aux)) {
            return inst->b ? inst->b : 1;
        }
        at += inst->aux;
    }
    return tr->ir.insn_count;
}

/* Cuts the block that was lifted before an instruction that is often overwritten. */
static bool isolate_patched(struct translator *tr, const struct code_bytes *code)
{
    if (!smc_is_patched(tr, code->gpa, tr->ir.bytes)) {
        return true;
    }
    uint32_t insns = unpatched_insns(tr, code->gpa);
    return insns >= tr->ir.insn_count || lift(tr, code, insns) == LIFT_OK;
}

/* Code that once stood there and is there again. */
static struct block *revive(struct translator *tr, const struct code_bytes *code,
                            const struct block_key *key, uint32_t *variants)
{
    const struct code_page *page = tr->code_pages[code->gpa >> PAGE_BITS];
    *variants = 0;
    return page && page->dropped ? cache_revive(tr, key, code->bytes, code->in_page, variants)
                                 : NULL;
}

/* No valid block stands at rip: makes one, or runs the code otherwise and returns NULL. */
static struct block *make_block(struct translator *tr, struct code_bytes *code)
{
    struct context *ctx = tr->ctx;
    struct block_key key = {.gpa = code->gpa, .rip = ctx->rip, .mode = ctx->mode};
    uint32_t variants;
    struct block *block = revive(tr, code, &key, &variants);
    if (block && block->rip + block->bytes - 1 <= ctx->seg[SEG_CS].limit) {
        return block;
    }
    if (block || (variants >= TOO_MANY_VARIANTS && cache_churn(tr, &key) % COMPILE_ANYWAY != 0)) {
        translate_and_step(tr, 1);
        return NULL;
    }
    if (tr->saved && !code->uncached &&
        (block = saved_find(tr, &key, code->bytes, code->in_page)) != NULL) {
        return block;
    }
    uint64_t start = host_cycles();
    uint32_t max_insns = ctx->mode & MODE_STEP ? 1 : tr->max_insns;
    if (!lift_here(tr, code, max_insns) || !isolate_patched(tr, code)) {
        return NULL;
    }
    if (code->uncached) {
        translate_and_step(tr, 1);
        return NULL;
    }
    block = emit(tr, code);
    tr->stats.translate_cycles += host_cycles() - start;
    return block;
}

struct block *translate_block(struct translator *tr)
{
    struct code_bytes code;
    if (!fetch(tr, &code)) {
        return NULL;
    }
    if (code.uncached) {
        translate_and_step(tr, 1);
        return NULL;
    }
    struct block *block = find(tr, &code);
    if (tr->ctx->leave != LEAVE_NONE) {
        return NULL;
    }
    if (!block) {
        return make_block(tr, &code);
    }
    if (block->rip + block->bytes - 1 > tr->ctx->seg[SEG_CS].limit) {
        translate_and_step(tr, 1); /* the limit cuts a block made under a larger one */
        return NULL;
    }
    return block;
}

void translate_and_step(struct translator *tr, uint32_t max_insns)
{
    struct code_bytes code;
    if (!fetch(tr, &code) || !lift_here(tr, &code, max_insns)) {
        return;
    }
    struct block block;
    block_init(&block, code.gpa, UINT64_MAX, &tr->ir);
    host_interp.reset(tr->stepper);
    bool fits = host_interp.emit(tr->stepper, &tr->ir, &block);
    assert(fits);
    (void)fits;
    /* The hash holds code of the other engine: the stepper gets one without hits. */
    tr->ctx->hash = tr->no_hash;
    host_interp.enter(tr->stepper, tr->ctx, &block);
    tr->ctx->hash = tr->hash;
    tr->ctx->exit_link = NULL;
    tr->stats.stepped_insns += tr->ir.insn_count;
}
