/*
 * The native engine's own state: code memory, shared stubs, the unit being compiled.
 */
#ifndef BACKEND_HOST_X64_ENGINE_H
#define BACKEND_HOST_X64_ENGINE_H

#include "backend/host/emit/access.h"
#include "backend/host/emit/codemem.h"
#include "backend/host/x64/abi.h"
#include "translator/api/host.h"
#include "translator/api/memory.h"
#include "translator/ir/region.h"

enum { X64_ACCESS_SIZES = 6, X64_REP_SIZES = 3 };
enum { POPULATE_BYTES = 256 << 10 }; /* code memory is made present by pieces of that size */

/* Packed description of a slow access, made by x64_pack() and read by x64_slow_access(). */
enum {
    PACK_LENGTH = 32,  /* 4 bits; EIP below */
    PACK_PENDING = 36, /* 7 bits */
    PACK_SEG = 43,     /* 3 bits */
    PACK_KIND = 46,    /* 2 bits: 0 load, 1 store, 2 load for write, 3 probe of a store */
    PACK_ALIGNED = 48, /* 1: #GP when not 16-byte aligned */
    PACK_TAIL = 49,    /* 1: code after the pack ends the instruction and leaves */
    PACK_LEAVE = 50,   /* 1: nothing is left of the instruction after the access */
    PACK_AGAIN = 51,   /* 1: a load: to leave, the instruction is left to the dispatcher */
    PACK_PUSH = 52,    /* 1: with PACK_LEAVE: only ESP is to move on */
    PACK_SIZE = 56,    /* 5 bits */
};

/* What x64_slow_access() says. */
enum slow_result { SLOW_FAULT, SLOW_MADE, SLOW_TAIL, SLOW_LEAVE };

/* Data of one callout in the block's constant area. */
struct callout_data {
    uint64_t imm;
    uint32_t rip, next_rip;
    uint32_t pending;
    uint32_t id;
};

/* Shared code, offsets in code memory. */
struct x64_stubs {
    uint32_t enter;
    uint32_t leave_live;   /* guest registers are in host registers */
    uint32_t leave_synced; /* the record is complete */
    uint32_t exit;         /* called, the exit's address behind the call: leave for a look-up */
    uint32_t miss;         /* r8 EIP: leave for a look-up without exit */
    uint32_t poll; /* called, EIP and a byte behind it: gives that many instructions back, leaves */
    /* Called with r8 linear and r9 the table's entry; by the segment that may wrap at FFFFh, or
     * none, and x64_size_index().  check: [load, store]; returns when r9 is a delta that will do,
     * else skips 5 bytes. */
    uint32_t check[2][SEG_COUNT + 1][X64_ACCESS_SIZES];
    /* load: the pack stands 5 bytes after the return address.  Returns with [r8 + r9] the datum. */
    uint32_t load[SEG_COUNT + 1][X64_ACCESS_SIZES];
    uint32_t load_strict;               /* the same, misaligned ones always by the slow way */
    uint32_t fill[2][X64_ACCESS_SIZES]; /* [load, store]; page_slot.c */
    /* r8 linear, the datum in slow_value; pack as for load.  Returns past it for SLOW_TAIL. */
    uint32_t store;
    /* The same with r9 the table's entry, which may do after all; up to 8 bytes. */
    uint32_t store_checked[SEG_COUNT + 1][X64_ACCESS_SIZES];
    uint32_t access;     /* r8 linear, r9 pack: slow access */
    uint32_t save_flags; /* x64_save_flags() and x64_load_flags() as functions */
    uint32_t load_flags;
    uint32_t callout;                  /* r8 a, r9 b, r12 data: result in r12 */
    uint32_t fpu_load;                 /* makes the x87 state resident; flags must be saved */
    uint32_t vec_load;                 /* the same for XMM registers and MXCSR */
    uint32_t reload[SEG_COUNT];        /* r8 selector: ZF when the segment holds just that; or 0 */
    uint32_t repeat[2][X64_REP_SIZES]; /* [STOS, MOVS], by log2 of the size; stubs_string.c */
};

/* Last x87 instruction of the block so far, not yet in the record. */
struct fpu_last {
    bool valid;
    bool memory; /* an operand segment is to be recorded */
    uint8_t seg;
    uint16_t fop;
    uint32_t rip;
};

/* How a record uses the arithmetic flags (FLAG_ bits). */
struct flag_use {
    uint16_t inputs; /* needed by the operation itself */
    uint16_t kills;  /* certainly replaced */
    bool writes;     /* changes some flag */
};

struct emit;
/* Emits an operation whose memory operand, if any, is mem. */
typedef void emit_body(struct emit *e, const struct ir_inst *inst, struct x64_rm mem);

/* An access whose slow path is to be emitted after the block. */
struct slow_site {
    const struct ir_inst *inst;
    emit_body *body;
    emit_body *post; /* after a completed store; no flags */
    struct memory_access access;
    uint64_t pack;
    uint32_t limit;   /* displacement of the jump taken past the limit (r8 is the offset), or 0 */
    uint32_t slow[2]; /* displacements that jump to the slow path */
    uint32_t slow_count;
    bool strict;        /* misaligned accesses are always slow */
    int16_t slot;       /* page slot, or -1 */
    uint32_t slot_head; /* where its look-up begins */
    uint32_t slot_miss; /* displacement of its jump */
    uint32_t resume, back;
    uint32_t post_at; /* where `post` begins on the fast path */
    bool needs_flags, writes_flags, host_flags_after;
    bool incomplete;                  /* the record goes on after its access */
    uint32_t at;                      /* index of the record */
    const struct ir_inst *replay;     /* makes the flags that stand in neither place, else NULL */
    struct fpu_last last, last_after; /* before and after the record */
};

