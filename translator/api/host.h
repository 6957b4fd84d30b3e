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
    uint32_t mode;
    uint32_t code_bytes; /* size of the host code */
    uint16_t bytes;      /* guest code bytes */
    uint16_t insns;      /* guest instructions */
    uint8_t exit_count;
    uint8_t valid;                            /* 0: invalidated, never entered again */
    struct block_exit exits[BLOCK_MAX_EXITS]; /* last: those beyond exit_count are given back */
};

/* The block that an exit leaves. */
static inline struct block *block_of_exit(struct block_exit *exit)
{
    return (struct block *)(void *)((char *)(exit - exit->index) - offsetof(struct block, exits));
}

/* EIP of a straddling block's first byte in the next page. */
static inline uint64_t block_tail_rip(const struct block *block)
{
    return block->rip + (0x1000 - (block->gpa & 0xfff));
}

struct engine; /* an engine's own state: code memory, stubs, arenas */

struct host_ops {
    const char *name; /* "native", "portable" */
    /* One engine for one machine; code_bytes of code memory (0: the engine's default); passes:
     * which of its optimisations are on.  NULL: not available here. */
    struct engine *(*create)(size_t code_bytes, struct pass_set passes);
    void (*destroy)(struct engine *engine);
    /* Compiles ir into *block (code, code_bytes, exits).  false: code memory is full; the caller
     * flushes everything with reset() and tries again (it fits then). */
    bool (*emit)(struct engine *engine, const struct ir_block *ir, struct block *block);
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
