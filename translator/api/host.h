/*
 * What the translator needs from an engine: struct host_ops.  Implemented by backend/host/x64
 * (native) and backend/host/interp (portable).  Both run the same IR and must agree bit for bit.
 */
#ifndef TRANSLATOR_API_HOST_H
#define TRANSLATOR_API_HOST_H

#include "translator/api/context.h"
#include "translator/api/passes.h"

#include <stddef.h>

struct ir_block;
struct ir_region;

/* One direct exit of a compiled block: a branch whose target EIP is known. */
struct block_exit {
    struct block *target;              /* when linked */
    struct block_exit *next_to_target; /* list of exits linked to the same target */
    uint32_t target_rip;
    /* Native: offsets in code memory.  Portable: unused. */
    uint32_t branch;     /* displacement that is patched */
    uint32_t unlinked;   /* code that leaves */
    uint8_t guard_bytes; /* code before it that checks the target page and jumps on, 0: none */
    uint8_t index;       /* its place among the exits of the block it leaves */
    uint8_t linked;      /* 1: goes straight to a block */
    uint8_t cross_page; /* 1: target linear page differs from the block's: link with a page guard */
};

enum { BLOCK_MAX_EXITS = 8 };

/* Entries of regions that go when a block does. */
struct region_use {
    struct block *entry;
    struct region_use *next;
};

/* What few blocks have: those that were met when somebody looked, and the entries of regions, which
 * are blocks too, but in no list and no table. */
struct block_heat {
    struct block *region; /* the entry that runs instead of this block, or NULL */
    struct block *base;   /* of an entry: the block at the same place; else NULL */
    struct region_use *uses;
    uint8_t ticks, tries;
    uint8_t spans_pages; /* a region's code lies in several pages */
};

/* A translated block.  Owned by translator/core; `code` and `exits` are filled by the engine.
 * Small: there is one for every five guest instructions, each in memory that nothing has touched
 * before. */
struct block {
    uint64_t gpa;       /* physical address of the first byte */
    uint64_t gpa2;      /* physical page of the straddling tail, or UINT64_MAX */
    int64_t tail_delta; /* with a tail: its page's entry in the code table.  Checked at each entry:
                           when it differs, the block leaves for a look-up with nothing done */
    uint64_t rip;       /* EIP of the first byte */
    const void *code;   /* native: host entry; portable: struct ir_block copy */
    struct block_exit *linked_from; /* exits of other blocks (or its own) that jump here */
    /* List of blocks with code in a physical page: own page, tail page.  While it is invalid and
     * may be revived, the first is the list of such blocks. */
    struct block *next_in_page[2];
    const uint8_t *kept; /* the guest bytes it was made from, once it was invalidated; else NULL */
    struct block_heat *heat; /* or NULL */
    uint32_t mode;
    uint32_t code_bytes; /* size of the host code */
    uint16_t bytes;      /* guest code bytes */
    uint16_t insns;      /* guest instructions */
    uint8_t exit_count;
    uint8_t valid;                            /* 0: invalidated, never entered again */
    struct block_exit exits[BLOCK_MAX_EXITS]; /* last: those beyond exit_count are given back,
                                                 and regions have more */
};

/* The block that an exit leaves. */
static inline struct block *block_of_exit(struct block_exit *exit)
{
    return (struct block *)(void *)((char *)(exit - exit->index) - offsetof(struct block, exits));
}

/* True when an EIP lies in another linear page than the block, whose code begins at EIP rip: pages
 * are compared by its physical start, which has the same offset in its page. */
static inline bool block_leaves_page(const struct block *block, uint64_t rip, uint64_t target)
{
    uint64_t at = (block->gpa & 0xfff) + (uint64_t)(int64_t)(int32_t)(target - rip);
    return at > 0xfff;
}

/* EIP of a straddling block's first byte in the next page. */
static inline uint64_t block_tail_rip(const struct block *block)
{
    return block->rip + (0x1000 - (block->gpa & 0xfff));
}

