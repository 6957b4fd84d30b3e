/* The decoded instruction: what `decode` makes of bytes and a mode, and all a lifter needs.
 *
 * After Intel's SDM volume 2 (appendix A for the maps) and AMD's APM volume 3. A pure function of
 * its arguments: knows neither CPU state nor memory beyond the bytes given, so privilege, CR0/CR4
 * and address checks are its user's. Not modelled: VEX, EVEX and XOP encodings (they are #UD). */
#ifndef FRONTEND_X86_DECODE_INSN_H
#define FRONTEND_X86_DECODE_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One name serves all operand sizes: X86_movs is MOVSB/W/D/Q by ops[0].width, X86_cbw is also CWDE
 * and CDQE by operand_size; X86_movsd and X86_cmpsd are the SSE2 instructions. */
enum x86_mnemonic {
    X86_invalid,
#define MNEMONIC(name, reads, sets) X86_##name,
#include "frontend/x86/decode/mnemonics.def"
    X86_MNEMONICS,
};

enum x86_feature {
#define FEATURE(name, what) X86_FEATURE_##name,
#include "frontend/x86/decode/features.def"
    X86_FEATURES,
};

/* What virtualisation must know of an instruction. */
enum x86_class {
    X86_PLAIN,
    X86_BRANCH,     /* near control transfer, ends a block */
    X86_PRIVILEGED, /* traps by level on hardware */
    X86_SENSITIVE,  /* reads or writes privileged state without trapping (Robin and Irvine) */
    X86_IO,         /* port access, governed by IOPL and the I/O map */
};

enum x86_operand_kind {
    X86_OPERAND_NONE,
    X86_OPERAND_REG,    /* general register `reg`, its low `width` bytes */
    X86_OPERAND_HIGH,   /* AH CH DH BH: bits 8..15 of general register `reg` (0..3) */
    X86_OPERAND_SREG,   /* enum x86_segment in `reg` */
    X86_OPERAND_CR,     /* control register */
    X86_OPERAND_DR,     /* debug register */
    X86_OPERAND_TR,     /* test register of the 386 and 486 */
    X86_OPERAND_ST,     /* ST(reg) */
    X86_OPERAND_MMX,    /* MM0..7 */
    X86_OPERAND_XMM,    /* XMM0..15, `width` bytes of it are used */
    X86_OPERAND_MEM,    /* seg:[base + index << scale + value], `width` bytes */
    X86_OPERAND_IMM,    /* value, already extended as the manual says; use its low `width` bytes */
    X86_OPERAND_REL,    /* target = next instruction + value, cut to the operand size */
    X86_OPERAND_FARPTR, /* x86_farptr_selector : x86_farptr_offset; width 4, 6 */
};

enum x86_segment { X86_ES, X86_CS, X86_SS, X86_DS, X86_FS, X86_GS, X86_SEGMENTS };

enum {
    X86_MAX_OPERANDS = 4,
    X86_MAX_LENGTH = 15,
    X86_NO_REG = -1,   /* base or index is absent */
    X86_BASE_RIP = 16, /* base: address of the next instruction (64-bit mode) */
};

struct x86_operand {
    uint8_t kind;   /* enum x86_operand_kind */
    uint8_t reg;    /* number within the kind */
    uint16_t width; /* bytes; 0 if memory is only named (LEA, INVLPG). Odd ones: far pointer 4/6/10,
                     * descriptor-table 6/10, BOUND 4/8, x87 env 14/28, state 94/108, FXSAVE 512 */
    /* Memory only; the address wraps at insn.address_size. */
    uint8_t seg; /* effective segment: override, or SS for BP/SP bases, or DS (string dest.: ES) */
    int8_t base; /* general register, X86_NO_REG or X86_BASE_RIP */
    int8_t index;
    uint8_t scale; /* left shift of the index, 0..3 */
    int64_t value; /* displacement (sign-extended), immediate, relative offset */
};

/* Prefixes present, whether or not the instruction heeds them. */
enum x86_prefix {
    X86_PREFIX_LOCK = 1 << 0,
    X86_PREFIX_REP = 1 << 1,   /* F3 was the last of F2, F3, and is no part of the opcode */
    X86_PREFIX_REPNE = 1 << 2, /* F2 was, likewise */
    X86_PREFIX_SEG = 1 << 3,
    X86_PREFIX_OPERAND = 1 << 4, /* 66, also where it is part of the opcode */
    X86_PREFIX_ADDRESS = 1 << 5, /* 67 */
    X86_PREFIX_REX = 1 << 6,     /* a REX that counts (directly before the opcode) */
};

