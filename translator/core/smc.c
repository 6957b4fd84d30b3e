/*
 * Self-modifying code: which bytes of a physical page are covered by translated blocks, and what a
 * store to them invalidates.
 *
 * Blocks of a page hang in lists by the granule of their first byte there, so that a store looks at
 * few of them.  Bytes that are overwritten under code again and again are *patched*: translation
 * cuts blocks so that an instruction with such bytes is alone.
 */
#include "translator/core/core.h"

#include <string.h>

enum {
    GRANULE_BYTES = 1 << GRANULE_BITS,
    PATCH_BYTES = 16,  /* larger stores load code, they do not patch it */
    PATCHED_HITS = 16, /* stores to the same byte of code until it counts as patched */
};

/* The bits of [from, from + bytes), which lies in granule n of a page, cut to that granule. */
static uint64_t bits_in_granule(uint64_t from, uint64_t end, unsigned n)
{
    uint64_t first = from > (uint64_t)n * 64 ? from - (uint64_t)n * 64 : 0;
    uint64_t last = end < (uint64_t)n * 64 + 64 ? end - (uint64_t)n * 64 : 64;
    return (UINT64_MAX >> (64 - (last - first))) << first;
}

static void cover(struct code_cover *set, uint64_t from, uint64_t bytes)
{
    uint64_t end = from + bytes;
    for (unsigned n = (unsigned)(from >> GRANULE_BITS); (uint64_t)n * 64 < end; n++) {
        set->covered[n] |= bits_in_granule(from, end, n);
    }
}

static bool is_covered(const struct code_cover *set, uint64_t from, uint64_t bytes)
{
    uint64_t end = from + bytes;
    for (unsigned n = (unsigned)(from >> GRANULE_BITS); (uint64_t)n * 64 < end; n++) {
        if (set->covered[n] & bits_in_granule(from, end, n)) {
            return true;
        }
    }
    return false;
}

/* The part of a block in its own page (tail false) or in the next one, as offsets there. */
static void block_range(const struct block *block, bool tail, uint64_t *from, uint64_t *bytes)
{
    uint64_t in_page = PAGE_BYTES - (block->gpa & (PAGE_BYTES - 1));
    if (tail) {
        *from = 0;
        *bytes = block->bytes - in_page;
    } else {
        *from = block->gpa & (PAGE_BYTES - 1);
        *bytes = block->bytes < in_page ? block->bytes : in_page;
    }
}

static bool has_tail_page(const struct block *block)
{
    return block->gpa2 != UINT64_MAX && block->gpa2 >> PAGE_BITS != block->gpa >> PAGE_BITS;
}

/* Which of its two links a block in a list of that page uses. */
static bool is_tail(const struct block *block, const struct code_page *page)
{
    return (block->gpa ^ page->gpa) >> PAGE_BITS != 0;
}

static struct code_page *page_for(struct translator *tr, uint64_t gpa)
{
    struct code_page **slot = &tr->code_pages[gpa >> PAGE_BITS];
    if (!*slot) {
        *slot = arena_new(tr->arena, struct code_page);
        (*slot)->gpa = gpa & ~(uint64_t)(PAGE_BYTES - 1);
    }
    return *slot;
}

static void add_to_page(struct translator *tr, struct block *block, bool tail)
{
    uint64_t from;
    uint64_t bytes;
    struct code_page *page = page_for(tr, tail ? block->gpa2 : block->gpa);
    block_range(block, tail, &from, &bytes);
    if (page->count++ == 0) {
        softmmu_protect_code(tr, page->gpa);
    }
    page->longest = bytes > page->longest ? (uint32_t)bytes : page->longest;
    cover(&page->cover, from, bytes);
    struct block **list = &page->blocks[from >> GRANULE_BITS];
    block->next_in_page[tail] = *list;
    *list = block;
}

void smc_add_block(struct translator *tr, struct block *block)
{
    add_to_page(tr, block, false);
    if (has_tail_page(block)) {
        add_to_page(tr, block, true);
    }
}

/* First granule whose blocks may reach that offset. */
static unsigned first_granule(const struct code_page *page, uint64_t offset)
{
    return offset < page->longest ? 0 : (unsigned)((offset - page->longest) >> GRANULE_BITS);
}

