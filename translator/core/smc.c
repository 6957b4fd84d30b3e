/*
 * Self-modifying code: which granules of a physical page are covered by translated blocks, and what
 * a store to them invalidates.
 */
#include "translator/core/core.h"

#include <string.h>

/* The bits of [from, from + bytes), which lies in granule n of a page, cut to that granule. */
static uint64_t bits_in_granule(uint64_t from, uint64_t end, unsigned n)
{
    uint64_t first = from > (uint64_t)n * 64 ? from - (uint64_t)n * 64 : 0;
    uint64_t last = end < (uint64_t)n * 64 + 64 ? end - (uint64_t)n * 64 : 64;
    return (UINT64_MAX >> (64 - (last - first))) << first;
}

static void cover(struct code_page *page, uint64_t gpa, uint64_t bytes)
{
    uint64_t from = gpa & (PAGE_BYTES - 1);
    uint64_t end = from + bytes;
    for (unsigned n = (unsigned)(from >> GRANULE_BITS); (uint64_t)n * 64 < end; n++) {
        page->cover.covered[n] |= bits_in_granule(from, end, n);
    }
}

/* True when code was translated from any of these bytes (in one page). */
static bool is_covered(const struct code_page *page, uint64_t gpa, uint64_t bytes)
{
    uint64_t from = gpa & (PAGE_BYTES - 1);
    uint64_t end = from + bytes;
    for (unsigned n = (unsigned)(from >> GRANULE_BITS); (uint64_t)n * 64 < end; n++) {
        if (page->cover.covered[n] & bits_in_granule(from, end, n)) {
            return true;
        }
    }
    return false;
}

/* The part of a block in its own page (tail false) or in the next one. */
static void block_range(const struct block *block, bool tail, uint64_t *gpa, uint64_t *bytes)
{
    uint64_t in_page = PAGE_BYTES - (block->gpa & (PAGE_BYTES - 1));
    if (tail) {
        *gpa = block->gpa2;
        *bytes = block->bytes - in_page;
    } else {
        *gpa = block->gpa;
        *bytes = block->bytes < in_page ? block->bytes : in_page;
    }
}

static bool has_tail(const struct block *block)
{
    return block->gpa2 != UINT64_MAX;
}

static struct block **link_in_page(struct block *block, const struct code_page *page,
                                   struct translator *tr)
{
    return &block->next_in_page[tr->code_pages[block->gpa >> PAGE_BITS] != page];
}

static void add_range(struct translator *tr, struct block *block, bool tail)
{
    uint64_t gpa;
    uint64_t bytes;
    block_range(block, tail, &gpa, &bytes);
    struct code_page **slot = &tr->code_pages[gpa >> PAGE_BITS];
    if (!*slot) {
        *slot = arena_new(tr->arena, struct code_page);
        (*slot)->gpa = gpa & ~(uint64_t)(PAGE_BYTES - 1);
    }
    struct code_page *page = *slot;
    if (!page->blocks) {
        softmmu_protect_code(tr, gpa & ~(uint64_t)(PAGE_BYTES - 1));
    }
    cover(page, gpa, bytes);
    block->next_in_page[tail] = page->blocks;
    page->blocks = block;
}

void smc_add_block(struct translator *tr, struct block *block)
{
    add_range(tr, block, false);
    if (has_tail(block) && block->gpa2 >> PAGE_BITS != block->gpa >> PAGE_BITS) {
        add_range(tr, block, true);
    }
}

static void remove_from_page(struct translator *tr, struct block *block, uint64_t gpa)
{
    struct code_page *page = tr->code_pages[gpa >> PAGE_BITS];
    for (struct block **at = &page->blocks; *at; at = link_in_page(*at, page, tr)) {
        if (*at == block) {
            *at = *link_in_page(block, page, tr);
            break;
        }
    }
    memset(page->cover.covered, 0, sizeof(page->cover.covered));
    for (struct block *other = page->blocks; other; other = *link_in_page(other, page, tr)) {
        uint64_t start;
        uint64_t bytes;
        block_range(other, tr->code_pages[other->gpa >> PAGE_BITS] != page, &start, &bytes);
        cover(page, start, bytes);
    }
}

void smc_remove_block(struct translator *tr, struct block *block)
{
    remove_from_page(tr, block, block->gpa);
    if (has_tail(block) && block->gpa2 >> PAGE_BITS != block->gpa >> PAGE_BITS) {
        remove_from_page(tr, block, block->gpa2);
    }
}

static bool overlaps(const struct block *block, bool tail, uint64_t gpa, size_t bytes)
{
    uint64_t start;
    uint64_t length;
    block_range(block, tail, &start, &length);
    return start < gpa + bytes && gpa < start + length;
}

void smc_store(struct translator *tr, uint64_t gpa, size_t bytes)
{
    struct code_page *page = tr->code_pages[gpa >> PAGE_BITS];
    if (!page || !page->blocks || !is_covered(page, gpa, bytes)) {
        return;
    }
    bool hit = false;
    for (struct block *block = page->blocks; block;) {
        bool tail = tr->code_pages[block->gpa >> PAGE_BITS] != page;
        struct block *next = block->next_in_page[tail];
        if (overlaps(block, tail, gpa, bytes)) {
            cache_invalidate(tr, block);
            hit = true;
        }
        block = next;
    }
    if (hit) {
        tr->stats.smc_hits++;
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
