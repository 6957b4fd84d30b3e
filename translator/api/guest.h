/*
 * What the translator needs from a guest architecture.  Implemented by frontend/x86 (x86.h).
 */
#ifndef TRANSLATOR_API_GUEST_H
#define TRANSLATOR_API_GUEST_H

#include "translator/api/memory.h"

struct ir_block;

/* Result of a page walk. */
struct page_walk {
    uint64_t gpa;  /* of the page, A20 applied */
    bool readable; /* by this privilege; false where code may be fetched, but not read */
    bool writable; /* by this privilege; false also while the dirty bit is clear */
    bool executable;
    bool global;
    bool large; /* part of a larger page: invalidating any address of it invalidates all */
};

/* Where code is to be lifted. */
struct lift_request {
    const uint8_t *bytes; /* from the first byte of the block */
    uint32_t available;   /* bytes that may be used: to the page end, or beyond when fetched for a
                             straddling instruction */
    uint32_t in_page;     /* bytes before the page end: an instruction that starts at or after it
                             belongs to the next block */
    uint64_t rip;         /* EIP of the first instruction */
    uint32_t mode;
    uint32_t max_insns; /* 1..IR_MAX_INSNS */
    uint64_t absent;    /* instruction sets the CPU lacks, bits as the front end numbers them; 0:
                           none, whatever can be lifted is there */
};

enum lift_result {
    LIFT_OK,
    LIFT_NEED_MORE, /* the first instruction runs past `available` */
};

struct guest_ops {
    /* Mode key of the current state. */
    uint32_t (*mode)(const struct context *ctx);
    /* Lifts one block into *block (arrays prepared by the caller).  Stops at block ends, at page
     * end, at max_insns.  Undefined or too long encodings become callouts that raise the fault. */
    enum lift_result (*lift)(const struct lift_request *request, struct ir_block *block);
    /* Page walk for one linear address.  On failure raises #PF through context_fault and returns
     * false. Sets accessed/dirty bits as the CPU does. */
    bool (*walk)(struct context *ctx, uint64_t linear, enum access access, enum memory_view view,
                 struct page_walk *out);
    /* Exact segment check of an access; on failure raises the fault and returns false.  *linear
     * gets the linear address. */
    bool (*segment_check)(struct context *ctx, enum seg_index seg, uint64_t offset, unsigned size,
                          enum access access, uint64_t *linear);
    /* Delivers ctx->event (IDT, gates, task gates, double and triple fault).  Returns false on
     * triple fault. */
    bool (*deliver)(struct context *ctx);
    /* True when an external interrupt can be taken now (IF, shadow, VIF). */
    bool (*interruptible)(const struct context *ctx);
    /* Before one instruction in MODE_STEP: false when an instruction breakpoint faults there. */
    bool (*before_step)(struct context *ctx);
    /* Which accesses to the page of that address are to be reported: bits 1 << enum access.  With
     * ACCESS_EXECUTE set the mode key of code there has MODE_STEP. */
    unsigned (*watched)(const struct context *ctx, uint64_t linear);
    /* An access to a watched page was made; true: a trap is due (ctx->trap_pending). */
    bool (*accessed)(struct context *ctx, uint64_t linear, unsigned size, enum access access);
    /* After one instruction in MODE_STEP, or with ctx->trap_pending: raises #DB as a trap when due;
     * trap_pending stays set when it must wait for one more instruction. */
    void (*after_step)(struct context *ctx, uint32_t eflags_before);
};

#endif
