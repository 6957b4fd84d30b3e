/*
 * x86-64 instruction encoding (Intel SDM volume 2, chapter 2 and appendix B).
 *
 * Registers are numbered as the hardware does; 16..19 are AH CH DH BH, the same codes as in the IR.
 * A high byte register cannot be named together with a REX prefix: x64_op() then exchanges it with
 * its low half around the instruction, which changes no flag.
 */
#ifndef BACKEND_HOST_X64_ENCODE_H
#define BACKEND_HOST_X64_ENCODE_H

#include "backend/host/emit/buffer.h"

enum x64_reg {
    X64_RAX,
    X64_RCX,
    X64_RDX,
    X64_RBX,
    X64_RSP,
    X64_RBP,
    X64_RSI,
    X64_RDI,
    X64_R8,
    X64_R9,
    X64_R10,
    X64_R11,
    X64_R12,
    X64_R13,
    X64_R14,
    X64_R15,
    X64_AH,
    X64_CH,
    X64_DH,
    X64_BH,
    X64_NOREG = 255,
};

/* A ModRM operand, a register or memory at base + (index << scale) + disp, encoded when it is
 * named: most are constants, and instructions only lay the reg field over it. */
struct x64_rm {
    uint64_t
        bytes;     /* ModRM with an empty reg field, SIB, displacement; the first in the low bits */
    uint8_t count; /* how many */
    uint8_t rex;   /* its X and B bits */
    uint8_t reg;   /* the register when not memory */
    bool memory;
};

/* Opcode words: low byte the opcode; the rest says what stands around it. */
enum {
    X64_0F = 1 << 8,     /* two-byte map */
    X64_REG8 = 1 << 9,   /* the reg field names a byte register */
    X64_RM8 = 1 << 10,   /* the r/m field names a byte register */
    X64_DIGIT = 1 << 11, /* the reg field is an opcode extension */
    X64_66 = 1 << 12,    /* mandatory prefixes */
    X64_F3 = 1 << 13,
    X64_F2 = 1 << 14,
    X64_MEDIA = 1 << 15, /* reg field is a vector register: no operand size from the width */
    X64_38 = 1 << 16,    /* with X64_0F: the maps 0F 38 and 0F 3A */
    X64_3A = 1 << 17,
};

enum { X64_REX_B = 1, X64_REX_X = 2, X64_REX_R = 4, X64_REX_W = 8 };

/* Field value of a register: AH..BH are encoded as 4..7. */
static inline unsigned x64_field(unsigned reg)
{
    return reg >= X64_AH ? reg - X64_AH + 4 : reg;
}

static inline struct x64_rm x64_reg(unsigned reg)
{
    unsigned field = x64_field(reg);
    return (struct x64_rm){.bytes = 0xc0 | (field & 7),
                           .count = 1,
                           .rex = field >= 8 ? X64_REX_B : 0,
                           .reg = (uint8_t)reg};
}

/* mod of a displacement from a base register, and its bytes. */
static inline unsigned x64_mod(unsigned base, int32_t disp, unsigned *disp_bytes)
{
    bool none = disp == 0 && (base & 7) != X64_RBP;
    *disp_bytes = none ? 0 : disp == (int8_t)disp ? 1 : 4;
    return none ? 0 : disp == (int8_t)disp ? 0x40 : 0x80;
}

/* base + disp. */
static inline struct x64_rm x64_mem(unsigned base, int32_t disp)
{
    unsigned disp_bytes;
    unsigned mod = x64_mod(base, disp, &disp_bytes);
    bool sib = (base & 7) == X64_RSP;
    uint64_t head = sib ? 0x2404 | mod : mod | (base & 7);
    return (struct x64_rm){.bytes = head | (uint64_t)(uint32_t)disp << (sib ? 16 : 8),
                           .count = (uint8_t)(1 + sib + disp_bytes),
                           .rex = base >= 8 ? X64_REX_B : 0,
                           .memory = true};
}

