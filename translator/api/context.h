/*
 * The record that generated code runs on (r14 on x86-64, x27 on AArch64).
 *
 * Plain data.  CONTEXT_STATE is what the guest's architecture defines and what is saved; the
 * members after it are derived: tables, budget bookkeeping, scratch of the engines.  The record is
 * *canonical* whenever C code sees it: every guest register, the flags and rip stand in it.
 *
 * Time.  `budget` is the number of guest instructions until something is due.  A block subtracts
 * its whole length on entry, and leaves untouched when that makes it negative.  `pending` is the
 * number of instructions of the running block that have not retired yet, the current one included;
 * it is valid in callouts and slow memory paths.  So the instruction count is always
 *     now = icount_end - budget - pending          (see context_icount).
 *
 * Flags.  `flags` holds the arithmetic flags as LAHF and SETO leave them: bits 0..7 are OF (0 or
 * 1), bits 8..15 are SF ZF - AF - PF - CF.  `df` is +1 or -1 (as uint32_t).  All other EFLAGS bits
 * (TF IF IOPL NT RF VM AC VIF VIP ID) are in `eflags`, in place; its arithmetic bits and DF are
 * zero.
 */
#ifndef TRANSLATOR_API_CONTEXT_H
#define TRANSLATOR_API_CONTEXT_H

#include "base/endian.h"
#include "base/state.h"

#include <stdalign.h>

enum {
    GUEST_RAX,
    GUEST_RCX,
    GUEST_RDX,
    GUEST_RBX,
    GUEST_RSP,
    GUEST_RBP,
    GUEST_RSI,
    GUEST_RDI,
    GUEST_GPRS = 16
};
enum seg_index { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_COUNT };

enum {
    FLAG_CF = 1 << 0,
    FLAG_PF = 1 << 2,
    FLAG_AF = 1 << 4,
    FLAG_ZF = 1 << 6,
    FLAG_SF = 1 << 7,
    FLAG_TF = 1 << 8,
    FLAG_IF = 1 << 9,
    FLAG_DF = 1 << 10,
    FLAG_OF = 1 << 11,
    FLAG_IOPL = 3 << 12,
    FLAG_NT = 1 << 14,
    FLAG_RF = 1 << 16,
    FLAG_VM = 1 << 17,
    FLAG_AC = 1 << 18,
    FLAG_VIF = 1 << 19,
    FLAG_VIP = 1 << 20,
    FLAG_ID = 1 << 21,
    FLAGS_ARITH = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF,
};

/* Interrupts (and, after a load of SS, debug traps) wait for one more instruction. */
enum shadow_kind { SHADOW_NONE, SHADOW_STI, SHADOW_SS };

/* What the processor waits for. */
enum halt_kind {
    HALTED_NOT,
    HALTED_HLT,   /* an interrupt */
    HALTED_MWAIT, /* an interrupt or the next timer of the board */
};

/* Why generated code or an instruction gives control back to the dispatcher. */
enum leave_reason {
    LEAVE_NONE,   /* keep running */
    LEAVE_LOOKUP, /* continue at rip, mode may have changed */
    LEAVE_EVENT, /* ctx->event is to be delivered; rip is that of the faulting (or next) instruction
                  */
    LEAVE_HALT,  /* HLT executed; rip is after it */
    LEAVE_AFTER, /* set from outside the instruction (code was overwritten, an interrupt became
                    pending, a deadline moved closer): the current instruction completes, then
                    leave; the dispatcher moves rip and pending on when it sees this */
    LEAVE_AGAIN, /* guest_run_again() */
};

/* clang-format off */
#define SEGMENT_STATE(S, VAL, ARR, SUB)                                                       \
    VAL(S, u64, base,      0,      "linear address of offset 0")                              \
    VAL(S, u64, read_end,  0,      "offset - start + size must not exceed this to read fast; 0: always slow")  \
    VAL(S, u64, write_end, 0,      "same for writes")                                         \
    VAL(S, u32, limit,     0xffff, "last valid offset, byte granular (expand-down: last invalid)") \
    VAL(S, u32, rights,    0x93,   "descriptor bits 40..55: type S DPL P .. AVL L D/B G; 0 in bit 7: null/unusable") \
    VAL(S, u16, selector,  0,      "visible part")

#define XMM_STATE(S, VAL, ARR, SUB) \
    ARR(S, u64, q, 2, 0, "low and high quadword")

