/*
 * The intermediate representation: a flat list of 32-byte records, made in one pass by the lifter
 * and consumed in one pass by tier 0 (evaluated) and tier 1 (compiled).  It is the only contract
 * between the front end and the engines.
 *
 * A block is single-entry with many exits.  Each guest instruction begins with an `insn` record.
 * Example (32-bit code at 1000h: `add eax, [ebx+4]; jne 1000h`):
 *
 *     insn  rip=1000 len=3 index=0
 *     add.4 rax = rax, ds:[rbx+4]
 *     insn  rip=1003 len=2 index=1
 *     brcc.nz 1000
 *     jmp   1005
 *
 * Operands (one byte each)
 *     0..15   general register by number, its low `width` bytes.  Width 4 writes clear bits 63..32;
 *             widths 1 and 2 keep the rest.
 *     16..19  AH CH DH BH (width 1 only)
 *     32..47  temporaries t0..t15: 64-bit, hold their value to the end of the guest instruction
 * only, written at any width zero-extended.  t0 and t1 are cheap (host registers). 64 immediate:
 * the record's imm, cut to width 65      memory: the record's address (see below), `width` bytes
 * (aux bytes for movzx/movsx) 66      immediate in disp (sign-extended): second argument of
 * callouts, when no memory operand 80..95  XMM0..15      96..103  MMX registers MM0..7 255     none
 *
 * Address: seg : (base + (index << scale) + disp) cut to asize bytes (2, 4, 8).  base and index are
 * general registers or temporaries or none.  The linear address adds the segment's base; checks
 * follow the segment's class in the mode key.
 *
 * Flags: `flags_read` and `flags_written` are sets of FLAG_ bits.  For read-modify-write and other
 * partial updates the untouched flags keep their value.  After ir_flag_liveness(): `flags_live` is
 * the subset of flags_written that a later record, an exit or a possible fault in this block may
 * look at.
 *
 * Precise state: registers and flags change only after everything in the instruction that can fault
 * has not faulted, except as callouts document.  The lifter orders records so.
 *
 * Conditions (cc) are the manual's tttn codes 0..15 (O NO B AE E NE BE A S NS P NP L GE LE G).
 *
 * Ownership: records belong to the arena or array of whoever made the block.
 */
#ifndef TRANSLATOR_IR_IR_H
#define TRANSLATOR_IR_IR_H

#include "translator/api/callout.h"
#include "translator/api/context.h"

#include <stdio.h>

enum ir_op {
#define ALU(name, shape, writes, undefined, what) IR_##name,
#define EFF(name, flags, what)                    IR_##name,
#include "translator/ir/ir_ops.def"
#undef ALU
#undef EFF
    IR_OPS
};

enum ir_operand {
    IR_GPR0 = 0,
    IR_AH = 16,
    IR_CH = 17,
    IR_DH = 18,
    IR_BH = 19,
    IR_T0 = 32,
    IR_T1 = 33,
    IR_T2 = 34,
    IR_T3 = 35,
    IR_IMM = 64,
    IR_MEM = 65,
    IR_IMM32 = 66,
    IR_XMM0 = 80,
    IR_MM0 = 96,
    IR_NONE = 255,
};

enum ir_shape {
    IR_SHAPE_MOVE,
    IR_SHAPE_BIN,
    IR_SHAPE_UN,
    IR_SHAPE_TST,
    IR_SHAPE_SH,
    IR_SHAPE_DBL,
    IR_SHAPE_WIDE,
    IR_SHAPE_EFF
};

/* Properties of effects. */
enum { IR_FAULTS = 1, IR_EXITS = 2, IR_ENDS = 4 };

enum ir_branch_hint { IR_BRANCH_JUMP, IR_BRANCH_CALL, IR_BRANCH_RETURN };

enum { IR_MAX_INSNS = 64, IR_MAX_RECORDS = 1024 };

