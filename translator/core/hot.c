/*
 * Hot code: found, looked at, and compiled once more as a region.
 *
 * Blocks are not counted as they run.  Every so many instructions (TICK) the budget is made to look
 * used up (`hidden`), and the block that is due then gets warmer: what runs often is met often, and
 * blocks pay nothing for it.  When one is hot, the next blocks are run one at a time, by the same
 * means, and noted; what goes round in them becomes a region (translator/region), which
 * then runs instead of the blocks at its entries.
 *
 * A region is derived from its blocks and goes with any of them.  The block it begins with stays:
 * it runs where the budget is shorter than the region's way.  Where control comes back here is no
 * matter to the guest, so neither is when regions are made.
 */
#include "translator/core/core.h"

#include "translator/api/mode.h"
#include "translator/region/region.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICK = 100000,
    HOT_TICKS = 2,
    SAMPLES = 256,
    SAMPLES_ONCE = 64, /* by then a loop has come round */
    SAMPLES_FEW = 48,  /* when everything is to be hot soon */
    TRIES = 4,         /* for one block */
    BACKOFF_MOST = 6,
    ARENA_CHUNK = 1 << 20,
};

/* What is known of hot code; made when the first block is hot. */
struct hot {
    struct arena *arena; /* one region being formed */
    struct region_graph graph;
    struct ir_region region;
    struct region_sample samples[SAMPLES];
    uint32_t count;
    bool sampling;
    uint64_t began;    /* instruction count */
    uint64_t expected; /* instruction count after the last sample, when it ran as a whole */
    uint64_t events;
    uint32_t fruitless; /* times in a row that looking brought nothing: ticks are 2^n as long */
};

bool hot_create(struct translator *tr)
{
    uint32_t every = tr->passes.hot_every;
    tr->tick = every ? every : TICK;
    tr->hot_ticks = every ? 1 : HOT_TICKS;
    tr->samples = every ? SAMPLES_FEW : SAMPLES;
    if (!tr->host->emit_region || !pass_on(tr->passes, PASS_regions)) {
        return true;
    }
    tr->hot = calloc(1, sizeof(*tr->hot));
    if (tr->hot) {
        tr->hot->arena = arena_create(ARENA_CHUNK);
    }
    return tr->hot != NULL;
}

void hot_destroy(struct translator *tr)
{
    if (tr->hot) {
        arena_destroy(tr->hot->arena);
        free(tr->hot);
    }
}

void hot_reset(struct translator *tr)
{
    if (tr->hot) {
        tr->hot->sampling = false;
    }
}

/* The budget reads as if only that much were left. */
static void hide(struct translator *tr, int64_t left)
{
    struct context *ctx = tr->ctx;
    if (ctx->budget > left) {
        tr->hidden = ctx->budget - left;
        ctx->budget = left;
        ctx->icount_end -= (uint64_t)tr->hidden;
    }
}

void hot_unhide(struct translator *tr)
{
    tr->ctx->budget += tr->hidden;
    tr->ctx->icount_end += (uint64_t)tr->hidden;
    tr->hidden = 0;
}

/* Forming asks these. */

static int64_t delta_at(const struct translator *tr, uint64_t rip)
{
    const struct context *ctx = tr->ctx;
    return ctx->tables->code[(uint32_t)(ctx->seg[SEG_CS].base + rip) >> PAGE_BITS];
}

static int64_t page_delta(void *owner, uint64_t rip)
{
    return delta_at(owner, rip);
}

/* The block's bytes in host memory when they are what stands at its EIP now, else NULL. */
static const uint8_t *bytes_of(const struct translator *tr, const struct block *block)
{
    uint64_t linear = (tr->ctx->seg[SEG_CS].base + block->rip) & UINT32_MAX;
    int64_t delta = delta_at(tr, block->rip);
    struct phys_page page =
        tr->memory->page(tr->memory->memory, block->gpa & ~(uint64_t)(PAGE_BYTES - 1));
    const uint8_t *bytes = page.host + (block->gpa & (PAGE_BYTES - 1));
    bool same = page.host && delta > 0 && host_address(bytes) == linear + (uint64_t)delta;
    return same ? bytes : NULL;
}