#define X87_REG_STATE(S, VAL, ARR, SUB)                   \
    VAL(S, u64, mantissa, 0, "64 bits with explicit integer bit; the MMX register") \
    VAL(S, u16, exponent, 0, "sign in bit 15, 15-bit biased exponent")

#define CONTEXT_STATE(S, VAL, ARR, SUB)                                                       \
    ARR(S, u64, gpr, GUEST_GPRS, 0, "general registers, by number; upper halves zero outside long mode") \
    VAL(S, u64, rip,    0xfff0, "EIP of the instruction to run next (of the current one inside callouts)") \
    VAL(S, u16, flags,  0,      "arithmetic flags, LAHF/SETO form")                           \
    VAL(S, u32, df,     1,      "string step: 1 up, 0xffffffff down")                         \
    VAL(S, u32, eflags, 0,      "EFLAGS without arithmetic flags, DF and bit 1")              \
    SUB(S, segment, seg, SEG_COUNT, "ES CS SS DS FS GS")                                      \
    SUB(S, xmm, xmm, 16, "XMM registers")                                                     \
    VAL(S, u32, mxcsr,  0x1f80, "SSE control and status")                                     \
    SUB(S, x87_reg, st, 8, "x87 data registers by physical number")                           \
    VAL(S, u16, fcw,    0x0040, "x87 control word (FINIT: 037Fh)")                            \
    VAL(S, u16, fsw,    0,      "x87 status word without TOP")                                \
    VAL(S, u8,  ftop,   0,      "x87 TOP, 0..7")                                              \
    VAL(S, u8,  ftag,   0xff,   "bit n set: physical register n is empty")                    \
    VAL(S, u16, fop,    0,      "last x87 opcode, 11 bits")                                   \
    VAL(S, u16, fcs,    0,      "last x87 instruction selector")                              \
    VAL(S, u16, fds,    0,      "last x87 operand selector")                                  \
    VAL(S, u64, fip,    0,      "last x87 instruction offset")                                \
    VAL(S, u64, fdp,    0,      "last x87 operand offset")                                    \
    VAL(S, u8,  shadow, 0,      "enum shadow_kind: what the instruction before shadow_icount held off") \
    VAL(S, u64, shadow_icount, 0, "instruction count at which the shadow is in force")         \
    VAL(S, u32, trap_pending, 0, "breakpoints met by the last instruction, for a trap after it")  \
    VAL(S, u64, repeat_icount, UINT64_MAX, "instruction count, when it stands between two elements of a repetition") \
    VAL(S, u8,  halted, 0,      "HALTED_: waiting for an interrupt")                           \
    VAL(S, u64, icount, 0,      "instructions retired, valid when no engine runs")
/* clang-format on */

enum { SOURCE_NULL = 1 }; /* no descriptor that can be loaded */

struct segment {
    STATE_MEMBERS(SEGMENT_STATE)
    uint64_t source;  /* derived: the descriptor that the segment was loaded from, as it stands in
                         its table; SOURCE_NULL: a null selector; 0: not known */
    uint32_t start;   /* derived: first valid offset; 0 but for expand-down segments */
    uint8_t openness; /* derived: SEG_CHECKED - enum seg_class; 0 in an unusable segment */
};
struct xmm {
    alignas(16) STATE_MEMBERS(XMM_STATE)
};
struct x87_reg {
    STATE_MEMBERS(X87_REG_STATE)
};

/* An exception or interrupt to deliver. */
struct guest_event {
    uint8_t vector;
    uint8_t kind; /* enum event_kind */
    bool has_error;
    uint32_t error;
};

enum event_kind {
    EVENT_FAULT,    /* rip of the instruction is pushed */
    EVENT_TRAP,     /* rip already points after it */
    EVENT_SOFTWARE, /* INT n, INT3, INTO: gate DPL is checked; rip already points after it */
    EVENT_EXTERNAL, /* hardware interrupt */
};

/* What is known of `mode`, `tag` and `tables` when a block has ended. */
enum mode_state {
    MODE_OPEN,    /* nothing */
    MODE_CURRENT, /* mode is in line with the state */
    MODE_SAME,    /* all are what they were */
};

/* Whose rights an access has, and so which tables it goes through.  SUPERVISOR is also what the CPU
 * uses for itself (descriptor tables, task state) at any level. */
enum memory_view {
    VIEW_SUPERVISOR, /* with SMAP: no user pages */
    VIEW_USER,
    VIEW_OPEN, /* supervisor code where SMAP is on and EFLAGS.AC lifts it */
    MEMORY_VIEWS
};

