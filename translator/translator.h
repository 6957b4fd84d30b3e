/*
 * The translator as the machine sees it: runs the guest, keeps translated blocks, answers memory.
 */
#ifndef TRANSLATOR_TRANSLATOR_H
#define TRANSLATOR_TRANSLATOR_H

#include "translator/api/callout.h"
#include "translator/api/guest.h"
#include "translator/api/host.h"
#include "translator/api/memory.h"

struct translator;

/* Why translator_run() came back. */
enum run_result {
    RUN_DEADLINE,  /* the instruction count of translator_set_deadline was reached exactly */
    RUN_INTERRUPT, /* an external interrupt is pending and can be taken: acknowledge and deliver it
                    */
    RUN_HALTED,    /* HLT: nothing to do before an interrupt */
    RUN_STOPPED,   /* somebody set LEAVE_STOP */
    RUN_TRIPLE_FAULT, /* shutdown */
    RUN_BREAK,        /* the next instruction stands at a breakpoint */
};

/* What an access that the fast path did not make found in the memory tables. */
enum miss_reason {
    MISS_EMPTY,   /* nothing: a walk of the guest's page tables */
    MISS_CROSSES, /* memory, but the access crosses a page */
    MISS_CHECKED, /* memory: the segment has limits, or the CPU made the access for itself */
    MISS_MMIO,
    MISS_ROM,  /* or memory that a device watches */
    MISS_CODE, /* a page with translated code */
    MISS_REASONS
};

struct translator_stats {
    uint64_t blocks_translated, insns_translated, bytes_translated;
    uint64_t blocks_loaded;    /* taken from an earlier run */
    uint64_t translate_cycles; /* host time-stamp cycles spent in lift and emit */
    uint64_t blocks_invalidated, blocks_revived, smc_stores, smc_hits;
    uint64_t lookups, links;
    uint64_t continued; /* callouts after which the next block ran without the dispatcher */
    uint64_t table_fills, table_flushes, page_flushes;
    uint64_t load_misses[MISS_REASONS], store_misses[MISS_REASONS];
    uint64_t mmio_accesses;
    uint64_t stepped_insns; /* executed one at a time for exact deadlines, shadows and TF */
    uint64_t full_resets;   /* code memory was full */
    uint64_t events;
    uint64_t regions, region_blocks, region_samples, regions_dropped;
    uint64_t callouts[CALLOUT_COUNT]; /* by enum callout_id; only with count_callouts */
};

struct translator_config {
    struct context *ctx;
    const struct guest_ops *guest;
    const struct host_ops *host;
    const struct memory_ops *memory;
    callout_function *const *callouts; /* by enum callout_id */
    size_t code_bytes;                 /* 0: the engine's default */
    struct pass_set passes;            /* optimisations that are off */
    bool count_callouts;               /* into the statistics */
    /* Told of each block that was compiled, with the linear address of its first byte; or NULL. */
    void (*translated)(void *user, const struct block *block, uint64_t linear);
    void *user;
    uint32_t max_insns; /* guest instructions a block, 1..IR_MAX_INSNS; 0: default */
};

/* Takes over ctx's derived members.  NULL when the engine is not available on this host. */
struct translator *translator_create(const struct translator_config *config);
void translator_destroy(struct translator *translator);

/* Runs until something has to be done by the machine.  The record is canonical afterwards. */
enum run_result translator_run(struct translator *translator);

/* The count at which translator_run() comes back.  May be called from within callouts: when it is
 * closer than the running block's end, the block is left after the current instruction. */
void translator_set_deadline(struct translator *translator, uint64_t icount);

/* Level of the interrupt request to the CPU.  May be called from within callouts. */
void translator_set_interrupt(struct translator *translator, bool pending);

/* Makes translator_run() return RUN_STOPPED after the current instruction; from callouts only. */
void translator_stop(struct translator *translator);

/* Linear addresses at which translator_run() comes back before the instruction there; count 0:
 * none.  Everything translated is dropped.  Not from callouts. */
enum { TRANSLATOR_BREAKS = 16 };
void translator_set_breaks(struct translator *translator, const uint64_t *linear, unsigned count);
/* The next instruction is run even when it stands at a breakpoint. */
void translator_pass_break(struct translator *translator);

/* Delivers ctx->event; false: triple fault. */
bool translator_deliver(struct translator *translator);

/* Bus masters and the host: physical memory [gpa, gpa + bytes) is about to change. */
void translator_written(struct translator *translator, uint64_t gpa, size_t bytes);

/* Other memory or devices are decoded at some addresses (PAM, a window, a BAR) of which
 * translator_written() was told before: what was derived from the old map is dropped. */
void translator_remapped(struct translator *translator);
/* All of memory may hold other bytes (reset, loaded state): everything derived is dropped. */
void translator_map_changed(struct translator *translator);

/* After saved state and memory were loaded: nothing translated is kept, and what runs next is due
 * at once.  Not from callouts. */
void translator_loaded(struct translator *translator);

/* In a child after fork(): code memory, which the two would share, is made anew, empty.  False: it
 * cannot be had, and nothing can run. */
bool translator_forked(struct translator *translator);

/* What the guest's TLB holds, to be saved; see translator/core/tlb.c. */
struct tlb_row {
    uint32_t page; /* linear page number; bits 20 and up: enum memory_view */
    uint32_t
        mapping[3]; /* by enum access: physical page number, bit 31 held, bit 30 global; or 0 */
};
enum { TLB_REGIONS = 1024 };
/* Rows that there may be. */
size_t translator_tlb_most(const struct translator *translator);
/* Takes them down in ascending order of page; returns how many there are. */
size_t translator_tlb_rows(const struct translator *translator, struct tlb_row *rows);
/* The 4 MiB regions of linear space in which large pages are held, in ascending order. */
size_t translator_tlb_large(const struct translator *translator, uint32_t regions[TLB_REGIONS]);
bool translator_tlb_row_good(const struct tlb_row *row);
/* Puts it back, in place of what was held.  The rows are good. */
void translator_tlb_set(struct translator *translator, const struct tlb_row *rows, size_t count,
                        const uint32_t *regions, size_t region_count);

/* Translations that outlive the process.  A program only takes what the same program made, on the
 * same kind of host: that is the caller's affair.
 *
 * Before the first run: blocks that translator_save_code() wrote are used where guest memory has
 * the bytes that they were made from.  Takes over the bytes (malloc).  False: they are not what
 * this translator would make, or damaged; nothing has changed. */
bool translator_load_code(struct translator *translator, void *bytes, size_t size);
/* What is translated now, and what was loaded (malloc); NULL: there is little that was not loaded.
 */
void *translator_save_code(struct translator *translator, size_t *size);

const struct translator_stats *translator_stats(const struct translator *translator);
size_t translator_code_used(const struct translator *translator);

#endif
