/*
 * The translation cache: blocks by (physical address, EIP, mode), their links, and the tags of the
 * indirect-branch hash.
 */
#include "translator/core/core.h"

#include "base/unshared.h"
#include "translator/api/mode.h"

#include <string.h>

enum { MAX_VARIANTS = 8 }; /* dormant blocks at one key */

static uint64_t hash_of(uint64_t gpa, uint64_t rip, uint32_t mode)
{
    return (gpa ^ rip << 20 ^ (uint64_t)mode << 32) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint32_t hash_index(uint64_t rip)
{
    return (uint32_t)(rip ^ rip >> 12) & (HASH_ENTRIES - 1);
}

struct block *cache_find(struct translator *tr, uint64_t gpa, uint64_t rip, uint32_t mode,
                         uint64_t gpa2)
{
    uint64_t hash = hash_of(gpa, rip, mode);
    uint32_t at = block_table_first(&tr->blocks, hash);
    struct block *block;
    while ((block = block_table_next(&tr->blocks, hash, &at)) != NULL) {
        if (block->gpa == gpa && block->rip == rip && block->mode == mode &&
            (gpa2 == CACHE_ANY_TAIL || block->gpa2 == UINT64_MAX || block->gpa2 == gpa2)) {
            return block;
        }
    }
    return NULL;
}

void cache_insert(struct translator *tr, struct block *block)
{
    block->valid = 1;
    block_table_insert(&tr->blocks, hash_of(block->gpa, block->rip, block->mode), block);
    smc_add_block(tr, block);
}

static void unlink_exit(struct translator *tr, struct block_exit *exit)
{
    if (!exit->linked) {
        return;
    }
    for (struct block_exit **at = &exit->target->linked_from; *at; at = &(*at)->next_to_target) {
        if (*at == exit) {
            *at = exit->next_to_target;
            break;
        }
    }
    tr->host->unlink(tr->engine, exit);
    exit->linked = 0;
    exit->target = NULL;
}

/* Nothing leads to the block any more but cache_find(). */
static void forget_entries(struct translator *tr, struct block *block)
{
    while (block->linked_from) {
        unlink_exit(tr, block->linked_from);
    }
    struct hash_slot *slot = &tr->hash[hash_index(block->rip)];
    if (slot->code == block->code) {
        *slot = (struct hash_slot){.tag = 0};
    }
}

/* What led to the block finds the entry the next time. */
void cache_insert_region(struct translator *tr, struct block *entry)
{
    struct block *base = entry->heat->base;
    if (base->heat->region) {
        cache_invalidate(tr, base->heat->region); /* an earlier one of that place */
    }
    entry->valid = 1;
    base->heat->region = entry;
    forget_entries(tr, base);
}

void block_init(struct block *block, uint64_t gpa, uint64_t gpa2, const struct ir_block *ir)
{
    memset(block, 0, offsetof(struct block, exits));
    block->gpa = gpa;
    block->gpa2 = gpa2;
    block->rip = ir->rip;
    block->mode = ir->mode;
    block->bytes = (uint16_t)ir->bytes;
    block->insns = (uint16_t)ir->insn_count;
}

void cache_link(struct translator *tr, struct block_exit *exit, struct block *target)
{
    const struct block *owner = block_of_exit(exit);
    const struct context *ctx = tr->ctx;
    if (exit->linked || !owner->valid || !target->valid || owner->mode != target->mode ||
        owner->mode & MODE_CS_CHECKED || exit->target_rip != target->rip) {
        return;
    }
    uint64_t base = ctx->seg[SEG_CS].base;
    uint64_t from = (base + owner->rip) & UINT32_MAX;
    uint64_t to = (base + target->rip) & UINT32_MAX;
    int64_t guard = 0;
    exit->cross_page = from >> PAGE_BITS != to >> PAGE_BITS || block_spans_pages(owner);
    if (exit->cross_page) {
        guard = ctx->tables->code[to >> PAGE_BITS];
        if (guard <= 0) {
            return;
        }
    }
    exit->linked = 1;
    exit->target = target;
    exit->next_to_target = target->linked_from;
    target->linked_from = exit;
    tr->host->link(tr->engine, exit, target, guard);
    tr->stats.links++;
}

static struct block_key key_of(const struct block *block)
{
    return (struct block_key){.gpa = block->gpa, .rip = block->rip, .mode = block->mode};
}

static uint32_t dormant_bucket(const struct block_key *key)
{
    return (uint32_t)(hash_of(key->gpa, key->rip, key->mode) >> 48) & (DORMANT_BUCKETS - 1);
}

static bool has_key(const struct block *block, const struct block_key *key)
{
    return block->gpa == key->gpa && block->rip == key->rip && block->mode == key->mode;
}

/* Lays an invalidated block aside with the bytes it was made from, which still stand in memory;
 * the eldest of too many at the same key is forgotten. */
static void keep_dormant(struct translator *tr, struct block *block)
{
    struct phys_page page =
        tr->memory->page(tr->memory->memory, block->gpa & ~(uint64_t)(PAGE_BYTES - 1));
    if (block->gpa2 != UINT64_MAX || !page.host || !pass_on(tr->passes, PASS_revival)) {
        return;
    }
    if (!block->kept) {
        uint8_t *kept = arena_alloc(tr->arena, block->bytes);
        memcpy(kept, page.host + (block->gpa & (PAGE_BYTES - 1)), block->bytes);
        block->kept = kept;
    }
    struct block_key key = key_of(block);
    struct block **bucket = &tr->dormant[dormant_bucket(&key)];
    block->next_in_page[0] = *bucket;
    *bucket = block;
    unsigned alike = 0;
    for (struct block **at = bucket; *at; at = &(*at)->next_in_page[0]) {
        if (has_key(*at, &key) && ++alike > MAX_VARIANTS) {
            *at = (*at)->next_in_page[0];
            return;
        }
    }
}

struct block *cache_revive(struct translator *tr, const struct block_key *key, const uint8_t *bytes,
                           uint32_t available, uint32_t *variants)
{
    *variants = 0;
    for (struct block **at = &tr->dormant[dormant_bucket(key)]; *at; at = &(*at)->next_in_page[0]) {
        struct block *block = *at;
        if (!has_key(block, key)) {
            continue;
        }
        ++*variants;
        if (block->bytes <= available && memcmp(block->kept, bytes, block->bytes) == 0) {
            *at = block->next_in_page[0];
            cache_insert(tr, block);
            tr->stats.blocks_revived++;
            return block;
        }
    }
    return NULL;
}

uint8_t cache_churn(struct translator *tr, const struct block_key *key)
{
    return ++tr->churn[dormant_bucket(key)];
}

/* Links that leave the block stay: what they lead to unlinks them when it goes. */
void cache_invalidate(struct translator *tr, struct block *block)
{
    if (!block->valid) {
        return;
    }
    block->valid = 0;
    struct region_use *use = block->heat ? block->heat->uses : NULL;
    for (; use; use = use->next) {
        cache_invalidate(tr, use->entry);
    }
    forget_entries(tr, block);
    if (block_base(block)) {
        block->heat->base->heat->region = NULL;
        tr->stats.regions_dropped++;
        return;
    }
    block->heat = NULL;
    block_table_remove(&tr->blocks, hash_of(block->gpa, block->rip, block->mode), block);
    smc_remove_block(tr, block);
    keep_dormant(tr, block);
    tr->stats.blocks_invalidated++;
    /* The struct is not reused before the next full reset: an exit in flight may still name it. */
}

/* What else follows from nothing being translated any more. */
static void begin_anew(struct translator *tr)
{
    hot_reset(tr);
    saved_reset(tr, false);
    tr->ctx->exit_link = NULL;
    tr->reset_wanted = false;
    tr->stats.full_resets++;
}

void cache_reset(struct translator *tr)
{
    tr->host->reset(tr->engine);
    block_table_clear(&tr->blocks);
    memset(tr->dormant, 0, DORMANT_BYTES);
    memset(tr->hash, 0, HASH_BYTES);
    softmmu_drop_code_pages(tr);
    arena_rewind(tr->arena, tr->arena_start);
    tlb_forget_derived(tr);
    begin_anew(tr);
}

void cache_forked(struct translator *tr)
{
    block_table_forked(&tr->blocks);
    unshared_renew(tr->dormant, DORMANT_BYTES);
    unshared_renew(tr->hash, HASH_BYTES);
    softmmu_forked(tr);
    arena_renew(tr->arena);
    tr->arena_start = arena_mark(tr->arena);
    begin_anew(tr);
}

/* A tag that is given up hits nothing again, so few are: modes alternate with every system call. */
static const struct tag_slot *find_tag(struct translator *tr, uint32_t mode, uint64_t base,
                                       uint32_t limit)
{
    uint64_t h = ((uint64_t)mode << 32 ^ base ^ limit) * UINT64_C(0x9e3779b97f4a7c15);
    struct tag_slot *first = NULL;
    for (unsigned i = 0; i < TAG_PROBES; i++) {
        struct tag_slot *slot = &tr->tag_slots[((h >> 32) + i) & (TAG_SLOTS - 1)];
        if (slot->tag && slot->mode == mode && slot->base == base && slot->limit == limit) {
            return slot;
        }
        first = !first || slot->tag < first->tag ? slot : first; /* a free one, or the eldest */
    }
    *first = (struct tag_slot){.base = base, .mode = mode, .limit = limit, .tag = ++tr->next_tag};
    return first;
}

uint32_t cache_tag(struct translator *tr, uint32_t mode, uint64_t base, uint32_t limit)
{
    uint32_t mixed = (mode ^ (uint32_t)(base >> 4)) * UINT32_C(0x9e3779b1);
    struct tag_slot *recent = &tr->recent[mixed >> (32 - TAG_RECENT_BITS)];
    if (!recent->tag || recent->mode != mode || recent->base != base || recent->limit != limit) {
        *recent = *find_tag(tr, mode, base, limit);
    }
    return recent->tag;
}
