/*
 * Inside the translator: the cache of blocks, the memory tables and the dispatcher share this.
 *
 * Code pages.  Every physical page that holds translated code has a code_page with a bitmap of its
 * bytes that code covers.  The write entries of such pages are poisoned (POISON_CODE); a
 * store looks at the bitmap and only invalidates blocks that it overlaps.
 */
#ifndef TRANSLATOR_CORE_CORE_H
#define TRANSLATOR_CORE_CORE_H

#include "base/arena.h"
#include "translator/core/block_table.h"
#include "translator/ir/ir.h"
#include "translator/translator.h"

enum {
    PAGE_BITS = 12,
    PAGE_BYTES = 1 << PAGE_BITS,
    LARGE_BITS = 10,      /* pages of the largest large page */
    PHYS_PAGES = 1 << 24, /* 64 GiB of physical space */
    GRANULE_BITS = 6,
    TAG_SLOTS = 256,
    TAG_PROBES = 8,
    TAG_RECENT_BITS = 4,
    WALKED_BITS = 6,
    DORMANT_BUCKETS = 1 << 12,
    DORMANT_BYTES = DORMANT_BUCKETS * sizeof(void *),
    HASH_BYTES = HASH_ENTRIES * sizeof(struct hash_slot),
};

struct code_page {
    struct code_cover cover;   /* first: the memory tables point to it */
    struct code_cover patched; /* bytes that are overwritten under code again and again */
    uint8_t *hits;             /* by byte: how often a store to code began there; NULL: never */
    uint64_t gpa;              /* of the page */
    uint32_t count;            /* blocks in the lists */
    uint32_t longest;          /* bytes of the longest of them, ever */
    bool dropped;              /* a block that began here has been invalidated */
    struct block *blocks[PAGE_BYTES / 64]; /* by granule of their first byte in the page */
};

/* What a block is found by. */
struct block_key {
    uint64_t gpa, rip;
    uint32_t mode;
};

/* Interned (mode, CS base, CS limit) with the number that stands for it in the branch hash. */
struct tag_slot {
    uint64_t base;
    uint32_t mode, limit, tag;
};

enum {
    ACCESSES = ACCESS_EXECUTE + 1,
    TOUCHED_MOST = 2 * TABLE_ENTRIES, /* twice what there can be, so that making room makes some */
    MAPPING_PAGE = PHYS_PAGES - 1,
};
#define MAPPING_HELD   (UINT32_C(1) << 31)
#define MAPPING_GLOBAL (UINT32_C(1) << 30)

/* The guest's TLB, one linear page in one view: by enum access its physical page with
 * MAPPING_HELD and perhaps MAPPING_GLOBAL; 0: not walked since the last flush. */
struct mapping {
    uint32_t page[ACCESSES];
};

/* Linear page numbers with any mapping.  A page may stand in a list more than once, and without a
 * mapping by now. */
struct touched_list {
    uint32_t *pages;
    uint32_t count;
    uint32_t capacity;
};

/* Pages with a mapping that is not global, and those that had none when they were added. */
enum touched_kind { TOUCHED_LOCAL, TOUCHED_GLOBAL, TOUCHED_KINDS };

/* A page of the guest's page tables. */
struct walked_page {
    uint64_t gpa;
    const uint8_t *host; /* NULL: none */
};

struct translator {
    struct context *ctx;
    const struct guest_ops *guest;
    const struct host_ops *host;
    const struct memory_ops *memory;
    struct engine *engine;
    struct engine *stepper; /* portable engine for single instructions */
    struct memory_tables *tables[MEMORY_VIEWS];
    struct mapping *mappings[MEMORY_VIEWS]; /* TABLE_ENTRIES each; saved */
    struct touched_list touched[MEMORY_VIEWS][TOUCHED_KINDS];
    struct walked_page walked[1 << WALKED_BITS];
    bool large[TABLE_ENTRIES >> LARGE_BITS]; /* by 4 MiB of linear space: large pages are filled */
    struct code_page **code_pages;           /* by physical page number */
    uint32_t *writers; /* by physical page number: which write entry is its delta (softmmu.c) */
    struct block_table blocks;
    struct block **dormant; /* invalidated blocks that may be revived, by the same key */
    struct hash_slot *hash;
    struct hash_slot *no_hash; /* never hits */
    struct arena *arena;       /* blocks and code pages, until the next full reset */
    struct arena *scratch;     /* records of the block being translated */
    struct ir_block ir;
    struct arena_mark arena_start;
    uint8_t churn[DORMANT_BUCKETS]; /* by key: times that code with too many variants was met */
    struct tag_slot tag_slots[TAG_SLOTS];
    uint32_t next_tag;
    struct tag_slot recent[1 << TAG_RECENT_BITS]; /* copies of tag_slots, each in one place */
    struct pass_set passes;
    callout_function *const *callouts; /* what is called in the end, counted or not */
    void (*translated)(void *user, const struct block *block, uint64_t linear);
    void *translated_user;
    struct saved_code *saved; /* of an earlier run, or NULL */
    uint32_t mode_always;     /* mode bits that passes which are off set */
    uint32_t max_insns;
    size_t code_bytes; /* as configured */
    bool interrupt;
    bool in_run;
    bool kicked; /* budget and icount_end are lowered by KICK until the dispatcher looks */
    bool stop;
    uint64_t breaks[TRANSLATOR_BREAKS];
    unsigned break_count;
    bool pass_break;    /* the next instruction is not to break */
    bool reset_wanted;  /* memory changed as a whole under running code */
    struct hot *hot;    /* hot.c; NULL: regions are off */
    uint64_t next_tick; /* instruction count at which hot.c looks what runs */
    uint32_t tick;      /* instructions between two of them */
    uint32_t hot_ticks; /* that make a block hot */
    uint32_t samples;   /* blocks that are looked at then */
    bool loaded;        /* guest_run_again(): the next load gives `datum` */
    uint64_t datum[2];
    int64_t hidden; /* instructions by which budget and icount_end are lowered for that */
    struct translator_stats stats;
};