/* base + (index << scale) + disp; base or index may be X64_NOREG, not both. */
static inline struct x64_rm x64_index(unsigned base, unsigned index, unsigned scale, int32_t disp)
{
    if (index == X64_NOREG) {
        return x64_mem(base, disp);
    }
    unsigned disp_bytes = 4;
    unsigned mod = base == X64_NOREG ? 0 : x64_mod(base, disp, &disp_bytes);
    unsigned sib = scale << 6 | (index & 7) << 3 | (base == X64_NOREG ? 5 : base & 7);
    return (struct x64_rm){.bytes = mod | 4 | sib << 8 | (uint64_t)(uint32_t)disp << 16,
                           .count = (uint8_t)(2 + disp_bytes),
                           .rex = (uint8_t)((index >= 8 ? X64_REX_X : 0) |
                                            (base != X64_NOREG && base >= 8 ? X64_REX_B : 0)),
                           .memory = true};
}

static inline bool x64_same(struct x64_rm a, struct x64_rm b)
{
    return a.memory == b.memory && a.bytes == b.bytes && a.rex == b.rex;
}

/* The full register that a register code belongs to. */
static inline unsigned x64_whole(unsigned reg)
{
    return reg >= X64_AH && reg <= X64_BH ? reg - X64_AH : reg;
}

/* One instruction: prefixes, opcode, ModRM.  width is the operand size: 1, 2, 4 or 8 bytes; width 1
 * names byte registers in both fields unless the opcode says otherwise (X64_DIGIT). */
void x64_op(struct code_buffer *out, unsigned width, uint32_t opcode, unsigned reg,
            struct x64_rm rm);
/* The same for the classic pairs whose wide form is opcode + 1. */
void x64_opw(struct code_buffer *out, unsigned width, uint32_t opcode, unsigned reg,
             struct x64_rm rm);

/* Moves between registers and memory; loads of width 1 and 2 into a whole register zero-extend. */
void x64_load(struct code_buffer *out, unsigned width, unsigned reg, struct x64_rm from);
void x64_store(struct code_buffer *out, unsigned width, struct x64_rm to, unsigned reg);
void x64_mov_rr(struct code_buffer *out, unsigned width, unsigned to, unsigned from);
/* reg = value, by the shortest form; no flags. */
void x64_mov_imm(struct code_buffer *out, unsigned reg, uint64_t value);
void x64_mov_mem_imm(struct code_buffer *out, unsigned width, struct x64_rm to, uint32_t value);
void x64_lea(struct code_buffer *out, unsigned width, unsigned reg, struct x64_rm from);
/* op rm, imm for the eight classic operations by number (add or adc sbb and sub xor cmp). */
void x64_alu_imm(struct code_buffer *out, unsigned width, unsigned digit, struct x64_rm rm,
                 int32_t imm);

/* Branches with a 32-bit displacement; return the offset of the displacement.  The target of a
 * later x64_here() or buffer_patch_rel32(). */
uint32_t x64_jcc(struct code_buffer *out, unsigned cc);
uint32_t x64_jmp(struct code_buffer *out);
void x64_jmp_to(struct code_buffer *out, uint32_t target);
/* That many bytes, up to 9, that do nothing. */
void x64_nop(struct code_buffer *out, unsigned bytes);
void x64_jcc_to(struct code_buffer *out, unsigned cc, uint32_t target);
void x64_call_to(struct code_buffer *out, uint32_t target);
/* Makes the displacement at field reach the current position. */
void x64_here(struct code_buffer *out, uint32_t field);

enum x64_cc {
    X64_O,
    X64_NO,
    X64_B,
    X64_AE,
    X64_E,
    X64_NE,
    X64_BE,
    X64_A,
    X64_S,
    X64_NS,
    X64_P,
    X64_NP,
    X64_L,
    X64_GE,
    X64_LE,
    X64_G
};

#endif
