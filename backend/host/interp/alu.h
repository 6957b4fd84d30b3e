/*
 * Arithmetic on values: result and flags of each operation at a width (alu.c).
 *
 * Arguments are zero-extended values; `flags` is the record's flags member before.  Results may
 * have excess bits above the width; flags are complete, those that the operation keeps unchanged.
 */
#ifndef BACKEND_HOST_INTERP_ALU_H
#define BACKEND_HOST_INTERP_ALU_H

#include "backend/host/interp/eval.h"

struct alu_result {
    uint64_t value;
    unsigned flags;
};

typedef struct alu_result alu_function(uint64_t a, uint64_t b, unsigned width, unsigned flags);

/* Shifts and rotates: b is the count, masked to 5 bits here. */
alu_function alu_shl, alu_shr, alu_sar, alu_rol, alu_ror, alu_rcl, alu_rcr;
struct alu_result alu_shld(uint64_t a, uint64_t b, unsigned count, unsigned width, unsigned flags);
struct alu_result alu_shrd(uint64_t a, uint64_t b, unsigned count, unsigned width, unsigned flags);

static inline bool top_bit(uint64_t value, unsigned width)
{
    return value >> (8 * width - 1) & 1;
}

/* SF, ZF and PF of a value. */
static inline unsigned value_flags(uint64_t value, unsigned width)
{
    unsigned flags = LAHF_ONE;
    flags |= top_bit(value, width) ? LAHF_SF : 0u;
    flags |= cut(value, width) == 0 ? LAHF_ZF : 0u;
    flags |= __builtin_parity((unsigned)value & 0xff) ? 0u : LAHF_PF;
    return flags;
}

/* Flags of a sum or difference from its carries: bit n of `carries` is the carry out of bit n. */
static inline unsigned carry_flags(uint64_t value, uint64_t carries, unsigned width)
{
    unsigned top = 8 * width - 1;
    unsigned flags = value_flags(value, width);
    flags |= carries >> top & 1 ? LAHF_CF : 0u;
    flags |= carries >> 3 & 1 ? LAHF_AF : 0u;
    flags |= (carries >> top ^ carries >> (top - 1)) & 1 ? LAHF_OF : 0u;
    return flags;
}

static inline struct alu_result alu_sum(uint64_t a, uint64_t b, uint64_t carry, unsigned width)
{
    uint64_t value = a + b + carry;
    uint64_t carries = (a & b) | ((a | b) & ~value);
    return (struct alu_result){value, carry_flags(value, carries, width)};
}

static inline struct alu_result alu_difference(uint64_t a, uint64_t b, uint64_t borrow,
                                               unsigned width)
{
    uint64_t value = a - b - borrow;
    uint64_t borrows = (~a & b) | ((~a | b) & value);
    return (struct alu_result){value, carry_flags(value, borrows, width)};
}

static inline struct alu_result alu_logic(uint64_t value, unsigned width)
{
    return (struct alu_result){value, value_flags(value, width)};
}

#endif