/* softmmu.c */
bool softmmu_create(struct translator *tr);
void softmmu_destroy(struct translator *tr);
/* tlb.c */
/* What a walk for that access said. */
void tlb_note(struct translator *tr, enum memory_view view, uint32_t page, enum access access,
              const struct page_walk *walk);
/* Empties the memory tables; the guest's TLB stays as it is. */
void tlb_forget_derived(struct translator *tr);
/* What engines keep of table entries beside the tables (struct page_slots) is gone. */
void tlb_drop_slots(struct translator *tr);

/* softmmu.c again */
/* Turns write deltas of a physical page into POISON_CODE. */
void softmmu_protect_code(struct translator *tr, uint64_t gpa);
/* Forgets every code page (their memory is the arena's). */
void softmmu_drop_code_pages(struct translator *tr);
/* In a forked process: tables and code pages are empty. */
void softmmu_forked(struct translator *tr);
/* Host address of the code page of a linear address, and its physical address; NULL: a fault was
 * raised, or (*mmio true) there is no memory there. */
const uint8_t *softmmu_fetch_page(struct translator *tr, uint64_t linear, uint64_t *gpa,
                                  bool *mmio);

/* smc.c */
void smc_add_block(struct translator *tr, struct block *block);
void smc_remove_block(struct translator *tr, struct block *block);
/* True when bytes of [gpa, gpa + bytes) in one page are often overwritten. */
bool smc_is_patched(const struct translator *tr, uint64_t gpa, uint32_t bytes);
/* A store to [gpa, gpa + bytes) within one page: invalidates what it overlaps. */
void smc_store(struct translator *tr, uint64_t gpa, size_t bytes);

/* True when a store to these bytes, inside one granule, touches no code; false: look closer. */
static inline bool smc_beside(const struct code_page *page, uint64_t offset, unsigned size)
{
    uint64_t at = offset & ((1 << GRANULE_BITS) - 1);
    uint64_t bits = ((UINT64_C(1) << size) - 1) << at;
    return at + size <= 64 && !(page->cover.covered[offset >> GRANULE_BITS] & bits);
}

/* cache.c */
#define CACHE_ANY_TAIL (UINT64_MAX - 1) /* gpa2 that matches a block with whatever tail page */
struct block *cache_find(struct translator *tr, uint64_t gpa, uint64_t rip, uint32_t mode,
                         uint64_t gpa2);
/* Fills what names a block, of which nothing is known yet; its exits stay undefined. */
void block_init(struct block *block, uint64_t gpa, uint64_t gpa2, const struct ir_block *ir);
/* A compiled block becomes valid. */
void cache_insert(struct translator *tr, struct block *block);
/* An entry of a region becomes valid: it runs instead of the block at its place. */
void cache_insert_region(struct translator *tr, struct block *entry);
void cache_invalidate(struct translator *tr, struct block *block);
/* A block of these bytes that was invalidated, valid again; or NULL.  *variants: how many others
 * wait at the same key. */
struct block *cache_revive(struct translator *tr, const struct block_key *key, const uint8_t *bytes,
                           uint32_t available, uint32_t *variants);
/* How often code with too many variants was met at that key, this time included (modulo 256). */
uint8_t cache_churn(struct translator *tr, const struct block_key *key);
void cache_link(struct translator *tr, struct block_exit *exit, struct block *target);
void cache_reset(struct translator *tr);
/* The same in a forked process, with an engine of its own: nothing of the old is looked at. */
void cache_forked(struct translator *tr);
uint32_t cache_tag(struct translator *tr, uint32_t mode, uint64_t base, uint32_t limit);

/* counted.c: tables of callouts that count, and then call tr->callouts. */
extern callout_function *const counted_callouts[CALLOUT_COUNT];

/* saved.c: blocks of an earlier run. */
/* The block for these bytes, valid, or NULL. */
struct block *saved_find(struct translator *tr, const struct block_key *key, const uint8_t *bytes,
                         uint32_t available);
/* Code memory begins anew; full: it was. */
void saved_reset(struct translator *tr, bool full);
void saved_destroy(struct saved_code *saved);

/* exec.c */
bool exec_is_break(const struct translator *tr, uint64_t linear);
const void *exec_next_code(struct context *ctx);
/* The dispatcher is to look around as soon as the current instruction is done (or, where an engine
 * cannot tell that moment, its block). */
void exec_leave_soon(struct translator *tr);

/* hot.c */
bool hot_create(struct translator *tr);
void hot_destroy(struct translator *tr);
/* Everything translated is gone. */
void hot_reset(struct translator *tr);
/* The block that is to run instead of one that is about to; the budget may read lower until
 * hot_unhide(). */
struct block *hot_choose(struct translator *tr, struct block *block);
/* A block is about to run without the dispatcher; false: it must not. */
bool hot_continue(struct translator *tr);
void hot_unhide(struct translator *tr);

/* translate.c */
/* The block at the current rip and mode, made if need be; NULL: a fault was raised (ctx->leave). */
struct block *translate_block(struct translator *tr);
/* Runs at most max_insns instructions at rip in the portable engine, uncached. */
void translate_and_step(struct translator *tr, uint32_t max_insns);

#endif
