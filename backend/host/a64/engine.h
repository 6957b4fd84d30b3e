/*
 * The native engine's own state: code memory, shared stubs, the unit being compiled.
 */
#ifndef BACKEND_HOST_A64_ENGINE_H
#define BACKEND_HOST_A64_ENGINE_H

#include "backend/host/a64/abi.h"
#include "backend/host/emit/access.h"
#include "backend/host/emit/codemem.h"
#include "translator/api/host.h"
#include "translator/ir/ir.h"

enum { A64_ACCESS_SIZES = 5 };

/* Where the guest's flags are at a point of the code. */
enum flag_place { FLAGS_IN_RECORD, FLAGS_INVERTED, FLAGS_DIRECT };

/* One guest instruction from some record on, for a64_record(): in the block's constant area. */
struct record_data {
    uint32_t rip, next_rip;
    uint16_t pending; /* instructions of the block that have not retired, this one included */
    uint16_t count;   /* records */
    uint8_t before;   /* enum flag_place, on the way in and when the code goes on */
    uint8_t after;
    uint16_t pad;
    struct ir_inst insts[];
};

/* Shared code, offsets in code memory. */
struct a64_stubs {
    uint32_t enter;
    uint32_t leave_live;    /* guest registers and flags are in the host's */
    uint32_t leave_synced;  /* the record is complete */
    uint32_t exit;          /* x9 struct block_exit: leave for a look-up */
    uint32_t miss;          /* x8 EIP: leave for a look-up without exit */
    uint32_t record;        /* called, x0 struct record_data: evaluates one record in C */
    uint32_t save_flags[3]; /* called: host flags to the record, by enum flag_place */
    uint32_t load_flags;    /* called: record to host, C inverted */
    uint32_t x87[X87_OPS];  /* x87.h */
    uint32_t vec_load;      /* called: XMM registers and FPCR from the record; uses x10..x12 */
    /* Called with x8 linear and x9 the table's entry, by size: returns when x9 is a delta that will
     * do, else skips an instruction.  check: [load, store]. */
    uint32_t check[2][A64_ACCESS_SIZES];
};

/* What stands before the code that leaves an exit: the far branch; with a guard also the literal it
 * compares with, the guard, its branch onward and one over the far branch. */
enum { A64_FAR = 4, A64_ONWARD = 12, A64_GUARD_LITERAL = 8 };

/* How a record uses the arithmetic flags (FLAG_ bits). */
struct flag_use {
    uint16_t inputs; /* needed by the operation itself */
    uint16_t kills;  /* certainly replaced */
    uint16_t writes; /* changed, or perhaps */
};

/* Flags known to stand in the record, in the host, or both. */
struct flag_state {
    bool record, host;
    bool direct; /* sense of C in the host */
};

/* A record that C evaluates, out of line or in its place. */
struct record_site {
    uint32_t at;    /* index of the record */
    uint32_t index; /* guest instruction */
    uint32_t rip, length;
    uint32_t field; /* ADR of its data */
    uint8_t before, after;
};

/* An access or another record whose slow path is to be emitted after the block. */
struct slow_site {
    struct memory_access access;
    uint32_t slow[3]; /* branches to the slow path */
    uint32_t rare[4]; /* to the record in C at once: past a limit, and what bodies cannot do */
    uint8_t rare_count, slow_count;
    bool strict;           /* misaligned accesses go to C */
    uint32_t resume, back; /* the access itself; after the record */
    struct record_site record;
};

struct exit_site {
    uint32_t field; /* the branch */
    uint32_t target;
    uint32_t refund; /* instructions of the block that do not run */
};

/* One block under construction. */
struct emit {
    struct code_buffer *out;
    struct engine *engine;
    const struct ir_block *ir;
    struct block *block;
    uint32_t at;                 /* record */
    uint32_t rip, length, index; /* current guest instruction */
    struct flag_state flags;
    bool ended;
    bool vec_ready;        /* XMM registers known resident here */
    bool mmx_entered;      /* TOP and tags known to be as MMX leaves them */
    uint8_t mmx_written;   /* MMX registers whose exponent is known to be FFFFh */
    uint32_t straight_end; /* where the code of the records ends, out of line begins */
    uint32_t slow_count, record_count, exit_count;
    struct flag_use uses[IR_MAX_RECORDS];
    uint16_t live[IR_MAX_RECORDS]; /* flags that matter after each record */
    struct slow_site slow[IR_MAX_RECORDS];
    struct record_site records[2 * IR_MAX_RECORDS];
    struct exit_site exits[IR_MAX_RECORDS];
};

struct engine {
    struct codemem memory;
    struct code_buffer out; /* all code memory, writable view */
    uint32_t first_block;   /* where blocks begin, after the stubs */
    struct pass_set passes;
    bool flag_m; /* the host has FEAT_FlagM */
    struct a64_stubs stubs;
    struct emit emit;
};

/* stubs.c */
void a64_emit_stubs(struct engine *engine);
unsigned a64_size_index(unsigned size);

/* record.c: C from stubs.  Evaluates; returns where to go on, or NULL to leave. */
const void *a64_record(struct context *ctx, struct a64_frame *frame,
                       const struct record_data *data);
void a64_flags_from_host(struct context *ctx, const struct a64_frame *frame, bool direct);
void a64_flags_to_host(const struct context *ctx, struct a64_frame *frame, bool direct);

#endif