struct ir_inst {
    uint16_t op;   /* enum ir_op */
    uint8_t width; /* operand bytes: 1 2 4 8 (x87: 10; vec: 16) */
    uint8_t aux; /* per operation: source width, stack register, hint, insn length, callout id high
                    byte */
    uint8_t dst, a, b;
    uint8_t cc;  /* condition; callouts: id low byte */
    uint8_t seg; /* enum seg_index of the address */
    uint8_t base, index, scale;
    int32_t disp;
    uint64_t imm;
    uint16_t flags_read, flags_written; /* FLAG_ bits (all below bit 16) */
    uint16_t flags_live;
    uint8_t asize; /* bytes of the effective address */
    uint8_t pad;
};
_Static_assert(sizeof(struct ir_inst) == 32, "an IR record is half a cache line");

struct ir_block {
    struct ir_inst *insts; /* capacity IR_MAX_RECORDS */
    uint32_t count;        /* records */
    uint32_t insn_count;   /* guest instructions */
    uint32_t bytes;        /* guest code bytes covered */
    uint32_t mode;
    uint64_t rip; /* EIP of the first instruction */
};

struct ir_row {
    const char *name;
    enum ir_shape shape;
    uint16_t writes, undefined; /* flags */
    uint16_t effects;           /* IR_FAULTS ... */
};
extern const struct ir_row ir_rows[IR_OPS];

/* Condition flags: the FLAG_ bits that condition cc looks at. */
extern const uint16_t ir_cc_flags[16];

static inline enum callout_id ir_callout_id(const struct ir_inst *inst)
{
    return (enum callout_id)(inst->cc | inst->aux << 8);
}

/* True when the record reads or writes memory through a segment. */
static inline bool ir_has_memory(const struct ir_inst *inst)
{
    return inst->dst == IR_MEM || inst->a == IR_MEM || inst->b == IR_MEM;
}

/* x87 operations: rows of x87_ops.def. */
enum x87_op {
#define X87(name, escape, modrm, form, what) X87_##name,
#include "translator/ir/x87_ops.def"
#undef X87
    X87_OPS
};
enum x87_form {
    X87_FORM_NONE,
    X87_FORM_STI,
    X87_FORM_M16,
    X87_FORM_M32,
    X87_FORM_M64,
    X87_FORM_M80,
    X87_FORM_AX
};
struct x87_row {
    const char *name;
    uint8_t escape; /* D8..DF */
    uint8_t
        modrm; /* register forms: the ModRM byte (plus stack register); memory forms: /digit << 3 */
    enum x87_form form;
};
extern const struct x87_row x87_rows[X87_OPS];
/* In the immediate of an x87 record, and of its callouts: FOP as the instruction sets it. */
enum { X87_FOP_SHIFT = 32 };

/* MMX, SSE and related operations: rows of vec_ops.def. */
enum vec_op {
#define VEC(name, prefix, opcode, form, flags) VEC_##name,
#include "translator/ir/vec_ops.def"
#undef VEC
    VEC_OPS
};
/* Operand forms: destination then source; m<bytes> is the size of the memory alternative of the
 * source (or destination for stores). */
