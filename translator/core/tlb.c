/*
 * The guest's TLB: what its page tables said when they were walked, until it flushes that.
 *
 * A guest may change its tables and go on with what it was told before, so this is part of the
 * machine's state.  It holds everything since the last flush: what it holds follows from the
 * guest's instructions alone, not from a size, an engine or the cache of translations.  The memory
 * tables are derived from it (softmmu.c) and may be forgotten at any time.
 *
 * Not modelled: entries that a processor drops of its own accord.
 */
#include "translator/core/core.h"

#include <stdlib.h>
#include <string.h>

enum { ITEM_PAGE = TABLE_ENTRIES - 1, VIEW_SHIFT = 20 };
_Static_assert(TABLE_ENTRIES == 1 << VIEW_SHIFT, "rows name a view above the page");

static bool is_held(const struct mapping *mapping)
{
    return mapping->page[ACCESS_READ] | mapping->page[ACCESS_WRITE] | mapping->page[ACCESS_EXECUTE];
}

static bool all_global(const struct mapping *mapping)
{
    for (unsigned i = 0; i < ACCESSES; i++) {
        if (mapping->page[i] && !(mapping->page[i] & MAPPING_GLOBAL)) {
            return false;
        }
    }
    return true;
}

static bool any_global(const struct mapping *mapping)
{
    return (mapping->page[ACCESS_READ] | mapping->page[ACCESS_WRITE] |
            mapping->page[ACCESS_EXECUTE]) &
           MAPPING_GLOBAL;
}

/* ---- the lists ---- */

static enum touched_kind kind_of(const struct mapping *mapping)
{
    return all_global(mapping) ? TOUCHED_GLOBAL : TOUCHED_LOCAL;
}

/* Pages stand in a list again and again after they were flushed one by one: once is enough. */
static void make_room(struct translator *tr, enum memory_view view, enum touched_kind kind)
{
    struct touched_list *list = &tr->touched[view][kind];
    if (list->count < list->capacity) {
        return;
    }
    list->count = 0;
    for (uint32_t page = 0; page < TABLE_ENTRIES; page++) {
        const struct mapping *mapping = &tr->mappings[view][page];
        if (is_held(mapping) && kind_of(mapping) == kind) {
            list->pages[list->count++] = page;
        }
    }
}

static void add_item(struct translator *tr, enum memory_view view, uint32_t page)
{
    enum touched_kind kind = kind_of(&tr->mappings[view][page]);
    struct touched_list *list = &tr->touched[view][kind];
    make_room(tr, view, kind);
    list->pages[list->count++] = page;
}

void tlb_note(struct translator *tr, enum memory_view view, uint32_t page, enum access access,
              const struct page_walk *walk)
{
    struct mapping *mapping = &tr->mappings[view][page];
    bool known = is_held(mapping) && (walk->global || !all_global(mapping));
    uint32_t entry = (uint32_t)(walk->gpa >> PAGE_BITS & MAPPING_PAGE) | MAPPING_HELD |
                     (walk->global ? MAPPING_GLOBAL : 0);
    if (walk->readable) {
        mapping->page[ACCESS_READ] = entry;
    }
    if (walk->writable) {
        mapping->page[ACCESS_WRITE] = entry;
    }
    if (access == ACCESS_EXECUTE) {
        mapping->page[ACCESS_EXECUTE] = entry;
    }
    if (!known) {
        add_item(tr, view, page);
    }
    if (walk->large) {
        tr->large[page >> LARGE_BITS] = true;
    }
}

/* ---- what is derived ---- */

void tlb_drop_slots(struct translator *tr)
{
    /* a base that no 32-bit address lies in the page of */
    memset(tr->ctx->pages.base, 0x40, sizeof(tr->ctx->pages.base));
}

static void forget(struct translator *tr, unsigned view, uint32_t page)
{
    struct memory_tables *tables = tr->tables[view];
    tables->read[page] = 0;
    tables->write[page] = 0;
    tables->code[page] = 0;
}

void tlb_forget_derived(struct translator *tr)
{
    memset(tr->walked, 0, sizeof(tr->walked));
    for (unsigned i = 0; i < MEMORY_VIEWS * TOUCHED_KINDS; i++) {
        const struct touched_list *list = &tr->touched[i / TOUCHED_KINDS][i % TOUCHED_KINDS];
        for (uint32_t k = 0; k < list->count; k++) {
            forget(tr, i / TOUCHED_KINDS, list->pages[k]);
        }
    }
    tlb_drop_slots(tr);
}

void memory_forget_page(struct context *ctx, uint64_t linear)
{
    for (unsigned view = 0; view < MEMORY_VIEWS; view++) {
        forget(ctx->translator, view, (uint32_t)(linear >> PAGE_BITS) & ITEM_PAGE);
    }
    tlb_drop_slots(ctx->translator);
}

/* ---- flushing ---- */

static void flush(struct translator *tr, unsigned view, uint32_t page)
{
    struct memory_tables *tables = tr->tables[view];
    struct mapping *mapping = &tr->mappings[view][page];
    if (mapping->page[ACCESS_READ]) {
        tables->read[page] = 0;
    }
    if (mapping->page[ACCESS_WRITE]) {
        tables->write[page] = 0;
    }
    if (mapping->page[ACCESS_EXECUTE]) {
        tables->code[page] = 0;
    }
    *mapping = (struct mapping){0};
}

