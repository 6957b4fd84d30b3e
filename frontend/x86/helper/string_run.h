/* The loop that all repeated string instructions share (string_run.c). */
#ifndef FRONTEND_X86_HELPER_STRING_RUN_H
#define FRONTEND_X86_HELPER_STRING_RUN_H

#include "base/endian.h"
#include "frontend/x86/helper/helper.h"

enum { STRING_REP_NONE, STRING_REPE, STRING_REPNE };

/* One string instruction under way. */
struct string_run {
    struct context *ctx;
    unsigned size;      /* of an element: 1, 2, 4 */
    uint32_t mask;      /* of addresses and the count */
    enum seg_index seg; /* of the source */
    unsigned rep;
    bool down;
    bool uses_si, uses_di;
    unsigned accesses;         /* of the element that worked before one faulted */
    const uint8_t (*fault)[3]; /* 80286: by `accesses`, whether a fault moves SI, DI and by how
                                * much it moves CX; else NULL */
    bool stop;                 /* SCAS, CMPS: the condition ended the repetition */
};

/* Does between 1 and max elements from the current registers and returns how many; 0: a fault is
 * raised (leave is LEAVE_EVENT) or, for bulk, nothing can be done in bulk.  Does not move
 * registers. */
typedef uint32_t string_step(struct string_run *run, uint32_t max);

/* Runs the whole callout. */
uint64_t string_repeat(struct string_run *run, string_step *bulk, string_step *one);
struct string_run string_begin(struct context *ctx, uint64_t imm, bool uses_si, bool uses_di);
/* The same for an instruction whose faults move registers on the 80286. */
struct string_run string_begin_moving(struct context *ctx, uint64_t imm, bool uses_si, bool uses_di,
                                      const uint8_t fault[2][3]);

static inline uint32_t string_si(const struct string_run *run)
{
    return x86_gpr(run->ctx, GUEST_RSI) & run->mask;
}

static inline uint32_t string_di(const struct string_run *run)
{
    return x86_gpr(run->ctx, GUEST_RDI) & run->mask;
}

/*
 * Host address of the element at seg:offset when it and up to *n - 1 followers (in the direction of
 * the run) lie in one plain page within the segment; *n shrinks to their number.  NULL: not in
 * bulk, or a page fault was raised.
 */
uint8_t *string_host(struct string_run *run, enum seg_index seg, uint32_t offset,
                     enum access access, uint32_t *n);

/* One element, little-endian. */
static inline uint32_t string_get(const uint8_t *from, unsigned size)
{
    return size == 1 ? *from : size == 2 ? load_le16(from) : load_le32(from);
}

static inline void string_put(uint8_t *to, unsigned size, uint32_t value)
{
    if (size == 1) {
        *to = (uint8_t)value;
    } else if (size == 2) {
        store_le16(to, (uint16_t)value);
    } else {
        store_le32(to, value);
    }
}

#endif