enum vec_form {
    VEC_FORM_X_XM16, /* xmm, xmm/m128 (m128 aligned unless the row is an unaligned move) */
    VEC_FORM_X_XM8,  /* xmm, xmm/m64 */
    VEC_FORM_X_XM4,  /* xmm, xmm/m32 */
    VEC_FORM_XM16_X, /* store or move the other way */
    VEC_FORM_XM8_X,
    VEC_FORM_XM4_X,
    VEC_FORM_P_PM8, /* mm, mm/m64 */
    VEC_FORM_PM8_P,
    VEC_FORM_P_PM4,  /* mm, mm/m32 (punpckl) */
    VEC_FORM_P_XM16, /* mm, xmm/m128 */
    VEC_FORM_P_XM8,  /* mm, xmm/m64 */
    VEC_FORM_X_PM8,  /* xmm, mm/m64 */
    VEC_FORM_X_RM4,  /* xmm, r32/m32 */
    VEC_FORM_P_RM4,
    VEC_FORM_RM4_X,
    VEC_FORM_RM4_P,
    VEC_FORM_R_XM8, /* r32, xmm/m64 */
    VEC_FORM_R_XM4,
    VEC_FORM_R_X, /* r32, xmm */
    VEC_FORM_R_P,
    VEC_FORM_X_RM2, /* pinsrw: xmm, r32/m16, imm8 */
    VEC_FORM_P_RM2,
    VEC_FORM_X_IMM, /* shift by immediate: xmm, imm8 (group opcodes: /digit in the low bits of the
                       row's prefix word) */
    VEC_FORM_P_IMM,
    VEC_FORM_X_P,   /* movq2dq */
    VEC_FORM_P_X,   /* movdq2q */
    VEC_FORM_X_XM2, /* xmm, xmm/m16 */
    VEC_FORM_X_RM1, /* pinsrb: xmm, r32/m8, imm8 */
    VEC_FORM_RM1_X, /* pextrb: r32/m8, xmm, imm8 */
    VEC_FORM_RM2_X,
    VEC_FORM_R_RM1, /* general registers: r, r/m8 */
    VEC_FORM_R_RM2,
    VEC_FORM_R_RM4,
    VEC_FORM_RM2_R,
    VEC_FORM_RM4_R,
};
enum vec_flags {
    VEC_FP = 1,      /* looks at MXCSR, raises its exceptions */
    VEC_ALIGNED = 2, /* a 16-byte memory operand lies on a 16-byte boundary */
    VEC_IMM8 = 4,
    VEC_EFLAGS = 8,    /* writes all arithmetic flags */
    VEC_SOFTWARE = 16, /* evaluated in software on every engine: hosts have it no more, or differ */
    VEC_SET_SHIFT = 8, /* from here on: the instruction set */
    VEC_SSE3 = 1 << 8,
    VEC_SSSE3 = 2 << 8,
    VEC_SSE41 = 3 << 8,
    VEC_SSE42 = 4 << 8,
    VEC_POPCNT = 5 << 8,
    VEC_MOVBE = 6 << 8,
    VEC_AES = 7 << 8,
    VEC_PCLMUL = 8 << 8,
    VEC_SETS = 9, /* values of the set field, 0: SSE2 and older */
};
enum { VEC_MAP_0F, VEC_MAP_0F38, VEC_MAP_0F3A, VEC_MAP_3DNOW };
struct vec_row {
    const char *name;
    uint16_t prefix; /* 0, 66h, F3h, F2h; bits 8..10: /digit of immediate shifts; 12..13: map; 14:
                        66h as operand size */
    uint8_t opcode;
    uint8_t form;   /* enum vec_form */
    uint16_t flags; /* enum vec_flags */
};
extern const struct vec_row vec_rows[VEC_OPS];

static inline unsigned vec_map(const struct vec_row *row)
{
    return row->prefix >> 12 & 3;
}

/* The instruction set a row came with: VEC_... >> VEC_SET_SHIFT. */
static inline unsigned vec_set(const struct vec_row *row)
{
    return row->flags >> VEC_SET_SHIFT;
}

/* Bytes of the memory alternative of a row. */
unsigned vec_memory_bytes(enum vec_op op);

/* Fills flags_live of every record: backward over the block; every exit and every record that may
 * fault or call out counts as a reader of all flags. */
void ir_flag_liveness(struct ir_block *block);

/* Text of one record or block, for dumps and golden tests. */
void ir_print_inst(const struct ir_inst *inst, FILE *out);
void ir_print_block(const struct ir_block *block, FILE *out);

/* Checks the rules above; returns NULL or a message and *at. */
const char *ir_verify(const struct ir_block *block, uint32_t *at);

#endif