/* Flushes the mappings that are not global; true when others are left. */
static bool flush_local(struct translator *tr, unsigned view, uint32_t page)
{
    struct mapping *mapping = &tr->mappings[view][page];
    for (unsigned i = 0; i < ACCESSES; i++) {
        if (!(mapping->page[i] & MAPPING_GLOBAL)) {
            mapping->page[i] = 0;
        }
    }
    forget(tr, view, page);
    return is_held(mapping);
}

static void flush_listed(struct translator *tr, unsigned view, struct touched_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        flush(tr, view, list->pages[i]);
    }
    list->count = 0;
}

/* Guards of links and of the branch hash see that code entries are gone. */
void memory_flush_all(struct context *ctx, bool keep_global)
{
    struct translator *tr = ctx->translator;
    for (unsigned view = 0; view < MEMORY_VIEWS; view++) {
        struct touched_list *local = &tr->touched[view][TOUCHED_LOCAL];
        uint32_t count = local->count;
        local->count = 0;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t page = local->pages[i];
            if (!keep_global || !any_global(&tr->mappings[view][page])) {
                flush(tr, view, page);
            } else if (flush_local(tr, view, page)) {
                add_item(tr, view, page);
            }
        }
        if (!keep_global) {
            flush_listed(tr, view, &tr->touched[view][TOUCHED_GLOBAL]);
        }
    }
    if (!keep_global) {
        memset(tr->large, 0, sizeof(tr->large));
    }
    tlb_drop_slots(tr);
    tr->stats.table_flushes++;
}

static void flush_pages(struct translator *tr, unsigned view, uint32_t page, uint32_t count)
{
    for (uint32_t i = page; i < page + count; i++) {
        if (is_held(&tr->mappings[view][i])) {
            /* The page stays in the touched list; a second item there does no harm. */
            flush(tr, view, i);
        }
    }
}

void memory_flush_page(struct context *ctx, uint64_t linear)
{
    struct translator *tr = ctx->translator;
    uint32_t page = (uint32_t)(linear >> PAGE_BITS) & ITEM_PAGE;
    uint32_t region = page >> LARGE_BITS;
    bool large = tr->large[region];
    tr->large[region] = false;
    for (unsigned view = 0; view < MEMORY_VIEWS; view++) {
        if (large) {
            flush_pages(tr, view, region << LARGE_BITS, 1 << LARGE_BITS);
        } else {
            flush_pages(tr, view, page, 1);
        }
    }
    tlb_drop_slots(tr);
    tr->stats.page_flushes++;
}

/* ---- saving ---- */

size_t translator_tlb_most(const struct translator *tr)
{
    size_t most = 0;
    for (unsigned view = 0; view < MEMORY_VIEWS; view++) {
        most += tr->touched[view][TOUCHED_LOCAL].count + tr->touched[view][TOUCHED_GLOBAL].count;
    }
    return most;
}

static int by_page(const void *a, const void *b)
{
    uint32_t one = ((const struct tlb_row *)a)->page;
    uint32_t two = ((const struct tlb_row *)b)->page;
    return (one > two) - (one < two);
}

size_t translator_tlb_rows(const struct translator *tr, struct tlb_row *rows)
{
    size_t count = 0;
    for (unsigned n = 0; n < MEMORY_VIEWS * TOUCHED_KINDS; n++) {
        unsigned view = n / TOUCHED_KINDS;
        const struct touched_list *list = &tr->touched[view][n % TOUCHED_KINDS];
        for (uint32_t i = 0; i < list->count; i++) {
            uint32_t page = list->pages[i];
            const struct mapping *mapping = &tr->mappings[view][page];
            if (is_held(mapping)) {
                rows[count] = (struct tlb_row){.page = page | view << VIEW_SHIFT};
                memcpy(rows[count++].mapping, mapping->page, sizeof(mapping->page));
            }
        }
    }
    qsort(rows, count, sizeof(*rows), by_page);
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || rows[i].page != rows[distinct - 1].page) {
            rows[distinct++] = rows[i];
        }
    }
    return distinct;
}

size_t translator_tlb_large(const struct translator *tr, uint32_t regions[TLB_REGIONS])
{
    size_t count = 0;
    for (uint32_t i = 0; i < TLB_REGIONS; i++) {
        if (tr->large[i]) {
            regions[count++] = i;
        }
    }
    return count;
}

bool translator_tlb_row_good(const struct tlb_row *row)
{
    const uint32_t known = MAPPING_HELD | MAPPING_GLOBAL | MAPPING_PAGE;
    bool good = row->page >> VIEW_SHIFT < MEMORY_VIEWS;
    for (unsigned i = 0; i < ACCESSES; i++) {
        good = good && !(row->mapping[i] & ~known) &&
               (!row->mapping[i] || row->mapping[i] & MAPPING_HELD);
    }
    return good;
}

void translator_tlb_set(struct translator *tr, const struct tlb_row *rows, size_t count,
                        const uint32_t *regions, size_t region_count)
{
    memory_flush_all(tr->ctx, false);
    for (size_t i = 0; i < count; i++) {
        unsigned view = rows[i].page >> VIEW_SHIFT;
        uint32_t page = rows[i].page & ITEM_PAGE;
        struct mapping *mapping = &tr->mappings[view][page];
        memcpy(mapping->page, rows[i].mapping, sizeof(mapping->page));
        add_item(tr, view, page);
    }
    for (size_t i = 0; i < region_count; i++) {
        tr->large[regions[i] % TLB_REGIONS] = true;
    }
}
