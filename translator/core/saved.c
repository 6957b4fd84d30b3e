/*
 * Blocks of an earlier run.
 *
 * The saved code is an image of code memory: it is put back at the same offsets, so it needs no
 * relocation but for the addresses of exits.  Each block is found by EIP, mode and place in its
 * page and is only taken when guest memory holds the very bytes it was made from.  Which blocks are
 * taken changes nothing that a guest or a replay can see, as where blocks end never does.
 *
 * Not saved: blocks that run into another page, and those of single steps.
 */
#include "translator/core/core.h"

#include "translator/api/mode.h"

#include <stdlib.h>
#include <string.h>

enum {
    FEW = 16,        /* saved again when there is more than a so manieth part that was not loaded */
    EXIT_BYTES = 13, /* at least, from where an exit leaves to the end of the block */
};

static const char magic[8] = "vcode 1";

struct saved_head {
    char magic[8];
    uint64_t host, absent;
    uint32_t base, max_insns, offsets_wrap;
    uint32_t blocks, exits, bytes, code_bytes;
    uint32_t zero;
};

struct saved_exit {
    uint32_t target_rip, branch, unlinked;
    uint8_t guard_bytes, cross_page;
    uint16_t zero;
};

struct saved_block {
    uint32_t rip, mode;
    uint32_t code, code_bytes; /* offset in code memory */
    uint32_t guest;            /* its bytes: place among all of them */
    uint32_t exits;            /* its first exit */
    uint16_t bytes, insns, offset;
    uint16_t exit_count;
};

/* The parts of an image in memory, in this order. */
struct saved_parts {
    struct saved_head *head;
    struct saved_block *blocks;
    struct saved_exit *exits;
    uint8_t *guest, *code;
};

struct saved_code {
    void *memory;
    struct saved_parts parts;
    uint32_t *index; /* block number + 1 by hash, 0: free */
    uint32_t mask;
    bool placed; /* its code stands in code memory */
    bool over;   /* code memory has been full since */
};

static uint64_t hash_of(uint32_t rip, uint32_t mode, uint32_t offset)
{
    uint64_t h = ((uint64_t)mode << 32 | rip) * UINT64_C(0x9e3779b97f4a7c15) ^ offset;
    return h * UINT64_C(0xff51afd7ed558ccd);
}

static void expected_head(const struct translator *tr, const struct code_image *image,
                          struct saved_head *head)
{
    *head = (struct saved_head){.host = image->key,
                                .absent = tr->ctx->absent,
                                .base = image->base,
                                .max_insns = tr->max_insns,
                                .offsets_wrap = tr->ctx->offsets_wrap};
    memcpy(head->magic, magic, sizeof(magic));
}

static size_t size_of(const struct saved_head *head)
{
    return sizeof(*head) + (size_t)head->blocks * sizeof(struct saved_block) +
           (size_t)head->exits * sizeof(struct saved_exit) + head->bytes + head->code_bytes;
}

static struct saved_parts parts_of(void *memory)
{
    struct saved_parts parts = {.head = memory};
    parts.blocks = (struct saved_block *)(void *)(parts.head + 1);
    parts.exits = (struct saved_exit *)(void *)(parts.blocks + parts.head->blocks);
    parts.guest = (uint8_t *)(parts.exits + parts.head->exits);
    parts.code = parts.guest + parts.head->bytes;
    return parts;
}

static bool exit_fits(const struct saved_exit *exit, uint32_t from, uint32_t end)
{
    return exit->branch >= from && exit->branch + 4 <= end && exit->unlinked >= from &&
           exit->unlinked - from >= exit->guard_bytes && exit->unlinked + EXIT_BYTES <= end &&
           exit->cross_page <= 1;
}

/* Every number of the block stays inside what it counts in. */
static bool block_fits(const struct saved_parts *parts, const struct saved_block *block)
{
    const struct saved_head *head = parts->head;
    uint32_t code_end = head->base + head->code_bytes;
    if (block->code < head->base || block->code > code_end ||
        block->code_bytes > code_end - block->code || block->guest > head->bytes ||
        block->bytes == 0 || block->bytes > head->bytes - block->guest || block->insns == 0 ||
        block->insns > IR_MAX_INSNS || block->offset + block->bytes > PAGE_BYTES ||
        block->exit_count > BLOCK_MAX_EXITS || block->exits > head->exits ||
        block->exit_count > head->exits - block->exits || block->mode & MODE_STEP) {
        return false;
    }
    for (unsigned i = 0; i < block->exit_count; i++) {
        if (!exit_fits(&parts->exits[block->exits + i], block->code,
                       block->code + block->code_bytes)) {
            return false;
        }
    }
    return true;
}