static bool lift_again(void *owner, const struct block *block, struct arena *arena,
                       struct ir_block *ir)
{
    struct translator *tr = owner;
    const uint8_t *bytes = block->valid ? bytes_of(tr, block) : NULL;
    if (!bytes) {
        return false;
    }
    struct lift_request request = {
        .bytes = bytes,
        .available = block->bytes,
        .in_page = block->bytes,
        .rip = block->rip,
        .mode = block->mode,
        .max_insns = block->insns,
        .absent = tr->ctx->absent,
    };
    size_t most = IR_MAX_RECORDS * sizeof(struct ir_inst);
    *ir = (struct ir_block){.insts = arena_alloc_raw(arena, most)};
    bool same = tr->guest->lift(&request, ir) == LIFT_OK && ir->bytes == block->bytes &&
                ir->insn_count == block->insns;
    arena_trim(arena, ir->insts, most, same ? ir->count * sizeof(struct ir_inst) : 0);
    return same;
}

/* What is known of a block's heat, made if need be. */
static struct block_heat *heat_of(struct translator *tr, struct block *block)
{
    if (!block->heat) {
        block->heat = arena_new(tr->arena, struct block_heat);
    }
    return block->heat;
}

/* The entry of a region goes when the block does. */
static void depend(struct translator *tr, struct block *block, struct block *entry)
{
    struct region_use *use = arena_new(tr->arena, struct region_use);
    struct block_heat *heat = heat_of(tr, block);
    *use = (struct region_use){.entry = entry, .next = heat->uses};
    heat->uses = use;
}

static bool spans_pages(const struct ir_region *region)
{
    uint32_t page = region_page(region, (uint32_t)region->chains[0].ir.rip);
    for (uint32_t i = 0; i < region->count; i++) {
        const struct ir_block *ir = &region->chains[i].ir;
        for (uint32_t k = 0; k < ir->count; k++) {
            const struct ir_inst *inst = &ir->insts[k];
            if (inst->op == IR_insn && region_page(region, (uint32_t)inst->imm) != page) {
                return true;
            }
        }
    }
    return false;
}

static struct block *base_of(const struct region_graph *graph, uint64_t rip)
{
    for (uint32_t i = 0; i < graph->count; i++) {
        if (graph->chosen >> i & 1 && graph->nodes[i].block->rip == rip) {
            return graph->nodes[i].block;
        }
    }
    return NULL;
}

static struct block *new_entry(struct translator *tr, uint32_t chain, uint32_t exits)
{
    struct hot *hot = tr->hot;
    const struct ir_block *ir = &hot->region.chains[chain].ir;
    struct block *base = base_of(&hot->graph, ir->rip);
    struct block *entry = arena_alloc_raw(tr->arena, offsetof(struct block, exits) +
                                                         exits * sizeof(struct block_exit));
    block_init(entry, base->gpa, UINT64_MAX, ir);
    entry->bytes = base->bytes;
    entry->valid = 0;
    heat_of(tr, base);
    heat_of(tr, entry)->base = base;
    return entry;
}

/* True where the place has an entry already of a region that begins there. */
static bool begins_region(const struct block *base)
{
    return base->heat->region && base->heat->region->exit_count;
}

static void install(struct translator *tr)
{
    struct hot *hot = tr->hot;
    const struct region_graph *graph = &hot->graph;
    struct block *entries[REGION_CHAINS];
    for (uint32_t i = 0; i < hot->region.count; i++) {
        entries[i] = new_entry(tr, i, i ? 0 : REGION_EXITS);
    }
    entries[0]->heat->spans_pages = spans_pages(&hot->region);
    if (!tr->host->emit_region(tr->engine, &hot->region, entries)) {
        return;
    }
    for (uint32_t i = 0; i < hot->region.count; i++) {
        struct block *base = block_base(entries[i]);
        if (i == 0 || !begins_region(base)) {
            cache_insert_region(tr, entries[i]);
            depend(tr, base, entries[i]);
            depend(tr, entries[0], entries[i]);
        }
    }
    for (uint32_t i = 0; i < graph->count; i++) {
        if (graph->chosen >> i & 1) {
            depend(tr, graph->nodes[i].block, entries[0]);
        }
    }
    tr->stats.regions++;
    tr->stats.region_blocks += (uint64_t)__builtin_popcountll(graph->chosen);
}