/* Covers of granules first..last made again from the blocks that are left. */
static void cover_again(struct code_page *page, unsigned first, unsigned last)
{
    uint64_t start = (uint64_t)first * GRANULE_BYTES;
    uint64_t stop = ((uint64_t)last + 1) * GRANULE_BYTES;
    memset(&page->cover.covered[first], 0, (last - first + 1) * sizeof(uint64_t));
    for (unsigned n = first_granule(page, start); n <= last; n++) {
        for (const struct block *at = page->blocks[n]; at;
             at = at->next_in_page[is_tail(at, page)]) {
            uint64_t from;
            uint64_t bytes;
            block_range(at, is_tail(at, page), &from, &bytes);
            uint64_t end = from + bytes < stop ? from + bytes : stop;
            from = from > start ? from : start;
            if (from < end) {
                cover(&page->cover, from, end - from);
            }
        }
    }
}

static void remove_from_page(struct translator *tr, struct block *block, bool tail)
{
    uint64_t from;
    uint64_t bytes;
    struct code_page *page = page_for(tr, tail ? block->gpa2 : block->gpa);
    block_range(block, tail, &from, &bytes);
    struct block **at = &page->blocks[from >> GRANULE_BITS];
    while (*at != block) {
        at = &(*at)->next_in_page[is_tail(*at, page)];
    }
    *at = block->next_in_page[tail];
    page->count--;
    page->dropped = true;
    cover_again(page, (unsigned)(from >> GRANULE_BITS),
                (unsigned)((from + bytes - 1) >> GRANULE_BITS));
}

void smc_remove_block(struct translator *tr, struct block *block)
{
    remove_from_page(tr, block, false);
    if (has_tail_page(block)) {
        remove_from_page(tr, block, true);
    }
}

/* True when the block that is running may be this one: it has to be left. */
static bool may_run(const struct translator *tr, const struct block *block)
{
    return tr->ctx->rip - block->rip < block->bytes;
}

/* Invalidates the blocks of a list that overlap [from, from + bytes); *leave: one may be running.
 */
static bool hit_list(struct translator *tr, const struct code_page *page, struct block *block,
                     uint64_t from, uint64_t bytes, bool *leave)
{
    bool hit = false;
    while (block) {
        bool tail = is_tail(block, page);
        struct block *next = block->next_in_page[tail];
        uint64_t start;
        uint64_t length;
        block_range(block, tail, &start, &length);
        if (start < from + bytes && from < start + length) {
            *leave |= may_run(tr, block) || (block->heat && block->heat->uses);
            cache_invalidate(tr, block);
            hit = true;
        }
        block = next;
    }
    return hit;
}

/* Counts a store to code that began there. */
static void note_patch(struct translator *tr, struct code_page *page, uint64_t from, uint64_t bytes)
{
    if (!page->hits) {
        page->hits = arena_alloc(tr->arena, PAGE_BYTES);
    }
    uint8_t *hits = &page->hits[from];
    if (*hits < PATCHED_HITS) {
        ++*hits;
    } else {
        cover(&page->patched, from, bytes);
    }
}

bool smc_is_patched(const struct translator *tr, uint64_t gpa, uint32_t bytes)
{
    const struct code_page *page = tr->code_pages[gpa >> PAGE_BITS];
    uint64_t from = gpa & (PAGE_BYTES - 1);
    uint64_t room = PAGE_BYTES - from;
    return page && is_covered(&page->patched, from, bytes < room ? bytes : room);
}

void smc_store(struct translator *tr, uint64_t gpa, size_t bytes)
{
    struct code_page *page = tr->code_pages[gpa >> PAGE_BITS];
    uint64_t from = gpa & (PAGE_BYTES - 1);
    if (!page || !page->count || !is_covered(&page->cover, from, bytes)) {
        return;
    }
    bool hit = false;
    bool leave = false;
    unsigned last = (unsigned)((from + bytes - 1) >> GRANULE_BITS);
    for (unsigned n = first_granule(page, from); n <= last; n++) {
        hit |= hit_list(tr, page, page->blocks[n], from, bytes, &leave);
    }
    if (hit) {
        tr->stats.smc_hits++;
        if (bytes <= PATCH_BYTES) {
            note_patch(tr, page, from, bytes);
        }
    }
    if (leave) {
        exec_leave_soon(tr);
    }
}

void translator_written(struct translator *translator, uint64_t gpa, size_t bytes)
{
    while (bytes) {
        uint64_t in_page = PAGE_BYTES - (gpa & (PAGE_BYTES - 1));
        size_t piece = bytes < in_page ? bytes : (size_t)in_page;
        if (gpa >> PAGE_BITS < PHYS_PAGES) {
            smc_store(translator, gpa, piece);
        }
        gpa += piece;
        bytes -= piece;
    }
}