static bool image_fits(const struct translator *tr, void *memory, size_t size)
{
    struct code_image image;
    struct saved_head wanted;
    const struct saved_head *head = memory;
    if (size < sizeof(*head)) {
        return false;
    }
    tr->host->image(tr->engine, &image);
    expected_head(tr, &image, &wanted);
    if (memcmp(head, &wanted, offsetof(struct saved_head, blocks)) != 0 || size_of(head) != size ||
        head->code_bytes > (image.size - image.base) / 2) {
        return false;
    }
    struct saved_parts parts = parts_of(memory);
    for (uint32_t i = 0; i < head->blocks; i++) {
        if (!block_fits(&parts, &parts.blocks[i])) {
            return false;
        }
    }
    return true;
}

static bool make_index(struct saved_code *saved)
{
    uint32_t slots = 1024;
    uint32_t count = saved->parts.head->blocks;
    while (slots < 2 * count) {
        slots *= 2;
    }
    saved->index = calloc(slots, sizeof(*saved->index));
    saved->mask = slots - 1;
    for (uint32_t i = 0; saved->index && i < count; i++) {
        const struct saved_block *block = &saved->parts.blocks[i];
        uint32_t at = (uint32_t)(hash_of(block->rip, block->mode, block->offset) >> 32);
        while (saved->index[at & saved->mask]) {
            at++;
        }
        saved->index[at & saved->mask] = i + 1;
    }
    return saved->index != NULL;
}

bool translator_load_code(struct translator *tr, void *bytes, size_t size)
{
    struct saved_code *saved = NULL;
    if (tr->saved || !tr->host->image || !image_fits(tr, bytes, size) ||
        !(saved = calloc(1, sizeof(*saved)))) {
        return false;
    }
    saved->parts = parts_of(bytes);
    if (!make_index(saved)) {
        free(saved);
        return false;
    }
    saved->memory = bytes;
    tr->saved = saved;
    return true;
}

void saved_destroy(struct saved_code *saved)
{
    if (saved) {
        free(saved->memory);
        free(saved->index);
        free(saved);
    }
}

void saved_reset(struct translator *tr, bool full)
{
    if (tr->saved) {
        tr->saved->placed = false;
        tr->saved->over |= full;
    }
}

/* A block of the image becomes one of the cache. */
static struct block *take(struct translator *tr, const struct saved_block *from, uint64_t gpa)
{
    const struct saved_exit *exits = &tr->saved->parts.exits[from->exits];
    struct block *block = arena_alloc_raw(tr->arena, sizeof(*block));
    struct ir_block ir = {
        .rip = from->rip, .mode = from->mode, .bytes = from->bytes, .insn_count = from->insns};
    block_init(block, gpa, UINT64_MAX, &ir);
    block->code_bytes = from->code_bytes;
    block->exit_count = (uint8_t)from->exit_count;
    for (unsigned i = 0; i < from->exit_count; i++) {
        block->exits[i] = (struct block_exit){.target_rip = exits[i].target_rip,
                                              .branch = exits[i].branch,
                                              .unlinked = exits[i].unlinked,
                                              .guard_bytes = exits[i].guard_bytes,
                                              .cross_page = exits[i].cross_page,
                                              .index = (uint8_t)i};
    }
    arena_trim(tr->arena, block, sizeof(*block),
               offsetof(struct block, exits) + block->exit_count * sizeof(block->exits[0]));
    tr->host->adopt(tr->engine, block, from->code);
    cache_insert(tr, block);
    tr->stats.blocks_loaded++;
    return block;
}

/* The code is put in its place when the first block is asked for. */
static bool placed(struct translator *tr)
{
    struct saved_code *saved = tr->saved;
    if (!saved->placed && !saved->over) {
        saved->placed =
            tr->host->take(tr->engine, saved->parts.code, saved->parts.head->code_bytes);
        saved->over = !saved->placed;
    }
    return saved->placed;
}

struct block *saved_find(struct translator *tr, const struct block_key *key, const uint8_t *bytes,
                         uint32_t available)
{
    const struct saved_code *saved = tr->saved;
    if (tr->break_count || key->mode & MODE_STEP || !placed(tr)) {
        return NULL;
    }
    uint32_t offset = key->gpa & (PAGE_BYTES - 1);
    uint64_t room = (uint64_t)tr->ctx->seg[SEG_CS].limit + 1 - key->rip;
    uint32_t at = (uint32_t)(hash_of((uint32_t)key->rip, key->mode, offset) >> 32);
    for (; saved->index[at & saved->mask]; at++) {
        const struct saved_block *block = &saved->parts.blocks[saved->index[at & saved->mask] - 1];
        if (block->rip == key->rip && block->mode == key->mode && block->offset == offset &&
            block->bytes <= available && block->bytes <= room &&
            memcmp(saved->parts.guest + block->guest, bytes, block->bytes) == 0 &&
            !smc_is_patched(tr, key->gpa, block->bytes)) {
            return take(tr, block, key->gpa);
        }
    }
    return NULL;
}

