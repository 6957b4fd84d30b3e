/*
 * Callouts: the functions that generated code calls for sensitive, privileged, I/O and rare
 * instructions.  Rows of callouts.def.
 *
 * Signature of every callout: uint64_t callout_NAME(struct context *ctx, uint64_t a, uint64_t b,
 * uint64_t imm).  On entry the record is canonical, ctx->rip is the current instruction, next_rip
 * the one after it, pending includes the current one, leave is LEAVE_NONE.
 *
 * Effects:
 *   0       never leaves; changes at most registers and flags in the record.
 *   LEAVES  may leave: sets ctx->leave.  A fault (context_fault) has changed nothing.  A callout
 * that finished its instruction but changed the mode ends with context_leave_after(LEAVE_LOOKUP).
 *           It is the last IR operation of its instruction that can be lost: when it leaves,
 * nothing after it in that instruction runs, so it must do the whole rest itself. ENDS    always
 * sets ctx->leave; the block ends here. Whoever calls it spills all guest registers before and
 * reloads them after.  Callouts change guest registers in the record; a result is returned only for
 * the rows that say so.
 */
#ifndef TRANSLATOR_API_CALLOUT_H
#define TRANSLATOR_API_CALLOUT_H

#include "translator/api/context.h"

enum callout_id {
#define CALLOUT(name, effects, what) CALLOUT_##name,
#include "translator/api/callouts.def"
#undef CALLOUT
    CALLOUT_COUNT
};

enum callout_effects { CALLOUT_LEAVES = 1, CALLOUT_ENDS = 2 };

typedef uint64_t callout_function(struct context *ctx, uint64_t a, uint64_t b, uint64_t imm);

struct callout_row {
    const char *name;
    uint32_t effects; /* enum callout_effects bits */
};

#define CALLOUT(name, effects, what) callout_function callout_##name;
#include "translator/api/callouts.def"
#undef CALLOUT

/* Properties by id (translator/ir/callout_rows.c). */
extern const struct callout_row callout_rows[CALLOUT_COUNT];

#endif