/* Facts of a table row, also found in insn.flags. */
enum x86_row_flag {
    X86_ROW_LOCK = 1 << 0,      /* LOCK is allowed on the memory form */
    X86_ROW_D64 = 1 << 1,       /* 64-bit mode: operand size is 64 unless 66 */
    X86_ROW_F64 = 1 << 2,       /* 64-bit mode: operand size is 64 */
    X86_ROW_I64 = 1 << 3,       /* 64-bit mode: #UD */
    X86_ROW_O64 = 1 << 4,       /* outside 64-bit mode: #UD */
    X86_ROW_PROT = 1 << 5,      /* real and virtual-8086 mode: #UD */
    X86_ROW_NP = 1 << 8,        /* 66, F3, F2 select other rows, #UD where there is none */
    X86_ROW_REP = 1 << 9,       /* a string instruction that repeats under F2/F3 */
    X86_ROW_REPZ = 1 << 10,     /* ... and also stops by ZF (CMPS, SCAS) */
    X86_ROW_UNDOC = 1 << 11,    /* not in Intel's maps; works on hardware */
    X86_ROW_IMPLICIT = 1 << 12, /* operands are fixed and not written in assembly */
};

struct x86_insn {
    enum x86_mnemonic mnemonic;
    uint8_t length;       /* bytes in all */
    uint8_t operand_size; /* 2, 4, 8 */
    uint8_t address_size; /* 2, 4, 8 */
    uint8_t class;        /* enum x86_class */
    uint8_t feature;      /* enum x86_feature this encoding came with */
    uint8_t prefixes;     /* enum x86_prefix bits */
    uint16_t flags;       /* enum x86_row_flag bits */
    /* The encoding, for verbatim re-emission. */
    uint8_t map;    /* 0 one-byte, 1 0F, 2 0F38, 3 0F3A, 4 3DNow! (opcode = the suffix) */
    uint8_t opcode; /* last opcode byte; its low 4 bits are the condition of Jcc, SETcc, CMOVcc */
    uint8_t mandatory; /* prefix that selected the row: 0, 66, F3, F2 */
    uint8_t modrm;     /* 0 if there is none */
    uint8_t has_modrm;
    uint8_t rex;       /* 0 or 40..4F */
    uint8_t opcode_at; /* offset of the first opcode byte (0F of two-byte ones) */
    uint8_t nops;      /* operands present */
    struct x86_operand ops[X86_MAX_OPERANDS]; /* destination first, in Intel's order */
};

struct x86_decode_mode {
    uint64_t features;   /* bit per enum x86_feature; rows of absent ones are #UD, or as before they
                          * were introduced (TZCNT is BSF). UINT64_MAX: everything */
    uint8_t code_size;   /* 16, 32, 64: CS.D and CS.L */
    bool protected_mode; /* CR0.PE set and not virtual-8086 */
};

enum x86_decode_result {
    X86_DECODED,
    X86_UNDEFINED, /* #UD; out->length is what was consumed, class PLAIN, mnemonic invalid */
    X86_NEED_MORE, /* the instruction goes on after `available`; nothing else is known */
    X86_TOO_LONG,  /* more than 15 bytes (80286: 10): #GP(0) */
};

/* Decodes the instruction at bytes[0..available). Reads nothing else; *out is set whatever the
 * result. Bytes past X86_MAX_LENGTH are never looked at, so a 15-byte window always suffices. */
enum x86_decode_result x86_decode(const uint8_t *bytes, size_t available,
                                  const struct x86_decode_mode *mode, struct x86_insn *out);

/* Arithmetic flags at the EFLAGS bit positions. */
enum x86_flag_bits {
    X86_CF = 1 << 0,
    X86_PF = 1 << 2,
    X86_AF = 1 << 4,
    X86_ZF = 1 << 6,
    X86_SF = 1 << 7,
    X86_OF = 1 << 11,
    X86_FLAGS_ALL = X86_CF | X86_PF | X86_AF | X86_ZF | X86_SF | X86_OF,
};

/* Flags whose incoming value the instruction may use, faults and interrupts not counted. */
unsigned x86_insn_flags_read(const struct x86_insn *insn);
/* Flags it overwrites on every path that does not fault, so earlier values are dead. */
unsigned x86_insn_flags_set(const struct x86_insn *insn);

/* Lower-case mnemonic as spelled in the enum; a static string. */
const char *x86_mnemonic_name(enum x86_mnemonic mnemonic);
const char *x86_feature_name(enum x86_feature feature);

/* Intel-syntax text (as Capstone's) of an instruction at `address`, NUL-terminated and cut to size.
 * Returns the length of the whole text; 128 bytes always suffice. */
size_t x86_insn_print(const struct x86_insn *insn, uint64_t address, char *out, size_t size);

static inline uint16_t x86_farptr_selector(const struct x86_operand *op)
{
    return (uint16_t)((uint64_t)op->value >> 32);
}

static inline uint32_t x86_farptr_offset(const struct x86_operand *op)
{
    return (uint32_t)op->value;
}

#endif