/* Writing: once to count, once into the parts. */

struct gather {
    struct translator *tr;
    struct code_image image;
    uint32_t from;           /* code from there on was not loaded */
    struct saved_head count; /* of blocks, exits, bytes so far */
    struct saved_parts *parts;
};

static void gather_exits(const struct gather *gather, const struct block *block)
{
    for (unsigned i = 0; i < block->exit_count; i++) {
        const struct block_exit *exit = &block->exits[i];
        gather->parts->exits[gather->count.exits + i] =
            (struct saved_exit){.target_rip = exit->target_rip,
                                .branch = exit->branch,
                                .unlinked = exit->unlinked,
                                .guard_bytes = exit->guard_bytes,
                                .cross_page = exit->cross_page};
        gather->tr->host->detach(gather->parts->code, gather->image.base, exit);
    }
}

/* A block that was made in this run, and the guest's bytes that it was made from. */
static void gather_block(struct gather *gather, const struct block *block, const uint8_t *bytes)
{
    uint32_t code = (uint32_t)((const uint8_t *)block->code - gather->image.code);
    if (code < gather->from || block->gpa2 != UINT64_MAX || block->mode & MODE_STEP) {
        return;
    }
    if (gather->parts) {
        gather->parts->blocks[gather->count.blocks] =
            (struct saved_block){.rip = (uint32_t)block->rip,
                                 .mode = block->mode,
                                 .code = code,
                                 .code_bytes = block->code_bytes,
                                 .guest = gather->count.bytes,
                                 .exits = gather->count.exits,
                                 .bytes = block->bytes,
                                 .insns = block->insns,
                                 .offset = block->gpa & (PAGE_BYTES - 1),
                                 .exit_count = block->exit_count};
        memcpy(gather->parts->guest + gather->count.bytes, bytes, block->bytes);
        gather_exits(gather, block);
    }
    gather->count.blocks++;
    gather->count.exits += block->exit_count;
    gather->count.bytes += block->bytes;
}

/* Those that are valid, and those that lie dormant. */
static void gather_all(struct gather *gather)
{
    struct translator *tr = gather->tr;
    for (uint32_t slot = 0; slot <= tr->blocks.mask; slot++) {
        const struct block *block = tr->blocks.slots[slot].block;
        if (block) {
            uint64_t offset = block->gpa & (PAGE_BYTES - 1);
            struct phys_page page = tr->memory->page(tr->memory->memory, block->gpa - offset);
            if (page.host) {
                gather_block(gather, block, page.host + offset);
            }
        }
    }
    for (uint32_t bucket = 0; bucket < DORMANT_BUCKETS; bucket++) {
        for (const struct block *block = tr->dormant[bucket]; block;
             block = block->next_in_page[0]) {
            gather_block(gather, block, block->kept);
        }
    }
}

/* The parts that were loaded, as they were. */
static void gather_loaded(struct gather *gather, const struct saved_parts *old)
{
    const struct saved_head *head = old->head;
    struct saved_parts *parts = gather->parts;
    if (parts) {
        memcpy(parts->blocks, old->blocks, head->blocks * sizeof(*old->blocks));
        memcpy(parts->exits, old->exits, head->exits * sizeof(*old->exits));
        memcpy(parts->guest, old->guest, head->bytes);
        memcpy(parts->code, old->code, head->code_bytes);
    }
    gather->count.blocks = head->blocks;
    gather->count.exits = head->exits;
    gather->count.bytes = head->bytes;
}

void *translator_save_code(struct translator *tr, size_t *size)
{
    if (!tr->host->image) {
        return NULL;
    }
    struct gather gather = {.tr = tr};
    const struct saved_parts *old = tr->saved && tr->saved->placed ? &tr->saved->parts : NULL;
    uint32_t before = old ? old->head->blocks : 0;
    struct saved_head head;
    tr->host->image(tr->engine, &gather.image);
    gather.from = gather.image.base + (old ? old->head->code_bytes : 0);
    expected_head(tr, &gather.image, &head);
    if (old) {
        gather_loaded(&gather, old);
    }
    gather_all(&gather);
    head.blocks = gather.count.blocks;
    head.exits = gather.count.exits;
    head.bytes = gather.count.bytes;
    head.code_bytes = gather.image.used - gather.image.base;
    *size = size_of(&head);
    void *memory = NULL;
    if (head.blocks == before || (head.blocks - before) * FEW < before ||
        !(memory = malloc(*size))) {
        return NULL;
    }
    memcpy(memory, &head, sizeof(head));
    struct saved_parts parts = parts_of(memory);
    memcpy(parts.code + (gather.from - gather.image.base), gather.image.code + gather.from,
           gather.image.used - gather.from);
    gather.parts = &parts;
    gather.count = (struct saved_head){0};
    if (old) {
        gather_loaded(&gather, old);
    }
    gather_all(&gather);
    return memory;
}