struct callout_site {
    uint32_t field; /* displacement of the lea */
    struct callout_data data;
};

struct exit_site {
    uint32_t field; /* displacement of the branch */
    uint32_t target;
    uint32_t refund; /* instructions of the block that do not run */
    /* In regions only (region.c): how it is left, and with what. */
    uint8_t kind;                   /* enum exit_kind */
    uint8_t operand;                /* of EXIT_INDIRECT */
    bool flags_in_record;           /* else in the host's flags where flags_in_host, or ... */
    bool flags_in_host;             /* ... nowhere: the producer makes them again */
    const struct ir_inst *producer; /* or NULL */
    struct fpu_last last;           /* to be written to the record */
    uint32_t rip;                   /* of the instruction that leaves */
};

struct region_emit;

/* What a register is known to hold, and pieces of memory near it; stack_group.c. */
struct group_value {
    uint8_t head;
    int32_t offset;
};
struct group_range {
    int32_t low, high;
    uint32_t count;
};
struct stack_group {
    bool on;
    uint32_t end; /* record before which it ends */
    struct group_value esp, ebp;
    struct group_range ranges[3];
    uint32_t misses[3]; /* displacements */
    uint32_t begin, body;
};

/* One block under construction. */
struct emit {
    struct code_buffer *out;
    struct engine *engine;
    const struct ir_block *ir;
    struct block *block;
    uint32_t at;                 /* record */
    uint32_t rip, length, index; /* current guest instruction */
    bool flags_in_record, flags_in_host;
    bool flags_lost;                /* in neither: producer makes them again */
    const struct ir_inst *producer; /* made the flags from registers, else NULL */
    bool ended;
    bool check_leave; /* the instruction called out: LEAVE_AFTER may be set when it ends */
    bool fpu_ready;   /* x87 known resident here */
    bool vec_ready;   /* XMM registers known resident here */
    struct region_emit *region; /* NULL: a block is compiled */
    struct stack_group group;
    bool sited; /* the last access has a slow path */
    struct fpu_last fpu_last;
    uint32_t slow_count, callout_count, exit_count;
    uint16_t live[IR_MAX_RECORDS]; /* flags that matter after each record */
    struct flag_use uses[IR_MAX_RECORDS];
    struct slow_site slow[IR_MAX_RECORDS];
    struct callout_site callouts[IR_MAX_RECORDS];
    struct exit_site exits[IR_MAX_RECORDS];
};

/* What accesses share a page slot. */
struct slot_key {
    uint8_t base, index, seg;
    bool store;
    uint32_t value; /* of the address register, numbered */
    int32_t page;   /* of the displacement */
};

/* Page slots of the region being compiled. */
struct slot_state {
    struct slot_key keys[PAGE_SLOTS];
    uint32_t count, first, serial;
    uint32_t values[8];
};

struct engine {
    struct codemem memory;
    struct code_buffer out; /* all code memory, writable view */
    uint32_t populated;     /* code memory up to here is backed by pages */
    uint32_t first_block;   /* where blocks begin, after the stubs */
    struct pass_set passes;
    uint32_t host_sets;     /* x64_host_sets(), or less when passes are off */
    uint32_t foreign_flags; /* x64_foreign_flags(), or everything when the pass is off */
    struct x64_stubs stubs;
    struct emit emit;
    struct region_emit *region; /* room for one, once there was one */
    struct slot_state slots;
};

/* fpu.c: x87 state to the host, and back to the record. */
void x64_fpu_load(struct context *ctx);
void x64_fpu_sync(struct context *ctx);

/* select_vec.c: instruction sets of vec_ops.def that this CPU has; bit n: vec_set() n. */
uint32_t x64_host_sets(void);

/* flags_host.c: which undefined flags this CPU makes otherwise than we define them. */
enum {
    FOREIGN_AF = 1,       /* of shifts */
    FOREIGN_OF = 2,       /* of shifts and rotations by more than one */
    FOREIGN_PRODUCT = 4,  /* SF ZF AF PF of products */
    FOREIGN_BIT = 8,      /* all but CF of bit tests */
    FOREIGN_WORDS = 16,   /* result and flags of double shifts of words by more than 16 */
    FOREIGN_SPOILED = 32, /* those of shifts are inverted first, as another host would have them */
    FOREIGN_ALL = 63,
};
unsigned x64_foreign_flags(void);

/* stubs.c */
void x64_emit_stubs(struct engine *engine);
void x64_spill_gprs(struct code_buffer *out);
/* Slow access from generated code. */
enum slow_result x64_slow_access(struct context *ctx, uint64_t linear, uint64_t pack);

/* page_slot.c */
void x64_emit_slot_stubs(struct engine *engine);

/* stubs_memory.c */
unsigned x64_size_index(unsigned size);
unsigned x64_size_at(unsigned index);
void x64_emit_memory_stubs(struct code_buffer *out, struct x64_stubs *stubs);
/* stubs.c: around calls of C from stubs. */
void x64_begin_call(struct code_buffer *out);
void x64_end_call(struct code_buffer *out);
void x64_reload_all(struct code_buffer *out);
void x64_push(struct code_buffer *out, unsigned reg);
void x64_pop(struct code_buffer *out, unsigned reg);
/* The call must not return: drops return address and saved registers. */
void x64_emit_abandon(struct code_buffer *out, struct x64_stubs *stubs, uint32_t from);

/* image.c */
void x64_image(const struct engine *engine, struct code_image *image);
bool x64_take(struct engine *engine, const uint8_t *code, uint32_t bytes);
void x64_adopt(struct engine *engine, struct block *block, uint32_t offset);
void x64_detach(uint8_t *copy, uint32_t base, const struct block_exit *exit);

#endif