/* Poison reasons of memory table entries (negative entries; low 12 bits). */
enum poison { POISON_MMIO = 1, POISON_ROM, POISON_CODE };

enum {
    TABLE_ENTRIES = 1 << 20, /* one for each guest linear page */
    HASH_ENTRIES = 1 << 12,  /* inline indirect-branch hash */
};

/* The address as a number above each linear one, so that deltas are positive on 32-bit hosts, too:
 * there bit 32 is set, and lost again on the way to a pointer. */
static inline uint64_t host_address(const void *at)
{
    return (uintptr_t)at | (UINTPTR_MAX == UINT32_MAX ? UINT64_C(1) << 32 : 0);
}

/* Bytes of a page that code was translated from: bit k of word n is byte 64n + k. */
struct code_cover {
    uint64_t covered[64];
};

/*
 * Memory tables of one (address space, view): from linear page number to
 *   > 0  delta: host address = linear address + delta
 *   0    not filled;   < 0  poisoned: low 12 bits give the reason.
 */
struct memory_tables {
    int64_t read[TABLE_ENTRIES];
    int64_t write[TABLE_ENTRIES];
    int64_t code[TABLE_ENTRIES]; /* filled by instruction fetch only; same deltas */
    /* Where write is POISON_CODE: which bytes of the page code was translated from; the delta
     * stands in bits 12..62 of the write entry.  A store that touches none of them may go to memory
     * at once. */
    const struct code_cover *cover[TABLE_ENTRIES];
};

/* A slot of the indirect-branch hash: hit when tag == (context tag | EIP) and the code table still
 * says `guard` of the page: so a flush of the tables needs no flush of the hash.  Tag 0 is empty:
 * no context that runs has it. */
struct hash_slot {
    uint64_t tag;
    const void *code;
    int64_t guard;
    struct block *block; /* behind `code` */
};

/* A control transfer between two rings that always ends in the same segments: what it made of the
 * record the last time.  It makes the same again wherever code of mode `from` does it. */
enum passage_kind { PASSAGE_ENTER, PASSAGE_EXIT, PASSAGES };
enum {
    /* EFLAGS that must be clear: the mode would depend on them, or on the level within a mode. */
    PASSAGE_REFUSES = FLAG_TF | FLAG_IOPL | FLAG_RF | FLAG_VM | FLAG_AC
};
struct passage {
    uint32_t from, to; /* mode keys; from 0: nothing is known */
    uint64_t tag;      /* of `to`, as context.tag */
    struct memory_tables *tables;
    uint64_t rsp, rip; /* PASSAGE_ENTER */
    uint32_t view;
    struct segment cs, ss;
};

/* Pages that accesses went to last, by whoever compiled the access.  Whoever takes an entry out of
 * the tables empties them. */
enum { PAGE_SLOTS = 32 /* of each view */ };
struct page_slots {
    uint64_t base[MEMORY_VIEWS * PAGE_SLOTS];  /* linear address; far beyond any when empty */
    int64_t delta[MEMORY_VIEWS * PAGE_SLOTS];  /* as in the table */
    int32_t credit[MEMORY_VIEWS * PAGE_SLOTS]; /* the engine's, to see which slots miss often */
    uint64_t since[MEMORY_VIEWS * PAGE_SLOTS];
};

/* alignas on the list's first member of struct xmm keeps vectors 16-byte aligned. */
struct context {
    /* Derived; never saved.  First what generated code names most: short displacements reach it and
     * the general registers. */
    int64_t budget;      /* instructions until something is due */
    int64_t pending;     /* instructions of the running block not retired, current included */
    uint64_t icount_end; /* instruction count at which budget is used up */
    struct memory_tables *tables; /* of the current address space and privilege */
    struct hash_slot *hash; /* HASH_ENTRIES slots, index = (EIP ^ EIP >> 12) & (HASH_ENTRIES - 1) */
    uint64_t tag;   /* bits 32..63 stand for (mode, CS base, CS limit); bits 0..31 are zero */
    uint32_t leave; /* enum leave_reason, polled after callouts and slow accesses */
    uint32_t mode;  /* mode key of the running code (translator/api/mode.h) */

    STATE_MEMBERS(CONTEXT_STATE)

