/*
 * AArch64 instruction encoding: a table of words (encode.def) and one function for each shape of
 * operands.  Registers are numbered as the hardware does; 31 is the zero register or the stack
 * pointer, as the instruction has it.
 */
#ifndef BACKEND_HOST_A64_ENCODE_H
#define BACKEND_HOST_A64_ENCODE_H

#include "backend/host/emit/buffer.h"

enum a64_word {
#define A64(name, form, word) A64_##name = (int)(word),
#include "backend/host/a64/encode.def"
};

enum { A64_XZR = 31, A64_SP = 31, A64_LR = 30 };

enum a64_cond {
    A64_EQ,
    A64_NE,
    A64_CS,
    A64_CC,
    A64_MI,
    A64_PL,
    A64_VS,
    A64_VC,
    A64_HI,
    A64_LS,
    A64_GE,
    A64_LT,
    A64_GT,
    A64_LE,
};

enum a64_shift { A64_LSL, A64_LSR, A64_ASR, A64_ROR };

/* Over a word: 64-bit operands. */
#define A64_64(word) ((enum a64_word)((uint32_t)(word) | UINT32_C(1) << 31))

/* Over a word of vectors: lanes of 1 << lane bytes; of bits 127..0; lanes, or a scalar, of doubles.
 */
#define A64_LANE(word, lane) ((enum a64_word)((uint32_t)(word) | (uint32_t)(lane) << 22))
#define A64_Q(word)          ((enum a64_word)((uint32_t)(word) | UINT32_C(1) << 30))
#define A64_DOUBLE(word)     ((enum a64_word)((uint32_t)(word) | UINT32_C(1) << 22))

static inline void a64_put(struct code_buffer *out, uint32_t word)
{
    buffer_put(out, word, 4);
}

static inline void a64_rrr(struct code_buffer *out, enum a64_word op, unsigned rd, unsigned rn,
                           unsigned rm)
{
    a64_put(out, (uint32_t)op | rm << 16 | rn << 5 | rd);
}

/* rm shifted; for EXTR `amount` is the lowest bit taken. */
static inline void a64_rrrs(struct code_buffer *out, enum a64_word op, unsigned rd, unsigned rn,
                            unsigned rm, enum a64_shift shift, unsigned amount)
{
    a64_put(out, (uint32_t)op | (uint32_t)shift << 22 | rm << 16 | amount << 10 | rn << 5 | rd);
}

static inline void a64_rr(struct code_buffer *out, enum a64_word op, unsigned rd, unsigned rn)
{
    a64_put(out, (uint32_t)op | rn << 5 | rd);
}

static inline void a64_rri(struct code_buffer *out, enum a64_word op, unsigned rd, unsigned rn,
                           uint32_t imm12)
{
    a64_put(out, (uint32_t)op | imm12 << 10 | rn << 5 | rd);
}

/* Each lane of 1 << lane bytes of vn moved by n bits; right: towards bit 0. */
static inline void a64_vshift(struct code_buffer *out, enum a64_word op, unsigned vd, unsigned vn,
                              unsigned lane, bool right, unsigned n)
{
    unsigned bits = 8u << lane;
    a64_put(out, (uint32_t)op | (right ? 2 * bits - n : bits + n) << 16 | vn << 5 | vd);
}

/* The field of VEL words that names element i of lanes of 1 << lane bytes. */
static inline uint32_t a64_element(unsigned lane, unsigned i)
{
    return (2 * i + 1) << lane << 16;
}

/* Element i of vd = element k of vn. */
static inline void a64_insert(struct code_buffer *out, unsigned vd, unsigned vn, unsigned lane,
                              unsigned i, unsigned k)
{
    a64_put(out, (uint32_t)A64_INS | a64_element(lane, i) | k << lane << 11 | vn << 5 | vd);
}

/* DUP, DUPS, INSW, UMOV: rn and rd as the word has them. */
static inline void a64_lane(struct code_buffer *out, enum a64_word op, unsigned rd, unsigned rn,
                            unsigned lane, unsigned i)
{
    a64_put(out, (uint32_t)op | a64_element(lane, i) | rn << 5 | rd);
}

static inline void a64_cond(struct code_buffer *out, enum a64_word op, unsigned rd, unsigned rn,
                            unsigned rm, enum a64_cond cond)
{
    a64_put(out, (uint32_t)op | rm << 16 | (uint32_t)cond << 12 | rn << 5 | rd);
}

/* Field moves of 32-bit registers. */
static inline void a64_bits(struct code_buffer *out, enum a64_word op, unsigned rd, unsigned rn,
                            unsigned immr, unsigned imms)
{
    a64_put(out, (uint32_t)op | immr << 16 | imms << 10 | rn << 5 | rd);
}

static inline void a64_lsl(struct code_buffer *out, unsigned rd, unsigned rn, unsigned n)
{
    a64_bits(out, A64_UBFM, rd, rn, (32 - n) & 31, 31 - n);
}

static inline void a64_lsr(struct code_buffer *out, unsigned rd, unsigned rn, unsigned n)
{
    a64_bits(out, A64_UBFM, rd, rn, n, 31);
}