static void form(struct translator *tr)
{
    struct hot *hot = tr->hot;
    uint64_t regions = tr->stats.regions;
    const struct region_source source = {tr, lift_again, page_delta};
    struct arena_mark mark = arena_mark(hot->arena);
    hot->sampling = false;
    tr->stats.region_samples += hot->count;
    if (region_graph_make(&hot->graph, hot->samples, hot->count)) {
        struct block *entry = hot->graph.nodes[hot->graph.entry].block;
        struct block_heat *heat = heat_of(tr, entry);
        if (heat->tries < TRIES && region_form(&hot->graph, &source, hot->arena, &hot->region)) {
            heat->tries++;
            install(tr);
        }
    }
    arena_rewind(hot->arena, mark);
    hot->fruitless = tr->stats.regions != regions || tr->passes.hot_every ? 0
                     : hot->fruitless < BACKOFF_MOST                      ? hot->fruitless + 1
                                                                          : BACKOFF_MOST;
}

/* Blocks that regions can be made of. */
static bool suits(const struct translator *tr, const struct block *block)
{
    return block->valid && !block->kept && block->gpa2 == UINT64_MAX &&
           !(block->mode & (MODE_STEP | MODE_TRACE | MODE_CS_CHECKED)) && !tr->break_count &&
           !tr->ctx->offsets_wrap;
}

/* A tick met that block: true when it is hot now. */
static bool warm(struct translator *tr, struct block *block)
{
    if (block_base(block) || !suits(tr, block)) {
        return false;
    }
    struct block_heat *heat = heat_of(tr, block);
    if (heat->tries >= TRIES || ++heat->ticks < tr->hot_ticks) {
        return false;
    }
    heat->ticks = 0;
    heat->tries++;
    return true;
}

/* Notes the block that is about to run, and lets it run alone. */
static struct block *sample(struct translator *tr, struct block *block)
{
    struct hot *hot = tr->hot;
    struct context *ctx = tr->ctx;
    uint64_t now = context_icount(ctx);
    block = block_base(block) ? block_base(block) : block;
    if (suits(tr, block)) {
        bool follows = now == hot->expected && tr->stats.events == hot->events && hot->count &&
                       hot->samples[hot->count - 1].block->mode == block->mode;
        hot->samples[hot->count++] = (struct region_sample){block, follows};
        hot->expected = now + block->insns;
    } else {
        hot->expected = UINT64_MAX;
    }
    hot->events = tr->stats.events;
    hide(tr, block->insns);
    return block;
}

/* True where nothing goes round: the block that was hot has not come again. */
static bool goes_nowhere(const struct hot *hot)
{
    if (hot->count != SAMPLES_ONCE) {
        return false;
    }
    for (uint32_t i = 1; i < hot->count; i++) {
        if (hot->samples[i].block == hot->samples[0].block) {
            return false;
        }
    }
    return true;
}

struct block *hot_choose(struct translator *tr, struct block *block)
{
    struct hot *hot = tr->hot;
    if (!hot) {
        return block;
    }
    uint64_t now = context_icount(tr->ctx);
    if (hot->sampling && (hot->count == tr->samples || goes_nowhere(hot) ||
                          now - hot->began > (uint64_t)tr->samples * IR_MAX_INSNS)) {
        form(tr);
    } else if (!hot->sampling && now >= tr->next_tick) {
        tr->next_tick = now + ((uint64_t)tr->tick << hot->fruitless);
        hot->sampling = warm(tr, block);
        hot->count = 0;
        hot->began = now;
        hot->expected = UINT64_MAX;
    }
    if (hot->sampling) {
        return sample(tr, block);
    }
    hide(tr, (int64_t)(tr->next_tick > now + block->insns ? tr->next_tick - now : block->insns));
    return block;
}

bool hot_continue(struct translator *tr)
{
    if (!tr->hot) {
        return true;
    }
    if (tr->hot->sampling) {
        return false;
    }
    if (tr->hidden && tr->ctx->budget > 0) {
        return true; /* hidden until then already */
    }
    hot_unhide(tr);
    uint64_t now = context_icount(tr->ctx);
    if (now >= tr->next_tick) {
        return false;
    }
    hide(tr, (int64_t)(tr->next_tick - now));
    return true;
}