    /* Derived, too. */
    enum memory_view view;                     /* enum memory_view of the running code's accesses */
    struct memory_tables *views[MEMORY_VIEWS]; /* `tables` of each view, or NULL: none yet */
    uint32_t mode_current;    /* enum mode_state: what the end of the last block did to `mode` */
    void *exit_link;          /* native: the chained exit that was taken, to be linked; else NULL */
    uint64_t next_rip;        /* EIP after the current instruction, valid in callouts */
    struct guest_event event; /* valid with LEAVE_EVENT */
    alignas(16) uint64_t slow_value[2]; /* bytes of slow loads and stores as in guest memory */
    uint64_t temp[16];                  /* IR temporaries that have no host register */
    uint32_t vec_resident; /* 1: native: the XMM registers and MXCSR are in the host's, and in the
                              record only where C code sees it */
    struct page_slots pages;
    struct passage passages[PASSAGES]; /* whoever changes what they follow from forgets them */
    struct {
        uint64_t base; /* linear address */
        uint32_t limit;
    } descriptors;         /* the global descriptor table; copies */
    uint32_t fpu_resident; /* 1: the x87 state is in the host's x87, not in st/fcw/fsw/... */
    void (*fpu_sync)(
        struct context *ctx); /* native: writes the resident x87 state back to the record */
    uint32_t interrupt;   /* 1: the interrupt request line is up; callouts that enable interrupts
                             leave then */
    uint32_t single_step; /* run blocks of one instruction (TF, trace) */
    /* After a callout that left with LEAVE_LOOKUP: host code to go on with at once, all that the
     * dispatcher does being done, or NULL: really leave. */
    const void *(*next_code)(struct context *ctx);
    uint64_t (*const *callouts)(struct context *ctx, uint64_t a, uint64_t b,
                                uint64_t imm); /* by enum callout_id */
    const struct guest_ops *guest;
    const struct memory_ops *memory;
    struct translator *translator;
    void *machine; /* the machine's, for its callouts */
    uint32_t
        offsets_wrap; /* 1: offsets wrap at 64 KiB instead of meeting a limit (up to the 80186) */
    uint64_t absent;  /* instruction sets this CPU lacks, as lift_request takes them */
};

static inline uint64_t context_icount(const struct context *ctx)
{
    return ctx->icount_end - (uint64_t)(ctx->budget + ctx->pending);
}

/* The datum of slow loads and stores as a value: its low (0) or high (1) quadword. */
static inline uint64_t context_slow(const struct context *ctx, unsigned half)
{
    return load_le64(&ctx->slow_value[half]);
}

static inline void context_set_slow(struct context *ctx, uint64_t low, uint64_t high)
{
    store_le64(&ctx->slow_value[0], low);
    store_le64(&ctx->slow_value[1], high);
}

/* Arithmetic flags in EFLAGS positions. */
static inline uint32_t context_flags(const struct context *ctx)
{
    return (uint32_t)(ctx->flags >> 8 & (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF)) |
           (ctx->flags & 1 ? FLAG_OF : 0u);
}

/* Replaces the arithmetic flags; other bits of eflags are ignored. */
static inline void context_set_flags(struct context *ctx, uint32_t eflags)
{
    ctx->flags = (uint16_t)((eflags & 0xd5) << 8 | 2 << 8 | (eflags & FLAG_OF ? 1u : 0u));
}

/* Makes st, fcw, fsw, ftop, ftag, fip... in the record current; every C function that reads or
 * writes them calls this first. */
static inline void context_fpu_sync(struct context *ctx)
{
    if (ctx->fpu_resident) {
        ctx->fpu_sync(ctx);
    }
}

/* The current instruction, when it retires, holds off interrupts for the next one. */
static inline void context_shadow(struct context *ctx, enum shadow_kind kind)
{
    ctx->shadow = (uint8_t)kind;
    ctx->shadow_icount = context_icount(ctx) + 1;
}

/* What is held off between the instruction that retired last and the next one. */
static inline enum shadow_kind context_shadowed(const struct context *ctx)
{
    return ctx->shadow_icount == context_icount(ctx) ? (enum shadow_kind)ctx->shadow : SHADOW_NONE;
}

/* Ends the current instruction (rip and pending move on) and leaves for that reason. */
static inline void context_leave_after(struct context *ctx, enum leave_reason reason)
{
    ctx->rip = ctx->next_rip;
    ctx->pending -= 1;
    ctx->leave = reason;
}

/* Leaves with a fault of the current instruction, which does not retire. */
static inline void context_fault(struct context *ctx, uint8_t vector, bool has_error,
                                 uint32_t error)
{
    ctx->event = (struct guest_event){
        .vector = vector, .kind = EVENT_FAULT, .has_error = has_error, .error = error};
    ctx->leave = LEAVE_EVENT;
}

#endif