static inline void a64_asr(struct code_buffer *out, unsigned rd, unsigned rn, unsigned n)
{
    a64_bits(out, A64_SBFM, rd, rn, n, 31);
}

/* rd = bits [at, at + width) of rn, zero-extended. */
static inline void a64_ubfx(struct code_buffer *out, unsigned rd, unsigned rn, unsigned at,
                            unsigned width)
{
    a64_bits(out, A64_UBFM, rd, rn, at, at + width - 1);
}

static inline void a64_sbfx(struct code_buffer *out, unsigned rd, unsigned rn, unsigned at,
                            unsigned width)
{
    a64_bits(out, A64_SBFM, rd, rn, at, at + width - 1);
}

/* Bits [at, at + width) of rd = low bits of rn. */
static inline void a64_bfi(struct code_buffer *out, unsigned rd, unsigned rn, unsigned at,
                           unsigned width)
{
    a64_bits(out, A64_BFM, rd, rn, (32 - at) & 31, width - 1);
}

static inline void a64_mov(struct code_buffer *out, unsigned rd, unsigned rn)
{
    a64_rrr(out, A64_ORR, rd, A64_XZR, rn);
}

static inline void a64_movx(struct code_buffer *out, unsigned rd, unsigned rn)
{
    a64_rrr(out, A64_64(A64_ORR), rd, A64_XZR, rn);
}

static inline void a64_movv(struct code_buffer *out, unsigned vd, unsigned vn)
{
    a64_rrr(out, A64_Q(A64_VORR), vd, vn, vn);
}

/* Bytes that a MEM word moves. */
static inline unsigned a64_mem_bytes(enum a64_word op)
{
    uint32_t word = (uint32_t)op;
    return (word >> 23 & 9) == 9 && (word >> 26 & 1) && word >> 30 == 0 ? 16 : 1u << (word >> 30);
}

/* [rn + offset]; offset a multiple of the size, below 4096 of them. */
void a64_mem(struct code_buffer *out, enum a64_word op, unsigned rt, unsigned rn, uint32_t offset);

/* [rn + rm], or [rn + rm * size]. */
static inline void a64_mem_reg(struct code_buffer *out, enum a64_word op, unsigned rt, unsigned rn,
                               unsigned rm, bool scaled)
{
    uint32_t word = ((uint32_t)op & ~UINT32_C(0x01000000)) | 0x00206800 | (uint32_t)scaled << 12;
    a64_put(out, word | rm << 16 | rn << 5 | rt);
}

/* Two registers at [rn + offset]. */
void a64_pair(struct code_buffer *out, enum a64_word op, unsigned rt, unsigned rt2, unsigned rn,
              int32_t offset);

/* rd = value, in as few instructions as movz, movn and movk make it. */
void a64_imm(struct code_buffer *out, unsigned rd, uint64_t value);

/* ANDI, ORRI, EORI of 32-bit registers when the value is a bitmask immediate; false: nothing
 * emitted. */
bool a64_logic_imm(struct code_buffer *out, enum a64_word op, unsigned rd, unsigned rn,
                   uint32_t value);

/* rd = rn op value (ADDI, SUBI and their flag-setting forms) when it fits; false: nothing emitted.
 */
bool a64_add_imm(struct code_buffer *out, enum a64_word op, unsigned rd, unsigned rn,
                 uint32_t value);

/* Branches: emitted with the target open, closed by a64_patch().  They return where they stand. */
static inline uint32_t a64_b(struct code_buffer *out)
{
    a64_put(out, A64_B);
    return out->at - 4;
}

static inline uint32_t a64_bcond(struct code_buffer *out, enum a64_cond cond)
{
    a64_put(out, (uint32_t)A64_BCOND | (uint32_t)cond);
    return out->at - 4;
}

/* CBZ, CBNZ, LDRLIT. */
static inline uint32_t a64_cb(struct code_buffer *out, enum a64_word op, unsigned rt)
{
    a64_put(out, (uint32_t)op | rt);
    return out->at - 4;
}

static inline uint32_t a64_tb(struct code_buffer *out, enum a64_word op, unsigned rt, unsigned bit)
{
    a64_put(out, (uint32_t)op | (bit & 32) << 26 | (bit & 31) << 19 | rt);
    return out->at - 4;
}

static inline uint32_t a64_adr(struct code_buffer *out, unsigned rd)
{
    a64_put(out, UINT32_C(0x10000000) | rd);
    return out->at - 4;
}

/* Makes the branch, literal load or ADR at `at` reach `target`, both offsets in the buffer; false:
 * it is out of reach and nothing changed. */
bool a64_patch(struct code_buffer *out, uint32_t at, uint32_t target);

static inline void a64_here(struct code_buffer *out, uint32_t at)
{
    if (!out->full && !a64_patch(out, at, out->at)) {
        out->full = true; /* no block is that large */
    }
}

static inline void a64_b_to(struct code_buffer *out, uint32_t target)
{
    a64_patch(out, a64_b(out), target);
}

static inline void a64_bl_to(struct code_buffer *out, uint32_t target)
{
    a64_put(out, (uint32_t)A64_BL);
    a64_patch(out, out->at - 4, target);
}

#endif