/* The block that an entry of a region stands for, or NULL. */
static inline struct block *block_base(const struct block *block)
{
    return block->heat ? block->heat->base : NULL;
}

/* What runs at the block's place: the entry of a region, or the block itself. */
static inline struct block *block_hottest(struct block *block)
{
    return block->heat && block->heat->region ? block->heat->region : block;
}

static inline bool block_spans_pages(const struct block *block)
{
    return block->gpa2 != UINT64_MAX || (block->heat && block->heat->spans_pages);
}

struct engine; /* an engine's own state: code memory, stubs, arenas */

/* Code memory as a whole.  Code in it that is moved to the same offsets of another engine with the
 * same key, base and program runs there, once adopt() was told of the block. */
struct code_image {
    const uint8_t *code; /* offset 0 */
    uint32_t base;       /* offset of the first block's code */
    uint32_t used, size;
    uint64_t key;
};

struct host_ops {
    const char *name; /* "native", "portable" */
    uint32_t lacks;   /* passes that change nothing in this engine: bits by enum pass */
    /* One engine for one machine; code_bytes of code memory (0: the engine's default); passes:
     * which of its optimisations are on.  NULL: not available here. */
    struct engine *(*create)(size_t code_bytes, struct pass_set passes);
    void (*destroy)(struct engine *engine);
    /* Compiles ir into *block (code, code_bytes, exits).  false: code memory is full; the caller
     * flushes everything with reset() and tries again (it fits then). */
    bool (*emit)(struct engine *engine, const struct ir_block *ir, struct block *block);
    /* The same for a region: an entry for each chain, the first of which owns code and exits.
     * false: no room.  NULL: this engine makes none. */
    bool (*emit_region)(struct engine *engine, const struct ir_region *region,
                        struct block *const *entries);
    /* Links an exit to a block: later passes go straight there.  guard_delta: for cross-page exits,
     * the value that ctx->tables->code[target linear page] must have, checked at each passing. */
    void (*link)(struct engine *engine, struct block_exit *exit, struct block *target,
                 int64_t guard_delta);
    void (*unlink)(struct engine *engine, struct block_exit *exit);
    /* Runs from block (setting ctx->fpu_sync on the way in) until something leaves: returns with
     * ctx->leave and ctx->rip set, pending 0 or the count to be refunded; ctx->exit_link = the exit
     * taken when a direct exit was not linked (leave LEAVE_LOOKUP). */
    void (*enter)(struct engine *engine, struct context *ctx, const struct block *block);
    /* Forgets all code. */
    void (*reset)(struct engine *engine);
    /* x87 state: make st/fcw/fsw/... in the record current (and stop being resident) / no-op when
     * portable. */
    void (*sync_fpu)(struct engine *engine, struct context *ctx);
    size_t (*code_used)(const struct engine *engine);
    /* For code that outlives the process; NULL: this engine's does not. */
    void (*image)(const struct engine *engine, struct code_image *image);
    /* Takes code for the offsets from the base on; false: there is code already, or no room. */
    bool (*take)(struct engine *engine, const uint8_t *code, uint32_t bytes);
    /* A block whose code, at that offset, was taken: completes `code` and what names the exits. */
    void (*adopt)(struct engine *engine, struct block *block, uint32_t offset);
    /* Undoes, in a copy of the code from the base on, what linking that exit did to it. */
    void (*detach)(uint8_t *copy, uint32_t base, const struct block_exit *exit);
};

extern const struct host_ops host_interp;
extern const struct host_ops host_x64, host_a64;

/* The native engine for the host that this is built for, or NULL. */
static inline const struct host_ops *host_native(void)
{
#if defined(__x86_64__)
    return &host_x64;
#elif defined(__aarch64__)
    return &host_a64;
#else
    return NULL;
#endif
}

#endif
