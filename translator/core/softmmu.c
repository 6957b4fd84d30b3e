/*
 * Memory tables: derived from what the page walk said (tlb.c), and the slow paths behind them.
 *
 * A filled entry is a delta from linear to host address; a poisoned one keeps the physical page in
 * bits 12..62 and the reason below, so that the slow path needs no second walk.  Pages with code
 * keep the delta there instead, and their physical address in the code_page behind the cover
 * table.
 */
#include "translator/core/core.h"

#include "base/endian.h"
#include "base/unshared.h"
#include "translator/api/mode.h"

#include <string.h>
#include <sys/mman.h>

enum { SEGMENT_BYTES = 0x10000 };

#define POISON_BIT ((uint64_t)INT64_MIN)

/*
 * By physical page: whose write entry is its delta, so that the first code there finds it.  0:
 * nobody's.  It may be out of date where an entry has gone: the table decides.
 */
#define WRITER_ONE (UINT32_C(1) << 31) /* this view's and page's */
enum { WRITERS_MANY = 1, WRITER_VIEW = 20, WRITER_PAGE = TABLE_ENTRIES - 1 };
_Static_assert(TABLE_ENTRIES == 1 << WRITER_VIEW, "writers name a view above the page");

static void *reserve(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

bool softmmu_create(struct translator *tr)
{
    for (unsigned view = 0; view < MEMORY_VIEWS; view++) {
        tr->tables[view] = unshared_create(sizeof(struct memory_tables));
        tr->mappings[view] = reserve(TABLE_ENTRIES * sizeof(struct mapping));
        for (unsigned kind = 0; kind < TOUCHED_KINDS; kind++) {
            struct touched_list *list = &tr->touched[view][kind];
            list->capacity = TOUCHED_MOST;
            list->pages = reserve(TOUCHED_MOST * sizeof(uint32_t));
            if (!list->pages) {
                return false;
            }
        }
        if (!tr->tables[view] || !tr->mappings[view]) {
            return false;
        }
    }
    tr->code_pages = unshared_create(PHYS_PAGES * sizeof(*tr->code_pages));
    tr->writers = unshared_create(PHYS_PAGES * sizeof(*tr->writers));
    return tr->code_pages && tr->writers;
}

static void give_back(void *memory, size_t bytes)
{
    if (memory) {
        munmap(memory, bytes);
    }
}

void softmmu_destroy(struct translator *tr)
{
    for (unsigned view = 0; view < MEMORY_VIEWS; view++) {
        unshared_destroy(tr->tables[view], sizeof(struct memory_tables));
        give_back(tr->mappings[view], TABLE_ENTRIES * sizeof(struct mapping));
        for (unsigned kind = 0; kind < TOUCHED_KINDS; kind++) {
            give_back(tr->touched[view][kind].pages, TOUCHED_MOST * sizeof(uint32_t));
        }
    }
    unshared_destroy(tr->code_pages, PHYS_PAGES * sizeof(*tr->code_pages));
    unshared_destroy(tr->writers, PHYS_PAGES * sizeof(*tr->writers));
}

static int64_t poison(uint64_t gpa, enum poison reason)
{
    return (int64_t)(POISON_BIT | (gpa & ~(uint64_t)(PAGE_BYTES - 1)) | (uint64_t)reason);
}

static uint64_t poison_gpa(int64_t entry)
{
    return (uint64_t)entry & ~POISON_BIT & ~(uint64_t)(PAGE_BYTES - 1);
}

static enum poison poison_reason(int64_t entry)
{
    return (enum poison)((uint64_t)entry & (PAGE_BYTES - 1));
}

/* The write entry of a page that code was translated from. */
static int64_t code_entry(int64_t delta)
{
    return (int64_t)(POISON_BIT | (uint64_t)delta | POISON_CODE);
}

static const struct code_page *code_page_of(const struct memory_tables *tables, uint32_t page)
{
    return (const struct code_page *)(const void *)tables->cover[page];
}

/* The write entry of a page in memory. */
static int64_t write_entry(const struct translator *tr, struct memory_tables *tables, uint32_t page,
                           struct phys_page phys, uint64_t gpa, int64_t delta)
{
    const struct code_page *code = tr->code_pages[gpa >> PAGE_BITS];
    if (!phys.writable || phys.watched) {
        return poison(gpa, POISON_ROM);
    }
    if (code && code->count) {
        tables->cover[page] = &code->cover;
        return code_entry(delta);
    }
    return delta;
}

static bool is_writer(const struct translator *tr, uint32_t writer, const uint8_t *host)
{
    uint32_t page = writer & WRITER_PAGE;
    int64_t delta = tr->tables[writer >> WRITER_VIEW & 3]->write[page];
    return delta > 0 && ((uint64_t)page << PAGE_BITS) + (uint64_t)delta == host_address(host);
}

/* The entry became the delta of the page. */
static void note_writer(struct translator *tr, uint64_t gpa, const uint8_t *host, uint32_t page,
                        enum memory_view view)
{
    uint32_t *writer = &tr->writers[gpa >> PAGE_BITS];
    uint32_t now = WRITER_ONE | (uint32_t)view << WRITER_VIEW | page;
    bool other = *writer != now && *writer & WRITER_ONE && is_writer(tr, *writer, host);
    *writer = other || *writer == WRITERS_MANY ? WRITERS_MANY : now;
}

/* Keeps the entries that were made, but for those of accesses that the guest watches: they stay 0,
 * and every access comes here. */
static void keep(struct translator *tr, uint32_t page, enum memory_view view,
                 const int64_t entries[ACCESSES])
{
    struct memory_tables *tables = tr->tables[view];
    unsigned watched =
        tr->guest->watched ? tr->guest->watched(tr->ctx, (uint64_t)page << PAGE_BITS) : 0;
    if (watched == 7) {
        return;
    }
    if (entries[ACCESS_READ] && !(watched & 1u << ACCESS_READ)) {
        tables->read[page] = entries[ACCESS_READ];
    }
    if (entries[ACCESS_WRITE] && !(watched & 1u << ACCESS_WRITE)) {
        tables->write[page] = entries[ACCESS_WRITE];
    }
    if (entries[ACCESS_EXECUTE] > 0 && !(watched & 1u << ACCESS_EXECUTE)) {
        tables->code[page] = entries[ACCESS_EXECUTE];
    }
}

/* Derives the entries of one page from its mapping for the access, and from others that are the
 * same; returns the one for the access. */
static int64_t derive(struct translator *tr, uint32_t page, enum access access,
                      enum memory_view view)
{
    const struct mapping *mapping = &tr->mappings[view][page];
    uint32_t gpn = mapping->page[access] & MAPPING_PAGE;
    uint64_t gpa = (uint64_t)gpn << PAGE_BITS;
    struct phys_page phys = tr->memory->page(tr->memory->memory, gpa);
    int64_t delta = phys.host ? (int64_t)(host_address(phys.host) - ((uint64_t)page << PAGE_BITS))
                              : poison(gpa, POISON_MMIO);
    int64_t entries[ACCESSES] = {0};
    for (unsigned i = 0; i < ACCESSES; i++) {
        if (mapping->page[i] && (mapping->page[i] & MAPPING_PAGE) == gpn) {
            entries[i] = delta;
        }
    }
    if (entries[ACCESS_WRITE] && phys.host) {
        entries[ACCESS_WRITE] = write_entry(tr, tr->tables[view], page, phys, gpa, delta);
        if (entries[ACCESS_WRITE] > 0) {
            note_writer(tr, gpa, phys.host, page, view);
        }
    }
    keep(tr, page, view, entries);
    return entries[access];
}

/* Fills the entries of one page, after a walk where the guest's TLB has nothing, and returns the
 * one for the access; 0: fault raised. */
static int64_t fill(struct translator *tr, uint64_t linear, enum access access,
                    enum memory_view view)
{
    struct page_walk walk;
    uint32_t page = (uint32_t)(linear >> PAGE_BITS) & (TABLE_ENTRIES - 1);
    if (!tr->mappings[view][page].page[access]) {
        if (!tr->guest->walk(tr->ctx, linear, access, view, &walk)) {
            return 0;
        }
        tr->stats.table_fills++;
        tlb_note(tr, view, page, access, &walk);
    }
    return derive(tr, page, access, view);
}

static int64_t entry_of(struct translator *tr, uint64_t linear, enum access access,
                        enum memory_view view)
{
    uint32_t page = (uint32_t)(linear >> PAGE_BITS) & (TABLE_ENTRIES - 1);
    const struct memory_tables *tables = tr->tables[view];
    return access == ACCESS_WRITE ? tables->write[page] : tables->read[page];
}

/* The entry for an access, filled if need be; 0: fault raised. */
static int64_t entry_for(struct translator *tr, uint64_t linear, enum access access,
                         enum memory_view view)
{
    int64_t entry = entry_of(tr, linear, access, view);
    return entry ? entry : fill(tr, linear, access, view);
}

/* An access was made; where the tables have no entry even now, the guest watches. */
static void accessed(struct translator *tr, uint64_t linear, unsigned size, enum access access,
                     enum memory_view view)
{
    if ((!entry_of(tr, linear, access, view) || !entry_of(tr, linear + size - 1, access, view)) &&
        tr->guest->accessed && tr->guest->accessed(tr->ctx, linear, size, access)) {
        exec_leave_soon(tr);
    }
}

const uint8_t *softmmu_fetch_page(struct translator *tr, uint64_t linear, uint64_t *gpa, bool *mmio)
{
    enum memory_view view = tr->ctx->view;
    uint32_t page = (uint32_t)(linear >> PAGE_BITS) & (TABLE_ENTRIES - 1);
    int64_t delta = tr->tables[view]->code[page];
    *mmio = false;
    if (!delta) {
        delta = fill(tr, linear, ACCESS_EXECUTE, view);
        if (!delta) {
            return NULL;
        }
        if (delta < 0) {
            *mmio = true;
            *gpa = poison_gpa(delta);
            return NULL;
        }
    }
    uint32_t gpn = tr->mappings[view][page].page[ACCESS_EXECUTE] & MAPPING_PAGE;
    *gpa = (uint64_t)gpn << PAGE_BITS;
    return (const uint8_t *)(uintptr_t)(((uint64_t)page << PAGE_BITS) + (uint64_t)delta);
}

static void protect_in(struct translator *tr, uint64_t gpa, const uint8_t *host, uint32_t writer)
{
    if (is_writer(tr, writer, host)) {
        struct memory_tables *tables = tr->tables[writer >> WRITER_VIEW & 3];
        uint32_t page = writer & WRITER_PAGE;
        tables->write[page] = code_entry(tables->write[page]);
        tables->cover[page] = &tr->code_pages[gpa >> PAGE_BITS]->cover;
    }
}

void softmmu_protect_code(struct translator *tr, uint64_t gpa)
{
    struct phys_page phys = tr->memory->page(tr->memory->memory, gpa);
    uint32_t *writer = &tr->writers[gpa >> PAGE_BITS];
    tlb_drop_slots(tr);
    if (*writer & WRITER_ONE) {
        protect_in(tr, gpa, phys.host, *writer);
    } else if (*writer == WRITERS_MANY) {
        for (unsigned n = 0; n < MEMORY_VIEWS * TOUCHED_KINDS; n++) {
            unsigned view = n / TOUCHED_KINDS;
            const struct touched_list *list = &tr->touched[view][n % TOUCHED_KINDS];
            for (uint32_t i = 0; i < list->count; i++) {
                protect_in(tr, gpa, phys.host, view << WRITER_VIEW | list->pages[i]);
            }
        }
    }
    *writer = 0;
}

void softmmu_drop_code_pages(struct translator *tr)
{
    unshared_renew(tr->code_pages, PHYS_PAGES * sizeof(*tr->code_pages));
}

void softmmu_forked(struct translator *tr)
{
    for (unsigned view = 0; view < MEMORY_VIEWS; view++) {
        unshared_renew(tr->tables[view], sizeof(struct memory_tables));
    }
    softmmu_drop_code_pages(tr);
    tlb_drop_slots(tr);
}

void memory_select(struct context *ctx)
{
    memory_select_view(ctx, mode_view(ctx->guest->mode(ctx)));
}

void memory_select_view(struct context *ctx, enum memory_view view)
{
    ctx->view = view;
    ctx->tables = ctx->translator->tables[view];
}

/* Accesses within one page. */

static uint64_t mmio_read(struct translator *tr, uint64_t gpa, unsigned size)
{
    tr->stats.mmio_accesses++;
    return tr->memory->mmio_read(tr->memory->memory, gpa, size);
}

static void read_mmio(struct translator *tr, uint64_t gpa, uint8_t *to, unsigned size)
{
    while (size) {
        unsigned piece = size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1;
        store_le(to, mmio_read(tr, gpa, piece), piece);
        gpa += piece;
        to += piece;
        size -= piece;
    }
}

static void write_mmio(struct translator *tr, uint64_t gpa, const uint8_t *from, unsigned size)
{
    while (size) {
        unsigned piece = size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1;
        tr->stats.mmio_accesses++;
        tr->memory->mmio_write(tr->memory->memory, gpa, load_le(from, piece), piece);
        gpa += piece;
        from += piece;
        size -= piece;
    }
}

static void read_in_page(struct translator *tr, int64_t entry, uint64_t linear, uint8_t *to,
                         unsigned size)
{
    linear &= UINT32_MAX;
    if (entry > 0) {
        memcpy(to, (const uint8_t *)(uintptr_t)(linear + (uint64_t)entry), size);
    } else {
        read_mmio(tr, poison_gpa(entry) | (linear & (PAGE_BYTES - 1)), to, size);
    }
}

/* A store to a page with code: drops what it hits; a page whose last block is gone is plain again.
 */
static void write_beside_code(struct translator *tr, int64_t entry, uint64_t linear,
                              const uint8_t *from, unsigned size, enum memory_view view)
{
    struct memory_tables *tables = tr->tables[view];
    uint32_t page = (uint32_t)(linear >> PAGE_BITS);
    const struct code_page *code = code_page_of(tables, page);
    int64_t delta = (int64_t)poison_gpa(entry);
    tr->stats.smc_stores++;
    uint8_t *to = (uint8_t *)(uintptr_t)(linear + (uint64_t)delta);
    if (!smc_beside(code, linear & (PAGE_BYTES - 1), size) && memcmp(to, from, size) != 0) {
        smc_store(tr, code->gpa | (linear & (PAGE_BYTES - 1)), size);
    }
    memcpy(to, from, size);
    if (!code->count && tables->write[page] == entry) {
        tables->write[page] = delta;
        note_writer(tr, code->gpa, to - (linear & (PAGE_BYTES - 1)), page, view);
    }
}

static void write_in_page(struct translator *tr, int64_t entry, uint64_t linear,
                          const uint8_t *from, unsigned size, enum memory_view view)
{
    linear &= UINT32_MAX;
    if (entry > 0) {
        memcpy((uint8_t *)(uintptr_t)(linear + (uint64_t)entry), from, size);
        return;
    }
    if (poison_reason(entry) == POISON_CODE) {
        write_beside_code(tr, entry, linear, from, size, view);
    } else {
        write_mmio(tr, poison_gpa(entry) | (linear & (PAGE_BYTES - 1)), from, size);
    }
}

static bool crosses(uint64_t linear, unsigned size)
{
    return (linear & (PAGE_BYTES - 1)) + size > PAGE_BYTES;
}

/* Why an access was not made by generated code. */
static enum miss_reason miss_reason(int64_t entry, uint64_t linear, unsigned size)
{
    static const enum miss_reason reasons[] = {
        [POISON_MMIO] = MISS_MMIO, [POISON_ROM] = MISS_ROM, [POISON_CODE] = MISS_CODE};
    if (entry < 0) {
        return reasons[poison_reason(entry)];
    }
    return !entry ? MISS_EMPTY : crosses(linear, size) ? MISS_CROSSES : MISS_CHECKED;
}

/* Linear accesses of up to 16 bytes through `bytes`. */

static bool load_bytes(struct context *ctx, uint64_t linear, unsigned size, enum access access,
                       enum memory_view view, uint8_t *bytes)
{
    struct translator *tr = ctx->translator;
    tr->stats.load_misses[miss_reason(entry_of(tr, linear, ACCESS_READ, view), linear, size)]++;
    if (access == ACCESS_WRITE && !entry_for(tr, linear, access, view)) {
        return false; /* first: the load of a read-modify-write faults as a write */
    }
    int64_t entry = entry_for(tr, linear, ACCESS_READ, view);
    if (!entry) {
        return false;
    }
    if (!crosses(linear, size)) {
        read_in_page(tr, entry, linear, bytes, size);
        accessed(tr, linear, size, ACCESS_READ, view);
        return true;
    }
    unsigned first = PAGE_BYTES - (unsigned)(linear & (PAGE_BYTES - 1));
    uint64_t next = linear + first;
    if (access == ACCESS_WRITE && !entry_for(tr, next, access, view)) {
        return false;
    }
    int64_t second = entry_for(tr, next, ACCESS_READ, view);
    if (!second) {
        return false;
    }
    entry = entry_for(tr, linear, ACCESS_READ, view);
    if (!entry) {
        return false;
    }
    read_in_page(tr, entry, linear, bytes, first);
    read_in_page(tr, second, next, bytes + first, size - first);
    accessed(tr, linear, size, ACCESS_READ, view);
    return true;
}

static bool store_bytes(struct context *ctx, uint64_t linear, unsigned size, enum memory_view view,
                        const uint8_t *bytes)
{
    struct translator *tr = ctx->translator;
    tr->stats.store_misses[miss_reason(entry_of(tr, linear, ACCESS_WRITE, view), linear, size)]++;
    int64_t entry = entry_for(tr, linear, ACCESS_WRITE, view);
    if (!entry) {
        return false;
    }
    if (!crosses(linear, size)) {
        write_in_page(tr, entry, linear, bytes, size, view);
        accessed(tr, linear, size, ACCESS_WRITE, view);
        return true;
    }
    unsigned first = PAGE_BYTES - (unsigned)(linear & (PAGE_BYTES - 1));
    uint64_t next = linear + first;
    int64_t second = entry_for(tr, next, ACCESS_WRITE, view);
    if (!second) {
        return false;
    }
    write_in_page(tr, entry, linear, bytes, first, view);
    second = entry_for(tr, next, ACCESS_WRITE, view);
    write_in_page(tr, second, next, bytes + first, size - first, view);
    accessed(tr, linear, size, ACCESS_WRITE, view);
    return true;
}

enum { TEN_BYTES = 10, FIRST_OF_TEN = 8 };

/* #AC: misaligned for its size, CPL 3, with CR0.AM and EFLAGS.AC. */
static bool alignment_ok(struct context *ctx, uint64_t linear, unsigned size)
{
    unsigned mask = (size == TEN_BYTES ? FIRST_OF_TEN : size) - 1;
    if (!(ctx->mode & MODE_ALIGN_CHECK) || !(linear & mask)) {
        return true;
    }
    context_fault(ctx, 17, true, 0);
    return false;
}

/* An operand of ten bytes is two accesses, as seen on AMD Zen (no manual says): limit, alignment
 * and page of the first eight are looked at before the limit of the other two. */
static bool first_of_ten(struct context *ctx, enum seg_index seg, uint64_t offset,
                         enum access access)
{
    struct translator *tr = ctx->translator;
    uint64_t linear;
    if (!ctx->guest->segment_check(ctx, seg, offset, FIRST_OF_TEN, access, &linear) ||
        !alignment_ok(ctx, linear, FIRST_OF_TEN) || !entry_for(tr, linear, access, ctx->view)) {
        return false;
    }
    uint64_t next = (linear | (PAGE_BYTES - 1)) + 1;
    return !crosses(linear, FIRST_OF_TEN) || entry_for(tr, next, access, ctx->view);
}

static bool guest_linear(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                         enum access access, uint64_t *linear)
{
    return (size != TEN_BYTES || first_of_ten(ctx, seg, offset, access)) &&
           ctx->guest->segment_check(ctx, seg, offset, size, access, linear) &&
           alignment_ok(ctx, *linear, size);
}

/* An access that goes on at the start of its segment: byte by byte. */
static bool wraps(const struct context *ctx, uint64_t offset, unsigned size)
{
    return ctx->offsets_wrap && offset + size > SEGMENT_BYTES;
}

static bool load_wrapped(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                         uint8_t *bytes)
{
    uint64_t linear;
    for (unsigned i = 0; i < size; i++) {
        if (!guest_linear(ctx, seg, (offset + i) % SEGMENT_BYTES, 1, ACCESS_READ, &linear) ||
            !load_bytes(ctx, linear, 1, ACCESS_READ, ctx->view, bytes + i)) {
            return false;
        }
    }
    return true;
}

static bool store_wrapped(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                          const uint8_t *bytes)
{
    uint64_t linear;
    for (unsigned i = 0; i < size; i++) {
        if (!guest_linear(ctx, seg, (offset + i) % SEGMENT_BYTES, 1, ACCESS_WRITE, &linear) ||
            !store_bytes(ctx, linear, 1, ctx->view, bytes + i)) {
            return false;
        }
    }
    return true;
}

/* Host address of an access whose page had no entry in the tables, and has one now, or NULL: that
 * is not all there is to it.  *fault: one was raised. */
static uint8_t *refilled(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                         enum access access, bool *fault)
{
    struct translator *tr = ctx->translator;
    uint32_t linear = (uint32_t)offset;
    bool flat = ctx->seg[seg].openness == SEG_CHECKED - SEG_FLAT;
    *fault = false;
    if (!flat || (ctx->mode & MODE_ALIGN_CHECK) || crosses(linear, size) ||
        entry_of(tr, linear, access, ctx->view)) {
        return NULL;
    }
    uint64_t *misses = access == ACCESS_WRITE ? tr->stats.store_misses : tr->stats.load_misses;
    misses[MISS_EMPTY]++;
    int64_t entry = fill(tr, linear, access, ctx->view);
    *fault = !entry;
    bool kept = entry > 0 && entry_of(tr, linear, access, ctx->view) == entry; /* none watches */
    return kept ? (uint8_t *)(uintptr_t)(linear + (uint64_t)entry) : NULL;
}

static bool load_data(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                      enum access access, uint8_t *bytes)
{
    bool fault;
    const uint8_t *at =
        access == ACCESS_READ ? refilled(ctx, seg, offset, size, access, &fault) : NULL;
    if (at) {
        memcpy(bytes, at, size);
        return true;
    }
    if (access == ACCESS_READ && fault) {
        return false;
    }
    uint64_t linear;
    if (wraps(ctx, offset, size)) {
        return load_wrapped(ctx, seg, offset, size, bytes);
    }
    return guest_linear(ctx, seg, offset, size, access, &linear) &&
           load_bytes(ctx, linear, size, access, ctx->view, bytes);
}

static bool store_data(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                       const uint8_t *bytes)
{
    bool fault;
    uint8_t *at = refilled(ctx, seg, offset, size, ACCESS_WRITE, &fault);
    if (at) {
        memcpy(at, bytes, size);
        return true;
    }
    if (fault) {
        return false;
    }
    uint64_t linear;
    if (wraps(ctx, offset, size)) {
        return store_wrapped(ctx, seg, offset, size, bytes);
    }
    return guest_linear(ctx, seg, offset, size, ACCESS_WRITE, &linear) &&
           store_bytes(ctx, linear, size, ctx->view, bytes);
}

void guest_run_again(struct context *ctx)
{
    struct translator *tr = ctx->translator;
    tr->loaded = true;
    tr->datum[0] = ctx->slow_value[0];
    tr->datum[1] = ctx->slow_value[1];
    ctx->leave = LEAVE_AGAIN;
}

/* The datum of guest_run_again(). */
static bool take_datum(struct context *ctx)
{
    struct translator *tr = ctx->translator;
    bool loaded = tr->loaded;
    if (loaded) {
        ctx->slow_value[0] = tr->datum[0];
        ctx->slow_value[1] = tr->datum[1];
        tr->loaded = false;
    }
    return loaded;
}

bool guest_load(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    if (take_datum(ctx)) {
        return true;
    }
    ctx->slow_value[0] = 0;
    ctx->slow_value[1] = 0;
    return load_data(ctx, seg, offset, size, ACCESS_READ, (uint8_t *)ctx->slow_value);
}

bool guest_load_for_write(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    ctx->slow_value[0] = 0;
    ctx->slow_value[1] = 0;
    return load_data(ctx, seg, offset, size, ACCESS_WRITE, (uint8_t *)ctx->slow_value);
}

bool guest_probe_write(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    uint64_t linear;
    return wraps(ctx, offset, size) ||
           (guest_linear(ctx, seg, offset, size, ACCESS_WRITE, &linear) &&
            linear_probe_write(ctx, linear, size, ctx->view));
}

bool guest_store(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size)
{
    return store_data(ctx, seg, offset, size, (const uint8_t *)ctx->slow_value);
}

bool guest_read(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                uint64_t *value)
{
    uint8_t bytes[8];
    if (!load_data(ctx, seg, offset, size, ACCESS_READ, bytes)) {
        return false;
    }
    *value = load_le(bytes, size);
    return true;
}

bool guest_write(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                 uint64_t value)
{
    uint8_t bytes[8];
    store_le(bytes, value, size);
    return store_data(ctx, seg, offset, size, bytes);
}

static uint64_t read_size(const uint8_t *at, unsigned size)
{
    switch (size) {
    case 1:
        return *at;
    case 2:
        return load_le16(at);
    case 4:
        return load_le32(at);
    default:
        return load_le64(at);
    }
}

static void write_size(uint8_t *at, unsigned size, uint64_t value)
{
    switch (size) {
    case 1:
        *at = (uint8_t)value;
        break;
    case 2:
        store_le16(at, (uint16_t)value);
        break;
    case 4:
        store_le32(at, (uint32_t)value);
        break;
    default:
        store_le64(at, value);
        break;
    }
}

/* Where a store may go at once: plain memory, or bytes of a code page that no block covers. */
static int64_t store_delta(const struct memory_tables *tables, uint64_t linear, unsigned size)
{
    uint32_t page = (uint32_t)(linear >> PAGE_BITS) & (TABLE_ENTRIES - 1);
    int64_t entry = tables->write[page];
    if (entry >= 0 || poison_reason(entry) != POISON_CODE ||
        !smc_beside(code_page_of(tables, page), linear & (PAGE_BYTES - 1), size)) {
        return entry;
    }
    return (int64_t)poison_gpa(entry);
}

bool linear_read(struct context *ctx, uint64_t linear, unsigned size, enum memory_view view,
                 uint64_t *value)
{
    int64_t entry = entry_of(ctx->translator, linear, ACCESS_READ, view);
    if (entry > 0 && !crosses(linear, size) && !(size & (size - 1))) {
        *value = read_size((uint8_t *)(uintptr_t)((linear & UINT32_MAX) + (uint64_t)entry), size);
        return true;
    }
    uint8_t bytes[8];
    if (!load_bytes(ctx, linear, size, ACCESS_READ, view, bytes)) {
        return false;
    }
    *value = load_le(bytes, size);
    return true;
}

bool linear_write(struct context *ctx, uint64_t linear, unsigned size, enum memory_view view,
                  uint64_t value)
{
    int64_t entry = store_delta(ctx->translator->tables[view], linear, size);
    if (entry > 0 && !crosses(linear, size) && !(size & (size - 1))) {
        write_size((uint8_t *)(uintptr_t)((linear & UINT32_MAX) + (uint64_t)entry), size, value);
        return true;
    }
    uint8_t bytes[8];
    store_le(bytes, value, size);
    return store_bytes(ctx, linear, size, view, bytes);
}

bool linear_probe_write(struct context *ctx, uint64_t linear, unsigned size, enum memory_view view)
{
    struct translator *tr = ctx->translator;
    uint64_t last = linear + size - 1;
    for (uint64_t at = linear;; at = (at | (PAGE_BYTES - 1)) + 1) {
        if (!entry_for(tr, at, ACCESS_WRITE, view)) {
            return false;
        }
        if (at >> PAGE_BITS == last >> PAGE_BITS) {
            return true;
        }
    }
}

uint8_t *linear_host(struct context *ctx, uint64_t linear, enum access access,
                     enum memory_view view, bool *fault)
{
    struct translator *tr = ctx->translator;
    int64_t entry = entry_for(tr, linear, access, view);
    *fault = !entry;
    return entry > 0 && entry_of(tr, linear, access, view)
               ? (uint8_t *)(uintptr_t)((linear & UINT32_MAX) + (uint64_t)entry)
               : NULL;
}

uint64_t phys_read(struct context *ctx, uint64_t gpa, unsigned size)
{
    struct translator *tr = ctx->translator;
    uint64_t page = gpa & ~(uint64_t)(PAGE_BYTES - 1);
    struct walked_page *walked = &tr->walked[page >> PAGE_BITS & ((1 << WALKED_BITS) - 1)];
    if (!walked->host || walked->gpa != page) {
        walked->gpa = page;
        walked->host = tr->memory->page(tr->memory->memory, page).host;
        if (!walked->host) {
            return UINT64_MAX;
        }
    }
    return load_le(walked->host + (gpa & (PAGE_BYTES - 1)), size);
}

void phys_write(struct context *ctx, uint64_t gpa, unsigned size, uint64_t value)
{
    struct translator *tr = ctx->translator;
    struct phys_page page = tr->memory->page(tr->memory->memory, gpa & ~(uint64_t)(PAGE_BYTES - 1));
    if (page.watched) {
        tr->memory->mmio_write(tr->memory->memory, gpa, value, size);
    } else if (page.host && page.writable) {
        translator_written(tr, gpa, size);
        store_le(page.host + (gpa & (PAGE_BYTES - 1)), value, size);
    }
}
